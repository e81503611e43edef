#!/usr/bin/env bash
# What takes longer: the demo, the package and the image's steps; races, crashes, model and fuzz at full size; contract and races on Debian's PostgreSQL 15.
set -euo pipefail
cd "$(dirname "$0")/.."
jest() { node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js "$@"; }
binaries=${POSTGRES_15_BIN:-/usr/lib/postgresql/15/bin}
if [ ! -x "$binaries/postgres" ]; then
  echo "PostgreSQL 15 is not in $binaries: install Debian's postgresql-15, or set POSTGRES_15_BIN." >&2
  exit 1
fi
# Together: the demo mostly waits.
SOAK=1 jest test/packaging test/demo test/races test/crash test/model test/fuzz
COUNTERSIGN_TEST_PG_BIN=$binaries jest test/contract test/races/redemption test/races/endings test/migrations

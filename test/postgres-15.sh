#!/usr/bin/env bash
# The storage's contract, the races for a refresh token and the migrations on PostgreSQL 15, the oldest that is supported.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=${POSTGRES_15_BIN:-/usr/lib/postgresql/15/bin}
if [ ! -x "$binaries/postgres" ]; then
  echo "PostgreSQL 15 is not in $binaries: install Debian's postgresql-15, or set POSTGRES_15_BIN." >&2
  exit 1
fi
COUNTERSIGN_TEST_PG_BIN=$binaries node_modules/.bin/jest test/contract test/races/redemption test/migrations "$@"

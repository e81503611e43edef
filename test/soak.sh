#!/usr/bin/env bash
# What takes long, at full size: two hours or so. First the figures that want nothing beside them.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOAK=1
for quiet in guards gap-free followers large-log; do npm run test:long -- "test/races/feed/$quiet"; done
npm run test:long -- --testPathIgnorePatterns 'races/feed/(guards|gap-free|followers|large-log)'
node_modules/.bin/jest src/validation/feed
npm run test:postgres-15 -- test/races/endings

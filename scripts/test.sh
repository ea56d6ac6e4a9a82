#!/usr/bin/env bash
# The whole test suite on a machine that has never seen the project: installs, provisions what the tests need, builds, runs.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d node_modules ] || npm ci
bash scripts/provision-chromium.sh
npm run --silent build
exec node dist/scripts/test.js "$@"

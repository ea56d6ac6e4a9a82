#!/usr/bin/env bash
# The whole test suite on a machine that has never seen the project: installs, provisions what the tests need, builds, runs.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d node_modules ] || npm ci
# All tests need all servers: what is missing is installed while the rest is built and tested; `scripts/test.ts` waits for
# each install before it starts the server, and reports what failed. Without flock the two would get in each other's way.
if [ $# = 0 ] && command -v flock >/dev/null; then
  for server in kafka postgres temporal s3 tfjs-node; do
    bash "scripts/provision-$server.sh" || true
  done </dev/null >/dev/null 2>&1 &
fi
for needed in chromium swiftshader onnx-testdata nsfwjs; do
  bash "scripts/provision-$needed.sh"
done
npm run --silent build
exec node dist/scripts/test.js "$@"

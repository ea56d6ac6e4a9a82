#!/usr/bin/env bash
# The whole pipeline on this machine, on real servers: installs what is missing, starts everything, scans, shows the verdicts.
#
# Usage: npm run pipeline [-- [--serve] [--images FOLDER] [MODEL ...]]
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d node_modules ] || npm ci
for server in kafka temporal postgres; do bash "scripts/provision-$server.sh"; done
[ -e dist/scripts/pipeline.js ] || npm run --silent build
exec node dist/scripts/pipeline.js "$@"

#!/usr/bin/env bash
# Runs the fault suite several times in a row on servers that are started once.
#
# Usage: scripts/faults.sh [ROUNDS]       default: 10
# Prints a line for each round; ends with 1 at the first round that fails, after what it printed.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-10}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "usage: $0 [ROUNDS]" >&2; exit 4; }
[ -d node_modules ] || npm ci
npm run --silent build
exec node dist/scripts/faults.js "$rounds"

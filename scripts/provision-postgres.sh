#!/usr/bin/env bash
# PostgreSQL for the tests: $NEURONINSPECT_TEST_POSTGRES, then what the machine has, then Debian's package.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

if [ -n "${NEURONINSPECT_TEST_POSTGRES:-}" ] || has initdb; then exit 0; fi
for command in /usr/lib/postgresql/*/bin/initdb; do
  if [ -x "$command" ]; then exit 0; fi
done
apt_install postgresql ||
  fail 'PostgreSQL could not be installed; put initdb and postgres on the PATH, or set NEURONINSPECT_TEST_POSTGRES to a URL'

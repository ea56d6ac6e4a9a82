#!/usr/bin/env bash
# An S3 server for the tests: $NEURONINSPECT_TEST_S3, then what the machine has, then versitygw, built with Go.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

if [ -n "${NEURONINSPECT_TEST_S3:-}" ] || has versitygw; then exit 0; fi
install_once versitygw-1.8.0 go_binary github.com/versity/versitygw/cmd/versitygw@v1.8.0 ||
  fail 'versitygw could not be installed; put it on the PATH, or set NEURONINSPECT_TEST_S3 to http://KEY:SECRET@host:port'

#!/usr/bin/env bash
# A Temporal server for the tests, and the one that skips time: the environment, then what the machine has, then installs:
# the first is built with Go, the second comes from Maven Central.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

test_server() {
  maven_jars temporal-test-server "$1" || return 1
  cat >"$1/temporal-test-server" <<'EOF' || return 1
#!/bin/sh
exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -cp "$(dirname "$0")/libs/*" io.temporal.testserver.TestServer "$@"
EOF
  chmod +x "$1/temporal-test-server"
}

if [ -z "${NEURONINSPECT_TEST_TEMPORAL_TEST_SERVER:-}" ] && ! has temporal-test-server; then
  install_once temporal-test-server-1.33.0 test_server ||
    fail "Temporal's test server could not be installed; set NEURONINSPECT_TEST_TEMPORAL_TEST_SERVER to its path"
fi
if [ -z "${NEURONINSPECT_TEST_TEMPORAL:-}" ] && ! has temporal; then
  install_once temporal-1.5.1 go_binary github.com/temporalio/cli/cmd/temporal@v1.5.1 ||
    fail 'the Temporal CLI could not be installed; put temporal on the PATH, or set NEURONINSPECT_TEST_TEMPORAL to host:port'
fi

#!/usr/bin/env bash
# A Kafka broker for the tests: $NEURONINSPECT_TEST_KAFKA, then what the machine has, then the jars from Maven Central.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

if [ -n "${NEURONINSPECT_TEST_KAFKA:-}" ]; then exit 0; fi
if has java; then
  if [ -d "${KAFKA_HOME:-/nowhere}/libs" ] || has kafka-server-start.sh || has kafka-server-start; then exit 0; fi
fi
install_once kafka-4.4.0 maven_jars kafka ||
  fail 'Kafka could not be installed; set KAFKA_HOME to a folder that holds it, or NEURONINSPECT_TEST_KAFKA to host:port'

#!/usr/bin/env bash
# The node tests of the ONNX project: $NEURONINSPECT_ONNX_TESTDATA, then what the machine has, then Debian's package, which is
# unpacked, not installed. docs/conformance.md is about the version in `version`.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

version=1.12.0

# unpack_testdata DIR
unpack_testdata() {
  local dir=$1
  debian_package libonnx-testdata "$dir" || return 1
  mv "$dir"/package/usr/share/libonnx-testdata/data/node "$dir" || return 1
  rm -rf "$dir/package"
}

if [ -n "${NEURONINSPECT_ONNX_TESTDATA:-}" ] || [ -d /usr/share/libonnx-testdata/data/node ]; then exit 0; fi
install_once "onnx-testdata-$version" unpack_testdata ||
  fail 'the node tests of ONNX could not be installed; set NEURONINSPECT_ONNX_TESTDATA to the folder onnx/backend/test/data/node'

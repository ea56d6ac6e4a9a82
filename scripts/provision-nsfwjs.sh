#!/usr/bin/env bash
# Two published TensorFlow.js models, out of the npm package nsfwjs: $NEURONINSPECT_NSFWJS, or unpacked into the cache.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

version=4.2.1
models="package/dist/models/mobilenet_v2 package/dist/models/mobilenet_v2_mid"

# unpack_nsfwjs DIR
unpack_nsfwjs() {
  local dir=$1
  (cd "$dir" && quietly npm pack "nsfwjs@$version" && tar -xzf nsfwjs-*.tgz $models) || return 1
  quietly node "$repository/scripts/servers/unpack-nsfwjs.mjs" "$dir/package/dist/models" "$dir" || return 1
  rm -rf "$dir/package" "$dir"/nsfwjs-*.tgz
}

[ -z "${NEURONINSPECT_NSFWJS:-}" ] || exit 0
install_once "nsfwjs-$version" unpack_nsfwjs ||
  fail 'the npm package nsfwjs could not be unpacked; set NEURONINSPECT_NSFWJS to a folder with its models as model.json'

#!/usr/bin/env bash
# The native library of @tensorflow/tfjs-node-gpu, built from that package's own binding against the CPU's TensorFlow of PyPI,
# because the download of its install script is not in any package registry. $NEURONINSPECT_TEST_TFJS_NODE names a folder with
# lib/napi-v8/tfjs_binding.node and deps/lib; without it one is made. Needs a C++ compiler, make, Python 3 and npm.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

tensorflow=2.21.0
package="$repository/node_modules/@tensorflow/tfjs-node-gpu"
name="tfjs-node-4.22.0-tensorflow-$tensorflow"

# build DIR: every step by `||`, because errors end no function that is called in a condition.
build() {
  local dir=$1 wheel=$1/wheel headers
  pip_download "$wheel" || fail 'tensorflow-cpu could not be downloaded from PyPI'
  quietly python3 -m zipfile -e "$wheel"/*.whl "$wheel" || return 1
  mkdir -p "$dir/deps/lib" "$dir/lib/napi-v8"
  # What the C API needs, under the names of the library that Google publishes; the rest of the wheel is Python's.
  mv "$wheel/tensorflow/libtensorflow_cc.so.2" "$wheel/tensorflow/libtensorflow_framework.so.2" "$dir/deps/lib" || return 1
  mv "$wheel/tensorflow/include" "$dir/deps/include" || return 1
  rm -rf "$wheel"
  ln -s libtensorflow_cc.so.2 "$dir/deps/lib/libtensorflow.so"
  ln -s libtensorflow_cc.so.2 "$dir/deps/lib/libtensorflow.so.2"
  ln -s libtensorflow_framework.so.2 "$dir/deps/lib/libtensorflow_framework.so"
  strip --strip-unneeded "$dir"/deps/lib/libtensorflow_*.so.2 || true
  cp -r "$package/binding" "$package/binding.gyp" "$package/package.json" "$dir" || return 1
  headers=$(node_headers) || return 1
  (cd "$dir" && quietly node_gyp rebuild --module_name=tfjs_binding --module_path=lib/napi-v8 \
    --napi_build_version=8 "--nodedir=$headers") || return 1
  cp "$dir/build/Release/tfjs_binding.node" "$dir/lib/napi-v8" || return 1
  rm -rf "$dir/build" "$dir/binding" "$dir/binding.gyp" "$dir/package.json" "$dir/deps/include"
}

# The folder above include/node: beside Node.js, or Debian's.
node_headers() {
  local own
  own=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  for dir in "$own" /usr; do
    if [ -f "$dir/include/node/node_api.h" ]; then
      echo "$dir"
      return
    fi
  done
  apt_install libnode-dev && echo /usr
}

pip_download() {
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  quietly python3 -m pip download --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 311 --platform manylinux_2_27_x86_64 -d "$1" "tensorflow-cpu==$tensorflow"
}

# The one that comes with npm.
node_gyp() {
  node "$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js" "$@"
}

if [ -n "${NEURONINSPECT_TEST_TFJS_NODE:-}" ]; then exit 0; fi
install_once "$name" build ||
  fail 'the native library of TensorFlow.js could not be built; set NEURONINSPECT_TEST_TFJS_NODE to a folder that has one'

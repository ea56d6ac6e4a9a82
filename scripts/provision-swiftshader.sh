#!/usr/bin/env bash
# The tests of the WebGPU provider need a Vulkan driver, and SwiftShader is one without a GPU: $VK_ICD_FILENAMES, then what
# the machine has, then the one in Debian's package of Chromium, which is unpacked, not installed. Mesa's lavapipe does not do.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

# unpack_swiftshader DIR
unpack_swiftshader() {
  local dir=$1
  debian_package chromium-common "$dir" || return 1
  mv "$dir"/package/usr/lib/chromium/{libvk_swiftshader.so,vk_swiftshader_icd.json} "$dir" || return 1
  rm -rf "$dir/package"
}

if [ -n "${VK_ICD_FILENAMES:-}" ]; then exit 0; fi
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || apt_install libvulkan1 || fail 'libvulkan.so.1 is missing and could not be installed'
if [ -e /usr/lib/chromium/vk_swiftshader_icd.json ]; then exit 0; fi
install_once swiftshader-1 unpack_swiftshader ||
  fail 'SwiftShader could not be installed; set VK_ICD_FILENAMES to the JSON file of a Vulkan driver'

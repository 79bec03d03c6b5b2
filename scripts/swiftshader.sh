#!/usr/bin/env bash
# A software Vulkan driver for the WebGPU tests: SwiftShader as it lies in Debian's chromium packages, and the Vulkan
# loader. Only unpacked into the folder given, never installed. Prints the environment to set, for eval.
#   eval "$(scripts/swiftshader.sh FOLDER)"
set -euo pipefail

[ $# = 1 ] || { echo 'usage: swiftshader.sh FOLDER' >&2; exit 2; }
mkdir -p "$1/runtime" "$1/lib"
chmod 700 "$1/runtime"
folder=$(cd "$1" && pwd)

if [ ! -s "$folder/lib/vk_swiftshader_icd.json" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # apt downloads as its own user, which must be able to write here.
  chmod 755 "$work"
  chown _apt "$work" 2>/dev/null || true
  cd "$work"
  apt-get update -qq >&2
  apt-get download -qq libvulkan1 >&2
  dpkg -x libvulkan1_*.deb loader
  # Which of chromium's packages holds the driver has changed over time; the common one is the smaller.
  for package in chromium-common chromium; do
    apt-get download -qq "$package" >&2
    dpkg -x "$package"_*.deb unpacked
    driver=$(find unpacked -name libvk_swiftshader.so -print -quit)
    [ -z "$driver" ] || break
  done
  [ -n "$driver" ] || { echo "Debian's chromium holds no SwiftShader any more." >&2; exit 1; }
  cp -L "$driver" "$folder/lib/"
  cp -L loader/usr/lib/*/libvulkan.so.1 "$folder/lib/"
  sed -E "s#\"library_path\": *\"[^\"]*\"#\"library_path\": \"$folder/lib/libvk_swiftshader.so\"#" \
    "$(dirname "$driver")/vk_swiftshader_icd.json" > icd.json
  mv icd.json "$folder/lib/vk_swiftshader_icd.json"
fi

cat <<ENVIRONMENT
export VK_DRIVER_FILES='$folder/lib/vk_swiftshader_icd.json'
export XDG_RUNTIME_DIR='$folder/runtime'
export LD_LIBRARY_PATH='$folder/lib'\${LD_LIBRARY_PATH:+":\$LD_LIBRARY_PATH"}
ENVIRONMENT

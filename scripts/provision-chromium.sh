#!/usr/bin/env bash
# The report tests open pages in a real browser. $CHROMIUM, then what the machine has, then Debian's package.
set -euo pipefail
source "$(dirname "$0")/servers/lib.sh"

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && has "$browser"; then exit 0; fi
done
apt_install chromium || fail 'Chromium could not be installed; set CHROMIUM to the path of a browser'

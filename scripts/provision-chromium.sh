#!/usr/bin/env bash
# The report tests open pages in a real browser. $CHROMIUM, then what the machine has, then Debian's package.
set -euo pipefail

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && command -v "$browser" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null; then
  echo "the report tests need Chromium: install it, or set CHROMIUM to its path" >&2
  exit 1
fi
as_root=$([ "$(id -u)" = 0 ] || echo sudo)
log=$(mktemp)
if ! { $as_root apt-get update -q && $as_root apt-get install -qy --no-install-recommends chromium; } >"$log" 2>&1; then
  tail -20 "$log" >&2
  echo "Chromium could not be installed; set CHROMIUM to the path of a browser" >&2
  exit 1
fi

#!/usr/bin/env bash
# Makes the Python environment of the benchmark's PyTorch side. Usage: bench/setup.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:-.cache/bench-venv}"
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --requirement bench/requirements.txt
"$folder/bin/python" -c 'import torch; print("PyTorch", torch.__version__, "is ready in", "'"$folder"'")'

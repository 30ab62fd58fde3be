#!/bin/sh
# Networks exported from PyTorch as ONNX, imported and evaluated by us: verify-networks.sh CONFIGURATION all|tenth. The seed rotates and is printed. Where PyTorch is not installed and (for
# "all") cannot be, it says so and ends well: nothing was compared, nothing is wrong.
set -u
configuration=${1:-Release}
share=${2:-all}
cd "$(dirname "$0")/.." || exit 1
has() { /usr/bin/python3 -c 'import torch' 2>/dev/null; }
if [ "$share" = all ] && ! has && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    { timeout 300 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 900 apt-get install -y -qq --no-install-recommends python3-torch; } >/dev/null 2>&1
fi
if ! has; then
    echo "verify: PyTorch is not installed (Debian: python3-torch); the comparison of networks was left out, but for the files that are checked in"
    exit 0
fi
seed=${SEED:-$(date +%s)}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
small=
[ "$share" = all ] || small=--small
OMP_NUM_THREADS=1 /usr/bin/python3 tests/reference/networks/export_onnx.py "$folder/onnx" $small --seed "$seed" >"$folder/export.log" 2>&1 || { cat "$folder/export.log"; exit 1; }
APPLIANCE_ONNX="$folder/onnx" ${DOTNET:-dotnet} test tests/Appliance.Tests -c "$configuration" --no-build --filter "FullyQualifiedName~Compute.OnnxImportTests" --logger "console;verbosity=normal" >"$folder/test.log" 2>&1
status=$?
[ $status -eq 0 ] || cat "$folder/test.log"
echo "verify: $(ls "$folder"/onnx/*.onnx | wc -l) networks exported from PyTorch, seed $seed: $([ $status -eq 0 ] && echo 'imports agree within 1e-6' || echo 'SOME DO NOT AGREE')"
exit $status

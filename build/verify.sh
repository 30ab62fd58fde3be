#!/bin/sh
# Our prices beside QuantLib's, and our Greeks beside 50 digits of mpmath: verify.sh CONFIGURATION all|tenth. What is not installed and cannot be is left out, which is said and ends well:
# nothing was compared, nothing is wrong.
set -u
configuration=${1:-Release}
share=${2:-all}
cd "$(dirname "$0")/.." || exit 1
has() { python3 -c "import $1" 2>/dev/null || /usr/bin/python3 -c "import $1" 2>/dev/null; }
if ! { has QuantLib && has mpmath; } && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    { timeout 300 apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends quantlib-python python3-mpmath python3-gmpy2; } >/dev/null 2>&1
fi
has QuantLib || echo "verify: QuantLib for Python is not installed and could not be (Debian: quantlib-python); the comparison of prices was left out"
has mpmath || echo "verify: mpmath is not installed and could not be (Debian: python3-mpmath); the comparison of Greeks was left out"
has QuantLib || has mpmath || exit 0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
APPLIANCE_QUANTLIB=$share ${DOTNET:-dotnet} test tests/Appliance.Tests -c "$configuration" --no-build --filter "FullyQualifiedName~Compute.QuantLibTests|FullyQualifiedName~Compute.ExactGreeksTests.Random" \
    --logger "console;verbosity=detailed" >"$log" 2>&1
status=$?
# Every line of figures holds its seed; of a failure everything is shown.
if [ $status -eq 0 ]; then grep -E 'seed [0-9]+, ' "$log" | sed 's/^ */verify: /'; else cat "$log"; fi
exit $status

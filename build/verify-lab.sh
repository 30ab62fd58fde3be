#!/bin/sh
# The lab's figures at full counts: verify-lab.sh CONFIGURATION all|tenth. A tenth is what `make test` runs anyway, so there it is not run again.
set -u
configuration=${1:-Release}
cd "$(dirname "$0")/.." || exit 1
if [ "${2:-all}" != all ]; then
    echo "verify: the lab's figures ran with make test; make verify runs them at full counts"
    exit 0
fi
APPLIANCE_FULL=1 ${DOTNET:-dotnet} test tests/Appliance.Tests -c "$configuration" --no-build --filter "FullyQualifiedName~Appliance.Tests.Lab" --logger "console;verbosity=minimal"

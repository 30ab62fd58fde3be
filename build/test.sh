#!/bin/sh
# Runs every test project and ends with one line: N passed, N failed, N skipped.
set -u
configuration=${1:-Release}
cd "$(dirname "$0")/.." || exit 1
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
status=0
for project in tests/Appliance.Tests tests/Appliance.Interop; do
    name=$(basename "$project")
    ${DOTNET:-dotnet} test "$project" -c "$configuration" --no-build --logger "trx;LogFileName=$name.trx" --results-directory "$results" \
        --logger "console;verbosity=minimal" || status=1
done
count() { cat "$results"/*.trx 2>/dev/null | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{s+=$1} END {print s+0}'; }
total=$(count total); executed=$(count executed); passed=$(count passed); failed=$(count failed)
[ "$total" -gt 0 ] || { echo "no test ran"; exit 1; }
[ "$executed" -eq $((passed + failed)) ] || status=1
echo "$passed passed, $failed failed, $((total - executed)) skipped"
exit $status

#!/bin/sh
# The case study: trains its policies from their seeds and judges them beside classical rules. case-study.sh [history [FILE COLUMN]]
# A policy that is newer than its specification is not trained again.
set -eu
cd "$(dirname "$0")/.."
out=out/lab/case-study
mkdir -p "$out"

train() { # SPEC NAME
    policy=$out/$2.safetensors
    if [ -f "$policy" ] && [ "$policy" -nt "$1" ] && [ ! -f "$policy.state" ]; then echo "trained before: $policy"; return; fi
    resume=
    [ ! -f "$policy.state" ] || resume=--resume
    echo "== training $2 ($1)"
    out/appliance train "$1" --out "$policy" --report "$out/$2.json" $resume
}

if [ "${1:-}" = history ]; then
    spec=desk/lab/case-study-history.json
    if [ -n "${2:-}" ]; then
        [ -f "$2" ] || { echo "case-study-history: HISTORY=$2: there is no such file; name a CSV of daily prices" >&2; exit 2; }
        spec=$out/history-specification.json
        sed -e "s|\"file\": \"[^\"]*\"|\"file\": \"$(realpath "$2")\"|" -e "s|\"column\": \"[^\"]*\"|\"column\": \"${3:-}\"|" -e '/"\$schema"/d' desk/lab/case-study-history.json > "$spec.new"
        if cmp -s "$spec.new" "$spec"; then rm "$spec.new"; else mv "$spec.new" "$spec"; fi
    fi
    train "$spec" history
    out/appliance backtest "$spec" --policy "tail=$out/history.safetensors" --report "$out/history-backtest.json"
    exit 0
fi

train desk/lab/case-study-tail.json tail
train desk/lab/case-study-variance.json low-variance
train desk/lab/case-study-entropic.json entropic
echo "== 400,000 held-back paths: $out/backtest.html"
out/appliance backtest desk/lab/case-study-tail.json --policy "tail=$out/tail.safetensors" --policy "low-variance=$out/low-variance.safetensors" --policy "entropic=$out/entropic.safetensors" \
    --report "$out/backtest.json"
echo "== the entropic run and its certificate: $out/certificate.html"
out/appliance backtest desk/lab/case-study-entropic.json --policy "entropic=$out/entropic.safetensors" --evaluation-paths 100000 --report "$out/certificate.json"
echo "== beside delta at 2,520 rebalances: $out/fine.html"
out/appliance backtest desk/lab/case-study-fine.json --policy "tail=$out/tail.safetensors" --policy "low-variance=$out/low-variance.safetensors" --report "$out/fine.json"

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
    history=${2:-../shared/data/history/us_stocks_daily_1989_2018.csv.gz}
    column=${3:-}
    [ -n "${2:-}" ] || column=AMD
    [ -f "$history" ] || { echo "case-study-history: $history: there is no such file; give a CSV of daily prices: make case-study-history HISTORY=prices.csv COLUMN=close" >&2; exit 2; }
    spec=$out/history-specification.json
    sed -e "s|\"file\": \"[^\"]*\"|\"file\": \"$(realpath "$history")\"|" -e "s|\"column\": \"[^\"]*\"|\"column\": \"$column\"|" -e '/"\$schema"/d' desk/lab/case-study-history.json > "$spec.new"
    if cmp -s "$spec.new" "$spec"; then rm "$spec.new"; else mv "$spec.new" "$spec"; fi
    train "$spec" history
    echo "== years of blocks: $out/history-backtest.html"
    out/appliance backtest "$spec" --policy "tail=$out/history.safetensors" --report "$out/history-backtest.json"
    echo "== the years as they were, one begun every 21 days: $out/history-windows.html"
    sed -e 's|"blockLength"|"windowStride": 21, "blockLength"|' -e 's|"paths": 100000|"paths": 10000|' "$spec" > "$out/history-windows-specification.json"
    out/appliance backtest "$out/history-windows-specification.json" --policy "tail=$out/history.safetensors" --report "$out/history-windows.json"
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

# The commands a user types. `make help` lists them.
CONFIGURATION ?= Release
DOTNET ?= dotnet
SECONDS ?= 30
PROFILE ?= hw-config/default.json
DESK ?= desk/demo.json
export DOTNET_NOLOGO = 1
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE = 1

.PHONY: help configure build run test bench latency peers soak verify fix-conformance tidy ci clean
.PHONY: lab case-study case-study-history
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 12

configure: ## find out which optional adapters (Ilgpu, Disruptor, QuickFix) restore here; REQUIRE=Name makes absence an error
	@build/configure.sh $(REQUIRE)

Adapters.local.props:
	@build/configure.sh $(REQUIRE)

build: Adapters.local.props ## build everything; leaves the launcher out/appliance, which runs from any folder
	@$(DOTNET) build Appliance.sln -c $(CONFIGURATION) -v quiet
	@mkdir -p out
	@printf '#!/bin/sh\nexec $(DOTNET) "%s/host/Appliance.Host/bin/$(CONFIGURATION)/net10.0/appliance.dll" "$$@"\n' "$(CURDIR)" > out/appliance
	@chmod +x out/appliance

run: build ## the main job: embedded venue, live output, out/report.json and out/report.html (SECONDS, PROFILE, DESK)
	@out/appliance run --profile $(PROFILE) --desk $(DESK) --seconds $(SECONDS) --out out --report out/report.json

test: build ## all tests; those that read ../shared/data or need a missing peer skip, saying so
	@build/test.sh $(CONFIGURATION)

bench: build peers ## benchmarks beside their peers; the ring's ratios go into perf/history.jsonl
	@mkdir -p out && $(DOTNET) perf/Appliance.Perf/bin/$(CONFIGURATION)/net10.0/Appliance.Perf.dll all --report out/ring.json
	@$(DOTNET) perf/Appliance.Perf/bin/$(CONFIGURATION)/net10.0/Appliance.Perf.dll history --add out/ring.json

latency: build peers ## wire to wire beside the C floor: out/latency.json, its ratios into perf/history.jsonl
	@out/appliance latency --profile hw-config/dev-2core.json --rate 20000 --seconds 20 --out out --report out/latency.json
	@$(DOTNET) perf/Appliance.Perf/bin/$(CONFIGURATION)/net10.0/Appliance.Perf.dll history --add out/latency.json --only wire

lab: build ## train the first known figure's hedge (about a minute) and put it beside the exact optimum and classical rules: out/lab/
	@out/appliance train desk/lab/entropic-call.json --out out/lab/entropic-call.safetensors --report out/lab/entropic-call.json
	@out/appliance backtest desk/lab/entropic-call.json --policy out/lab/entropic-call.safetensors --report out/lab/backtest.json

case-study: build ## train the case study's policies from their seeds (about ten minutes) and judge them beside classical rules: out/lab/case-study/
	@build/case-study.sh

case-study-history: build ## the same on one real stock's history by bootstrap (HISTORY=FILE.csv COLUMN=name; else the specification's)
	@build/case-study.sh history $(HISTORY) $(COLUMN)

peers: ## compile the C and C++ peers of perf/peers (needs cc and c++)
	@$(MAKE) -s -C perf/peers

soak: build ## the long counts of every test that has one
	@APPLIANCE_FULL=1 build/test.sh $(CONFIGURATION)

fix-conformance: ## QuickFIX acceptance scripts against our FIX acceptor: DEFS=DIR DICTIONARY=FILE [TRANSPORT_DICTIONARY=FILE] [OPTIONS="--mirror --real-time"]
	@$(DOTNET) build tests/Appliance.Conformance -c $(CONFIGURATION) -v quiet -nologo
	@$(DOTNET) tests/Appliance.Conformance/bin/$(CONFIGURATION)/net10.0/Appliance.Conformance.dll "$(DEFS)" "$(DICTIONARY)" "$(TRANSPORT_DICTIONARY)" $(OPTIONS)

verify: build ## the lab's known figures at full counts, then prices beside QuantLib's and networks beside PyTorch's (SHARE=tenth: a rotating tenth of these)
	@build/verify-lab.sh $(CONFIGURATION) $(or $(SHARE),all)
	@build/verify.sh $(CONFIGURATION) $(or $(SHARE),all)
	@build/verify-networks.sh $(CONFIGURATION) $(or $(SHARE),all)

tidy: build ## formatting, layout and generated files
	@$(DOTNET) format whitespace Appliance.sln --verify-no-changes --no-restore
	@$(DOTNET) test tests/Appliance.Tests -c $(CONFIGURATION) --no-build -v quiet --filter "FullyQualifiedName~Appliance.Tests.Layout"

ci: ## what the build server runs
	@.ci/run

clean: ## remove what the build and runs left
	@rm -rf out Adapters.local.props
	@find . -type d \( -name bin -o -name obj \) -not -path './.git/*' -prune -exec rm -rf {} +

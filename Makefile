# The commands a user types. `make help` lists them.
CONFIGURATION ?= Release
DOTNET ?= dotnet
export DOTNET_NOLOGO = 1
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE = 1

.PHONY: help configure build run test
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

configure: ## find out which optional adapters (Ilgpu, Disruptor, QuickFix) restore here; REQUIRE=Name makes absence an error
	@build/configure.sh $(REQUIRE)

Adapters.local.props:
	@build/configure.sh $(REQUIRE)

build: Adapters.local.props ## build everything; leaves the launcher out/appliance
	$(DOTNET) build Appliance.sln -c $(CONFIGURATION) -v quiet

test: build ## all tests
	$(DOTNET) test Appliance.sln -c $(CONFIGURATION) --no-build

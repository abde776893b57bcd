# One entry for people and CI. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
ENVIRONMENT := .venv/.complete-$(shell cat requirements/dev.txt pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)

.PHONY: help setup run simulate demo demo-down test quick component apiserver cluster bench bench-halt bench-long bench-idle bench-journal bench-feeds bench-mutation bench-engine bench-live bench-peers compiled check format lock generate prefetch clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(ENVIRONMENT) ## Make the environment in .venv from the hash-locked requirements

$(ENVIRONMENT): requirements/dev.txt pyproject.toml
	@echo "· making the environment in .venv (about half a minute)" >&2
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f .venv/.complete-*; touch $@

run: setup ## One bot without a cluster: make run ARGS="--recording FILE --speed max --output json"
	@$(BIN)/desk run examples/bot.yaml $(ARGS)

simulate: setup ## Lives in virtual time with everything that goes wrong: make simulate ARGS="--seeds 1000 --faults all"
	@$(BIN)/desk simulate $(ARGS)

demo: setup ## A real local cluster and the whole story (CLUSTER=current uses the one kubectl points at)
	@$(BIN)/python -m tests.demo $(ARGS)

demo-down: setup ## Remove every trace of the demo
	@$(BIN)/python -m tests.cluster down --packages

# Two files at a time where a test makes its own processes. Then the API server beside the cluster, each one by one; what
# the former says is shown at the end.
test: check ## Everything: checks and all tiers of tests, the properties with many examples
	@mkdir -p build; run="$(BIN)/pytest --hypothesis-profile thorough"; \
	  $$run -n 2 --dist loadfile -m "not apiserver and not cluster"; first=$$?; \
	  $$run -m apiserver > build/test-apiserver.log 2>&1 & beside=$$!; \
	  $$run -m "cluster and not apiserver"; second=$$?; \
	  wait $$beside; third=$$?; cat build/test-apiserver.log; \
	  exit $$((first | second | third))

# Rewriting the asserts of every test anew takes seconds: what was compiled is kept, whatever the environment says.
quick: export PYTHONDONTWRITEBYTECODE =
quick: setup ## The pure and simulated tiers, under a minute
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not component and not apiserver and not cluster and not browser"

component: setup ## Real processes, sockets and SQLite on this machine
	@$(BIN)/pytest -q -m component

apiserver: setup ## Against a real etcd and API server
	@$(BIN)/pytest -q -m apiserver

cluster: setup ## Against real pods on a real kubelet
	@$(BIN)/pytest -q -m cluster

bench: bench-halt bench-idle bench-journal bench-engine bench-live ## Every benchmark; figures in build/bench

bench-long: setup ## 100,000 lives in virtual time, compiled where there is a C compiler (an hour); figures in build/bench/simulation.json
	@mkdir -p build/bench
	@$(BIN)/python -m deskbot.bench.compiled --simulation build/compiled-simulation || true
	@PYTHONPATH=build/compiled-simulation $(BIN)/desk simulate --seeds 100000 --first 1000000 --output json > build/bench/simulation.json; \
	  code=$$?; $(BIN)/python -m json.tool build/bench/simulation.json; exit $$code

bench-halt: setup ## Twenty halts of forty orders in the cluster: milliseconds until the venue's last order was gone
	@$(BIN)/python -m tests.desk.bench halt

bench-engine: setup ## The reference workload through the full engine, pure and compiled: quotes per second, microseconds
	@$(BIN)/python -m tests.bench

bench-live: setup ## From a book message to a signed request over loopback, pure and compiled: our share, ccxt's, the journal's
	@$(BIN)/python -m tests.live $(ARGS)

bench-peers: setup ## Our engine beside NautilusTrader and hftbacktest, each in its own environment: make bench-peers ARGS="--rounds 1"
	@$(BIN)/python -m tests.peers $(ARGS)

compiled: setup ## The engine compiled by mypyc, into build/compiled (needs a C compiler; put it first in PYTHONPATH)
	@$(BIN)/python -m deskbot.bench.compiled build/compiled

bench-idle: setup ## Memory of an idle bot's pod, and the time until it is Ready
	@$(BIN)/python -m tests.desk.bench idle

bench-journal: setup ## What the journal adds to an order, and how long a restart takes as it grows
	@$(BIN)/python -m tests.runtime.journal_bench $(ARGS)

bench-feeds: setup ## Each fault of a stream of each dialect, ten times: seconds until the gate is shut and until all is whole again
	@$(BIN)/python -m tests.venues.bench_feeds

bench-mutation: setup ## Change the core in every small way and see whether the tests notice (half an hour)
	@$(BIN)/python -m tests.mutation $(ARGS)

check: setup ## Format, lint, types, import directions, generated files, workflows
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python -m deskapi.schema --check
	@$(BIN)/python -m deskbot.venues.table.page --check
	@$(BIN)/python -m tests.controls --check
	@$(BIN)/python -m tests.cluster actionlint

format: setup ## Put every file into its form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

generate: setup ## Write the files that are generated
	@$(BIN)/python -m deskapi.schema --write
	@$(BIN)/python -m deskbot.venues.table.page --write
	@$(BIN)/python -m tests.controls --write

lock: setup ## Resolve the requirements anew; hashes, no addresses
	@for extra in operator bot; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --extra $$extra pyproject.toml -o requirements/$$extra.txt; done
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra operator --extra bot --extra bench --extra dev pyproject.toml -o requirements/dev.txt
	@printf 'hatchling>=1.27\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header - -o requirements/build.txt
	@printf 'mypy\nmsgspec\nsetuptools\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --constraint requirements/dev.txt - -o requirements/compile.txt
	@for peer in nautilus:nautilus_trader==1.221.0 hftbacktest:hftbacktest==2.4.4; do echo $${peer#*:} | $(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements/peers-$${peer%%:*}.txt; done

prefetch: setup ## Build and fetch ahead of time whatever the demo and the tests need
	@$(BIN)/python -m tests.cluster prefetch

clean: ## Remove the environment and everything built in the tree
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything README names and CI runs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Compiled modules are kept, whatever the shell says: each process starts a second or two sooner.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help setup setup-dev tools run test check format smoke bench bundle lock clean
.PHONY: campaign-wire campaign-fuzz campaign-kills campaign-power campaign-week campaign-web
.PHONY: campaign-detection campaign-ledger campaign-outage campaign-jobs
.PHONY: campaign-edge campaign-planted

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'

$(VENV)/.base: requirements.txt pyproject.toml tools/setup.sh
	@PYTHON=$(PYTHON) bash tools/setup.sh base

$(VENV)/.dev: $(VENV)/.base requirements-dev.txt
	@PYTHON=$(PYTHON) bash tools/setup.sh dev

setup: $(VENV)/.base ## virtual environment with the locked dependencies
setup-dev: $(VENV)/.dev ## the same, with what tests and checks need
tools: ## Mosquitto, InfluxDB, Chromium and fonts for the tests, where they may be installed
	@bash tools/setup.sh tools

run: setup ## start the whole thing on a virtual fleet: http://127.0.0.1:8050
	@exec $(BIN)/pvmon demo

check: setup-dev ## format, lint, types, layers, configuration
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo > $(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }
	@$(BIN)/pvmon check --quiet
	@echo "check: format, lint, types, layers and configuration are sound"

format: setup-dev ## write the canonical format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

# More than one to a core brings little (they are bound by the processor) and makes tests with time-outs late.
WORKERS ?= auto

test: setup-dev tools check ## check, then every test: first those that need the machine for themselves, then the rest on all cores
	@code=0; $(BIN)/python -m pytest -m alone || code=$$?; \
	$(BIN)/python -m pytest -m "not alone" -n $(WORKERS) --dist loadfile --no-loadscope-reorder || code=$$?; exit $$code

smoke: setup ## the main job without a browser, on free ports, a minute and a half on a quiet machine; STORE=influx: over InfluxDB 1.x
	@$(BIN)/pvmon demo --smoke --store $(or $(STORE),duckdb)

bench: setup-dev ## the measured figures of docs/bench.md
	@$(BIN)/python -m bench

bundle: setup ## build/pvmon-VERSION-ARCH.tar.gz for machines without a network (ARCH=x86_64 or aarch64)
	@bash tools/bundle/make.sh $(ARCH)

campaign-wire: setup ## a million reads through a fault proxy; no wrong value may be taken (about an hour)
	@$(BIN)/python -m bench.wire_campaign --reads 1000000 --wires 40

campaign-fuzz: setup ## ten million runs of random bytes into every decoder and parser (an hour or two; can be broken off)
	@mkdir -p build && $(BIN)/python -m bench.fuzz_decode --runs 10000000 --ledger build/fuzz.json

campaign-kills: setup-dev ## 1,000 kill -9 of the queue's writer and of a collector, 200 of the forwarder, and the planted error
	@$(BIN)/python -m bench.kills --what spool --kills 1000
	@$(BIN)/python -m bench.kills --what collector --kills 1000
	@$(BIN)/python -m bench.kills --what forwarder --kills 200
	@! $(BIN)/python -m bench.kills --what spool --kills 200 --planted early

campaign-edge: setup-dev tools ## 200 kill -9 of a village's collector, 200 of village, broker and centre in turn, and the planted error (half an hour)
	@$(BIN)/python -m bench.edge_kills --what village --kills 200
	@$(BIN)/python -m bench.edge_kills --what all --kills 200
	@! $(BIN)/python -m bench.edge_kills --what all --kills 12 --planted early

campaign-web: setup-dev ## the data interface by its description and 10,000 hostile posts to the callbacks: no 5xx
	@$(BIN)/python -m bench.fuzz_web --examples 200 --posts 10000

campaign-detection: setup-dev ## 60 virtual plants, 90 days, every kind of fault: recall by kind, precision by rule (half an hour)
	@$(BIN)/python -m bench.detection_campaign --plants 60 --days 90

campaign-power: setup-dev ## 10,000 power cuts, and the planted errors that must be noticed
	@$(BIN)/python -m bench.power_cut --states 10000
	@! $(BIN)/python -m bench.power_cut --states 300 --planted normal
	@! $(BIN)/python -m bench.power_cut --states 300 --planted early

campaign-week: setup-dev ## a week of 60 plants with every trouble: the account of samples against the truth, slot by slot
	@$(BIN)/python -m bench.week --plants 59 --days 7
	@! $(BIN)/python -m bench.week --plants 2 --days 1 --planted drop

campaign-jobs: setup-dev ## 30 days of jobs with stops, kills and clock steps: one right result for every period
	@$(BIN)/python -m bench.job_month --days 30

campaign-planted: setup-dev tools ## errors planted in a copy, one at a time: the tests named for each must turn red (five minutes)
	@$(BIN)/python -m bench.planted

campaign-outage: setup-dev tools ## 72 hours of the fleet without the store, drained beside live rows: InfluxDB, then the embedded store
	@$(BIN)/python -m bench.drain --hours 72 --store influx
	@$(BIN)/python -m bench.drain --hours 72 --store duckdb

campaign-ledger: setup-dev ## 1,000 kill -9 while eight callers post, and 10,000 changes by raw SQL that must be found
	@$(BIN)/python -m bench.ledger_campaign --what kills --count 1000
	@$(BIN)/python -m bench.ledger_campaign --what tamper --count 10000

lock: ## renew requirements*.txt from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra server -c requirements.txt pyproject.toml -o requirements-server.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra dev --extra server -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what was built; data/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

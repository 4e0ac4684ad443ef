# Everything works from a bare checkout: each target makes .venv first if it is not there.

BASE_PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
PYTHON := .venv/bin/python
READY := .venv/.ready
STARTED := $(shell date +%s)

.DEFAULT_GOAL := help
# What `make prove` runs for long.
LONG := tests/properties tests/lab/test_ingestion.py tests/playbooks/test_ingestion_soak.py

.PHONY: help setup demo test prove bench lab package docs check lock clean

help:  ## Show the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv with the locked development requirements.

$(READY): requirements-dev.txt
	@test -n "$(BASE_PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found on the PATH." >&2; exit 1; }
	@echo "Making .venv with the locked requirements; this happens once and takes half a minute."
	@$(BASE_PYTHON) -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(READY)  ## Install the connector into a local FortiSOAR and use it on a local FortiMonitor and FortiSIEM.
	@$(PYTHON) -m lab demo $(ARGS)
	@echo "From the start of make to here: $$(($$(date +%s) - $(STARTED))) s." >&2

test: $(READY)  ## Run all tests.
	@$(PYTHON) -m pytest -n 2 --dist worksteal $(ARGS)

prove: $(READY)  ## Run the property tests for long: 2,000 scenarios, 10,000 examples, 70,000 incidents ingested.
	@$(PYTHON) -m pytest -n 2 --dist worksteal --hypothesis-profile=prove $(LONG) $(ARGS)

bench: $(READY)  ## Measure loading, a warm write, and many updates at once.
	@$(PYTHON) -m tests.bench.loading
	@$(PYTHON) -m tests.bench.warm
	@$(PYTHON) -m tests.bench.bulk

lab: $(READY)  ## Keep the lab running until Ctrl-C.
	@$(PYTHON) -m lab serve $(ARGS)

package: $(READY)  ## Build dist/fortinet-incident-bridge-<version>.tgz.
	@$(PYTHON) -m release build

docs: $(READY)  ## Write the generated pages.
	@$(PYTHON) -m release docs

check: $(READY)  ## Check format, lint rules and types.
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy lab release vendor/connectors_sdk_shim/loader.py
	@$(PYTHON) -m release types

lock: $(READY)  ## Lock requirements-dev.in anew.
	@$(PYTHON) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		requirements-dev.in -o requirements-dev.txt

clean:  ## Remove everything that make makes.
	rm -rf .venv dist .pytest_cache .ruff_cache .mypy_cache .hypothesis

# Everything works from a bare checkout: each target makes .venv first if it is not there.

# What can make .venv: Python 3.11 or newer, with the modules that Debian packs apart.
CAN_MAKE_VENV := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
BASE_PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c '$(CAN_MAKE_VENV)' 2>/dev/null && echo $$name && break; done)
PYTHON := .venv/bin/python
# A copy of the lock that .venv was made of. It is made anew if the lock is another one by now, or its Python is.
READY := .venv/.ready
IS_READY := import filecmp, pip, sys; sys.exit(not filecmp.cmp("requirements-dev.txt", "$(READY)", shallow=False))
STALE := $(shell $(PYTHON) -c '$(IS_READY)' 2>/dev/null || echo stale)
STARTED := $(shell date +%s)
PYTEST := $(PYTHON) -m pytest -n 2 --dist worksteal
# What measures how much of the package the tests reach.
MEASURED := tests/unit tests/wire
# What reads and proves a configuration; of it, they have to reach everything.
WHOLE := core/configuration.py,core/validation.py,operations/health.py

# What other projects put there would be taken for part of .venv.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
# What `make prove` runs for long.
LONG := tests/properties tests/lab/test_large_lists.py tests/lab/test_ingestion.py tests/playbooks/test_ingestion_soak.py \
	tests/playbooks/test_several_configurations.py tests/lab/test_killed.py
# Sets of libraries with which it runs the wire tests too. Python 3.12 and newer cannot import urllib3 1.26.4, the oldest.
SETS := tests/package/libraries
OLD_SETS = $(shell $(PYTHON) -c 'import sys; print("fortisoar-7.6", *["oldest"] * (sys.version_info < (3, 12)))')

.PHONY: help setup demo test prove bench lab package docs check lock clean stale

help:  ## Show the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv with the locked development requirements.

$(READY): $(STALE)
	@test ! -L .venv || { echo ".venv is a symbolic link, and what it leads to would be emptied. Remove the link." >&2; exit 1; }
	@"$(BASE_PYTHON)" -c '$(CAN_MAKE_VENV)' 2>/dev/null || { echo "Python 3.11 or newer with its venv module is needed, and" \
		"$(if $(BASE_PYTHON),$(BASE_PYTHON) is not that,there is none on the PATH)." \
		"Debian and Ubuntu have the module in python3-venv. BASE_PYTHON=... names another Python." >&2; exit 1; }
	@echo "Making .venv with the locked requirements; this happens once and takes half a minute."
	@"$(BASE_PYTHON)" -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@$(PYTHON) -m release.lock
	@cp requirements-dev.txt $@

demo: $(READY)  ## Install the connector into a local FortiSOAR and use it on a local FortiMonitor and FortiSIEM.
	@$(PYTHON) -m lab demo $(ARGS)
	@echo "From the start of make to here: $$(($$(date +%s) - $(STARTED))) s." >&2

test: $(READY)  ## Run all tests. The package's own have to reach 95 % of its lines and branches.
	@$(if $(ARGS),$(PYTEST) $(ARGS),$(PYTEST) $(MEASURED) --cov && \
		$(PYTHON) -m coverage report --include=$(WHOLE) --fail-under=100 && $(PYTEST) $(MEASURED:%=--ignore=%))

prove: $(READY)  ## Prove at length: 2,000 scenarios, every odd answer, 70,000 incidents, an hour of three configurations, 100 kills.
	@$(PYTEST) --hypothesis-profile=prove $(LONG) $(ARGS)
	@$(if $(filter oldest,$(OLD_SETS)),,echo "The oldest libraries are left out: they need a .venv of Python 3.11.")
	@for set in $(OLD_SETS); do \
		echo "The wire tests with the libraries of $(SETS)/$$set.txt:"; \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
			--upgrade --target .venv/libraries/$$set -r $(SETS)/$$set.txt && \
		LIBRARIES=$(SETS)/$$set.txt PYTHONPATH=$(CURDIR)/.venv/libraries/$$set \
			$(PYTEST) tests/wire -W ignore::ImportWarning -W ignore::DeprecationWarning || exit 1; \
	done

bench: $(READY)  ## Measure loading, a warm write, many updates at once, and the lab under load.
	@$(PYTHON) -m tests.bench.loading
	@$(PYTHON) -m tests.bench.warm
	@$(PYTHON) -m tests.bench.bulk
	@$(PYTHON) -m tests.bench.lab

lab: $(READY)  ## Keep the lab running until Ctrl-C.
	@$(PYTHON) -m lab serve $(ARGS)

package: $(READY)  ## Build dist/fortinet-incident-bridge-<version>.tgz.
	@$(PYTHON) -m release build

docs: $(READY)  ## Execute the examples in the lab, and write the pages that are made.
	@$(PYTHON) -m release docs

check: $(READY)  ## Check format, lint rules, types, layers, the pages, and the archive by the rules for connectors.
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy lab release tests vendor/connectors_sdk_shim/loader.py
	@$(PYTHON) -m release types
	@$(PYTHON) -m release layers
	@$(PYTHON) -m release docs --check
	@$(PYTHON) -m release check

lock: $(READY)  ## Lock requirements-dev.in anew, make .venv of it, and prove that nothing is missing.
	@$(PYTHON) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--only-binary :all: --emit-build-options --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
	@for version in 3.9 3.12; do $(PYTHON) -m uv pip compile --quiet --upgrade --python-version $$version \
		--only-binary :all: --no-emit-index-url --no-emit-find-links --generate-hashes \
		--custom-compile-command "make lock" requirements.txt -o $(SETS)/newest-$$version.txt || exit 1; done
	@$(MAKE) --no-print-directory test ARGS=tests/tools/test_lock.py

clean:  ## Remove everything that make makes.
	rm -rf .venv dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage

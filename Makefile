# Campuswatch: everything a person or a machine runs starts here. `make help` lists it.
# Nothing but git, make and Python >= 3.11 is needed; what else is needed goes into .venv from the hash-locked files in .ci/lock.

PYTHON ?= python3
VENV := .venv/bin
# Whether tests run beside each other: two workers, whole-system and browser tests together on one of them (tests/conftest.py).
PYTEST := $(VENV)/python -m pytest
SPREAD := -n 2 --dist loadscope --no-loadscope-reorder
# Rooms whose tests are quick; the rest (campus, console, contracts) start whole programs.
FAST := $(wildcard tests/house tests/devices tests/edge_agent tests/hub tests/benchmarks)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench torture lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the whole campus on this machine, until Ctrl-C; ARGS="--port 8090" hands options to campus-demo
	@$(PYTHON) .ci/venv.py demo
	@$(VENV)/campus-demo $(ARGS)

test: ## everything: style, types, layers, unit, contract, whole-system and browser tests
	@bash .ci/prepare
	@$(PYTHON) .ci/venv.py test
	@$(PYTEST) $(SPREAD)

check: ## the fast part of test, for every save
	@$(PYTHON) .ci/venv.py test
	@$(PYTEST) $(SPREAD) -q $(FAST)

bench: ## measure it all, print one table, write JSON to benchmarks/results
	@$(PYTHON) .ci/venv.py bench
	@$(VENV)/python -m benchmarks

torture: ## kill the real programs for an hour and count what is lost; ARGS="--kills 500 --seed 7" as campus-sim torture
	@$(PYTHON) .ci/venv.py demo
	@$(VENV)/campus-sim torture $(or $(ARGS),--kills 9750 --campus 250 --benches 6)

lock: ## write the locks in .ci/lock anew after a change in pyproject.toml; UPGRADE=1 takes the newest versions
	@$(PYTHON) .ci/venv.py test
	@bash .ci/write-locks $(if $(UPGRADE),--upgrade)

clean: ## remove what was built, measured or remembered, .venv and the demo's data included
	rm -rf .venv build dist .demo benchmarks/results test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make help` lists the targets. Everything runs in .venv, which holds requirements.lock, hash by hash.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Wheels only: building from source would fetch build requirements that no hash was checked for.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := --require-hashes --only-binary :all:
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' pyproject.toml

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(VENV)/.installed ## make .venv from requirements.lock (PYTHON=python3.12 chooses another Python)

$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "planfence needs Python 3.11 or newer, and '$(PYTHON)' is not:" \
			"say which one to use, as in 'make venv PYTHON=python3.12'" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "'$(PYTHON)' cannot make virtual environments: on Debian, install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP_INSTALL) $(LOCKED) -r requirements.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip --disable-pip-version-check check --quiet || { \
		echo "pyproject.toml asks for what requirements.lock does not hold: run 'make lock'" >&2; exit 1; }
	@touch $@

.PHONY: demo
demo: venv ## run the DNS example
	$(BIN)/python -m examples.dns.demo

.PHONY: test
test: venv ## run the tests (ARGS=... for pytest); if CI is set, two at a time, under coverage, and no skip is accepted
ifdef CI
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2 --dist worksteal $(ARGS)
	$(BIN)/coverage combine --quiet
else
	$(BIN)/python -m pytest $(ARGS)
endif

.PHONY: check
check: ## everything that CI runs
	$(MAKE) check-static
	$(MAKE) test CI=true
	$(MAKE) prove
	$(MAKE) coverage wheel-check demo

.PHONY: check-rest
check-rest: check-static coverage wheel-check demo ## everything that CI runs after `make test` and `make prove`

.PHONY: check-static
check-static: venv ## lint, format, types, imports, schemas; no tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python schemas/generate.py --check

.PHONY: format
format: venv ## let ruff write
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: coverage
coverage: venv ## report on the last `make test CI=true`; what decides safety must be covered best
	$(BIN)/coverage report
	$(BIN)/coverage report --include='plans/*,enactor/*' --fail-under=95

.PHONY: prove
prove: venv ## 100,000 seeded schedules, every small one, the mutants and the model, as one table (ARGS=--help)
	$(BIN)/python -m tests.simulation.proof $(ARGS)

.PHONY: prove-long
prove-long: venv ## the same with a million schedules and wider bounds, then long counts of crashes and races (ARGS=--help)
	$(BIN)/python -m tests.simulation.proof --seeds 1000000 --first 100000 --long
	$(BIN)/python -m tests.processes.long_proof $(ARGS)

.PHONY: fuzz
fuzz: venv ## look for inputs that break a reader, by coverage (ARGS=600 for ten minutes in all; default: 60 s)
	$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: bench
bench: venv ## planfence beside octoDNS on the same zones, as ratios (ARGS=--quick leaves out the largest)
	$(BIN)/python -m bench $(ARGS)

.PHONY: schemas
schemas: venv ## write schemas/*.json from the models
	$(BIN)/python schemas/generate.py

.PHONY: docs
docs: venv ## write docs/cli.md and docs/refusals.md from the code
	$(BIN)/python docs/generate.py

.PHONY: wheel-check
wheel-check: venv ## build the wheel, and try it in a clean environment
	$(BIN)/python tests/wheel_check.py

.PHONY: lock
lock: | $(BIN)/uv ## pin all requirements again (ARGS=--upgrade for newer versions)
	$(COMPILE) --group dev --output-file requirements.lock $(ARGS)
	$(COMPILE) --constraint requirements.lock --output-file requirements-runtime.lock $(ARGS)

$(BIN)/uv:
	$(MAKE) venv

.PHONY: clean
clean: ## remove what make made (never .planfence: those are your plans)
	rm -rf $(VENV) dist build htmlcov .coverage .coverage.* .hypothesis \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

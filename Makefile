# What people type. Needs Python 3.11 or newer and make, nothing else; the work is done by the scripts in tools/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check bench chaos translations lock clean python run-environment dev-environment

# An activated environment or a variable of another project must not leak into ours.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS PYTEST_ADDOPTS
unexport COVERAGE_FILE COVERAGE_RCFILE MYPYPATH MAKEFLAGS MFLAGS MAKELEVEL

# The first of these that is Python 3.11 or newer; `make run PYTHON=/path/to/python` chooses another.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null && echo "$$p" && break; done)
endif

help: ## Show this list
	@echo "Pegboard: make <target>, with ARGS=\"...\" for what the target runs"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1	\2/p' Makefile | expand -t 16

run: run-environment ## Run the board with its local servers (the sandbox); Ctrl-C stops it all
	@exec .venv-run/bin/pegboard sandbox $(ARGS)

test: dev-environment ## Run the tests (ARGS="-k upload" for some of them)
	@exec .venv/bin/python -m pytest -n logical --maxprocesses 8 $(ARGS)

check: dev-environment ## Format, lint, types, import floors, tests with coverage: all that must pass
	@exec .venv/bin/python -m tools.check $(ARGS)

bench: dev-environment ## Measure speed and memory, as a table
	@exec .venv/bin/python -m bench $(ARGS)

chaos: dev-environment ## Break things on purpose, under load, and count what is lost: takes 15 minutes
	@exec .venv/bin/python -m pytest tests/chaos --chaos-full $(ARGS)

translations: dev-environment ## Find what there is to translate, and compile what is (ARGS="--add de")
	@exec .venv/bin/python -m tools.translations $(ARGS)

lock: python ## Write requirements/*.txt from what is declared (ARGS="--upgrade" for the newest versions)
	@exec "$(PYTHON)" -m tools.lock $(ARGS)

clean: ## Remove environments, caches and builds; your data in instance/ stays
	@rm -rf .venv .venv-run .tools .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -rf build dist .coverage .coverage.* core/*.egg-info core/pegboard/web/static/vendor
	@rm -rf plugins/*/build plugins/*/dist plugins/*/*.egg-info examples/*/build examples/*/dist examples/*/*.egg-info
	@find core plugins examples tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
	@echo "Clean. instance/ (your board's data) was left alone."

python:
	@if test -z "$(PYTHON)"; then \
		echo "Pegboard needs Python 3.11 or newer, and none was found as python3, python3.11 … python3.14." >&2; \
		echo "Install one (python.org, or your system's packages), or name it: make PYTHON=/path/to/python run" >&2; \
		exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null || { \
		echo "Pegboard needs Python 3.11 or newer, and $(PYTHON) is not." >&2; exit 1; }

run-environment: python
	@"$(PYTHON)" -m tools.environment run

dev-environment: python
	@"$(PYTHON)" -m tools.environment dev

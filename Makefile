# The few verbs of the project. Needs only Python 3.11 or newer, make and PyPI; CI calls the same verbs.
#
#   make demo     everything in a scratch folder, with an example stack
#   make test     the whole suite          make check    linters, types, layers, documentation
#   make serve    a local Hearth           make docs     the documentation site in site/
#   make bench    the speed figures        make clean    forget everything made here

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Stamps newer than pyproject.toml say that the environment holds what it asks for.
RUN    := $(VENV)/.stamp-run
DEV    := $(VENV)/.stamp-dev
WORKERS ?= 2
# The first start is then as quick as later ones, also where Python may not write bytecode.
COMPILE := $(BIN)/python -m compileall -q src

.PHONY: help venv demo test check lint types layers format docs reference bench serve clean

help:
	@sed -n '3,6s/^# *//p' Makefile

venv: $(DEV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Hearth needs Python 3.11 or newer; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@$(COMPILE)
	@touch $@

$(DEV): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,check,docs,bench]'
	@$(COMPILE)
	@touch $@ $(RUN)

demo: $(RUN)
	$(BIN)/hearth demo

serve: $(RUN)
	$(BIN)/hearth up

# loadgroup: tests that share one running Hearth (tests/acceptance) stay on one worker.
# -rs: at the end, each test that was left out, with its reason.
test: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q -rs $(ARGS)

check: lint types layers docs

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

layers: $(DEV)
	$(BIN)/lint-imports

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# tests: the examples on the pages of resource types are the specimens that the suite deploys.
reference: $(DEV)
	PYTHONPATH=tests $(BIN)/python docs/gen_reference.py

# NO_MKDOCS_2_WARNING: the theme advertises there; it is no finding about our pages. Not --quiet: that drops
# warnings before --strict could count them.
docs: reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(DEV)
	$(BIN)/python bench/run.py $(ARGS)

clean:
	-test ! -d .demo || $(BIN)/hearth down --data-dir .demo
	rm -rf .demo $(VENV) site docs/reference/generated .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

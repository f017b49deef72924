# Everything works on a fresh machine with only Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SITE   := .venv-docs

.PHONY: help setup demo demo-postgres test unit coverage test-pairs lint style format translations docs bench scale crash dist clean

# A test that hangs in spite of its timeout ends its process, which names it, and the others go on.
GUARD := -o faulthandler_timeout=1200 -o faulthandler_exit_on_timeout=true
TESTS := $(BIN)/pytest -n auto --dist worksteal $(GUARD)

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## install notifykit and all that its tests need into .venv

demo: $(READY) ## see it at work: kills, outages, rate limits, and the proof. DEMOARGS=--no-pause runs through
	$(BIN)/notifykit demo $(DEMOARGS)

demo-postgres: $(READY) ## the same on a PostgreSQL server of its own: workers, a kill, a crash
	$(BIN)/notifykit demo --postgres notifykit-demo-postgres

test: $(READY) ## run all tests but the long and the deep ones
	$(TESTS) -m "not deep and not long" $(TESTARGS)

unit: $(READY) ## run the unit tests
	$(TESTS) -m "not deep and not long" tests/unit $(TESTARGS)

# What is long does the same many times, which covers no more; being traced takes as long as the tests themselves.
coverage: $(READY) ## run all tests but the deep ones; those of units and parts that are not long cover the code
	$(TESTS) -m "not deep and not long" tests/unit tests/integration --cov --cov-report=
	$(TESTS) -m "long and not deep" tests/unit tests/integration
	$(TESTS) -m "not deep" tests/acceptance tests/crash

# The whole suite in other surroundings: see tests/support/suite/pairs.py. PAIRS="1 2" makes some of the runs.
test-pairs: $(READY) ## run the tests in other surroundings: clocks, accounts, zones, load
	$(BIN)/python tests/support/suite/pairs.py $(PAIRS)

lint: style types-linux types-win32 types-darwin ## check style and types

style: $(READY) ## check formatting and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types-%: $(READY)
	$(BIN)/mypy --platform $* --cache-dir .mypy_cache/$*

format: $(READY) ## format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

translations: $(READY) ## bring the catalogues up to date, list what is not translated, compile them
	$(BIN)/python tests/support/suite/catalogues.py

docs: $(SITE)/.ready ## build the manual as a site in site/, offline
	rm -rf site
	$(SITE)/bin/zensical build --clean --strict
	! grep -rlE '<(script|link|img|iframe)[^>]*(src|href)="?(https?:)?//' site

bench: $(READY) ## measure against rivals
	$(BIN)/pip install --quiet --editable ".[bench]"
	$(BIN)/python benchmarks/run.py $(BENCHARGS)

scale: $(READY) ## measure what a message costs on PostgreSQL, and simulate days
	$(BIN)/python benchmarks/postgres/scale.py --measure

crash: $(READY) ## run the crash tests and the deep ones: a kill at every system call
	$(BIN)/pytest -m "crash or deep" -s $(TESTARGS)

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "notifykit needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(READY)

$(SITE)/.ready: pyproject.toml
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --upgrade pip
	$(SITE)/bin/python -m pip install --quiet --group docs
	touch $(SITE)/.ready

dist: $(READY) ## build sdist and wheel, and try the wheel in an empty environment
	rm -rf dist build/wheel
	$(BIN)/python -m build
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet dist/*.whl
	test "$$(build/wheel/bin/notifykit --version)" = \
	    "notifykit, version $$($(BIN)/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')"
	cd build/wheel && bin/notifykit --strict-plugins plugins && bin/notifykit docs

clean: ## remove all of that again
	rm -rf .venv $(SITE) .cache site dist build
	rm -rf htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis

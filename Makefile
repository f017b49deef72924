# Everything works on a fresh machine with only Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test unit coverage test-pairs lint format bench crash clean

TESTS := $(BIN)/pytest -n auto --dist worksteal -m "not deep"

demo: $(READY)
	$(BIN)/notifykit demo

test: $(READY)
	$(TESTS) $(TESTARGS)

unit: $(READY)
	$(TESTS) tests/unit $(TESTARGS)

coverage: $(READY)
	$(TESTS) --cov --cov-report=term $(TESTARGS)

# The whole suite in other surroundings: see tests/support/suite/pairs.py. PAIRS="1 2" makes some of the runs.
test-pairs: $(READY)
	$(BIN)/python tests/support/suite/pairs.py $(PAIRS)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/pip install --quiet --editable ".[bench]"
	$(BIN)/python benchmarks/run.py $(BENCHARGS)

crash: $(READY)
	$(BIN)/pytest -m crash -s $(TESTARGS)

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "notifykit needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(READY)

clean:
	rm -rf .venv .venv-newest dist build htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis

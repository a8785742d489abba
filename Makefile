# Two commands do everything on a fresh machine: `make run` and `make test`.

PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
DATA_DIR ?= data
BENCH ?=
DOCS ?=
FUZZ_SECONDS ?= 60
BIN := $(VENV)/bin
# A test that hangs beyond its own time limit, as one can that has failed, ends with a traceback of all threads.
LIMITED := timeout --signal=ABRT 30m

FUZZ_TARGETS := $(notdir $(wildcard tests/corpus/*))

.PHONY: run test check pytest soak bench fuzz screenshots setup tools clean

run: $(VENV)/.installed  ## open a room at http://127.0.0.1:8080/ and `nc 127.0.0.1 9997`; HOST=0.0.0.0 for a LAN
	@$(BIN)/parley --host $(HOST) --data-dir $(DATA_DIR)

test: setup check pytest soak  ## set up and run everything, the browser included

check: $(VENV)/.installed-test node_modules/.installed  ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	npm run --silent check
	npm run --silent test

pytest: $(VENV)/.installed-test  ## on all cores, each file on one of them: it opens a browser once
	$(LIMITED) $(BIN)/python -m pytest --numprocesses auto --dist loadfile

soak: $(VENV)/.installed-test  ## minutes of broken connections, killed servers, stalled readers
	$(LIMITED) $(BIN)/python -m pytest tests/soak

bench: $(VENV)/.installed-bench  ## measure it beside a plain server, in some minutes; BENCH=--help tells what else
	$(BIN)/python -m benchmarks $(BENCH)

fuzz: $(VENV)/.installed-fuzz  ## search for bytes that break a parser: each target in turn, FUZZ_SECONDS each
	@for target in $(FUZZ_TARGETS); do mkdir -p .fuzz/$$target; echo "== $$target"; \
		$(BIN)/python -m tests.fuzz $$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 -timeout=10 -max_len=4096 \
			-artifact_prefix=.fuzz/ -print_final_stats=1 .fuzz/$$target tests/corpus/$$target || exit 1; done

screenshots: $(VENV)/.installed-test tools  ## pictures of all states of the page, in screenshots/; DOCS=1: those of README.md too
	DOCS=$(DOCS) $(LIMITED) $(BIN)/python -m pytest --quiet tests/screenshots.py

setup: tools $(VENV)/.installed-test node_modules/.installed

tools:  ## what the tests need from the system: Chromium, nc, ncat, telnet, node
	@sh tests/install_tools.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Parley needs Python 3.11 or later; say which: make PYTHON=python3.13 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-fuzz: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,fuzz]'
	@touch $@

node_modules/.installed: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

clean:  ## remove what was set up; the log in data/ stays
	rm -rf $(VENV) node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz

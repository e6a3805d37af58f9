# make demo   a campaign from goal to result, and what was learned, in a few minutes
# make test   style, types, floors and tests
# make lint   style and types only
#
# Everything is installed into .venv with the versions of constraints.txt. Choose
# another interpreter with PYTHON=python3.12, another folder with VENV=...; further
# options for pip (an index for CPU or CUDA builds of torch) go into PIP_FLAGS="...".

PYTHON    ?= python3
VENV      ?= .venv
PIP_FLAGS ?=
TESTS     ?= tests
PYTEST    ?= -n 2

PY      := $(VENV)/bin/python
SOURCES := $(wildcard labagent adapters db flows tests benchmarks)
# One thread each: two workers with two threads each are slower on two cores.
export OMP_NUM_THREADS ?= 1
# Without this pyright asks the network for a newer version of itself.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint format clean

help:
	@sed -n 's/^# \(make .*\)/  \1/p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/installed-demo
	@$(PY) -m labagent.app.main demo demo-out

test: $(VENV)/installed-test lint
	@$(PY) -m pytest -q $(PYTEST) -m "not slow" $(TESTS)

test-all: $(VENV)/installed-test lint
	@$(PY) -m pytest -q $(PYTEST) $(TESTS)

lint: $(VENV)/installed-test
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)
	@$(PY) -m pyright --pythonpath $(PY)

format: $(VENV)/installed-test
	@$(PY) -m ruff check --fix --select I $(SOURCES)
	@$(PY) -m ruff format $(SOURCES)

clean:
	rm -rf $(VENV) build demo-out .pytest_cache .ruff_cache .hypothesis \
	    .import_linter_cache *.egg-info
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------ environment

$(VENV)/installed-demo: EXTRAS := sim
$(VENV)/installed-test: EXTRAS := sim,postgres,dev

$(VENV)/installed-demo $(VENV)/installed-test: pyproject.toml constraints.txt | $(PY)
	@echo "Installing labagent[$(EXTRAS)] into $(VENV), a few minutes the first time ..."
	@$(PY) -m pip install -qq --disable-pip-version-check $(PIP_FLAGS) \
	    -c constraints.txt -e ".[$(EXTRAS)]" \
	    || { echo "labagent: installing failed; see pip's message above." >&2; exit 2; }
	@touch $@
	@echo "Installed."

$(PY):
	@command -v $(PYTHON) >/dev/null || { \
	    echo "labagent: found no $(PYTHON), must be Python 3.11 or newer;" \
	         "install it or name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "labagent: $(PYTHON) is $$($(PYTHON) --version), must be 3.11 or newer;" \
	         "name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "labagent: $(PYTHON) has no venv; install it (Debian, Ubuntu:" \
	         "apt install python3-venv) or name another Python: make PYTHON=..." >&2; \
	    exit 2; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

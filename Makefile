# One command surface: CI, pre-commit and people call these targets. Python 3.11+ and Linux are all they need.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first Python that is new enough; `make PYTHON=/path/to/python` overrides. Running it is the test: a pyenv
# shim exists for versions that are not installed.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
# Processes that share the test files between them, in the files' order: the long end-to-end ones are in the middle. On
# two cores three: tests wait for what they have started for a third of their time.
JOBS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup locks images demo up docs test test-fast test-kernels test-compile test-page lint bench bench-gpu chaos property attack fuzz clean

help:
	@echo "make setup        install pinned dependencies into a virtual environment, $(VENV)"
	@echo "make demo         start the service, extract its samples over HTTP (a PDF, a scan and a mail among them), stop it"
	@echo "make up           start the service and stay up (ARGS='--port 9000')"
	@echo "make test         run every test but the long fault runs (ARGS='tests/api', JOBS=0 for one process)"
	@echo "make test-fast    run the tests that start no process and load no torch (under a minute)"
	@echo "make test-kernels test the GPU's own kernels under Triton's interpreter (installs Triton; no GPU needed)"
	@echo "make test-compile test that those kernels compile for GPUs (installs Triton; no GPU needed)"
	@echo "make test-page    test the page in a headless browser; pictures of every view go to build/page (needs chromium)"
	@echo "make lint         run ruff, mypy --strict and the import contracts"
	@echo "make docs         make the examples, tables and pictures of the pages (ARGS='--bench' measures first: 10 minutes)"
	@echo "make bench        measure the figures of the README (ARGS='--suite json --rows 1,16')"
	@echo "make bench-gpu    measure one step at Gemma 4 E2B's shapes, random weights, on this GPU"
	@echo "make chaos        inject faults into running services"
	@echo "make attack       send hostile schemas, documents and connections to a running service, beside another tenant's work"
	@echo "make fuzz         send 20,000 generated requests to a running service, of every call of its OpenAPI document"
	@echo "make property     test with a thousand schemas and a thousand models that what the check calls enforced is (ARGS='--engine tiny': decoded by a model)"
	@echo "make locks        write docker/*.lock, the images' packages with their hashes, after constraints.txt has changed"
	@echo "make images       ask the registry for the digests of the base images (docker/images.lock; needs docker buildx)"
	@echo "make clean        remove caches and the embedded server's data; keeps $(VENV)"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; none found (set PYTHON=...)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "make: could not make a virtual environment with $(PYTHON) (Debian: install python3-venv)" >&2; exit 1; }
	@echo "Installing pinned dependencies into $(VENV) (once; PyTorch makes it a few minutes) ..." >&2
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# Every package of an image with the hashes of its files, for both architectures and whatever a package needs there.
# With TORCH_INDEX=URL of PyTorch's index of CPU wheels also docker/worker-cpu.lock, which is not kept in the repository.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 -c constraints.txt --generate-hashes \
	--no-annotate --custom-compile-command "make locks" $(UVARGS)
WORKER := --extra service --extra engine --extra documents --extra ocr --extra otel

locks: setup
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt -e ".[locks]"
	@echo setuptools | $(LOCK) pyproject.toml - --extra service --extra documents --extra otel -o docker/api.lock >/dev/null
	@echo setuptools | $(LOCK) pyproject.toml - $(WORKER) -o docker/worker.lock >/dev/null
	@test -z "$(TORCH_INDEX)" || printf 'setuptools\n%s+cpu\n' "$$(grep ^torch== constraints.txt)" | $(LOCK) \
		pyproject.toml - $(WORKER) -o docker/worker-cpu.lock --extra-index-url "$(TORCH_INDEX)" \
		--index-strategy unsafe-best-match >/dev/null

images:
	@docker/pin-images

# The page in a real browser: Debian's Chromium, which `apt-get install chromium` brings; BROWSER names another.
BROWSER ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

test-page: setup
	@test -n "$(BROWSER)" || { echo "make: no Chromium found: apt-get install chromium, or set BROWSER=..." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt -e ".[page]"
	@BROWSER=$(BROWSER) $(BIN)/python -m pytest -m page -n 0 $(or $(ARGS),tests/page)

demo: setup
	@$(BIN)/python -m extractor.service.demo $(ARGS)

up: setup
	@$(BIN)/extractor up $(ARGS)

test: setup
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# What starts a process or loads torch is left out (tests/support/no_process.py): under a minute, for while one writes.
test-fast: setup
	@$(BIN)/python -m pytest -p tests.support.no_process -n $(JOBS) --dist loadfile $(ARGS)

docs: setup
	@$(BIN)/python -m extractor.lab.pages $(ARGS)

# Triton comes with PyTorch for CUDA, not with PyTorch for a CPU. It gets a folder of its own, so that all other tests
# run without it, as on a machine without a GPU.
TRITON := $(VENV)/triton
WITH_TRITON = PYTHONPATH=$(TRITON)$${PYTHONPATH:+:$$PYTHONPATH} $(BIN)/python -m pytest -m kernels

$(TRITON)/.installed: constraints.txt | setup
	@rm -rf $(TRITON)
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt --no-deps \
		--target $(TRITON) triton
	@touch $@

test-kernels: setup $(TRITON)/.installed
	@TRITON_INTERPRET=1 $(WITH_TRITON) $(or $(ARGS),tests/engine/test_ragged.py tests/engine/test_fused.py)

test-compile: setup $(TRITON)/.installed
	@$(WITH_TRITON) -n $(JOBS) $(or $(ARGS),tests/engine/test_compiling.py)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/extractor bench $(or $(ARGS),--suite json --baseline hf,hf-outlines,hf-assisted)

bench-gpu: setup
	@$(BIN)/python -m extractor.lab.bench.device $(ARGS)

chaos: setup
	@$(BIN)/python -m pytest -m chaos --timeout 1800 $(ARGS)

property: setup
	@$(BIN)/python -m tests.property $(ARGS)

attack: setup
	@$(BIN)/python -m tests.attack $(ARGS)

# Not among the test dependencies: no test needs it, and it brings a dozen packages.
fuzz: setup
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check -c constraints.txt "schemathesis==4.32.5"
	@$(BIN)/python -m tests.fuzz $(ARGS)

clean:
	@rm -rf build dist .run .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The commands of the project. Needs Python >= 3.11 and make; everything else is installed below .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The full registry and the public cases, where the shared data lies beside the checkout; else what comes along.
DATA ?= ../shared/data
DEMO_DATA = $(addprefix --registry ,$(wildcard $(DATA)/ror/organisations.jsonl.gz)) \
  $(addprefix --cases ,$(wildcard $(DATA)/public_cases.csv))
# Debian packages that tests of the pages and of interoperability use, where their command or file is not there.
MISSING = $(strip $(if $(shell command -v chromium),,chromium) $(if $(shell command -v go),,golang-go) \
  $(if $(wildcard /usr/share/gocode/src/golang.org/x/mod),,golang-golang-x-mod-dev) $(if $(shell command -v npm),,npm))

.PHONY: help demo test lint format vectors check-vectors system bench requirements clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements/dev.txt pyproject.toml client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hanse needs Python 3.11 or newer; say make PYTHON=python3.12, for example.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e ./client
	@touch $(STAMP)

demo: $(STAMP) ## Run three nodes that assess, publish, sync and show what they know together
	$(BIN)/hanse demo $(DEMO_DATA) $(DEMO)

test: $(STAMP) ## Pass all tests
	$(BIN)/python -m pytest -n 2 $(TESTS)

lint: $(STAMP) ## Style, formatting, import contracts and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check-vectors: $(STAMP) ## Fail if a schema or test vector differs from what its seed gives
	$(BIN)/python -m tests.protocol.generate --check

system: ## Install what only the browser and interoperability tests need (Debian, as root)
	@if [ -z "$(MISSING)" ]; then echo "browser, Go and Node.js are there"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MISSING) >/dev/null; \
	else echo "please install: $(MISSING) (without them some tests are skipped, and say so)"; exit 1; fi

vectors: $(STAMP) ## Write the schemas and test vectors again from their fixed seeds
	$(BIN)/python -m tests.protocol.generate

bench: $(STAMP) ## Measure, each figure beside its limit in the same run
	$(BIN)/python -m tests.bench

requirements: $(STAMP) ## Resolve the pinned requirements again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove what was built and installed
	rm -rf $(VENV) build dist demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

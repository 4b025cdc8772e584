PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8080
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help run install test check format bench schema views lock clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

run: install ## Install, then run the service with a sample hotel (PORT=8080)
	@$(BIN)/folio demo --port $(PORT)

install: $(INSTALLED) ## Install into .venv

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "Installing into .venv (a minute or two the first time) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test: install check ## Run every check and test that CI runs
	@$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder

check: install ## Format, lint, types, import contracts, compose file
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/yamllint --strict docker-compose.yml

format: install ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install ## Measure against the peers (needs wrk); prints a table, never passes or fails
	@$(BIN)/python -m tests.bench.run

schema: install ## Write the GraphQL schema's text anew
	@$(BIN)/python -m services.graphql.schema > services/graphql/schema.graphql

views: install ## Write the description of the views for BI tools anew
	@$(BIN)/python -m projections.reporting > projections/reporting/VIEWS.md

lock: install ## Renew requirements.lock from pyproject.toml
	@$(BIN)/pip install -qq pip-tools
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe --no-header --no-annotate \
		--extra dev --extra bench -o requirements.lock pyproject.toml

clean: ## Remove what was installed; the data in .folio stay
	@rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache

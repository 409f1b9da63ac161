# Everything a developer runs; CI runs `make test`. Needs Python 3.11+ and make; the rest is set up in .venv and .tools.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough and really runs (a version manager's shim may not). Another: make PYTHON=/path/to/python …
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/made-from-pyproject

.PHONY: help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

.PHONY: venv
venv: $(STAMP) ## set up .venv: the exporter (editable) and the tools

# Made anew whenever pyproject.toml changes; nothing outside .venv is touched.
$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with its venv module was found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "setting up $(VENV) (a minute or so, once)"; $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

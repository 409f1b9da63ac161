# Everything a developer runs; CI runs `make test`. Needs Python 3.11+ and make; the rest is set up in .venv and .tools.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough and really runs (a version manager's shim may not). Another: make PYTHON=/path/to/python …
NEW_ENOUGH := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
LISTEN ?= 127.0.0.1:9478
LOG ?=
TESTS ?=
WORKERS ?= 2
STAMP := $(VENV)/made-from-pyproject

.PHONY: help
help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

.PHONY: run
run: venv ## serve the sample log on http://localhost:9478/ (LOG=… for your own, LISTEN=HOST:PORT for another address)
	@$(BIN)/python scripts/run_sample.py --listen '$(LISTEN)' $(if $(LOG),--log '$(LOG)')

.PHONY: test
test: servers preview lint check-generated ## lint, and all tests against real servers
	$(call pytest,-m 'not waits and not alone' -n $(WORKERS) --dist loadfile)
	$(call pytest,-m alone)
	$(call pytest,-m waits -n 4 --dist worksteal)

# What computes, a process a core; then what measures time, alone; then what waits for servers, side by side. (5: TESTS has none of that kind.)
pytest = $(BIN)/pytest $(1) $(TESTS) || test $$? -eq 5

.PHONY: torture
torture: servers ## the attacks in their long form: hours of kills, rotations, garbage, broken states (TESTS=… for some of them)
	TORTURE=long $(BIN)/pytest -m torture -o faulthandler_timeout=0 $(TESTS)

.PHONY: lint
lint: venv ## style, format and types; rules and dashboards with the tools of their makers where they can be had
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/python scripts/lint_rules.py

.PHONY: bench
bench: venv ## measure, and write bench/RESULTS.md (QUICK=1 to try it in seconds, PARTS=scrape,save for some of it)
	@$(BIN)/python scripts/fetch_servers.py peer || true
	$(BIN)/python bench/bench.py $(if $(QUICK),--quick) $(if $(PARTS),--parts $(PARTS))

.PHONY: bench-rules
bench-rules: servers ## measure how long Prometheus takes to evaluate the rules, and write bench/RULES.md
	$(BIN)/python bench/rule_pack.py

.PHONY: bench-alerts
bench-alerts: servers ## measure how long a person waits for a message, and write bench/ALERTS.md: 25 minutes (ROUNDS=1 for a fourth)
	PYTHONPATH=. $(BIN)/python bench/alerts.py $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: generate
generate: venv ## write the committed files that are made from others
	$(BIN)/python scripts/generate.py

.PHONY: check-generated
check-generated: venv ## check that those files are what would be made now
	$(BIN)/python scripts/generate.py --check

.PHONY: pictures
pictures: servers preview ## make the pictures of docs/ anew (with Chromium)
	$(BIN)/python scripts/pictures.py
	$(BIN)/python scripts/draw_dashboards.py

.PHONY: dist
dist: venv ## build wheel and source distribution into dist/
	rm -rf dist
	$(BIN)/python -m build

.PHONY: clean
clean: ## remove all that make has made: .venv, .tools, .run, dist and caches
	rm -rf $(VENV) .tools .run dist tests/grafana/preview/node_modules tests/grafana/preview/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find exporter tests scripts bench -name __pycache__ -type d -prune -exec rm -rf {} +

# Without them their tests are skipped; in CI that would pass unseen, so there it is an error.
.PHONY: servers
servers: venv ## fetch Prometheus, Alertmanager and VictoriaMetrics for the tests into .tools (Debian's packages, no root)
	@$(BIN)/python scripts/fetch_servers.py || test -z "$$CI"

# As with the servers: in CI it is an error not to have them.
.PHONY: preview
preview: venv ## fetch what draws dashboards in tests: node, Grafana's components, Chromium (into .tools and tests/grafana/preview; no root)
	@$(BIN)/python scripts/fetch_preview.py || test -z "$$CI"

.PHONY: venv
venv: $(STAMP) ## set up .venv: the exporter (editable) and the tools

# Made anew whenever pyproject.toml changes; nothing outside .venv is touched.
$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with its venv module was found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "setting up $(VENV) (a minute or so, once)"; $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

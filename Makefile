# Everything a person does with a checkout. Needs python3 (3.11 or newer, with venv) and make; nothing else.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help
help:  ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: run
run: setup  ## Set up and serve the sites of sites.yaml
	@$(BIN)/attendance serve

.PHONY: setup
setup: .venv/.app  ## Set up .venv/bin/attendance

.PHONY: test
test: .venv/.dev  ## Set up and run the tests with their coverage
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --ignore=tests/faults
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=95
	@$(BIN)/coverage report --fail-under=100 --include='attendance/appendlog/*,attendance/files.py,attendance/foreign.py,attendance/importing/*,attendance/codec.py,attendance/ledger.py,attendance/amendments/*,attendance/amending/*,attendance/clock.py,attendance/timesheet/*,attendance/registry/*,attendance/accounts/*,attendance/hashing.py,attendance/pins.py,attendance/presence.py,attendance/proving.py' --omit='attendance/accounts/database.py,attendance/accounts/provider.py'

.PHONY: faults
faults: .venv/.dev  ## Set up and run the faults that a ledger must survive (all of them: as root on Linux)
	$(BIN)/python -m pytest tests/faults --durations=10

.PHONY: bench
bench: .venv/.dev  ## Measure what a mark costs beside an empty route, in a few minutes (needs wrk)
	$(BIN)/python -m benchmarks

.PHONY: bench-full
bench-full: .venv/.dev  ## The same with longer rounds and ledgers of 10 million rows
	$(BIN)/python -m benchmarks --full

.PHONY: bench-reports
bench-reports: .venv/.dev  ## Measure what days, months and years cost, and what they cost marks; FULL=--full for years of rows
	$(BIN)/python -m benchmarks reports $(FULL)

.PHONY: bench-check
bench-check: .venv/.dev  ## Fail if a mark costs much more beside an empty request than it did (needs wrk)
	$(BIN)/python -m benchmarks check

.PHONY: check
check: .venv/.dev  ## Run every static gate: ruff, format, mypy, imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: audit
audit: .venv/.dev  ## Ask whether a vulnerability is known in what is installed (needs the network)
	@$(BIN)/python .ci/audit.py

.PHONY: format
format: .venv/.dev  ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: screenshot
screenshot: .venv/.dev  ## Make docs/screenshot.png again, in Chromium
	$(BIN)/python -m docs.make_screenshot

.PHONY: lock
lock:  ## Choose the newest versions again and pin them by hash (needs uv)
	uv pip compile $(LOCK) pyproject.toml --group build -o requirements/app.txt
	uv pip compile $(LOCK) pyproject.toml --extra sso -o requirements/sso.txt
	uv pip compile $(LOCK) pyproject.toml --extra sso --group build --group test --group check -o requirements/dev.txt
LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

# A stamp is as new as the last installation; a change of the pins or of the packaging makes it stale.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.app: .venv/bin/python requirements/app.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/app.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.app requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

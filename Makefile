# Florin's commands; `make help` lists them. Everything is installed into .venv, nothing outside this folder.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
JOBS ?= 2
ARGS ?=
PACKAGES := accounts ledger banking config tests manage.py

.PHONY: help
help: ## List these commands
	@echo "Florin, an open-source bank. Commands:"
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(INSTALLED) ## Run the bank with its own database and demo people (PORT=9000 make run for another port)
	@FLORIN_SUPERVISED=1 FLORIN_PARENT=$$PPID exec $(BIN)/python -m config.run

.PHONY: test
test: $(INSTALLED) chromium ## Run all tests (ARGS="tests/ledger -k freeze" for some, JOBS=1 for one at a time)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: check
check: lint types imports django ## Run every check that needs no running bank: lint, format, types, imports, settings

.PHONY: lint
lint: $(INSTALLED) ## Look for mistakes and for wrong formatting with ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: format
format: $(INSTALLED) ## Put the code into the project's form with ruff
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: types
types: $(INSTALLED) ## Check the types with mypy, strictly
	@$(BIN)/mypy $(PACKAGES)

.PHONY: imports
imports: $(INSTALLED) ## Check that the apps depend on each other in the agreed direction only
	@PYTHONPATH=. $(BIN)/lint-imports

.PHONY: django
django: $(INSTALLED)
	@FLORIN_ENV=production ALLOWED_HOSTS=bank.example EMAIL_URL=dummymail:// \
		CHECKPOINT_PUBLIC_KEYS=$$($(BIN)/python -c 'from ledger.signing import *; print(PrivateKey(key_make()).public_text)') \
		SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(BIN)/python -m config.run manage makemigrations --check --dry-run

# In a data folder of its own, on the same disk as the bank's: the log of a million entries would stay in the bank's.
.PHONY: bench
bench: $(INSTALLED) ## Measure transfers and reads, each beside a reference (ARGS="--quick" is fast, "--help" tells more)
	@home="$${DATA_DIR:-.data}"; mkdir -p "$$home"; folder=$$(mktemp -d "$$home/bench.XXXXXX"); trap 'rm -rf "$$folder"' EXIT; \
		DATA_DIR="$$folder" $(BIN)/python -m config.run manage bench $(ARGS)

.PHONY: messages
messages: $(INSTALLED) ## Collect the texts of pages and e-mails, and compile their translations
	@FLORIN_ENV=development $(BIN)/python manage.py messages

.PHONY: screenshots
screenshots: $(INSTALLED) chromium ## Take pictures of every page into docs/screenshots (ARGS="-k send" for some)
	@[ -n "$(ARGS)" ] || rm -f docs/screenshots/*.png
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal tests/e2e/screenshots.py $(ARGS)

.PHONY: shell
shell: $(INSTALLED) ## Open a Python shell on the bank's database
	@$(BIN)/python -m config.run manage shell $(ARGS)

.PHONY: verify
verify: $(INSTALLED) ## Check every balance against its entries over the whole database
	@$(BIN)/python -m config.run manage verify_ledger $(ARGS)

.PHONY: clean
clean: ## Remove what was installed and made here; the bank's data in .data stays
	@rm -rf .venv .bundles staticfiles test-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.data/*' -prune -exec rm -rf {} +

# --- what the commands above need -------------------------------------------------------------------------------

# Installs again only when a requirements file is newer than the last installation that came to its end.
$(INSTALLED): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Florin needs Python 3.11 or newer as $(PYTHON); name another one: PYTHON=python3.12 make" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into .venv; this takes a minute or two, once."
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt \
		| awk '/^Collecting/ {print "  " $$2; fflush()} /^Installing/ {print "  unpacking …"; fflush()}' || { \
		echo "The installation failed; see the message above. The same command goes on from here." >&2; exit 1; }
	@touch $@

# The browser tests drive the system's own Chromium; without one they would fail, never be skipped.
.PHONY: chromium
chromium:
	@has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }; \
	has_chromium >/dev/null && exit 0; \
	as_root=""; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	if command -v apt-get >/dev/null && { [ -z "$$as_root" ] || sudo -n true 2>/dev/null; }; then \
		echo "Installing Chromium for the browser tests."; \
		$$as_root apt-get update -qq </dev/null && \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium </dev/null || true; \
	fi; \
	has_chromium >/dev/null || { \
		echo "The tests need Chromium: install the package chromium (or Google Chrome) and run make test again." >&2; exit 1; }

# Needs python3 (3.11 or newer, with venv) and make; everything else comes from the hash-pinned requirements.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# uv needs half the time, pip knows a mirror that only it was told of.
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --link-mode copy --require-hashes --no-build-isolation -r $< || \
	$(PIP) --no-build-isolation -r $<
APT := DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends
TEMPLATES := $(wildcard templates)
ARGS ?=
SLOW ?=

# Where this is set, each process compiles all of our modules again: 0.5 s of 2 s to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run practice test lint scenario screenshots clean browser clients

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Start the whole system with demo data on this machine; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

practice: $(VENV)/.run ## The same beside a practice internet: mail servers that greylist, refuse, hang or lie; mail in var/practice
	@exec $(BIN)/python manage.py practice

# In the order of the folders: the files with few and long tests do not come last, when one process would wait for another.
test: $(VENV)/.test browser $(if $(SLOW),clients) ## Run the tests but the slow ones; SLOW=1 runs all, as CI does, ARGS="-k name" selects some
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(if $(SLOW)$(ARGS),$(ARGS),-m "not slow")

lint: $(VENV)/.test ## Check format, types, layers, templates and locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet $(TEMPLATES)
	CORREIO_DATA_DIR=var/lint CORREIO_HTTPS=1 $(BIN)/python manage.py check --deploy --fail-level ERROR
	$(BIN)/uv lock --check --no-config --quiet

scenario: $(VENV)/.test ## Let two servers exchange Alice's message and show every step
	$(BIN)/python -m tests.scenario

screenshots: $(VENV)/.test browser ## Take the pictures of the pages into screenshots/
	$(BIN)/python -m tests.browser.screenshots

clean: ## Remove what was installed and built; the mail in var/ stays
	rm -rf $(VENV) staticfiles screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Correio needs Python 3.11 or newer; set PYTHON=/path/to/it" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.build: requirements/build.txt | $(VENV)/bin/python
	$(PIP) -r $<
	@touch $@

$(VENV)/.run: requirements/run.txt $(VENV)/.build
	$(INSTALL)
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.build
	$(INSTALL)
	@touch $@

# The browser tests need a Chromium. Root on Debian gets its headless shell here, which is quicker than the whole browser;
# others see the tests skipped, or failed when REQUIRE_BROWSER=1. DPkg::Lock::Timeout: another apt may be running.
browser:
	@command -v chromium-headless-shell >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(APT) update && \
		{ $(APT) install chromium-headless-shell fonts-dejavu-core || $(APT) install chromium fonts-dejavu-core; }; } || \
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || echo "Chromium could not be installed" >&2

# The mail programs of others among the slow tests; as above, with REQUIRE_CLIENTS=1.
clients:
	@(for program in mbsync mutt fetchmail curl offlineimap script gsasl dovecot /usr/sbin/opendkim; do \
		command -v $$program >/dev/null || exit 1; done; ls /usr/lib/*/sasl2/libscram.so >/dev/null 2>&1) || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(APT) update && \
		$(APT) install isync mutt fetchmail curl offlineimap3 bsdutils gsasl libsasl2-modules dovecot-imapd opendkim; } || \
	echo "Mail programs could not be installed" >&2

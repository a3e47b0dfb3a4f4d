# All that is typed here. `make` alone tells what there is; every target sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell command -v $(name))))
BIN := .venv/bin
TOOLS := .venv/tools
OUT ?= out
WORKERS ?= 3
MINUTES ?= 60
SITTING ?= 30
DATA ?= ../shared/data
DEMO ?= $(BIN)/python -m reauth.demo
RUN_CONFIG ?= config/trial.toml
SOURCES := reauth proxy_addon tests bench
APT := bash -c 'test "$$(id -u)" = 0 || { echo "missing: $$*; install them as root, then come again" >&2; exit 1; }; apt-get update -q >&2; DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$$@" >&2' apt

.NOTPARALLEL:
.PHONY: attacks bots replays help setup setup-browser setup-clients setup-peers run demo test test-py313 check bench bench-proxy evaluation screens soak e2e cases cases-planted cases-py313 corpus clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.python-ready .venv/.node-ready setup-browser ## all that the targets need: Python environment, build tools, Chromium

run: .venv/.python-ready ## proxy, ingest, engine and console on config/trial.toml, whose default user everybody is
	@exec $(BIN)/reauth run --config $(RUN_CONFIG)

demo: .venv/.python-ready setup-browser ## a real takeover caught behind the proxy, in under 4 minutes; SAME=1: the same person twice, fails
	@exec $(DEMO) --out $(OUT)/demo $(if $(SAME),--same) $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS))

test: setup setup-clients ## every test: without browsers, with them, what needs the processor for itself, the observer's own
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not browser"
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "browser and not alone"
	$(BIN)/pytest -m alone
	node --test $$(find tests/observer_js -name '*.test.*js' | sort)

# What the pair could change: the proxy, the processes, the store, what is served; of browsers, the stories and how
# they connect. Not here, as it knows of neither: what is reckoned, what is written down, what browsers make of the
# bytes that are compared here too (`make cases-py313` has all 120 cases). EVERYTHING=1 leaves nothing out.
SECOND := .ci/second-pair run pytest -p no:cacheprovider -n $(WORKERS) --dist worksteal
TOUCHED := tests/proxy_addon tests/cases tests/e2e $(foreach part,cli intake store,tests/reauth/$(part)) tests/reauth/test_app.py tests/reauth/test_engine.py tests/reauth/test_ingest.py
BROWSED := tests/e2e tests/cases/test_connections.py tests/cases/test_protocols.py --ignore tests/e2e/test_observer_in_chromium.py $(foreach of,alerts users,--ignore tests/e2e/test_$(of)_in_browsers.py)
test-py313: .venv/.node-ready .trixie/.python-ready ## the tests that the pair could change, on CPython 3.13 with mitmproxy 12.2, in a Debian trixie folder; as root; EVERYTHING=1: all
	$(SECOND) -m "not browser$(if $(EVERYTHING),, and not slow)" $(if $(EVERYTHING),,$(TOUCHED))
	$(SECOND) -m "browser and not alone" $(if $(EVERYTHING),,$(BROWSED))
	$(SECOND) -n 0 -m "alone$(if $(EVERYTHING),, and not slow)"

cases-py313: .venv/.node-ready .trixie/.python-ready ## the 120 cases on the second pair, for the table of `make cases`
	$(SECOND) tests/cases; $(BIN)/python -m tests.cases.table

check: .venv/.python-ready .venv/.node-ready ## ruff, mypy --strict, import contracts, the observer's build compared
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	node observer_js/build.mjs --check

bench: setup setup-peers ## every figure of the documentation, as a table and JSON in out/bench
	@mkdir -p $(OUT)/bench
	@missed=0; \
	node bench/observer.mjs | tee $(OUT)/bench/observer.json || missed=1; \
	for file in $(filter-out bench/capacity.py bench/soak.py,$(wildcard bench/*.py)); do \
		echo; $(BIN)/python "$$file" --out $(OUT)/bench || missed=1; \
	done; \
	test ! -e bench/capacity.py || { echo; $(BIN)/python bench/capacity.py --out $(OUT)/bench || missed=1; }; \
	exit $$missed

screens: setup setup-clients ## pictures of every page of the console, three widths, light and dark, in out/screens
	@mkdir -p $(OUT)/screens
	REAUTH_PICTURES=$(abspath $(OUT))/screens $(BIN)/pytest -p no:cacheprovider -k sound_in_chromium tests/e2e/test_alerts_in_browsers.py tests/e2e/test_users_in_browsers.py

soak: setup ## MINUTES=60 of mixed load: does the proxy's memory grow, do its descriptors; out/bench/soak.json and .png
	$(BIN)/python -m bench.soak --out $(OUT)/bench --minutes $(MINUTES)

bench-proxy: setup setup-peers ## the proxy against stock mitmproxy, a naive injector, Squid, nginx and Go; ROWS="http brotli" for some
	$(BIN)/python bench/proxy.py --out $(OUT)/bench $(if $(ROWS),--only $(ROWS))

# Long work; finished units are kept in out/evaluation/work, so that a stop loses little. Users 7, 9 and
# 20 of Balabit were sampled at another rate than the other seven.
LAB := $(BIN)/python -m reauth lab
SEEDS ?= 1,2,3
BALABIT7 := user12,user15,user16,user21,user23,user29,user35
MEASURED := $(OUT)/evaluation
KEPT := --work $(MEASURED)/work
EVALUATE = $(LAB) evaluate $(KEPT) --unseen-impostors --seeds $(SEEDS)
evaluation: .venv/.python-ready ## all figures of docs/EVALUATION.md from the recordings in DATA=../shared/data; PUBLISH=1 writes it; SEEDS=1 is sooner done
	@for how in "svm window" "movement window" "movement cusum"; do \
		set -- --verifier $${how% *} --policy $${how#* }; name=$${how/ /-}; \
		$(EVALUATE) "$$@" --data $(DATA)/hbrs.tar.gz --out $(MEASURED)/hbrs-$$name; \
		$(EVALUATE) "$$@" --data $(DATA)/balabit_train.tar.gz --out $(MEASURED)/balabit_train-$$name; \
		$(EVALUATE) "$$@" --data $(DATA)/balabit_train.tar.gz --users $(BALABIT7) --out $(MEASURED)/balabit7-$$name; \
		$(EVALUATE) "$$@" --data $(DATA)/sapimouse.tar.gz --backwards --seconds 19 --out $(MEASURED)/sapimouse-$$name; \
	done
	@$(LAB) rules $(KEPT) --data $(DATA)/hbrs.tar.gz --out $(MEASURED)/rules-hbrs
	@$(LAB) rules $(KEPT) --data $(DATA)/balabit_train.tar.gz --users $(BALABIT7) --out $(MEASURED)/rules-balabit7
	@$(LAB) ablate $(KEPT) --data $(DATA)/hbrs.tar.gz --out $(MEASURED)/ablation-hbrs
	@$(LAB) curve $(KEPT) --data $(DATA)/hbrs.tar.gz --out $(MEASURED)/curve-hbrs
	@$(LAB) curve $(KEPT) --data $(DATA)/balabit_train.tar.gz --users $(BALABIT7) --out $(MEASURED)/curve-balabit7
	@for paper in medvet gamboa lu; do $(LAB) paper $$paper --data $(DATA) --out $(MEASURED)/$$paper || true; done
	@$(LAB) poison --data $(DATA)/balabit_train.tar.gz --out $(MEASURED)/poison
	@$(MAKE) --no-print-directory bots replays
	@$(LAB) document --reports $(MEASURED) $(OUT)/bots $(OUT)/replays $(OUT)/attacks --out $(if $(PUBLISH),docs,$(OUT))/EVALUATION.md $(if $(PUBLISH),--figures bench/evaluation.json)

# Other people teach than are tested; the folders hold movement of people.
PREPARED := $(OUT)/prepared
BOTS := $(PREPARED)/bots
$(PREPARED)/.ready: .venv/.python-ready
	@$(LAB) prepare --data $(DATA) --out $(PREPARED)
	@touch $@

bots: $(PREPARED)/.ready ## people or programs: those that taught, each left out in turn, those of strangers; out/bots
	@$(LAB) bots --human $(BOTS)/human --bot $(BOTS)/bot --train-human $(BOTS)/train-human --train-bot $(BOTS)/train-bot --leave-one-out --out $(OUT)/bots/bots-known
	@$(LAB) bots --human $(BOTS)/tool-human --bot $(BOTS)/tool-bot --train-human $(BOTS)/train-human --train-bot $(BOTS)/train-bot --out $(OUT)/bots/bots-of-strangers
	@$(LAB) bots --human $(BOTS)/human --bot $(BOTS)/bot --train-human $(BOTS)/train-human --train-bot $(BOTS)/train-bot --detector rules --out $(OUT)/bots/bots-first-day

replays: $(PREPARED)/.ready ## recordings that are played again, by the live detector and by its index alone; out/replays
	@$(LAB) replays --library $(PREPARED)/replays/library --data $(PREPARED)/replays/data --detector turned --sizes 10000,100000 --out $(OUT)/replays/replays-turned
	@$(LAB) replays --library $(PREPARED)/replays/library --data $(PREPARED)/replays/data --out $(OUT)/replays/replays-library

attacks: setup ## each attack of `reauth bot` through a real browser at an account, and people beside; KINDS="straight wind", PEOPLE=6, SITTING=30 minutes of them all
	$(BIN)/python -m tests.attacks --data $(DATA) --out $(OUT)/attacks $(if $(KINDS),--kinds "$(KINDS)") $(if $(PEOPLE),--people $(PEOPLE)) --minutes $(SITTING)

e2e: setup ## the stories in real browsers only
	$(BIN)/pytest -m browser

cases: setup ## the 120 cases of a proxy that nobody notices, in Chromium and Firefox, and their table
	@rm -f $(OUT)/cases/*-*.json
	@$(BIN)/pytest tests/cases || failed=1; $(BIN)/python -m tests.cases.table && test -z "$${failed:-}"

cases-planted: setup ## each case's one-line defect planted in a copy, which must turn it red; CASES="3 7" for some
	$(BIN)/python -m tests.cases.planted --jobs $(WORKERS) $(CASES)

corpus: .venv/.python-ready ## pages through the real proxy, bytes and DOM compared; DIR=folder of HTML files, SEED=1, ROUNDS=2, BROWSER=1
	@exec $(BIN)/python -m tests.corpus $(DIR) --out $(OUT)/corpus $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(BROWSER),--browser)

clean: ## remove what was built here; nothing that was recorded
	rm -rf .venv build $(OUT) *.egg-info observer_js/node_modules .mypy_cache .ruff_cache .pytest_cache
	rm -rf .hypothesis .import_linter_cache .trixie
	find reauth proxy_addon observer_js tests bench -name __pycache__ -prune -exec rm -rf {} +

# The stamps: a step is done again only when what it was made from has changed.
.venv/.python-ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: apt-get install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(APT) python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]' >&2
	@touch $@

.venv/.node-ready: $(wildcard $(addsuffix /package*.json,observer_js tests/clients tests/firefox tests/oidc)) | .venv/.python-ready
	@command -v node >/dev/null && command -v npm >/dev/null || $(APT) nodejs npm
	@for folder in observer_js tests/clients tests/firefox tests/oidc; do npm ci --prefix "$$folder" --silent --no-audit --no-fund >&2; done
	@touch $@

.trixie/.system-ready: .ci/second-pair
	@command -v debootstrap >/dev/null || $(APT) debootstrap
	@.ci/second-pair system
	@touch $@

.trixie/.python-ready: pyproject.toml constraints.txt .trixie/.system-ready
	@.ci/second-pair python
	@touch $@

setup-browser:
	@test "$$(command -v chromium firefox-esr certutil | wc -l)" = 3 || $(APT) chromium firefox-esr libnss3-tools

# Sigma's own checker stands apart: it wants a newer pyparsing than mitmproxy 11 allows.
setup-clients: # what fetches through the proxy, takes alerts and reads rules in the tests, and is no code of ours
	@PATH="$$PATH:/usr/sbin"; test "$$(command -v curl git nginx openssl wget | wc -l)" = 5 || $(APT) curl git nginx-light openssl wget
	@PATH="$$PATH:/usr/sbin"; test "$$(command -v promtool rsyslogd | wc -l)" = 2 || $(APT) prometheus rsyslog rsyslog-openssl
	@test -x $(TOOLS)/bin/sigma || { $(PYTHON) -m venv $(TOOLS) && $(TOOLS)/bin/python -m pip install --quiet 'sigma-cli==3.1.0' 'pysigma-backend-splunk==2.1.0' 'grafana-foundation-sdk==1769699998!10.1.0'; } >&2

setup-peers: # what the proxy is compared with, and what its load generator is built by
	@PATH="$$PATH:/usr/sbin"; test "$$(command -v go nginx squid | wc -l)" = 3 || $(APT) golang-go nginx-light squid

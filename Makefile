# The doors. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The system's own Python if it is new enough, else the first on the path. Distributions build theirs with optimisation
# by profile, as the images' is; version managers mostly do not, and it takes a fifth to a third less CPU.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
# Trust what this machine trusts: a company's own authority is in the system's store and nowhere else.
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
VENV := .venv/bin
RUN := $(VENV)/python -m
COMPILE := $(VENV)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet

.PHONY: help demo up down status test simulate check bench overload verify faults sabotage lock generate

help:  ## list the doors
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/ready  ## the whole country through the real doors, the answer on screen; leaves everything running
	@$(RUN) deploy.demo

up: .venv/ready  ## start the whole system on this machine and wait until it answers
	@$(RUN) deploy.local up

down: .venv/ready  ## end everything that `up` started; the data stay
	@$(RUN) deploy.local down

status: .venv/ready  ## each process: health, pid, port, memory
	@$(RUN) deploy.local status

test: .venv/ready  ## every test, on a stack of its own with free ports
	@$(RUN) pytest

simulate: .venv/ready  ## the aggregator's protocol in simulated time: ROUNDS= seeds from SEED= on; last line histories=N wrong=0
	@$(RUN) tests.simulation $(or $(ROUNDS),1000) $(or $(SEED),0)

check: .venv/ready  ## lint, format, types, import contracts, generated files; reports every failure
	@failed=""; said=$$(mktemp); trap 'rm -f "$$said"' EXIT; \
	look() { "$${@:2}" >"$$said" 2>&1 || { failed+=" $$1"; echo "== $$1"; cat "$$said"; }; }; \
	look lint $(VENV)/ruff check; \
	look format $(VENV)/ruff format --check; \
	look types $(VENV)/mypy; \
	look imports $(VENV)/lint-imports; \
	look generated $(RUN) deploy.generate --check; \
	if [ -n "$$failed" ]; then echo "make check failed:$$failed"; exit 1; fi; echo "make check passed"

bench: .venv/ready  ## the budgets, each figure beside its budget
	@$(RUN) deploy.bench

overload: .venv/ready  ## three times what a stack can take, then count: SECONDS=60; last line overload: … lost=0
	@$(RUN) deploy.bench.overload --seconds $(or $(SECONDS),60)

verify: .venv/ready  ## rebuild the ledger from the log and compare; last line differences=0
	@environment=$$($(RUN) deploy.local env); set -a; eval "$$environment"; set +a; $(RUN) services.aggregator verify

faults: .venv/ready  ## kill, stall and cut things at random, then count again: ROUNDS=20 SEED=1, or ROUND=7 alone
	@$(RUN) tests.faults --seed $(or $(SEED),1) $(if $(ROUND),--round $(ROUND),--rounds $(or $(ROUNDS),20))

sabotage: .venv/ready  ## take out each rule that keeps the count right: a test must notice; last line rules=N unnoticed=0
	@$(RUN) tests.sabotage

generate: .venv/ready  ## write again every committed file that is generated
	@$(RUN) deploy.generate

lock: .venv/ready  ## resolve the requirements anew, with hashes and without a registry's name
	@$(COMPILE) --upgrade --all-extras --group local --group dev --output-file requirements/all.txt
	@for service in ingest aggregator gateway exports producer; do \
	  $(COMPILE) --extra $$service --constraint requirements/all.txt --output-file requirements/$$service.txt; done
	@$(RUN) deploy.local.jars lock

# Made anew when a requirement changes. The tool that installs is itself pinned by hash. pip, four times slower, knows
# mirrors and certificates of a machine that uv does not.
.venv/ready: requirements/uv.txt requirements/all.txt deploy/local/kafka.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=python3.12."; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (once, until a requirement changes)"
	@test -x $(VENV)/python || $(PYTHON) -m venv .venv || { echo "$(PYTHON) -m venv failed: install the package that brings it (on Debian python3-venv), or name another with make PYTHON=python3.12."; exit 1; }
	@$(RUN) pip install --quiet --require-hashes --requirement requirements/uv.txt
	@$(VENV)/uv pip sync --quiet --python $(VENV)/python --require-hashes requirements/uv.txt requirements/all.txt || \
	  { echo "uv could not install; trying pip."; $(RUN) pip install --quiet --require-hashes --requirement requirements/all.txt; }
	@$(RUN) deploy.local.jars fetch
	@touch $@

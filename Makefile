# make demo    install into .venv and run the quickstart
# make test    everything: lint, types, all tests (with real servers where they can be had)
# make check   the quick part of that, under 90 seconds
# make lint    ruff and mypy
# make torture kill launchers, workers, machines and servers at a hundred points; resume, compare (minutes)
# make lock    pin and hash what the templates' image installs
# make bench   measure against a plain Python loop

SHELL := /bin/bash
PYTHON ?= python3
LOCKED := dataflow gcp-secret kafka mysql opensearch postgres
BIN := .venv/bin

.PHONY: demo test check lint bench torture lock servers
.DELETE_ON_ERROR:
.NOTPARALLEL:

demo: .venv/installed
	@mkdir -p out
	$(BIN)/python pipelines/quickstart_db.py out/shop.db
	$(BIN)/beam-ingest run -c pipelines/quickstart.yaml
	@echo; echo "out/tables.jsonl has $$(wc -l < out/tables.jsonl) lines; some of them, cut:"
	@grep '"entityType":"table"' out/tables.jsonl | head -n 3 | cut -c 1-200

test: .venv/installed-dev lint servers
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=10

check: .venv/installed-dev lint
	$(BIN)/python -m pytest -m "not slow and not server"

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-dev
	$(BIN)/python -m tests.benchmarks

torture: .venv/installed-dev
	$(BIN)/python -m tests.torture
	$(BIN)/python -m pytest -m torture

lock: .venv/installed-dev
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade \
		$(LOCKED:%=--extra %) -o beam_ingest/templates/files/requirements.txt pyproject.toml
	$(BIN)/beam-ingest template build

servers: .venv/installed-dev
	@tests/servers/install.sh
	@$(BIN)/python -m tests.servers.maven || true
	@$(BIN)/python -m tests.servers.flink_cluster || true

.venv/installed: pyproject.toml .ci/venv
	.ci/venv .venv $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

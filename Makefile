# The commands of this project. Each is safe to repeat. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
MODELS := $(or $(CODEGENIE_MODELS_DIR),$(CURDIR)/models)
MODEL  := $(MODELS)/all-minilm-l6-v2/model.safetensors
TOOLS  := $(TARGET)/tools
GUESTS := $(CURDIR)/crates/sandbox/guests
PYTHON := $(CURDIR)/sandbox-python
export PATH := $(TOOLS)/bin:$(PATH)
export CODEGENIE_MODELS_DIR := $(MODELS)
# Compiling the sandbox's images takes seconds, so the tests share what was compiled once.
export CODEGENIE_SANDBOX_CACHE ?= $(TARGET)/sandbox-cache
export CODEGENIE_SANDBOX_PYTHON ?= $(PYTHON)/bin/python3

# A compiler cache is used where there is one, and is never needed.
ifneq (,$(shell command -v ccache))
export CMAKE_C_COMPILER_LAUNCHER := ccache
export CMAKE_CXX_COMPILER_LAUNCHER := ccache
endif

ifneq (,$(shell command -v cargo-nextest))
CARGO_TEST := cargo nextest run --no-fail-fast
else
CARGO_TEST := cargo test --no-fail-fast
endif

LISTEN ?= 127.0.0.1:8501

.PHONY: help run test check fix fuzz bench build web model guests sandbox-python set-up set-up-tests test-rust test-web test-browser test-clients

help: ## List these commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build ## Build everything and start the server on http://localhost:8501.
	@exec $(TARGET)/release/codegenie serve --listen $(LISTEN)

test: set-up-tests check test-web test-rust test-browser test-clients ## Run every test: Rust, PostgreSQL, web, browser, clients.
	@echo "all tests passed"

check: set-up ## Check formatting and lints, as CI does.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

fix: set-up ## Format, and apply what the linter can mend.
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cd web && npm run --silent format

bench: build set-up-tests ## Measure against the budgets, with the peers beside.
	scripts/bench.sh

build: set-up web model guests sandbox-python ## Build the web app, the sandbox's images and the release binary.
	cargo build --release --locked -p cli
	@$(TARGET)/release/codegenie models prepare
	@$(TARGET)/release/codegenie sandbox prepare

web: set-up web/build/index.html ## Build the web app.

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/build/index.html: web/node_modules/.package-lock.json $(shell git ls-files web/src web/static web/*.ts web/*.js)
	cd web && npm run --silent build
	@touch $@

model: set-up $(MODEL) ## Fetch the embedding model.

$(MODEL):
	scripts/fetch-embedding-model.sh $(MODELS)

guests: set-up ## Build the images that the sandbox runs Python, JavaScript and SQL in.
	@for guest in python javascript sql; do $(GUESTS)/$$guest/build.sh $(GUESTS)/built $(TOOLS); done

sandbox-python: set-up ## Install numpy, pandas and matplotlib for programs in the sandbox.
	@scripts/set-up-sandbox-python.sh $(PYTHON)

fuzz: set-up ## Fuzz every parser, SECONDS_EACH (600 unless given) each.
	scripts/fuzz.sh $(or $(SECONDS_EACH),600)

set-up: ## Install what a build needs.
	@scripts/set-up.sh build $(TOOLS)

set-up-tests: set-up
	@scripts/set-up.sh tests $(TOOLS)

test-web: web ## Check and test the web app.
	cd web && npm run --silent check
	cd web && npm test --silent

test-rust: set-up-tests web model guests sandbox-python ## Run the Rust tests, on SQLite and PostgreSQL.
	cargo build --locked -p cli
	$(TARGET)/debug/codegenie models prepare
	$(TARGET)/debug/codegenie sandbox prepare
	$(CARGO_TEST) --workspace --locked

test-browser: set-up-tests web model guests sandbox-python ## Drive the app in headless Chromium.
	cargo build --locked --workspace --bin codegenie --example copy-model
	$(TARGET)/debug/examples/copy-model $(TARGET)/copy.gguf
	cd web && CODEGENIE_BIN=$(TARGET)/debug/codegenie CODEGENIE_COPY_MODEL=$(TARGET)/copy.gguf node e2e/run.mjs

test-clients: set-up-tests web model guests ## Run the official OpenAI clients against a server with a small model.
	@scripts/openai-clients.sh install $(TOOLS)
	cargo build --locked --workspace --bin codegenie --example copy-model
	@scripts/openai-clients.sh run $(TARGET)/debug $(TOOLS)

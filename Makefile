# make run    builds, ingests testdata/ and prints the receipts
# make serve  starts the HTTP endpoint on this machine: SQLite, local files, a device in a folder and a demo key
# make test   runs every test, doctests and the fuzz seeds included
# make test-features  runs the tests that see a feature: webp-encode, which is off by default, and heic, which is on
# make test-slow  runs the tests that encode 12 MP pictures
# make server-tools  sets up what the server's tests use: PostgreSQL, moto, schemathesis, playwright (apt-get, PyPI)
# make server-clients  lets schemathesis at the server, a browser (chromium) at its page, and clients of Node, Go and Java
#   send uploads that are refused (TRIES of each, 200); installs what they need (apt-get, npm)
# make server-page  the part of that with the page alone; with the npm package, where make wasm-package has built it
# make report-page  makes the report of testdata/ and looks at it with a browser (chromium)
# make server-slow  kills the server at every named point twenty times and at random under load
# make server-load  loads the server with BENCH_INPUTS and prints figures (LOAD_SECONDS a phase, 10; SOAK_SECONDS, 60)
# make check  runs what CI runs: format, lints, tests, docs, benches once, packages, dependency policy where cargo-deny is there
# make nightly  runs the long forms: slow tests, oracles, all hostile files, clients, aarch64, every fuzz target; takes hours
# make wasm-selftest  builds for wasm32 and runs the self-test and the goldens there (in node or wasmtime; unpacks Debian sid's
#   Rust where ours has no std for wasm32)
# make levels-short  runs the goldens in WebAssembly and on aarch64 by quick builds, as far as this machine can
#   (scripts/setup.sh levels installs what that takes)
# make wasm-package  builds the modules of the npm package in wasm/
# make test-wasm  builds the npm package in wasm/ and tests it in Node and, where there is one, a headless Chromium
# make wasm-peers  measures the npm package beside wasm-vips and heic-decode on a JPEG, a PNG and a HEIC (needs npm)
# make examples  builds the examples that are packages of their own, and tries them
# make wheel  builds Python's wheel into python/dist (WHEEL_FEATURES=webp-encode for WebP; maturin and zig come from PyPI)
# make test-python  installs the wheel, and runs mypy, doctests, tests and examples there; compares ids with the command line's
# make backfill-wheel  builds the wheel that carries the backfill's program, into backfill/dist
# make backfill-tests  tests the backfill on one machine, on Ray and on Spark (ENGINES; an S3 server, Ray and Spark come from PyPI)
# make dist  makes a release in target/dist: static programs without symbols, manual pages, completions, licences, checksums
#   (python3, git, glibc's static libraries; cargo-about comes from crates.io)
# make deploy-check  tries the files in deploy/ with what `make dist` made: the container without an engine, the compose file's
#   services, systemd's units, nginx, Prometheus's alerts
# make check-workspaces  lints python/ and backfill/, workspaces of their own, and checks their dependencies; part of make nightly
# make static  builds CLI and server as programs that need no file of a system, into target/static, and tries them in an empty root
# make cluster  starts three servers behind nginx, PostgreSQL, a bucket and two agents on this machine, to be looked at
# make cluster-check  starts the same, breaks it and measures; fails where a figure of docs/scale.md does not hold
# make advisories  checks dependencies against the RustSec database, which cargo-deny fetches
# make bench  runs the benches on large generated inputs
# make fuzz   runs every fuzz target for FUZZ_SECONDS each (needs cargo-fuzz)
# make search  looks for the files that cost most, SEARCH_SECONDS for each format (1800), and writes docs/costs.md (needs
#   cargo-fuzz)
# make coverage  prints the line coverage of our own parsers (needs python3 and the llvm-cov of rustc's LLVM)
# make oracles  compares every engine with libjpeg-turbo, libwebp, libde265 or libheif, ORACLE_SECONDS of generated input for each (60)
# make conformance  compares canonical pictures with an independent oracle and writes docs/conformance.md (needs python3)
# make facts  compares ThumbHash and PDQ with their reference implementations and writes conformance/facts/reference.tsv
#   (needs python3, a C++ compiler, npm)
# make quality  scores encoded pictures by SSIMULACRA2 and writes docs/quality.md (needs python3)
# make peers  sets public libraries up, runs them beside this one and writes docs/peers.md and docs/peers.svg (needs python3)
# make peers-renditions  prints what renditions and facts cost, beside sharp and pyvips, for the large generated inputs
# make test-aarch64  builds for aarch64 and tests under qemu-user, with any Rust that has std for that target
# make robustness  runs hostile, damaged and good files under a memory and a time ceiling and writes docs/robustness.md
# make robustness-short  the same on a seeded sample, with overflow checks as well; part of make check
# make testdata  makes testdata/ anew from its generator

CARGO ?= cargo
# The library: the pipeline and its engines.
LIBRARY := --package image-ingest $(patsubst crates/%,--package image-ingest-%,$(wildcard crates/*))
FUZZ_SECONDS ?= 60
ORACLE_SECONDS ?= 60
SEARCH_SECONDS ?= 1800
TARGET_DIR := $(shell $(CARGO) metadata --format-version 1 --no-deps 2>/dev/null | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
BIN := $(TARGET_DIR)/release/image-ingest
BENCH_INPUTS := $(TARGET_DIR)/bench-inputs

.PHONY: check-format check-lints check-docs check-benches check-packages check-dependencies nightly run serve server-tools server-clients report-page server-slow server-load test test-features test-slow test-aarch64 wasm-selftest wasm-package test-wasm wasm-peers examples static wheel test-python backfill-wheel backfill-tests robustness robustness-short check advisories bench fuzz search coverage testdata conformance facts quality peers peers-renditions setup setup-oracles oracles

run: setup
	$(CARGO) build --release --package image-ingest-cli
	$(BIN) ingest --out out testdata/jpeg testdata/png testdata/gif testdata/webp testdata/heic

serve: setup
	$(CARGO) run --release --package image-ingest-server -- serve --demo

# A third of the tests wait for servers, so more run at a time than there are CPUs.
TEST_THREADS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1))

test: setup
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run --workspace --test-threads $(TEST_THREADS); \
	else \
	  $(CARGO) test --workspace --lib --bins --tests --examples; \
	fi
	$(CARGO) test --workspace --doc

# What has the feature webp-encode, and the names of the tests that see it.
WITH_WEBP := $(foreach package,image-ingest image-ingest-cli image-ingest-server,--package $(package) --features $(package)/webp-encode)
WEBP_TESTS := webp every_large_allocation stored_files bench_prints no_job_needs_more

test-features: setup
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	  $(CARGO) nextest run $(WITH_WEBP) $(WEBP_TESTS); \
	else \
	  $(CARGO) test $(WITH_WEBP) --lib --bins --tests -- $(WEBP_TESTS); \
	fi
	$(CARGO) test --package image-ingest --no-default-features --lib

test-slow: setup
	$(CARGO) test --release --workspace --bins --tests -- --ignored

SERVER_TOOLS := $(TARGET_DIR)/server-tools
SUITE := --package image-ingest-server --test suite --

server-tools:
	scripts/server-tools.sh $(SERVER_TOOLS)

server-clients: setup server-tools
	scripts/server-tools.sh $(SERVER_TOOLS) clients
	$(CARGO) build --package image-ingest-server
	server/tools/clients.sh $(TARGET_DIR)/debug/image-ingest-server $(SERVER_TOOLS) $(TARGET_DIR)/server-clients

report-page: setup server-tools
	$(CARGO) build --release --package image-ingest-cli
	mkdir -p $(TARGET_DIR)/report
	$(BIN) report testdata -o $(TARGET_DIR)/report/report.html >$(TARGET_DIR)/report/lines.json; [ $$? = 1 ]
	$(SERVER_TOOLS)/bin/python cli/tools/report_page.py $(TARGET_DIR)/report/report.html $(TARGET_DIR)/report

.PHONY: server-page
server-page: setup server-tools
	$(CARGO) build --package image-ingest-server
	server/tools/page.sh $(TARGET_DIR)/debug/image-ingest-server $(SERVER_TOOLS) $(TARGET_DIR)/server-clients
	[ ! -f wasm/image_ingest_simd.wasm ] || server/tools/page.sh $(TARGET_DIR)/debug/image-ingest-server $(SERVER_TOOLS) $(TARGET_DIR)/server-clients wasm

server-slow: setup
	$(CARGO) test $(SUITE) --ignored --test-threads 1 --nocapture twenty two_hundred a_million a_hundred_thousand

server-load: setup $(BENCH_INPUTS)
	IMAGE_INGEST_BENCH=$(BENCH_INPUTS) $(CARGO) test --release $(SUITE) --ignored --test-threads 1 --nocapture load::

CLUSTER := IMAGE_INGEST_MOTO=$(SERVER_TOOLS)/bin/moto_server $(CARGO) test --release $(SUITE) --ignored --test-threads 1 --nocapture

.PHONY: cluster cluster-check
nightly: cluster-check
cluster cluster-check: setup server-tools
	scripts/server-tools.sh $(SERVER_TOOLS) cluster
	$(CLUSTER) cluster::$(if $(filter cluster,$@),look,check)

test-aarch64:
	scripts/aarch64.sh

# What of the emulated levels this machine can do by quick builds: the goldens in WebAssembly and on aarch64.
.PHONY: levels-short
levels-short:
	scripts/wasm.sh --short
	scripts/aarch64.sh --if-present --short

wasm-selftest:
	scripts/wasm.sh

wasm-package:
	scripts/wasm-package.sh

test-wasm:
	scripts/wasm-package.sh --test

examples:
	scripts/examples.sh $(TARGET_DIR)/examples

WASM_PEER_FILES := $(addprefix $(BENCH_INPUTS)/,jpeg_12mp_420.jpg png_3mp_photo.png heic_12mp_grid.heic)

wasm-peers: wasm-package $(BENCH_INPUTS)
	npm install --prefix wasm/bench --no-audit --no-fund --silent
	node wasm/bench/peers.js $(WASM_PEER_FILES)

static: setup
	scripts/static.sh

DIST := $(TARGET_DIR)/dist

.PHONY: dist deploy-check check-workspaces
dist: setup
	scripts/dist.sh $(DIST)

deploy-check: dist server-tools
	scripts/server-tools.sh $(SERVER_TOOLS) cluster
	deploy/try/container.sh $(DIST)/container
	$(SERVER_TOOLS)/bin/python deploy/try/compose.py $(DIST)/container $(SERVER_TOOLS)/bin/moto_server
	deploy/try/systemd.sh $(DIST)/image-ingest-*/bin
	deploy/try/nginx.sh $(DIST)/image-ingest-*/bin/image-ingest-server
	deploy/try/prometheus.sh $(TARGET_DIR)/dist-tools

nightly: deploy-check check-workspaces

WORKSPACES := python backfill

check-workspaces: setup
	set -e; for workspace in $(WORKSPACES); do \
	  $(CARGO) fmt --manifest-path $$workspace/Cargo.toml --all --check; \
	  $(CARGO) clippy --manifest-path $$workspace/Cargo.toml --target-dir $(TARGET_DIR)/workspaces --locked --all-targets -- -D warnings; \
	  if $(CARGO) deny --version >/dev/null 2>&1; then \
	    $(CARGO) deny --manifest-path $$workspace/Cargo.toml --config $(CURDIR)/deny.toml check licenses bans sources; fi; \
	done

PYTHON := $(TARGET_DIR)/python

wheel: setup
	scripts/wheel.sh python $(PYTHON)/build-tools $(PYTHON)/build $(WHEEL_FEATURES)

test-python: wheel
	$(CARGO) build --release --package image-ingest-cli
	scripts/test-python.sh $(PYTHON)/test-tools $(BIN)

BACKFILL := $(TARGET_DIR)/backfill
ENGINES := one-machine ray spark

backfill-wheel: setup
	scripts/wheel.sh backfill $(PYTHON)/build-tools $(BACKFILL)

backfill-tests: setup
	$(CARGO) build --package image-ingest-cli
	IMAGE_INGEST_CLI=$(TARGET_DIR)/debug/image-ingest scripts/backfill-tests.sh $(BACKFILL)/test-tools $(BACKFILL) $(ENGINES)

check: check-format check-lints test test-features check-docs check-benches check-packages robustness-short check-dependencies

check-format:
	$(CARGO) fmt --all --check

check-lints: setup
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy --package image-ingest --no-default-features -- -D warnings

check-docs: setup
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --no-deps --workspace

# In the tests' profile, which has built what they need.
check-benches: setup
	$(CARGO) test $(LIBRARY) --bench '*'

# Cargo takes packages of one name and version for the same, unpacked and built, and would judge today's by yesterday's.
PACKAGES := $(TARGET_DIR)/packages
UNPACKED := $(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src/-*/image-ingest*

# What a registry would get, of every member; and an empty crate that uses the library from there.
check-packages: setup
	rm -rf $(UNPACKED) $(PACKAGES)/package
	$(CARGO) package --workspace --no-verify --quiet --target-dir $(PACKAGES)
	CARGO=$(CARGO) scripts/embed.sh $(PACKAGES)/package

check-dependencies:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	  $(CARGO) deny --workspace check licenses bans sources && $(CARGO) deny --workspace --all-features check licenses bans sources; \
	else echo "check: cargo-deny is not installed; licences, bans and sources not checked"; fi

# In this order: what fails soonest comes first.
nightly: test-slow oracles conformance facts quality robustness server-slow server-clients report-page test-aarch64 wasm-selftest test-wasm test-python backfill-tests examples static fuzz

ROBUSTNESS := --package image-ingest-robustness -- --work $(TARGET_DIR)/robustness

robustness: setup
	$(CARGO) run --release $(ROBUSTNESS) --report docs/robustness.md

# The build for development has overflow checks and debug assertions, which panic where release goes on; its times say
# nothing, so the release build judges those.
robustness-short: setup
	$(CARGO) run --release $(ROBUSTNESS) --short
	$(CARGO) run $(ROBUSTNESS) --short --untimed

advisories:
	$(CARGO) deny check advisories

PERF_ROOTS := Generated=$(BENCH_INPUTS) $(if $(IMAGE_INGEST_CORPUS),Corpus=$(IMAGE_INGEST_CORPUS)/perf)

$(BENCH_INPUTS): | setup
	$(CARGO) run --release --package testdata-generator -- bench $@

bench: setup $(BENCH_INPUTS)
	IMAGE_INGEST_BENCH=$(BENCH_INPUTS) $(CARGO) bench $(LIBRARY) --bench '*'

oracles: setup-oracles
	scripts/oracles.sh $(ORACLE_SECONDS)

fuzz: setup-oracles
	scripts/fuzz.sh $(FUZZ_SECONDS)

# The fuzz crate depends on the oracles, whatever of it is built.
search: setup-oracles $(BENCH_INPUTS)
	IMAGE_INGEST_BENCH=$(BENCH_INPUTS) scripts/search.sh $(SEARCH_SECONDS)

coverage: setup
	scripts/coverage.sh

testdata: setup
	$(CARGO) run --release --package testdata-generator -- testdata testdata

ORACLE := $(TARGET_DIR)/conformance
ORACLE_ROOTS := testdata=testdata $(if $(IMAGE_INGEST_CORPUS),corpus=$(IMAGE_INGEST_CORPUS))

conformance: setup $(ORACLE)/ready
	$(CARGO) build --release --package image-ingest-conformance
	$(ORACLE)/bin/python -W ignore conformance/oracle/compare.py \
	  $(TARGET_DIR)/release/image-ingest-conformance $(ORACLE) docs/conformance.md $(ORACLE_ROOTS)

FACTS := $(TARGET_DIR)/facts

facts: setup $(FACTS)/ready
	$(CARGO) build --release --package image-ingest-conformance
	$(FACTS)/bin/python conformance/facts/compare.py \
	  $(TARGET_DIR)/release/image-ingest-conformance $(FACTS) conformance/facts/reference.tsv $(ORACLE_ROOTS)

quality: setup $(ORACLE)/ready $(BENCH_INPUTS)
	$(CARGO) build --release --package image-ingest-cli --package image-ingest-conformance
	$(ORACLE)/bin/python -W ignore conformance/oracle/quality.py \
	  $(BIN) $(TARGET_DIR)/release/image-ingest-score $(TARGET_DIR)/quality docs/quality.md $(PERF_ROOTS)

PEERS := $(TARGET_DIR)/peers

peers: setup $(BENCH_INPUTS)
	$(CARGO) build --release --package image-ingest-cli
	benches/peers/setup.sh $(PEERS)
	python3 benches/peers/run.py $(BIN) $(PEERS) docs $(PERF_ROOTS)

peers-renditions: setup $(BENCH_INPUTS)
	$(CARGO) build --release --package image-ingest-cli
	benches/peers/setup.sh $(PEERS)
	python3 benches/peers/renditions.py $(BIN) $(PEERS) $(wildcard $(BENCH_INPUTS)/*12mp*) \
	  $(if $(IMAGE_INGEST_CORPUS),$(wildcard $(IMAGE_INGEST_CORPUS)/perf/*12mp* $(IMAGE_INGEST_CORPUS)/perf/*10mp*))

$(ORACLE)/ready: conformance/oracle/requirements.txt
	python3 -m venv $(ORACLE)
	$(ORACLE)/bin/pip install --quiet --requirement conformance/oracle/requirements.txt
	@touch $@

$(FACTS)/ready: conformance/facts/requirements.txt conformance/facts/package.json
	python3 -m venv $(FACTS)
	$(FACTS)/bin/pip install --quiet --requirement conformance/facts/requirements.txt
	cp conformance/facts/package.json $(FACTS)
	cd $(FACTS) && npm install --no-audit --no-fund --silent
	@touch $@

setup:
	@./scripts/setup.sh

setup-oracles:
	@./scripts/setup.sh oracles

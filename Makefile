# One command each: set up what is missing, then do it. `make` alone says what there is.

# Where Cargo put the program, asked of Cargo by the shell that runs the recipe: CARGO_TARGET_DIR and
# Cargo's configuration can move it.
BINARY := $$(cargo build --release --locked --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
# 9 MB: small enough for the oldest PC in the office, with TLS for webhooks.
MOST_BYTES := 9000000

.PHONY: help run build check test lint test-unit test-structure test-system test-api test-browser soak fuzz pictures bench setup-build setup-browser setup-api setup-fuzz setup-proxy clean

help:
	@echo "make run       build turnero and run it on http://localhost:3000 (ARGS=\"--listen 127.0.0.1:8080\")"
	@echo "make test      all tests: rules, contract, faults, the API's description, and the screens in Chromium"
	@echo "make check     the gate for each commit: format, lints, unit tests, structure"
	@echo "make soak      kills, failing disks and crowds for 30 minutes (SECONDS=1800)"
	@echo "make fuzz      fuzzes what comes from outside, ten minutes each (SECONDS=600)"
	@echo "make bench     speed and memory, beside the course's server (ARGS=\"--quick\")"
	@echo "make pictures  the screens' pictures, as README.md shows them"
	@echo "make build     the program, and where it is"
	@echo "make clean     removes what was built"

run: setup-build
	cargo run --release --locked -- $(ARGS)

build: setup-build
	cargo build --release --locked
	@echo "The program is $(BINARY)"

check: lint test-unit test-structure

test: test-unit test-structure test-system test-api test-browser

lint: setup-build
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings

test-unit: setup-build
	cargo test --locked --lib --bins

test-structure: setup-build
	cargo test --locked --test dependencies --test docs --test structure

test-system: setup-build setup-proxy
	cargo test --locked --test contract --test faults

test-api: build setup-api
	tests/api/run "$(BINARY)"

test-browser: build setup-browser
	@bytes=$$(wc -c < "$(BINARY)"); echo "The program has $$bytes bytes, $(MOST_BYTES) at most"; test $$bytes -le $(MOST_BYTES)
	cd tests/browser && TURNERO_BIN="$(BINARY)" npm test

# The tests of tests/faults/soak side by side, again and again until the time is up.
soak: SECONDS ?= 1800
soak: setup-build
	SOAK_SECONDS=$(SECONDS) cargo test --locked --test faults soak:: -- --nocapture --test-threads=3

fuzz: SECONDS ?= 600
fuzz: setup-fuzz
	tests/fuzz/run $(SECONDS)

pictures: build setup-browser
	cd tests/browser && TURNERO_BIN="$(BINARY)" npm run pictures

bench: setup-build
	cargo bench --locked --bench bench -- $(ARGS)

setup-build:
	@tests/setup build

# Without nginx its test says loudly that it was not run.
setup-proxy:
	-@tests/setup proxy

setup-fuzz:
	@tests/setup fuzz

setup-api:
	@tests/setup api
	@cd tests/api && test -x .venv/bin/schemathesis && .venv/bin/python -c 'import prometheus_client, yaml' 2>/dev/null || { python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt; }

setup-browser:
	@tests/setup browser
	cd tests/browser && npm ci --no-audit --no-fund

clean:
	cargo clean
	rm -rf tests/browser/node_modules tests/fuzz/target

# One command each: set up what is missing, then do it. `make` alone says what there is.

# Where Cargo put the program, asked of Cargo by the shell that runs the recipe: CARGO_TARGET_DIR and
# Cargo's configuration can move it.
BUILD := cargo build --release --locked --message-format=json-render-diagnostics
FILE := sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
BINARY := $$($(BUILD) | $(FILE))
# The program without any library, as it is packaged and tested. Its names come from /etc/hosts and DNS.
HOST := $$(rustc -vV | sed -n 's/^host: //p')
STATIC := $$(RUSTFLAGS='-C target-feature=+crt-static' $(BUILD) --target $(HOST) | $(FILE))
# 9 MB: small enough for the oldest PC in the office, with HTTPS and webhooks. And 1 MB of the C library, inside STATIC.
MOST_BYTES := 10000000
# One build for the tests on a data file and on PostgreSQL; the tests of the API and of the screens have the one without.
TESTED := --locked --features postgres

.PHONY: help run build check test lint test-unit test-structure test-system test-postgres test-api test-browser test-package package soak chaos fuzz pictures bench setup-build setup-browser setup-api setup-postgres setup-fuzz setup-proxy setup-package clean

help:
	@echo "make run       build turnero and run it on http://localhost:3000 (ARGS=\"--listen 127.0.0.1:8080\")"
	@echo "make test      all tests: rules, contract, faults, the API's description, and the screens in Chromium"
	@echo "make check     the gate for each commit: format, lints, unit tests, structure"
	@echo "make soak      a small machine for ten minutes; kills, failing disks and crowds for 30 (SECONDS=1800)"
	@echo "make chaos     servers on PostgreSQL through kills, cuts and failovers, 50 of each (ROUNDS=50)"
	@echo "make fuzz      fuzzes what comes from outside, ten minutes each (SECONDS=600)"
	@echo "make bench     speed and memory, beside the course's server (ARGS=\"--quick\")"
	@echo "make pictures  the screens' pictures, as README.md shows them"
	@echo "make build     the program, and where it is"
	@echo "make package   the program without any library, and the Debian packages"
	@echo "make clean     removes what was built"

# FEATURES=postgres for offices in PostgreSQL.
run: setup-build
	cargo run --release --locked --features "$(FEATURES)" -- $(ARGS)

build: setup-build
	cargo build --release --locked
	@echo "The program is $(BINARY)"

check: lint test-unit test-structure

test: test-unit test-structure test-system test-postgres test-api test-browser test-package

lint: setup-postgres
	cargo fmt --check
	cargo clippy --locked -- -D warnings
	cargo clippy --all-targets $(TESTED) -- -D warnings

# The tests of storage run on a data file and on a PostgreSQL that is made for them.
test-unit: setup-postgres
	tests/with-postgres cargo test $(TESTED) --lib --bins

test-structure: setup-postgres
	cargo test $(TESTED) --test dependencies --test docs --test structure

test-system: setup-postgres setup-proxy
	cargo test $(TESTED) --test contract --test faults

# The contract a second time, and several servers, on a PostgreSQL.
test-postgres: setup-postgres setup-proxy
	tests/with-postgres cargo test $(TESTED) --test contract
	tests/with-postgres cargo test $(TESTED) --test faults -- several_servers:: failover:: three_servers:: chaos:: moving::

test-api: setup-build setup-api
	tests/api/run "$(STATIC)"

test-browser: setup-build setup-browser
	@bytes=$$(wc -c < "$(STATIC)"); echo "The program has $$bytes bytes, $(MOST_BYTES) at most"; test $$bytes -le $(MOST_BYTES)
	cd tests/browser && TURNERO_BIN="$(STATIC)" npm test

# From the package on a bare Debian to a ticket on a public screen over HTTPS; and the program in an empty root.
test-package: package setup-browser
	node --test tests/package/

# In target/package: the program, its Debian package and the one with PostgreSQL, and what a container needs.
package: setup-postgres setup-package
	tests/package/make "$(STATIC)" "$(HOST)"

# First a minute of three servers and ten of a small machine, each by itself because it measures. Then the other tests of tests/faults/soak side
# by side, again and again until the time is up.
soak: SECONDS ?= 1800
soak: setup-postgres
	CROWD_SECONDS=60 tests/with-postgres cargo test --release $(TESTED) --test faults three_servers:: -- --nocapture
	SOAK_SECONDS=$(SECONDS) cargo test $(TESTED) --test faults soak::small -- --nocapture
	SOAK_SECONDS=$(SECONDS) cargo test $(TESTED) --test faults soak:: -- --nocapture --test-threads=3 --skip soak::small

# Two servers on a pair of databases, through so many faults of each kind.
chaos: ROUNDS ?= 50
chaos: setup-postgres
	CHAOS_ROUNDS=$(ROUNDS) tests/with-postgres cargo test $(TESTED) --test faults chaos::no_fault -- --nocapture

fuzz: SECONDS ?= 600
fuzz: setup-fuzz
	tests/fuzz/run $(SECONDS)

pictures: build setup-browser
	cd tests/browser && TURNERO_BIN="$(BINARY)" npm run pictures

# With a PostgreSQL that is made for it.
bench: setup-postgres
	POSTGRES_FSYNC=on tests/with-postgres cargo bench $(TESTED) --bench bench -- $(ARGS)

setup-build:
	@tests/setup build

# Without nginx its test says loudly that it was not run.
setup-proxy:
	-@tests/setup proxy

setup-package:
	@tests/setup package

setup-postgres:
	@tests/setup postgres

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
	rm -rf tests/browser/node_modules tests/fuzz/target target

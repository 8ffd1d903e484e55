# What a user and CI call. Every target is one or two commands.

PORT ?= 5001
FUZZ_SECONDS ?= 10
SOAK_SECONDS ?= 600
VENV := .venv
PYTHON := $(VENV)/bin/python

.PHONY: run build install test slow attack lint doc interop rivals bench load soak loaded instructions fuzz package deny semver clean

run: build ## start kserve with a demo table
	target/release/kserve -p 127.0.0.1:$(PORT) --demo

build: ## kserve, kq and kcorpus, into target/release
	cargo build --release -p kserve -p kwire && cargo build --release -p kcorpus --features cli

install: ## kserve, kq and kcorpus, onto the PATH
	cargo install --locked --path kserve && cargo install --locked --path kwire
	cargo install --locked --path corpus --features cli

test: ## unit tests, integration tests and the README's code
	cargo test --workspace --all-features

slow: ## messages of more than 4 GiB, both ways; wants 6 GiB of memory
	cargo test --release -p kwire --all-features --test large -- --ignored --test-threads 1

ATTACK ?=
attack: build ## hostile peers against the built kserve, with an innocent one beside them; ATTACK names some of them
	KSERVE=$(CURDIR)/target/release/kserve cargo test -p kserve --all-features --test attack -- $(ATTACK)

lint:
	cargo fmt --all --check && cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo fmt --check --manifest-path benches/rivals/Cargo.toml -p krivals -p kdbplus_open
	cargo clippy --workspace --all-targets --all-features -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

interop: build $(VENV) ## pykx, qpython3, aiokdb, kola, node-q and raw messages against kserve
	cargo build --release -p kwire --features tokio --example pipelined
	$(PYTHON) interop/interop.py --kserve target/release/kserve --kq target/release/kq \
		--kcorpus target/release/kcorpus

$(VENV): interop/requirements.txt interop/node/package.json
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet -r interop/requirements.txt
	mkdir -p $(VENV)/node && cp interop/node/package.json $(VENV)/node
	cd $(VENV)/node && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm install --silent --no-package-lock --no-audit --no-fund
	touch $(VENV)

LIBE ?= target/rivals/pykx/lib/l64/libe.so

rivals: ## kcodec, other crates and KX's C library on the same bytes; printed, not kept. KDB_TRAFFIC: on one's own, too
	-@$(MAKE) --no-print-directory $(LIBE)
	cargo run --release --locked --manifest-path benches/rivals/Cargo.toml --target-dir target/rivals -- $(LIBE)

target/rivals/pykx/lib/l64/libe.so:
	python3 -m pip download --quiet --no-deps --only-binary :all: --dest target/rivals pykx==4.2.0
	python3 -m zipfile --extract target/rivals/pykx-4.2.0-*.whl target/rivals

bench: export KBENCH_RECORD = $(CURDIR)/benches/record/$(shell date -u +%F).md
bench: ## the duels, the other crates, and the messages of KDB_TRAFFIC if it names a file, into a dated record
	cargo bench -p kbench --features arrow
	cargo run --release --locked --manifest-path benches/rivals/Cargo.toml --target-dir target/rivals
	$(if $(KDB_TRAFFIC),cargo run --release -p kcorpus --features cli -- bench $(KDB_TRAFFIC) | tee -a $(KBENCH_RECORD))

load: export KBENCH_RECORD = $(CURDIR)/benches/record/$(shell date -u +%F)-load.md
load: loaded ## kserve against bare servers, into a dated record
	target/release/suite load

soak: loaded ## numbered messages at half the maximum rate for SOAK_SECONDS
	target/release/suite soak --seconds $(SOAK_SECONDS)

loaded:
	cargo build --release -p kserve -p kbench --bin kserve --bin suite --bin kload --bin yardstick --example constant

instructions: ## what small messages take, counted by valgrind
	cargo build --release -p kbench --bin small
	python3 benches/instructions.py target/release/small

KDB_TRAFFIC ?=
fuzz: fuzz-message fuzz-conversation fuzz-inflate fuzz-refuse fuzz-log fuzz-recording fuzz-simd fuzz-q ## every target, FUZZ_SECONDS each; KDB_TRAFFIC names a file of messages to start from, too

fuzz-%: cargo-fuzz
	cargo run --quiet -p kcorpus --features traffic --example seeds fuzz/corpus $(KDB_TRAFFIC)
	cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run $* -- -max_total_time=$(FUZZ_SECONDS)

.PHONY: cargo-fuzz
cargo-fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz --version 0.13.2

package: ## the crates as they would be published; built already, by the other targets
	cargo publish --workspace --dry-run --allow-dirty --no-verify

deny: ## licences, advisories and sources of dependencies, by cargo-deny
	@cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-deny
	cargo deny check

BASE ?= main
semver: ## breaks of the public interfaces since BASE, by cargo-semver-checks
	@cargo semver-checks --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-semver-checks
	cargo semver-checks --workspace --exclude kbench --baseline-rev $(BASE)

clean:
	cargo clean && rm -rf $(VENV) fuzz/target

# `make` lists what there is. Everything is done by cargo; this file finds out what cargo needs
# (scripts/prepare.sh), gives the usual things short names, and is what CI calls.

CARGO ?= cargo
PCAPS ?= $(wildcard pcaps/*.pcap*)
FUZZ ?= capture packet dns nbns tls tls_server x509 dtls http stream assembly triage \
	quic defrag rules lookup config request pipeline allow pattern \
	list_adblock list_csv list_dataset list_dnsmasq list_hosts list_maltrail list_misp list_openioc \
	list_plain list_rpz list_stix list_suricata list_unbound list_warninglist list_zeek
SECONDS_EACH ?= 120
FILES ?= $(wildcard $(CAPTURES)/files.jsonl)

# Cargo.lock says which versions were tested: fail rather than take others.
LOCKED := --locked
RELEASE_DIR := $(or $(CARGO_TARGET_DIR),target)/release
PROGRAM := $(if $(filter /%,$(RELEASE_DIR)),,./)$(RELEASE_DIR)/bellerophon

# rustup puts cargo here, and not every shell has been told.
export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO

# Cargo uses all processors by itself. With `make -j` two cargos would only wait for each other,
# and make's own job tokens would slow cargo down.
.NOTPARALLEL:
unexport MAKEFLAGS MFLAGS

.DEFAULT_GOAL := help
.PHONY: help run build test conformance fmt lint bench bench-ci bench-record bench-peers \
	bench-live soak deb fuzz clean \
	prepare

help: ## List the targets
	@echo 'Bellerophon: names every contact with mercenary-spyware infrastructure in captures.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done
	@echo
	@echo '  make run PCAPS="a.pcap folder"   replays other captures'
	@echo '  make NO_INSTALL=1 ...            says what is missing and installs nothing'

run: build ## Build, then replay the captures in pcaps/ with the built-in rules
	$(PROGRAM) replay --alerts text $(PCAPS)

build: prepare ## Build the release program
	@$(CARGO) build --release $(LOCKED)

test: prepare ## Build and run all tests
	@$(CARGO) test --workspace --no-fail-fast $(LOCKED)

# CAPTURES=folder; ORACLE=file and FILES=list where they are not in that folder; ARGS for the rest.
conformance: prepare ## Compare with an oracle (CAPTURES=folder ORACLE=file ARGS=--by-tag)
	@[ -n "$(CAPTURES)" ] || { echo 'error: say which captures: make conformance CAPTURES=folder' >&2; exit 1; }
	@$(CARGO) build --release $(LOCKED) -p bellerophon -p conformance
	@$(RELEASE_DIR)/conformance $(if $(ORACLE),--oracle "$(ORACLE)") \
		$(if $(FILES),--files "$(FILES)") $(ARGS) "$(CAPTURES)"

fmt: ## Format the code
	@$(CARGO) fmt --all

lint: prepare ## Check format and lints, as CI does
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --workspace --all-targets $(LOCKED) -- -D warnings

bench: prepare ## Measure time (criterion) and instructions (valgrind) of each piece
	@$(CARGO) bench $(LOCKED) --bench pipeline
	@$(CARGO) bench $(LOCKED) --bench instructions

# A count that grew makes it fail. Times are not compared: they depend on what else the machine does.
bench-ci: build ## Compare counts of instructions with the recorded ones
	@NEEDS=valgrind sh scripts/prepare.sh
	@$(CARGO) bench $(LOCKED) --bench instructions -- --check
	@$(PROGRAM) bench --size 50M

bench-record: prepare ## Record counts of instructions for bench-ci
	@NEEDS=valgrind sh scripts/prepare.sh
	@$(CARGO) bench $(LOCKED) --bench instructions -- --record

bench-peers: build ## Compare with other programs that are installed (ARGS="mix --size 1G")
	@scripts/bench-peers --program $(PROGRAM) $(ARGS)

# No sanitizer: no target reaches unsafe code of ours, and stable Rust will do.
fuzz: prepare ## Fuzz each target (FUZZ="dns tls" SECONDS_EACH=600)
	@command -v cargo-fuzz >/dev/null || \
		{ echo 'error: cargo-fuzz is missing. Install it: cargo install cargo-fuzz --locked' >&2; exit 1; }
	@BELLEROPHON_SEEDS="$(CURDIR)/fuzz/target/seeds" $(CARGO) test $(LOCKED) --test fuzz_corpus seeds
	@set -e; for target in $(FUZZ); do \
		mkdir -p fuzz/target/grown/$$target; \
		$(CARGO) fuzz run --sanitizer none $$target fuzz/target/grown/$$target \
			fuzz/corpus/$$target fuzz/target/seeds/$$target -- \
			-max_total_time=$(SECONDS_EACH) -timeout=20 -max_len=20000; \
	done

bench-live: build ## Compare live capture with tcpdump and Suricata over a veth pair, as root (ARGS="mix --rounds 5")
	@scripts/bench-live --program $(PROGRAM) $(ARGS)

soak: build ## Run watch for half an hour under traffic, reloads and rotations, as root (ARGS="--minutes 5")
	@scripts/soak --program $(PROGRAM) $(ARGS)

# Built for the system that it is built on: the package depends on that one's libc6 or newer.
deb: prepare ## Build the Debian package target/debian/*.deb
	@command -v cargo-deb >/dev/null || \
		{ echo 'error: cargo-deb is missing. Install it: cargo install cargo-deb --locked' >&2; exit 1; }
	@command -v dpkg-shlibdeps >/dev/null || \
		{ echo 'error: dpkg-shlibdeps is missing. Install it: apt-get install dpkg-dev' >&2; exit 1; }
	@$(CARGO) deb $(LOCKED) --strip -p bellerophon --output $(or $(CARGO_TARGET_DIR),target)/debian/

clean: ## Remove what was built
	@$(CARGO) clean

# Nothing is installed, and nothing asked of the network, where all is there.
prepare:
	@sh scripts/prepare.sh

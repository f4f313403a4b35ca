# The tasks of people who work on this project. `make help` lists them.
.PHONY: help demo deb check test test-heavy coverage mutants bench fuzz specimens pictures docs

DEMO_PACKAGES = opensc opensc-pkcs11 openssl
CLIENT_PACKAGES = $(DEMO_PACKAGES) pcscd vsmartcard-vpcd
TEST_PACKAGES = $(CLIENT_PACKAGES) pcsc-tools gnutls-bin libopenjp2-tools imagemagick pngcheck file tshark libxml2-utils
# Programs that use the card through PKCS#11, and the servers they log in to.
TEST_PACKAGES += libengine-pkcs11-openssl nginx openssh-client openssh-server default-jdk-headless libnss3-tools
# gpgsm asks for the status of certificates through dirmngr.
TEST_PACKAGES += gpgsm gpg-agent dirmngr iproute2
# Python packages of tests go into an environment of their own; poppler verifies what they sign.
TEST_PACKAGES += python3-venv poppler-utils xmlsec1
# Validates the JSON Schema of declaration files.
TEST_PACKAGES += python3-jsonschema
# A card of another project, which connects as to vpcd.
TEST_PACKAGES += vsmartcard-vpicc python3-pycryptodome
# A relying party of the identity provider.
TEST_PACKAGES += apache2 libapache2-mod-auth-openidc
# Clients of `vmyna run` in other languages; nfc-pcsc is built by npm.
TEST_PACKAGES += python3 python3-pyscard bsdutils strace util-linux nodejs npm g++ make
# Programs in C with planted faults.
TEST_PACKAGES += gcc libpcsclite-dev
# The pages in a browser: cli/tests/browser drives it. The font makes Japanese look alike everywhere.
TEST_PACKAGES += chromium firefox-esr fonts-ipafont-gothic
# A screen with a window manager and a keyboard, for windows of the browser itself.
TEST_PACKAGES += xvfb openbox xdotool
# The tutorial logs in by curl.
TEST_PACKAGES += curl

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## install what is missing, let an unmodified OpenSC list, log in to and sign with a virtual card
	scripts/install-packages.sh $(DEMO_PACKAGES)
	cargo build --release --package vmyna-cli
	target/release/vmyna run -- scripts/demo.sh target/release/vmyna

deb: ## make the Debian package vmyna in target/debian/
	scripts/install-packages.sh dpkg-dev
	scripts/deb.sh

check: ## in under two minutes after a build, without root: format, lints, words and quick tests
	scripts/check.sh

test: ## install what is missing and run every check: format, lints, dependency audit, all tests
	scripts/install-packages.sh $(TEST_PACKAGES)
	scripts/test.sh

test-heavy: ## hours: clients beside softhsm2, all power cuts, 1,000 kills, coverage and mutation score with their thresholds
	scripts/test-clients.sh
	cargo test --locked --package vmyna-card-os --test power_cuts -- --ignored --nocapture
	cargo test --locked --package vmyna-cli --test kills -- --ignored --nocapture
	cargo test --locked --package vmyna-cli --test ca -- --ignored --nocapture
	cargo test --locked --package vmyna-cli --test browser -- --ignored --nocapture
	cargo test --locked --package vmyna-cli --test explore -- --ignored --nocapture
	cargo test --locked --package vmyna-mdoc --test verify -- --ignored --nocapture
	cargo test --locked --package vmyna-examiner --test http --test npm -- --ignored --nocapture
	cargo test --locked --package vmyna-example-verifier --test exam -- --ignored --nocapture
	cargo test --locked --package vmyna-candidates --test cards -- --ignored --nocapture
	cargo test --locked --package vmyna-examiner --test exam_documents -- --ignored --nocapture
	cargo test --locked --manifest-path client-tests/Cargo.toml --test mdoc -- --ignored --nocapture
	$(MAKE) coverage
	$(MAKE) mutants

coverage: ## line coverage of card-os, at least 95 %
	scripts/coverage.sh

mutants: ## mutation score of card-os' access, PIN, session and store code, at least 85 %
	scripts/mutants.sh

bench: ## time an APDU through pcscd and vpcd beside an echo card, and through vmyna's own service; a full free area; the desk and its page; an examination; an exploration; then OCSP and the register
	scripts/install-packages.sh $(CLIENT_PACKAGES) curl sqlite3 wrk nodejs npm chromium
	bench/run.sh
	cargo bench --locked --package vmyna --bench free_area
	cargo bench --locked --package vmyna-cli --bench desk
	cargo bench --locked --package vmyna-cli --bench explore
	cargo bench --locked --package vmyna-cli --bench exam
	cargo test --release --locked --package vmyna-cli --test browser -- --ignored --nocapture times
	bench/authority.sh

fuzz: ## fuzz every target for an hour, or for FUZZ_SECONDS each, or only those in TARGETS: make fuzz TARGETS="tlv"
	scripts/install-packages.sh g++
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),3600) scripts/fuzz.sh $(TARGETS)

specimens: ## make the certificates of the specimen cards anew: make specimens ISSUED=2026-11-01T01:00:00Z
	cargo run --package vmyna-issuance --example make-specimens -- $(if $(ISSUED),--issued $(ISSUED))

pictures: ## draw the pictures of the pages in docs/ in a browser; look at each before it lands
	scripts/install-packages.sh $(TEST_PACKAGES)
	PICTURES=$(CURDIR)/docs cargo test --package vmyna-cli --test browser -- --ignored --nocapture pictures

docs: ## write the pages in docs/ from the rules, declarations, vectors and tests of clients
	UPDATE_DOCS=1 cargo test --package vmyna-explain --test documentation
	UPDATE_DOCS=1 cargo test --package vmyna-conformance --test documentation
	UPDATE_DOCS=1 cargo test --package vmyna-issuance --test documentation
	UPDATE_DOCS=1 cargo test --package vmyna-candidates --test documentation
	UPDATE_DOCS=1 cargo test --package vmyna-testkit --test clients
	UPDATE_DOCS=1 cargo test --package vmyna-cli --test pictures
	cargo build --package vmyna-cli --package vmyna-example-verifier
	UPDATE_DOCS=1 cargo test --package vmyna-cli --test exam_guide
	UPDATE_DOCS=1 cargo test --package vmyna-examiner --test exam_documents --test npm -- --include-ignored _is_examined auth0
	UPDATE_DOCS=1 cargo test --manifest-path client-tests/Cargo.toml --test exam
	UPDATE_DOCS=1 cargo test --package vmyna --features authority --test life pages

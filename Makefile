# Everything a person does with this project. `make help` lists it.
.PHONY: help demo test bench fuzz specimens docs

CLIENT_PACKAGES = pcscd vsmartcard-vpcd opensc opensc-pkcs11 openssl
TEST_PACKAGES = $(CLIENT_PACKAGES) g++ pcsc-tools gnutls-bin libopenjp2-tools imagemagick pngcheck file fonts-ipafont-gothic

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## install what is missing, start pcscd with a virtual card, let OpenSC list, log in and sign
	scripts/install-packages.sh $(CLIENT_PACKAGES)
	cargo build --release --package vmyna --package vmyna-test-support
	target/release/private-pcscd -- scripts/demo.sh target/release/vmyna

test: ## install what is missing and run every check: format, lints, dependency audit, all tests
	scripts/install-packages.sh $(TEST_PACKAGES)
	scripts/test.sh

bench: ## time an APDU through pcscd and vpcd beside an echo card written in C
	scripts/install-packages.sh $(CLIENT_PACKAGES)
	bench/run.sh

fuzz: ## fuzz every target for an hour, or for FUZZ_SECONDS each, or only those in TARGETS: make fuzz TARGETS="tlv"
	scripts/install-packages.sh g++
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),3600) scripts/fuzz.sh $(TARGETS)

specimens: ## make the certificates of the specimen cards anew: make specimens ISSUED=2026-11-01T01:00:00Z
	cargo run --package vmyna-applets --example make-specimens -- $(if $(ISSUED),--issued $(ISSUED))

docs: ## write docs/behaviour.md from the rules and declarations
	UPDATE_DOCS=1 cargo test --package vmyna-applets --test documentation

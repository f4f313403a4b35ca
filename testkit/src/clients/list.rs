//! The clients and what they do with the card, in the order of `docs/clients.md`.
//!
//! A claim here must be as narrow as the tests that prove it. Nothing may depend on the machine.

use super::{Claim, Client};

/// All clients.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "OpenSC (`opensc-tool`, `pkcs15-tool`, `pkcs15-crypt`, `pkcs11-tool`)",
        versions: "`opensc` 0.23 (Debian 12), 0.26 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "opensc.lists",
                "knows the card by its ATR; lists PINs, keys and certificates",
            ),
            works(
                "opensc.certificates",
                "reads the certificates, that of the signature key only after its password",
            ),
            works("opensc.pins", "verifies PINs and sees the tries left, down to none"),
            works("opensc.pkcs11", "shows slots and objects through PKCS#11"),
            works(
                "opensc.self-test",
                "passes PKCS#11 tests of its own with both keys (`pkcs11-tool --test`)",
            ),
            works(
                "opensc.pkcs11-signs",
                "signs with both keys through PKCS#11; openssl verifies it",
            ),
            works(
                "opensc.pkcs15-signs",
                "signs with both keys without PKCS#11 (`pkcs15-crypt`); openssl verifies it",
            ),
            works(
                "opensc.contactless",
                "sees a contactless reader's ATR and asks that reader for the UID",
            ),
            works(
                "opensc.phone",
                "lists PINs, keys and certificates of a phone's token; signs with both keys through PKCS#11",
            ),
            limit(
                "opensc.phone.certificate",
                "it reads the certificates before the log-in, so that the authentication certificate of a phone is not among the \
                 objects of PKCS#11; `pkcs15-tool --read-certificate 1 --verify-pin` reads it",
            ),
            works(
                "opensc.applications",
                "`opensc-tool --send-apdu` reads each application of [applications/](../applications/README.md)",
            ),
        ],
    },
    Client {
        name: "openssl, through its engine for PKCS#11 and OpenSC",
        versions: "`libengine-pkcs11-openssl` 0.4.12 with openssl 3.0 (Debian 12), 0.4.13 with 3.5 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "openssl.signs",
                "signs with both keys, the PIN in the key's URI (`pin-value`) or in a file (`pin-source`). The signature \
                 key's password is asked for again at each signature, because OpenSC marks the key so",
            ),
            works("openssl.wrong-pin", "a wrong PIN costs one try and is said to be wrong"),
            works(
                "openssl.cms",
                "`openssl cms -sign`; plain `openssl cms -verify` accepts it under the authority's certificate, and neither \
                 a changed text nor another authority. What the authentication key has signed needs `-purpose sslclient`: \
                 its certificate is for TLS clients only",
            ),
            works(
                "tls.openssl",
                "`openssl s_client` logs in to nginx (`ssl_verify_client on`) by TLS 1.2 with \
                 `-sigalgs ECDSA+SHA256:RSA+SHA256`, because its first choice would be RSASSA-PSS",
            ),
            limit(
                "tls.openssl.1.3",
                "TLS 1.3 doesn't work: it wants RSASSA-PSS, which OpenSC does not offer for this card (the card itself can)",
            ),
        ],
    },
    Client {
        name: "GnuTLS (`gnutls-cli`, `p11tool`), through OpenSC",
        versions: "`gnutls-bin` 3.7 (Debian 12), 3.8 (Debian 13)",
        pinned: None,
        claims: &[
            works("gnutls.tokens", "`p11tool` lists the card's tokens"),
            works(
                "gnutls.objects",
                "`p11tool` lists the certificates and, after the PIN, the keys",
            ),
            works(
                "tls.gnutls",
                "`gnutls-cli`, with key and certificate from the card, logs in to nginx by TLS 1.2 \
                 (`--priority NORMAL:-VERS-ALL:+VERS-TLS1.2`)",
            ),
            works("gnutls.wrong-pin", "a wrong PIN costs one try and is said to be wrong"),
            limit(
                "tls.gnutls.1.3",
                "TLS 1.3 doesn't work, for the same reason: it sends no certificate, and nginx answers 400",
            ),
        ],
    },
    Client {
        name: "nginx, as the server that trusts the cards' authority",
        versions: "`nginx` 1.22 (Debian 12), 1.26 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "nginx.lets-in",
                "lets in holders of the authority's cards and knows their names (`$ssl_client_s_dn`)",
            ),
            works("nginx.refuses", "refuses the card of another authority with 400"),
            works(
                "nginx.ocsp",
                "with `ssl_ocsp leaf` and `ssl_ocsp_responder`: asks `vmyna ca serve`, and refuses a revoked and an unknown \
                 certificate with 400",
            ),
        ],
    },
    Client {
        name: "OpenSSH (`ssh`, `ssh-agent`, `sshd`), through OpenSC",
        versions: "`openssh-client` and `openssh-server` 9.2 (Debian 12), 10.0 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "ssh.login",
                "`ssh -I opensc-pkcs11.so` logs in to sshd with the authentication key, which the user's `authorized_keys` \
                 has; the PIN is asked for once",
            ),
            works(
                "ssh.agent",
                "`ssh-add -s` gives the key to `ssh-agent`, with which `ssh` logs in; both PINs keep all tries",
            ),
            works(
                "ssh.refuses",
                "another card and a wrong PIN are not logged in; the wrong PIN costs a try",
            ),
        ],
    },
    Client {
        name: "pyHanko (PDF, PAdES), through OpenSC",
        versions: "PyPI packages 0.38.0 and pyhanko-cli 0.6.0",
        pinned: Some(("pyhanko==0.38.0", "cli/tests/clients/python/requirements.txt")),
        claims: &[
            works(
                "pyhanko.signs",
                "signs a PDF with the signature key (PAdES B-B). It logs in again before the signature, as the key demands. \
                 pyHanko validates it under the authority's certificate, and neither a changed page nor another authority; \
                 `openssl cms -verify -cades` and poppler's `pdfsig` verify it too",
            ),
            works(
                "pyhanko.wrong-pin",
                "a wrong PIN costs one try of its key and is reported as incorrect",
            ),
            limit(
                "pyhanko.revocation",
                "validation needs `--no-revocation-check`: the sign certificate names no address for revocation",
            ),
            limit(
                "pyhanko.auth",
                "signs with the authentication key too, but judges that signature invalid: the certificate isn't for \
                 non-repudiation",
            ),
        ],
    },
    Client {
        name: "Java (`keytool`, `jarsigner`, SunPKCS11), through OpenSC",
        versions: "`default-jdk-headless` 17 (Debian 12), 21 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "java.keytool",
                "`keytool -list` lists each token's key and certificates, one token a provider",
            ),
            works(
                "java.jarsigner",
                "`jarsigner` signs a JAR with either key; `jarsigner -verify` and `openssl cms -verify` verify it, and \
                 not a changed file",
            ),
            works(
                "java.signs",
                "a program signs several times with either key after one log-in. SunPKCS11 does not log in again for the \
                 signature key, although it is marked CKA_ALWAYS_AUTHENTICATE, and OpenSC signs; openssl verifies it",
            ),
            works("java.wrong-pin", "a wrong PIN costs one try and is CKR_PIN_INCORRECT"),
            limit(
                "java.strict",
                "`jarsigner -verify -strict` reports an invalid chain, also under the authority's certificate: Java rejects \
                 critical policy qualifiers",
            ),
            limit(
                "java.pss",
                "RSASSA-PSS is not offered, because OpenSC does not offer it for this card",
            ),
        ],
    },
    Client {
        name: "Java (`javax.smartcardio`)",
        versions: "`default-jdk-headless` 17 (Debian 12), 21 (Debian 13)",
        pinned: None,
        claims: &[works(
            "smartcardio.all",
            "finds the card, contact and contactless, with protocol and ATR; reads with extended and short length; \
                 verifies PINs and signs with both keys, which openssl verifies; has the card for itself in a transaction; \
                 resets it; sees it come and go",
        )],
    },
    Client {
        name: "python-pkcs11, through OpenSC",
        versions: "PyPI package 0.9.5",
        pinned: Some(("python-pkcs11==0.9.5", "cli/tests/clients/python/requirements.txt")),
        claims: &[
            works("python-pkcs11.lists", "lists tokens, keys and certificates"),
            works(
                "python-pkcs11.signs",
                "signs several times with both keys, with the signature key by logging in before each (`pin=`); openssl \
                 verifies it",
            ),
            works(
                "python-pkcs11.wrong-pin",
                "a wrong PIN costs one try, at the log-in and at a signature, and is `PinIncorrect`",
            ),
        ],
    },
    Client {
        name: "NSS (`modutil`, `certutil`, `cmsutil`, `vfychain`), through OpenSC",
        versions: "`libnss3-tools` 3.87 (Debian 12), 3.110 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "nss.lists",
                "`modutil` lists the tokens, `certutil` the authentication token's certificates and both keys",
            ),
            works(
                "nss.wrong-pin",
                "a wrong PIN costs one try and is reported as incorrect",
            ),
            works(
                "nss.cms",
                "`cmsutil -S -Y NONE -u 0` signs a message with the authentication key; openssl verifies it",
            ),
            works(
                "nss.request",
                "`certutil -R -k 02` signs a certificate request with the signature key; openssl verifies it",
            ),
            works(
                "nss.chain",
                "`vfychain -pp` validates both certificates under their authorities",
            ),
            works(
                "nss.browser",
                "in a database as Chromium has it, with `create_slots_for_pins = \"user\"` in OpenSC's configuration, there is \
                 the authentication key alone",
            ),
        ],
    },
    Client {
        name: "pyscard",
        versions: "`python3-pyscard` 2.0 (Debian 12)",
        pinned: None,
        claims: &[
            works(
                "pyscard.all",
                "monitors readers and cards, waits for cards, shares, locks and cancels, in many threads",
            ),
            works(
                "pyscard.pin-pad",
                "has the PIN asked for by the reader (`vmyna run --pin-pad ask`)",
            ),
            works(
                "pyscard.pin-change",
                "has the PIN verified and changed by the reader (`vmyna run --pin-pad PIN,NEW`)",
            ),
            works(
                "pyscard.applications",
                "reads each application of [applications/](../applications/README.md)",
            ),
        ],
    },
    Client {
        name: "openssl (`dgst`, `verify`)",
        versions: "`openssl` 3.0 (Debian 12), 3.5 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "openssl.p-256",
                "`openssl dgst -verify` of a signature by a key of P-256 that was made on the card ([employee](../applications/employee/README.md))",
            ),
            works(
                "openssl.p-384",
                "`openssl dgst -verify` of signatures by a key of P-384, given in DER and as r and s, and `openssl verify` of its \
                 certificate ([civil-servant](../applications/civil-servant/README.md))",
            ),
        ],
    },
    Client {
        name: "nfc-pcsc",
        versions: "npm package 0.8.1",
        pinned: Some(("\"nfc-pcsc\": \"0.8.1\"", "cli/tests/clients/nfc-pcsc/package.json")),
        claims: &[works(
            "nfc-pcsc.all",
            "sees the card, contact and contactless, come and go, reads, verifies the PIN and signs",
        )],
    },
    Client {
        name: "pcsc-tools (`pcsc_scan`, `scriptor`)",
        versions: "`pcsc-tools` 1.6 (Debian 12)",
        pinned: None,
        claims: &[
            works("pcsc-tools.scan", "`pcsc_scan` sees the card come and go"),
            works(
                "pcsc-tools.scriptor",
                "`scriptor` asks a contactless reader for the UID, and for another after a reset",
            ),
        ],
    },
    Client {
        name: "myna-card (Rust)",
        versions: "crate 3.3.4",
        pinned: Some(("myna-card = { version = \"=3.3.4\"", "client-tests/Cargo.toml")),
        claims: &[
            works(
                "myna-card.certificates",
                "reads the four certificates and checks their chains",
            ),
            works(
                "myna-card.signs",
                "verifies PINs and signs with both keys; the certificates verify it",
            ),
            works(
                "myna-card.schemes",
                "knows all six signature schemes of the card, RSASSA-PSS among them",
            ),
            works(
                "myna-card.text",
                "reads number and attributes and checks the issuer's signature on them",
            ),
            works(
                "myna-card.face",
                "reads the face and checks the issuer's signature on it",
            ),
            works(
                "myna-card.secure",
                "reads in a secure session of the input-assist application",
            ),
            works("myna-card.sharing", "has the card for itself, or shares it"),
            works(
                "myna-card.phone",
                "knows the token of an iPhone and of an Android phone by its label; reads the certificates after the PINs and \
                 signs with both keys",
            ),
        ],
    },
    Client {
        name: "jpki (Rust)",
        versions: "crate 0.4.3",
        pinned: Some(("jpki = { version = \"=0.4.3\"", "client-tests/Cargo.toml")),
        claims: &[
            works("jpki.signs", "verifies a PIN and signs; the certificate verifies it"),
            works("jpki.certificates", "reads the four certificates"),
            works("jpki.text", "reads number and attributes"),
            works("jpki.face", "reads the face with its pictures"),
            works(
                "jpki.phone",
                "verifies the PINs of a phone's token and signs with both keys",
            ),
            limit(
                "jpki.phone.certificate",
                "it asks for no PIN for the authentication certificate, so that it reads a phone's only after it has signed",
            ),
            limit(
                "jpki.twice",
                "it sends each command twice, VERIFY too, so that a wrong PIN costs two tries",
            ),
        ],
    },
    Client {
        name: "myna (Rust)",
        versions: "crate 0.3.0",
        pinned: Some(("myna = \"=0.3.0\"", "client-tests/Cargo.toml")),
        claims: &[
            works("myna.reads", "reads the authentication certificate"),
            works(
                "myna.signs",
                "verifies the PIN and signs with the authentication key, the only one it knows",
            ),
            works("myna.phone", "signs with the authentication key of a phone's token"),
            limit(
                "myna.phone.label",
                "it knows the card's label only and calls a phone no My Number Card",
            ),
        ],
    },
    Client {
        name: "openssl (`ocsp`, `verify`)",
        versions: "`openssl` 3.0 (Debian 12), 3.5 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "openssl.ocsp",
                "`openssl ocsp`: good, revoked and unknown in the text; its status is 0 for each",
            ),
            works(
                "openssl.crl",
                "`openssl verify -crl_check` with the complete list or a municipality's",
            ),
        ],
    },
    Client {
        name: "GnuTLS (`ocsptool`)",
        versions: "`gnutls-bin` 3.7 (Debian 12), 3.8 (Debian 13)",
        pinned: None,
        claims: &[works(
            "gnutls.ocsp",
            "asks at the certificate's address: good, revoked and unknown in the text; its status is 0 for each",
        )],
    },
    Client {
        name: "Java (PKIX)",
        versions: "`default-jdk-headless` 17 (Debian 12), 21 (Debian 13)",
        pinned: None,
        claims: &[
            works(
                "java.ocsp",
                "asks at the certificate's address; refuses a revoked certificate (REVOKED), an unknown one \
                 (UNDETERMINED_REVOCATION_STATUS) and one of another authority",
            ),
            works("java.crl", "reads the complete revocation list"),
        ],
    },
    Client {
        name: "pyHanko's certificate validator",
        versions: "PyPI packages pyHanko 0.38.0 and pyhanko-certvalidator 0.33.0",
        pinned: Some((
            "pyhanko-certvalidator==0.33.0",
            "cli/tests/clients/python/requirements.txt",
        )),
        claims: &[
            works(
                "pyhanko.ocsp",
                "asks at the certificate's address; refuses a revoked certificate, an unknown one and one of another authority",
            ),
            works("pyhanko.crl", "reads the complete revocation list"),
        ],
    },
    Client {
        name: "NSS (`vfychain`, `crlutil`)",
        versions: "`libnss3-tools` 3.87 (Debian 12)",
        pinned: None,
        claims: &[
            works(
                "nss.ocsp",
                "asks at the certificate's address; refuses a revoked and an unknown certificate, both as \"revoked\"",
            ),
            works(
                "nss.crl",
                "imports the complete revocation list; it takes no municipality's",
            ),
        ],
    },
    Client {
        name: "GnuPG (`gpgsm`, `dirmngr`)",
        versions: "`gpgsm` and `dirmngr` 2.2.40 (Debian 12)",
        pinned: None,
        claims: &[
            works(
                "gpgsm.ocsp",
                "asks at the certificate's address; tells good, revoked and unknown certificates apart",
            ),
            works(
                "gpgsm.crl",
                "reads the complete revocation list; it takes no municipality's",
            ),
        ],
    },
    Client {
        name: "openid-client (OpenID Connect)",
        versions: "npm package 6.9.0",
        pinned: Some(("\"openid-client\": \"6.9.0\"", "cli/tests/clients/oidc/package.json")),
        claims: &[works(
            "openid-client.logs-in",
            "discovers, logs in by ES256 and RS256, checks the ID token's signature, asks userinfo, refreshes, and lets the \
             sign key sign; `allowInsecureRequests`, because the issuer has no TLS",
        )],
    },
    Client {
        name: "openidconnect (OpenID Connect)",
        versions: "crate 4.1",
        pinned: Some(("openidconnect = { version = \"4.1\"", "examples/login/rust/Cargo.toml")),
        claims: &[works(
            "openidconnect.logs-in",
            "discovers, logs in with PKCE, checks the ID token, asks userinfo; `private_key_jwt` by `add_extra_param`, because it has \
             no call for it (the tutorial's site)",
        )],
    },
    Client {
        name: "Authlib (OpenID Connect)",
        versions: "PyPI package 1.9.10",
        pinned: Some(("authlib==1.9.10", "cli/tests/clients/python/requirements.txt")),
        claims: &[works(
            "authlib.logs-in",
            "logs in by ES256 and RS256 (`PrivateKeyJWT`, `code_challenge_method=\"S256\"`), asks userinfo, refreshes",
        )],
    },
    Client {
        name: "Apache with mod_auth_openidc (OpenID Connect)",
        versions: "`libapache2-mod-auth-openidc` 2.4.12 (Debian 12)",
        pinned: None,
        claims: &[works(
            "apache.logs-in",
            "lets in people who have logged in, and knows their claims; `OIDCPKCEMethod S256` and `private_key_jwt` with an RSA key \
             and, or it crashes, a certificate of it (`OIDCPublicKeyFiles`)",
        )],
    },
    Client {
        name: "@auth0/mdl",
        versions: "npm package 3.0.1",
        pinned: Some(("\"@auth0/mdl\": \"3.0.1\"", "client-tests/tests/mdoc/node/package.json")),
        claims: &[
            works(
                "auth0-mdl.verifies",
                "accepts a presentation of the phone's mdoc, and refuses it after a change of any signed byte but one bit: it encodes \
                 the device's map of namespaces anew, so that an empty array passes for the empty map",
            ),
            works(
                "auth0-mdl.issues",
                "issues and presents mdocs that `vmyna verify` accepts, with a signature or a MAC",
            ),
            limit(
                "auth0-mdl.kid",
                "writes the value `undefined` for a key without a name (`kid`), which is no mdoc: `vmyna verify` refuses it",
            ),
        ],
    },
    Client {
        name: "isomdoc with pymdoccbor",
        versions: "PyPI packages 0.0.5 and 1.4.0",
        pinned: Some(("isomdoc==0.0.5", "client-tests/tests/mdoc/python/requirements.txt")),
        claims: &[
            works(
                "isomdoc.verifies",
                "together accept a presentation of the phone's mdoc, and refuse it after a change of any signed byte",
            ),
            works("isomdoc.issues", "isomdoc issues mdocs that `vmyna verify` accepts"),
        ],
    },
];

const fn works(key: &'static str, says: &'static str) -> Claim {
    Claim { key, says, works: true }
}

const fn limit(key: &'static str, says: &'static str) -> Claim {
    Claim {
        key,
        says,
        works: false,
    }
}

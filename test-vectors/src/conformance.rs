//! The conformance vectors: commands and the answers that a card is known to give.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../conformance/", $name)))),*]
    };
}

/// The list of facts, in TOML. A vector names the facts that it proves.
pub const ROWS: &str = include_str!("../conformance/rows.toml");

/// The files of vectors as (name, TOML), in the order in which a card meets them.
pub const FILES: &[(&str, &str)] = files![
    "power.toml",
    "select.toml",
    "read.toml",
    "data.toml",
    "verify.toml",
    "lifetime.toml",
    "change.toml",
    "sign.toml",
    "secure.toml",
    "issuer.toml",
    "class.toml",
    "files-jpki.toml",
    "files-text.toml",
    "files-face.toml",
    "files-common.toml",
    "files-licence.toml",
    "files-residence.toml",
    "applications.toml",
    "phone.toml",
    "traces.toml",
];

/// The private key of a host that a test application lets in, PKCS#8 in PEM. A PUBLIC TEST KEY: it protects nothing.
pub const HOST_RSA_2048: &str = include_str!("../conformance/TEST-host-rsa-2048.pem");

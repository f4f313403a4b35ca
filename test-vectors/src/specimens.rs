//! The specimen cards: complete cards of fictional people, what they were issued from, and the authorities that issued
//! them.
//!
//! The keys are PUBLIC TEST KEYS: any program can sign with them. `specimens/README.md` in this package describes each
//! card.

macro_rules! people {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../specimens/people/", $name, ".toml")))),*]
    };
}

macro_rules! authorities {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../specimens/ca/", $path)))),*]
    };
}

/// The image with all specimen cards.
pub const IMAGE: &[u8] = include_bytes!("../specimens/specimens.vmyna");

/// The person files as (name of the card, TOML), in the order of the cards' running numbers: new ones come last.
pub const PEOPLE: &[(&str, &str)] = people![
    "hanako",
    "child",
    "foreign",
    "long",
    "expired",
    "blocked",
    "meiji",
    "taisho",
    "showa",
    "heisei",
    "reiwa",
    "leap",
    "reference",
    "no-pin",
    "infant",
];

/// The person file of the first specimen, 見本花子.
pub const HANAKO: &str = include_str!("../specimens/people/hanako.toml");

/// The files of the authorities' folder as (path in the folder, contents).
pub const AUTHORITIES: &[(&str, &[u8])] = authorities![
    "ca.toml",
    "sign-ca/key.pem",
    "sign-ca/certificate.der",
    "auth-ca/key.pem",
    "auth-ca/certificate.der",
    "cv-root/key.pem",
    "text-root/key.pem",
    "face-root/key.pem",
    "terminal-ca/key.pem",
    "terminal-intermediate/key.pem",
    "terminal-intermediate/certificate.bin",
    "terminal/key.pem",
    "terminal/certificate.bin",
    "municipality-cv/key.pem",
    "municipality-text/key.pem",
    "municipality-face/key.pem",
    "generations/2012/sign-ca/key.pem",
    "generations/2012/sign-ca/certificate.der",
    "generations/2012/auth-ca/key.pem",
    "generations/2012/auth-ca/certificate.der",
];

/// The private keys of the authorities, PKCS#8 in PEM, RSA-2048.
pub mod keys {
    /// The certificate authority for digital signature (署名用認証局).
    pub const SIGN_CA: &str = include_str!("../specimens/ca/sign-ca/key.pem");
    /// The certificate authority for user authentication (利用者証明用認証局).
    pub const AUTH_CA: &str = include_str!("../specimens/ca/auth-ca/key.pem");
    /// The root of the card manager's card-verifiable certificates.
    pub const CV_ROOT: &str = include_str!("../specimens/ca/cv-root/key.pem");
    /// The root above the signatures of the input-assist application.
    pub const TEXT_ROOT: &str = include_str!("../specimens/ca/text-root/key.pem");
    /// The root above the signatures of the face-info application.
    pub const FACE_ROOT: &str = include_str!("../specimens/ca/face-root/key.pem");
    /// The authority by which a card checks a terminal.
    pub const TERMINAL_CA: &str = include_str!("../specimens/ca/terminal-ca/key.pem");
    /// The intermediate of a terminal's chain.
    pub const TERMINAL_INTERMEDIATE: &str = include_str!("../specimens/ca/terminal-intermediate/key.pem");
    /// The terminal itself.
    pub const TERMINAL: &str = include_str!("../specimens/ca/terminal/key.pem");
    /// A municipality's key that certifies the cards' own keys.
    pub const MUNICIPALITY_CV: &str = include_str!("../specimens/ca/municipality-cv/key.pem");
    /// A municipality's key that signs the texts of the input-assist application.
    pub const MUNICIPALITY_TEXT: &str = include_str!("../specimens/ca/municipality-text/key.pem");
    /// A municipality's key that signs the data of the face-info application.
    pub const MUNICIPALITY_FACE: &str = include_str!("../specimens/ca/municipality-face/key.pem");
}

/// The certificates of a terminal's chain, each in the form of an elementary file (`7F21`, 568 bytes).
pub mod certificates {
    /// The intermediate, certified by the terminal authority.
    pub const TERMINAL_INTERMEDIATE: &[u8] = include_bytes!("../specimens/ca/terminal-intermediate/certificate.bin");
    /// The terminal itself, certified by the intermediate.
    pub const TERMINAL: &[u8] = include_bytes!("../specimens/ca/terminal/certificate.bin");
}

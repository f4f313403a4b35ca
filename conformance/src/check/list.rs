//! What checks there are, and the ATRs that one of them knows.

/// Every check: name, what it means.
pub const CHECKS: &[(&str, &str)] = &[
    (
        "der-certificate",
        "the data begin with an X.509 certificate with an RSA-2048 key, exponent 65537, signed with sha256WithRSAEncryption; only FF follows",
    ),
    (
        "issued-by(CA)",
        "the certificate is signed by the key of the certificate saved as CA",
    ),
    (
        "signed(SCHEME, KEY, MESSAGE)",
        "the data are a signature over MESSAGE by the key in the certificate or file saved as KEY; SCHEME is raw (type 1 padding only), hash (of SHA-256, without DigestInfo), sha256 or pss",
    ),
    (
        "signed-inside(TAG, KEY)",
        "object TAG is a signature (sha256) over the bytes before it in its container, by the key saved as KEY",
    ),
    (
        "cv-signed(ISSUER)",
        "object 5F37 is a signature (sha256) over the value of object 5F4E by the key in what was saved as ISSUER",
    ),
    ("contains(BYTES)", "the bytes occur in the data"),
    (
        "face-signature(KEY)",
        "DF28 is a signature over the 96 bytes of three digests: DF22 to DF24, DF25 and DF26, DF27",
    ),
    (
        "digest-of(TAG, NAME)",
        "object TAG is the SHA-256 of all that was saved as NAME",
    ),
    (
        "digest-behind(TAG, NAME, FIRST)",
        "object TAG is the SHA-256 of what follows object FIRST in the container saved as NAME",
    ),
    (
        "offsets(TAG)",
        "object TAG lists, two bytes each, where the objects that follow it begin in the file",
    ),
    ("digits(FROM, COUNT)", "COUNT bytes from FROM on are ASCII digits"),
    ("utf8(TAG)", "object TAG is UTF-8 text"),
    ("date(TAG)", "object TAG is YYYYMMDD"),
    (
        "my-number(FROM)",
        "the twelve digits from FROM on have the check digit of a My Number",
    ),
    (
        "era-birth(PIN, TAG)",
        "the first six digits of the value given for PIN are the date in object TAG with the year of its era",
    ),
    (
        "code-b-expiry(TAG)",
        "the value given as 照合番号B has the year of object TAG behind the birth date, and four digits behind that",
    ),
    ("png(TAG, WIDTHxHEIGHT)", "object TAG is a PNG of that size, 1 bit grey"),
    ("jp2(TAG)", "object TAG is a JPEG 2000 file"),
    ("sha256(DIGEST)", "the SHA-256 of the data is DIGEST, hexadecimal"),
    ("same(NAME)", "the data are those saved as NAME"),
    ("differs(NAME)", "the data are not those saved as NAME"),
    (
        "part-of(NAME, FROM)",
        "the data are those saved as NAME, from FROM on, as many as there are",
    ),
    (
        "same-key(TAG, NAME)",
        "the public key in object TAG is the one in what was saved as NAME",
    ),
    ("known-atr", "the ATR is one that is published of a My Number Card"),
    (
        "contactless-atr",
        "the ATR is made by PC/SC part 3: 3B 88 80 01, eight bytes of the ATQB, the exclusive-or of all",
    ),
    (
        "atr-without-ts",
        "the data are a contact ATR without its first byte; the one that the reader shows, if that is the card's own",
    ),
];

/// ATRs published of the card: OpenSC's list, pcsc-tools.
pub(super) const ATRS: [&[u8]; 9] = [
    &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14],
    &[
        0x3B, 0xC5, 0xFF, 0x81, 0x31, 0xFB, 0x45, 0x80, 0x73, 0xC6, 0x01, 0x00, 0x00,
    ],
    &[
        0x3B, 0xDA, 0x13, 0xFF, 0x81, 0x31, 0xFB, 0x46, 0x80, 0x12, 0x39, 0x2F, 0x31, 0xC1, 0x73, 0xC6, 0x01, 0xC0,
        0x3B,
    ],
    &[
        0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0x00, 0xD1, 0xD6,
    ],
    &[
        0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0xB3, 0xA1, 0x15,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x05, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x7F,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x41, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x3B,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x4B, 0x51, 0xFF, 0xB3, 0x81, 0xD1, 0x00, 0x0F,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x4B, 0x51, 0xFF, 0x00, 0x81, 0xD1, 0x00, 0xBC,
    ],
];

//! The built-in specimen card `specimen:hanako`: a fictional person's card, complete and committed to the repository.
//!
//! The keys are PUBLIC TEST KEYS: anybody can sign with them. All bytes are embedded; nothing is parsed or computed to hand
//! a [`Specimen`] out, so that a card starts at once. `examples/make-specimens.rs` writes the files; this module must never
//! hold anything of a real person.

use std::fmt;

use super::calendar::Date;
use super::person::{Municipality, MunicipalityCode, MyNumber, Person, ResidenceCode, Sex};

/// The bytes of a committed specimen file.
macro_rules! bytes {
    ($path:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../test-vectors/specimens/",
            $path
        ))
    };
}

/// The text of a committed specimen file.
macro_rules! text {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../test-vectors/specimens/",
            $path
        ))
    };
}

/// What a specimen card is made of.
pub struct Specimen {
    /// The fictional cardholder.
    pub person: Person,
    /// The day on which the card ends.
    pub card_expiry: Date,
    /// セキュリティコード: the four digits printed on the face.
    pub security_code: &'static str,
    /// Serial number of the JPKI token, 16 digits (token information, EF 0006).
    pub token_serial: &'static str,
    /// 製造番号: 15 digits (common application, record 1).
    pub card_serial: &'static str,
    /// 住民票コード.
    pub residence_code: ResidenceCode,
    /// The 16-byte name of a key that the common and the residence-code application show (EF 0002); no key has it.
    pub key_reference: &'static [u8; 16],
    /// The PINs.
    pub pins: Pins,
    /// 署名用秘密鍵, PKCS#8 PEM.
    pub sign_key: &'static str,
    /// 利用者証明用秘密鍵, PKCS#8 PEM.
    pub auth_key: &'static str,
    /// The card's own key, certified in GET DATA 7F21, PKCS#8 PEM.
    pub card_key: &'static str,
    /// The key of the input-assist application that proves the card's presence (EF 0013), PKCS#8 PEM.
    pub text_key: &'static str,
    /// The key to which session keys for the input-assist application are encrypted, PKCS#8 PEM.
    pub session_key: &'static str,
    /// The key of the common application that answers INTERNAL AUTHENTICATE (EF 0019), PKCS#8 PEM.
    pub common_key: &'static str,
    /// The key of the face-info application that proves the card's presence (001A), PKCS#8 PEM.
    pub face_key: &'static str,
    /// 署名用電子証明書, DER.
    pub sign_certificate: &'static [u8],
    /// 署名用CA証明書, DER.
    pub sign_ca_certificate: &'static [u8],
    /// 利用者証明用電子証明書, DER.
    pub auth_certificate: &'static [u8],
    /// 利用者証明用CA証明書, DER.
    pub auth_ca_certificate: &'static [u8],
    /// The key by which the card checks a terminal's CV certificate (JPKI EF 0016): its 16-byte id.
    pub terminal_ca_key_id: &'static [u8; 16],
    /// The same key: `90 03 010001`, `91 82 0100` modulus ([`super::cv::decode_public_key`]).
    pub terminal_ca_public_key: &'static [u8; 265],
    /// GET DATA: (P1P2, contents), ascending.
    pub get_data: [(u16, &'static [u8]); 8],
    /// EF 0001 to 0007 of the input-assist application, in this order.
    pub input_assist: [&'static [u8]; 7],
    /// EF 0001 to 0005 of the face-info application, in this order.
    pub face_info: [&'static [u8]; 5],
}

impl fmt::Debug for Specimen {
    /// Says which specimen it is, and nothing secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Specimen")
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// The PINs of a new card that the holder chooses. `Debug` shows none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    /// 署名用パスワード.
    pub sign: &'static str,
    /// 利用者証明用暗証番号.
    pub auth: &'static str,
    /// 券面事項入力補助用暗証番号.
    pub input_assist: &'static str,
    /// 住民基本台帳用暗証番号.
    pub residence: &'static str,
}

impl fmt::Debug for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pins(masked)")
    }
}

/// The PINs of every specimen.
pub const PINS: Pins = Pins {
    sign: "ABC123",
    auth: "1234",
    input_assist: "1234",
    residence: "1234",
};

/// The token serial number of Hanako's card.
pub const HANAKO_TOKEN_SERIAL: &str = "9999000000000001";
/// The serial number of Hanako's card. Real ones were seen to begin with 4.
pub const HANAKO_CARD_SERIAL: &str = "999900000000001";
/// The security code of Hanako's card.
pub const HANAKO_SECURITY_CODE: &str = "2026";

/// Takes a checked value out while the program is compiled: a specimen that breaks a rule does not build.
macro_rules! constant {
    ($value:expr) => {
        const {
            match $value {
                Some(value) => value,
                None => panic!("the specimen breaks a rule of its type"),
            }
        }
    };
}

/// The residence code of Hanako. It only satisfies the check-digit rule and belongs to this specimen.
pub const HANAKO_RESIDENCE_CODE: ResidenceCode = constant!(ResidenceCode::from_digits(*b"12345678903"));

const BIRTH: Date = constant!(Date::new(1989, 10, 25));
const MY_NUMBER: MyNumber = constant!(MyNumber::from_digits(*b"123456789018"));
const CHIYODA: MunicipalityCode = constant!(MunicipalityCode::from_digits(*b"13101"));
const EXPIRY: Date = constant!(Date::from_digits(bytes!("hanako/get-data/00F2.bin")));

/// 見本花子 (*mihon* means specimen), a fictional woman at an address that does not exist.
#[must_use]
pub fn hanako_person() -> Person {
    Person {
        name: "見本　花子".to_owned(),
        name_replaced: Vec::new(),
        address: "東京都千代田区見本町一丁目２番３号".to_owned(),
        address_replaced: Vec::new(),
        birth: BIRTH,
        sex: Sex::Female,
        my_number: MY_NUMBER,
        municipality: Municipality {
            code: CHIYODA,
            prefecture: "Tokyo-to".to_owned(),
            name: "Chiyoda-ku".to_owned(),
        },
    }
}

/// The specimen card of [`hanako_person`].
#[must_use]
pub fn hanako() -> Specimen {
    Specimen {
        person: hanako_person(),
        card_expiry: EXPIRY,
        security_code: HANAKO_SECURITY_CODE,
        token_serial: HANAKO_TOKEN_SERIAL,
        card_serial: HANAKO_CARD_SERIAL,
        residence_code: HANAKO_RESIDENCE_CODE,
        key_reference: b"7000010\x08\x05001\0\0\0\0",
        pins: PINS,
        sign_key: text!("hanako/sign-key.pem"),
        auth_key: text!("hanako/auth-key.pem"),
        card_key: text!("hanako/card-key.pem"),
        text_key: text!("hanako/text-key.pem"),
        session_key: text!("hanako/session-key.pem"),
        common_key: text!("hanako/common-key.pem"),
        face_key: text!("hanako/face-key.pem"),
        sign_certificate: bytes!("hanako/sign-certificate.der"),
        sign_ca_certificate: bytes!("sign-ca/certificate.der"),
        auth_certificate: bytes!("hanako/auth-certificate.der"),
        auth_ca_certificate: bytes!("auth-ca/certificate.der"),
        terminal_ca_key_id: bytes!("terminal-ca/key-id.bin"),
        terminal_ca_public_key: bytes!("terminal-ca/public-key.bin"),
        get_data: [
            (0x0042, bytes!("hanako/get-data/0042.bin")),
            (0x0045, bytes!("hanako/get-data/0045.bin")),
            (0x0066, bytes!("hanako/get-data/0066.bin")),
            (0x00F0, bytes!("hanako/get-data/00F0.bin")),
            (0x00F2, bytes!("hanako/get-data/00F2.bin")),
            (0x00F7, bytes!("hanako/get-data/00F7.bin")),
            (0x00F8, bytes!("hanako/get-data/00F8.bin")),
            (0x7F21, bytes!("hanako/get-data/7F21.bin")),
        ],
        input_assist: [
            bytes!("hanako/input-assist/0001.bin"),
            bytes!("hanako/input-assist/0002.bin"),
            bytes!("hanako/input-assist/0003.bin"),
            bytes!("hanako/input-assist/0004.bin"),
            bytes!("hanako/input-assist/0005.bin"),
            bytes!("hanako/input-assist/0006.bin"),
            bytes!("hanako/input-assist/0007.bin"),
        ],
        face_info: [
            bytes!("hanako/face-info/0001.bin"),
            bytes!("hanako/face-info/0002.bin"),
            bytes!("hanako/face-info/0003.bin"),
            bytes!("hanako/face-info/0004.bin"),
            bytes!("hanako/face-info/0005.bin"),
        ],
    }
}

#[cfg(test)]
mod tests;

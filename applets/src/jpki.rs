//! 公的個人認証AP, the JPKI application: two RSA-2048 keys with their certificates, one to log in
//! (利用者証明用, *auth*) and one to sign (署名用, *sign*), each behind its own PIN.

mod phone;

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, CertificateKey, Characters, Condition, Format, Operation, PrivateKey, SecureSession,
};
use vmyna_card_os::rule;

use crate::aids;
use crate::pin_at_issue::PinAtIssue;
use crate::pins;
use crate::profile::{Profile, Token};
use crate::{card_manager, documented, elementary_file, measured, unknown_internal_file};

/// The AID.
pub const AID: Aid = aids::JPKI;

/// English and Japanese names of the certificates.
pub mod names {
    /// The certificate to sign with.
    pub const SIGN_CERTIFICATE: (&str, &str) = ("sign certificate", "署名用電子証明書");
    /// The certificate of its issuer.
    pub const SIGN_CA_CERTIFICATE: (&str, &str) = ("sign CA certificate", "署名用CA証明書");
    /// The certificate to log in with.
    pub const AUTH_CERTIFICATE: (&str, &str) = ("auth certificate", "利用者証明用電子証明書");
    /// The certificate of its issuer.
    pub const AUTH_CA_CERTIFICATE: (&str, &str) = ("auth CA certificate", "利用者証明用CA証明書");
}

/// The elementary files.
pub mod ef {
    use super::FileId;

    /// 署名用電子証明書.
    pub const SIGN_CERTIFICATE: FileId = FileId::new(0x0001);
    /// 署名用CA証明書.
    pub const SIGN_CA_CERTIFICATE: FileId = FileId::new(0x0002);
    /// Token information.
    pub const TOKEN_INFO: FileId = FileId::new(0x0006);
    /// Which certificates there are.
    pub const AVAILABILITY: FileId = FileId::new(0x0008);
    /// Of unknown purpose.
    pub const UNKNOWN_0009: FileId = FileId::new(0x0009);
    /// 利用者証明用電子証明書.
    pub const AUTH_CERTIFICATE: FileId = FileId::new(0x000A);
    /// 利用者証明用CA証明書.
    pub const AUTH_CA_CERTIFICATE: FileId = FileId::new(0x000B);
    /// The key by which a terminal's certificate is checked.
    pub const TERMINAL_CA: FileId = FileId::new(0x0016);
    /// 利用者証明用秘密鍵.
    pub const AUTH_KEY: FileId = FileId::new(0x0017);
    /// 利用者証明用暗証番号.
    pub const AUTH_PIN: FileId = crate::pins::AUTH.file;
    /// 署名用秘密鍵.
    pub const SIGN_KEY: FileId = FileId::new(0x001A);
    /// 署名用パスワード.
    pub const SIGN_PIN: FileId = crate::pins::SIGN.file;
}

/// 利用者証明用暗証番号: four digits.
pub const AUTH_PIN_FORMAT: Format = Format::digits(4);
/// Wrong values in a row that block the auth PIN.
pub const AUTH_PIN_TRIES: u8 = 3;
/// 署名用パスワード: 6 to 16 of A–Z and 0–9. That it holds at least one letter and one digit is a rule of the town
/// hall's terminal, not of the card.
pub const SIGN_PIN_FORMAT: Format = Format {
    characters: Characters::UpperCaseAndDigits,
    min: 6,
    max: 16,
};
/// Wrong values in a row that block the sign password.
pub const SIGN_PIN_TRIES: u8 = 5;

/// What the application of one card holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The key to sign with, absent for cardholders under 15.
    pub sign: Option<CertifiedKey>,
    /// 署名用CA証明書, DER.
    pub sign_ca_certificate: Vec<u8>,
    /// 署名用パスワード.
    pub sign_pin: PinAtIssue,
    /// The key to log in with.
    pub auth: Option<CertifiedKey>,
    /// 利用者証明用CA証明書, DER.
    pub auth_ca_certificate: Vec<u8>,
    /// 利用者証明用暗証番号.
    pub auth_pin: PinAtIssue,
    /// The token's serial number, at most 16 characters.
    pub token_serial: String,
    /// The key by which a terminal's card-verifiable certificate is checked.
    pub terminal_ca: CertificateKey,
}

/// A private key with its certificate.
#[derive(Clone, Debug)]
pub struct CertifiedKey {
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// The key.
    pub key: PrivateKey,
}

/// Declares the application. A card without one of the keys has neither its certificate nor its key file (`assumed`), and so
/// has a phone.
pub fn declare(profile: &Profile, contents: Contents) -> Application {
    let available = [&contents.sign, &contents.auth].map(Option::is_some);
    let free = || Access::read(Condition::Always);
    let mut files = vec![
        elementary_file(
            ef::SIGN_CA_CERTIFICATE,
            names::SIGN_CA_CERTIFICATE,
            transparent(contents.sign_ca_certificate),
            free(),
            documented("all clients"),
        ),
        elementary_file(
            ef::TOKEN_INFO,
            ("token information", "トークン情報"),
            transparent(token_info(profile, &contents.token_serial)),
            free(),
            documented("all clients read its label; its fields as myna-card found them"),
        ),
        elementary_file(
            ef::AVAILABILITY,
            ("certificate availability", "電子証明書の有無"),
            transparent(availability(available)),
            free(),
            documented("myna-card: 8F 8F 00 with both certificates; 00 for an absent one is assumed"),
        ),
        elementary_file(
            ef::UNKNOWN_0009,
            ("unknown protected file", "用途不明の保護ファイル"),
            transparent(vec![0xFF; 16]),
            Access::read(Condition::Never),
            measured("myna-card: neither PIN nor a terminal certificate opens it; its contents are assumed"),
        ),
        elementary_file(
            ef::AUTH_CA_CERTIFICATE,
            names::AUTH_CA_CERTIFICATE,
            transparent(contents.auth_ca_certificate),
            free(),
            documented("all clients"),
        ),
        elementary_file(
            ef::TERMINAL_CA,
            ("terminal CA key", "端末証明書検証用CA公開鍵"),
            Body::CertificateKey(contents.terminal_ca),
            Access::NONE.with(Operation::VerifyCertificate, Condition::Always),
            documented("sc-tools-myna; myna-card"),
        ),
        elementary_file(
            ef::AUTH_PIN,
            pins::AUTH.names(),
            Body::Pin(contents.auth_pin.declare(AUTH_PIN_FORMAT, AUTH_PIN_TRIES)),
            pin_access(ef::AUTH_PIN),
            documented("all clients; J-LIS: 3 tries"),
        ),
        elementary_file(
            ef::SIGN_PIN,
            pins::SIGN.names(),
            Body::Pin(contents.sign_pin.declare(SIGN_PIN_FORMAT, SIGN_PIN_TRIES)),
            pin_access(ef::SIGN_PIN),
            documented("all clients; J-LIS: 5 tries"),
        ),
    ];
    if let Some(CertifiedKey { certificate, key }) = contents.auth {
        files.extend([
            elementary_file(
                ef::AUTH_CERTIFICATE,
                names::AUTH_CERTIFICATE,
                transparent(certificate),
                free(),
                documented("all clients read it without a PIN"),
            ),
            elementary_file(
                ef::AUTH_KEY,
                ("auth private key", "利用者証明用秘密鍵"),
                Body::PrivateKey(key),
                key_access(ef::AUTH_PIN),
                documented("all clients"),
            ),
        ]);
    }
    if let Some(CertifiedKey { certificate, key }) = contents.sign {
        files.extend([
            elementary_file(
                ef::SIGN_CERTIFICATE,
                names::SIGN_CERTIFICATE,
                transparent(certificate),
                Access::read(Condition::Verified(ef::SIGN_PIN)),
                measured("OpenSC issue 3169: 6982 before the password; myna-card"),
            )
            .secret(),
            elementary_file(
                ef::SIGN_KEY,
                ("sign private key", "署名用秘密鍵"),
                Body::PrivateKey(key),
                key_access(ef::SIGN_PIN),
                documented("all clients"),
            ),
        ]);
    }
    files.push(unknown_internal_file());
    files.sort_by_key(|file| file.id);
    let application = Application::new(AID, "jpki", "公的個人認証AP", documented("all clients"))
        .with_files(files)
        .with_data_objects(vec![card_manager::contact_atr(profile)])
        .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_REFUSED));
    match profile.token {
        Token::Card => application,
        Token::Phone(kind) => phone::adapt(kind, application),
    }
}

fn transparent(bytes: Vec<u8>) -> Body {
    Body::Transparent(bytes.into())
}

/// A key signs after its PIN, as often as wanted.
fn key_access(pin: FileId) -> Access {
    Access::NONE.with(Operation::ComputeSignature, Condition::Verified(pin))
}

/// A PIN is free to try. Once verified, it may be changed (`00 24 01 80`).
fn pin_access(pin: FileId) -> Access {
    Access::NONE
        .with(Operation::Verify, Condition::Always)
        .with(Operation::ChangeReferenceData, Condition::Verified(pin))
}

/// EF 0008: a byte for the sign certificate, one for the auth certificate, one of unknown meaning.
fn availability([sign, auth]: [bool; 2]) -> Vec<u8> {
    let byte = |there| if there { 0x8F } else { 0x00 };
    vec![byte(sign), byte(auth), 0x00]
}

/// EF 0006: PKCS#11's `CK_TOKEN_INFO`, 160 bytes, numbers of 32 bits in big-endian order, text padded with spaces
/// (dump of a test card, myna-card). The manufacturer's digits are this project's own.
fn token_info(profile: &Profile, serial: &str) -> Vec<u8> {
    /// `CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED`
    const FLAGS: u32 = 0x0000_040D;
    const UNAVAILABLE: u32 = 0xFFFF_FFFF;
    let mut info = Vec::with_capacity(160);
    let mut text = |text: &str, width: usize| info.extend(text.bytes().chain(std::iter::repeat(b' ')).take(width));
    text(profile.token_label, 32);
    text("00000000000000000000000000000001", 32);
    text("E16R01NJ", 16);
    text(serial, 16);
    let sessions = [1, 0, 1, 0];
    let pin_lengths = [16, 6];
    let memory = [UNAVAILABLE; 4];
    let numbers = [FLAGS].into_iter().chain(sessions).chain(pin_lengths).chain(memory);
    info.extend(numbers.flat_map(u32::to_be_bytes));
    info.extend(b"0301"); // hardware and firmware version, in characters
    info.extend([b'9'; 16]); // the clock, of which there is none
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets and values of the token information as the test card's are published.
    #[test]
    fn the_token_information_has_the_fields_of_a_real_cards() {
        let info = token_info(&Profile::contact(), "0000000020500003");
        assert_eq!(info.len(), 160);
        assert_eq!(&info[..32], b"JPKIAPICCTOKEN2                 ");
        assert_eq!(&info[64..80], b"E16R01NJ        ");
        assert_eq!(&info[80..96], b"0000000020500003");
        assert_eq!(info[96..100], [0, 0, 4, 0x0D]);
        assert_eq!(info[116..124], [0, 0, 0, 16, 0, 0, 0, 6]);
        assert_eq!(info[124..140], [0xFF; 16]);
        assert_eq!(&info[140..144], b"0301");
        assert_eq!(info[144..160], [b'9'; 16]);
    }
}

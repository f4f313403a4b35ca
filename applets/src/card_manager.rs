//! The card manager: the issuer security domain (ISD, 発行者セキュリティドメイン), selected at power-up. It has no file
//! that can be read; what it holds GET DATA gives.

use vmyna_apdu::Aid;
use vmyna_card_os::declaration::{Access, Application, Condition, DataObject, SecureSession};
use vmyna_card_os::rule::{self, Basis};

use crate::aids;
use crate::profile::{Profile, Token};
use crate::{assumed, documented, measured};

/// The AID of the ISD, GlobalPlatform's default.
pub const AID: Aid = aids::CARD_MANAGER;

/// Tag of the contact ATR, the one object that also answers in the applications.
const CONTACT_ATR: u16 = 0x5F51;
/// Tag of the card-verifiable certificate of the card's own key.
const CARD_CERTIFICATE: u16 = 0x7F21;

/// The objects that GET DATA returns of one card: (P1-P2, contents).
pub type CardData = Vec<(u16, Vec<u8>)>;

/// Declares the card manager.
pub fn declare(profile: &Profile, data: CardData) -> Application {
    let objects = data
        .into_iter()
        .filter(|(tag, _)| *tag != CARD_CERTIFICATE || profile.card_certificate);
    Application::new(
        AID,
        "card_manager",
        "発行者セキュリティドメイン",
        match profile.token {
            Token::Card => measured("myna-card: selected at power-up"),
            Token::Phone(_) => {
                assumed("as the card's; what is selected in a phone before the first SELECT is not published")
            }
        },
    )
    .with_data_objects(
        objects
            .map(object)
            .chain(profile.contact_atr_at_card_manager.then(|| contact_atr(profile)))
            .collect(),
    )
    .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_REFUSED))
}

fn object((tag, value): (u16, Vec<u8>)) -> DataObject {
    let (name, title, basis): (&'static str, &'static str, Basis) = match tag {
        0x0042 => (
            "issuer identification number",
            "発行者識別番号",
            documented("myna-card; sc-tools-myna"),
        ),
        0x0045 => (
            "card image number",
            "カード識別番号",
            documented("myna-card; sc-tools-myna; its form assumed"),
        ),
        0x0066 => (
            "card recognition data",
            "カード認識データ",
            documented("myna-card; sc-tools-myna; its contents assumed"),
        ),
        0x00F0 => (
            "municipality code",
            "全国地方公共団体コード",
            documented("myna-card; sc-tools-myna"),
        ),
        0x00F2 => ("expiry date", "有効期限", documented("myna-card; sc-tools-myna")),
        0x00F7 => (
            "key id of the intermediate",
            "中間認証局の証明者鍵ID",
            documented("myna-card"),
        ),
        0x00F8 => (
            "CV certificate of the intermediate",
            "中間認証局のCV証明書",
            measured("dump of a test card (myna-card)"),
        ),
        CARD_CERTIFICATE => (
            "CV certificate of the card",
            "カードのCV証明書",
            measured("dump of a test card (myna-card)"),
        ),
        _ => (
            "unknown",
            "用途不明のデータオブジェクト",
            assumed("declared by the issuer of this card"),
        ),
    };
    DataObject::new(tag, name, title, value.into(), Access::read(Condition::Always), basis)
}

/// GET DATA `5F51`: the contact ATR without its first byte. Some cards give it in the card manager, some only in an
/// application, as the profile states.
pub(crate) fn contact_atr(profile: &Profile) -> DataObject {
    let without_ts = profile.contact_atr.get(1..).unwrap_or_default();
    DataObject::new(
        CONTACT_ATR,
        "contact ATR without TS",
        "接触ATR（TSを除く）",
        without_ts.to_vec().into(),
        Access::read(Condition::Always),
        documented(if profile.contact_atr_at_card_manager {
            "myna-card: some cards give it at the card manager and in applications, so this one; which batch does is assumed"
        } else {
            "myna-card: some cards give it in applications only, so this one; which batch does is assumed"
        }),
    )
}

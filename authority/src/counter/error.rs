//! Why a counter refuses an operation.

use der::DateTime;
use vmyna_apdu::Text;
use vmyna_applets::calendar::Date;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::characters::Lacking;

use super::kind::{kind, kind_title};
use super::pins;
use crate::register::{Cause, Hierarchy, Revocation, Withdrawal};

/// Why an operation at the counter was refused or failed. Nothing was done. No error holds a PIN or a My Number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CounterError {
    /// Other authorities issued the card.
    #[error("other authorities issued this card, by the key identifiers of its certificates")]
    OtherAuthority,
    /// The card was issued later than it is now: when, UTC.
    #[error("the card is issued at {0}, and it is earlier now")]
    BeforeIssue(DateTime),
    /// The card has ended: its last day.
    #[error("the card ended on {0}: a new card replaces it")]
    Ended(Date),
    /// The card or the phone was taken out of use.
    #[error("the {} was withdrawn at {at} ({cause})", token(.0.cause), at = .0.at, cause = .0.cause)]
    Withdrawn(Withdrawal),
    /// A phone was brought, and this is done with a card only.
    #[error("this is a phone and no card")]
    Phone,
    /// A card was brought, and this is done with a phone only.
    #[error("this is a card and no phone with certificates of its own")]
    NoPhone,
    /// The register links no phone with certificates to the card.
    #[error("the register has no phone with certificates of the person of this card")]
    NoPhoneOfPerson,
    /// The phone has no mdoc by its kind.
    #[error("an Android phone has no mdoc")]
    NoDocument,
    /// The register links the phone to another card.
    #[error("the register doesn't link this phone to this card")]
    OtherCard,
    /// The certificate is revoked, so the card can't sign with it.
    #[error("the {kind} certificate was revoked at {at} ({reason})", kind = kind(*.0), at = .1.at, reason = .1.reason)]
    Revoked(Hierarchy, Revocation),
    /// The certificate has ended: when, UTC.
    #[error("the {kind} certificate ended at {at}", kind = kind(*.0), at = .1)]
    CertificateEnded(Hierarchy, DateTime),
    /// The certificate can't be renewed yet: from which day on.
    #[error("the {kind} certificate can be renewed from {from} on, three months before its end", kind = kind(*.0), from = .1)]
    TooEarly(Hierarchy, Date),
    /// The card has no certificate of this kind.
    #[error("the card has no {} certificate", kind(*.0))]
    NoCertificate(Hierarchy),
    /// The card has a signature certificate.
    #[error("the card has a sign certificate: it can be renewed")]
    HasCertificate,
    /// The holder is younger than a signature certificate demands: the age, and the age that it demands.
    #[error("the cardholder is {0} years old, and a sign certificate is issued from {1} on")]
    TooYoung(u16, u16),
    /// The card has no PINs.
    #[error("the card has no PINs (顔認証マイナンバーカード)")]
    WithoutPins,
    /// The card has PINs.
    #[error("the card has PINs")]
    HasPins,
    /// A PIN needs a value: its name.
    #[error("the {0} needs a new value")]
    NoValue(&'static str),
    /// No value can be given to this PIN, because it is printed on the card or is the holder's number: its name.
    #[error("the {0} has the value that it was issued with: only its tries can be restored")]
    FixedValue(&'static str),
    /// The value is refused: the PIN's name, and the rule that is broken.
    #[error("{0}: {1}")]
    BadValue(&'static str, Text),
    /// A text can't be on a card: which, and the rule.
    #[error("{0}: {1}")]
    BadText(&'static str, Text),
    /// Nothing would change.
    #[error("the card has this {0} already")]
    Unchanged(&'static str),
    /// A certificate lacks characters of the name or the address, and no substitute was chosen.
    #[error("{0}")]
    Lacking(#[from] Lacking),
    /// Something could not be made or read.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
}

impl CounterError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        Text {
            en: self.to_string(),
            ja: self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::OtherAuthority => {
                "このカードは、電子証明書の鍵識別子によると、別の認証局が発行したものです".to_owned()
            }
            Self::BeforeIssue(at) => format!("カードの発行は{at}で、今はそれより前です"),
            Self::Ended(day) => format!("カードの有効期限は{day}に切れました。新しいカードが必要です"),
            Self::Withdrawn(Withdrawal { at, cause }) => {
                let token = match cause.is_of_phones() {
                    true => "スマートフォン",
                    false => "カード",
                };
                format!("この{token}は{at}に廃止されました（{}）", cause.title())
            }
            Self::Phone => "カードではなく、スマートフォンです".to_owned(),
            Self::NoPhone => "カードで、電子証明書のあるスマートフォンではありません".to_owned(),
            Self::NoPhoneOfPerson => {
                "登録簿に、このカードの本人の電子証明書があるスマートフォンがありません".to_owned()
            }
            Self::NoDocument => "Androidのスマートフォンにはmdocがありません".to_owned(),
            Self::OtherCard => "登録簿では、このスマートフォンは別のカードのものです".to_owned(),
            Self::Revoked(hierarchy, Revocation { at, reason }) => {
                format!("{}は{at}に失効しました（{}）", kind_title(*hierarchy), reason.title())
            }
            Self::CertificateEnded(hierarchy, at) => {
                format!("{}の有効期限は{at}に切れました", kind_title(*hierarchy))
            }
            Self::TooEarly(hierarchy, from) => format!(
                "{}の更新は、有効期限の3か月前の{from}からできます",
                kind_title(*hierarchy)
            ),
            Self::NoCertificate(hierarchy) => format!("カードに{}がありません", kind_title(*hierarchy)),
            Self::HasCertificate => "カードに署名用電子証明書があります。更新はできます".to_owned(),
            Self::TooYoung(age, from) => {
                format!("本人は{age}歳です。署名用電子証明書は{from}歳から発行できます")
            }
            Self::WithoutPins => "暗証番号のないカードです（顔認証マイナンバーカード）".to_owned(),
            Self::HasPins => "暗証番号のあるカードです".to_owned(),
            Self::NoValue(name) => format!("{}の新しい値が必要です", pins::title(name)),
            Self::FixedValue(name) => format!(
                "{}の値は発行時のままです。残り回数だけを元に戻せます",
                pins::title(name)
            ),
            Self::BadValue(name, rule) => format!("{}: {}", pins::title(name), rule.ja),
            Self::BadText(what, rule) => format!("{}: {}", title(what), rule.ja),
            Self::Unchanged(what) => format!("カードの{}は、すでにそのとおりです", title(what)),
            Self::Lacking(lacking) => lacking.text().ja,
            Self::Issuance(error) => format!("作成または読み取りができません（{error}）"),
        }
    }
}

/// What goes out of use for a cause.
const fn token(cause: Cause) -> &'static str {
    match cause.is_of_phones() {
        true => "phone",
        false => "card",
    }
}

/// The Japanese name of a text on the card, by its name in English messages.
fn title(what: &'static str) -> &'static str {
    match what {
        "name" => "氏名",
        "address" => "住所",
        "kana" | "reading of the name" => "振り仮名",
        other => other,
    }
}

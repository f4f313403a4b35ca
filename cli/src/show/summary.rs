//! The summary of a card: one value, from which the text and the JSON are made, so that they never disagree.
//! The names of its fields are the keys of the JSON, on which scripts rely.
//!
//! Never holds a PIN or a part of a private key. Has no `Debug`, because the numbers of a person are in it.

use std::time::SystemTime;

use serde::Serialize;
use vmyna_apdu::hex;
use vmyna_applets::calendar;
use vmyna_applets::calendar::Date;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::Sex;
use vmyna_issuance::x509::names::attribute;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{DateTime, Decode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::certificate_fields::{CertificateFields, State};

/// A card or the token of a phone. What only a card has is left out of a phone's. Dates are `YYYY-MM-DD` (days in Japan),
/// instants RFC 3339 in UTC.
#[derive(Serialize)]
pub(super) struct Summary {
    /// The name of the card in its collection.
    pub(super) name: String,
    /// What phone it is the token of; left out for a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<Phone>,
    pub(super) holder: Holder,
    pub(super) municipality: Municipality,
    /// The moment of issue.
    pub(super) issued: String,
    /// The last day of validity of a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expiry: Option<String>,
    /// Whether the card has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expired: Option<bool>,
    /// セキュリティコード of a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) security_code: Option<String>,
    pub(super) profile: Profile,
    pub(super) serials: Serials,
    pub(super) certificates: Certificates,
    /// The number of key sets that the cards of the collection share; null if this card has keys of its own.
    pub(super) key_pool: Option<u32>,
    /// The lines in the remarks field (追記欄) of the face.
    pub(super) printed: Vec<String>,
    /// Remarks on texts of the face that were changed to fit.
    pub(super) remarks: Vec<String>,
}

/// A phone.
#[derive(Serialize)]
pub(super) struct Phone {
    /// `iphone` or `android`.
    pub(super) kind: &'static str,
    /// The kind as a person writes it.
    #[serde(skip)]
    pub(super) title: &'static str,
    /// Whether the phone has the mdoc (カード代替電磁的記録).
    pub(super) mdoc: bool,
}

/// The cardholder.
#[derive(Serialize)]
pub(super) struct Holder {
    /// 氏名.
    pub(super) name: String,
    /// 振り仮名; null if the card has none.
    pub(super) kana: Option<String>,
    /// 住所.
    pub(super) address: String,
    /// Name and address in the sign certificate, each null if it is the same there.
    pub(super) certificate_name: Option<String>,
    pub(super) certificate_address: Option<String>,
    /// 生年月日, with 00 for what is not known.
    pub(super) birth: String,
    /// The date of birth in the Japanese calendar, e.g. 平成元年10月25日; null before Meiji.
    pub(super) birth_japanese: Option<String>,
    /// `male`, `female`, `other` or `unknown`.
    pub(super) sex: &'static str,
    /// 個人番号, 12 digits: of a card, and of a phone with the mdoc.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) my_number: Option<String>,
    /// 住民票コード, 11 digits, of a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) residence_code: Option<String>,
}

/// The municipality that issued the card.
#[derive(Serialize)]
pub(super) struct Municipality {
    /// 全国地方公共団体コード, the five digits that the card holds.
    pub(super) code: String,
    /// The code with its check digit.
    pub(super) code_with_check_digit: String,
    /// In Roman letters.
    pub(super) prefecture: String,
    /// In Roman letters.
    pub(super) name: String,
    /// In Japanese, without the prefecture.
    pub(super) title: String,
}

/// The generation of the card.
#[derive(Serialize)]
pub(super) struct Profile {
    pub(super) name: String,
    /// The answer to reset, in hexadecimal.
    pub(super) atr: String,
}

/// Numbers of the card.
#[derive(Serialize)]
pub(super) struct Serials {
    /// 製造番号, 15 digits (common application); absent on a phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<String>,
    /// Of the JPKI token.
    pub(super) token: String,
}

/// The certificates of the JPKI application; null for one that this card does not have.
#[derive(Serialize)]
pub(super) struct Certificates {
    /// 署名用電子証明書.
    pub(super) sign: Option<CertificateSummary>,
    /// 利用者証明用電子証明書.
    pub(super) auth: Option<CertificateSummary>,
    /// 署名用CA証明書.
    pub(super) sign_ca: Option<CertificateSummary>,
    /// 利用者証明用CA証明書.
    pub(super) auth_ca: Option<CertificateSummary>,
}

/// A certificate in short.
#[derive(Serialize)]
pub(super) struct CertificateSummary {
    #[serde(flatten)]
    pub(super) fields: CertificateFields,
    /// The last day in Japan on which it is valid.
    pub(super) last_day: String,
    /// `valid`, `not_yet_valid` or `expired` when the summary was made.
    pub(super) state: State,
}

impl Summary {
    /// Returns the summary of a card at the moment `now`.
    ///
    /// # Errors
    /// A sentence that names the certificate of the card that can't be read.
    pub(super) fn of(card: &IssuedCard, now: SystemTime) -> Result<Self, String> {
        let summary = &card.summary;
        let jpki = &card.jpki;
        let own = |key: &Option<vmyna_applets::jpki::CertifiedKey>, name: &str| {
            key.as_ref()
                .map(|key| CertificateSummary::of(&key.certificate, name, now))
                .transpose()
        };
        let authority = |der: &[u8], name: &str| match der {
            [] => Ok(None),
            der => CertificateSummary::of(der, name, now).map(Some),
        };
        let municipality = &summary.person.municipality;
        let phone = card.phone().map(|kind| Phone {
            kind: kind.name(),
            title: kind.title(),
            mdoc: card.mdoc.is_some(),
        });
        let is_card = phone.is_none();
        let expired = today(now).is_some_and(|today| summary.expiry < today);
        Ok(Self {
            name: card.name.to_string(),
            phone,
            holder: Holder::of(card),
            municipality: Municipality {
                code: municipality.code.to_string(),
                code_with_check_digit: format!("{}{}", municipality.code, char::from(municipality.code.check_digit())),
                prefecture: municipality.prefecture.clone(),
                name: municipality.name.clone(),
                title: municipality.title.clone(),
            },
            issued: summary.issued.to_string(),
            expiry: is_card.then(|| summary.expiry.to_string()),
            expired: is_card.then_some(expired),
            security_code: is_card.then(|| summary.security_code.as_str().to_owned()),
            profile: Profile {
                name: card.profile.name.to_string(),
                atr: hex::encode(&card.profile.atr),
            },
            serials: Serials {
                card: card.card_info.as_ref().map(|info| info.serial.to_string()),
                token: jpki.token_serial.clone(),
            },
            certificates: Certificates {
                sign: own(&jpki.sign, "sign certificate")?,
                auth: own(&jpki.auth, "auth certificate")?,
                sign_ca: authority(&jpki.sign_ca_certificate, "sign CA certificate")?,
                auth_ca: authority(&jpki.auth_ca_certificate, "auth CA certificate")?,
            },
            key_pool: summary.key_pool,
            printed: summary.printed().filter(|_| is_card).map(str::to_owned).collect(),
            remarks: summary.notes().filter(|_| is_card).map(str::to_owned).collect(),
        })
    }
}

impl Holder {
    fn of(card: &IssuedCard) -> Self {
        let person = &card.summary.person;
        let certificate = card.jpki.sign.as_ref().map(|sign| sign.certificate.as_slice());
        let other = |id, here: &str| {
            let there = certificate.and_then(|certificate| other_name(certificate, id));
            there.filter(|there| there != here)
        };
        let digits = |digits: &[u8]| digits.iter().copied().map(char::from).collect();
        let is_card = card.phone().is_none();
        let has_number = is_card || card.mdoc.is_some();
        Self {
            name: person.name.clone(),
            kana: Some(person.kana.clone()).filter(|kana| !kana.is_empty()),
            address: person.address.clone(),
            certificate_name: other(attribute::FULL_NAME, &person.name),
            certificate_address: other(attribute::ADDRESS, &person.address),
            birth: person.birth.to_string(),
            birth_japanese: person.birth.in_words(),
            sex: match person.sex {
                Sex::Male => "male",
                Sex::Female => "female",
                Sex::Other => "other",
                Sex::Unknown => "unknown",
            },
            my_number: has_number.then(|| digits(person.my_number.digits())),
            residence_code: is_card.then(|| digits(card.summary.residence_code.digits())),
        }
    }
}

impl CertificateSummary {
    fn of(der: &[u8], name: &str, now: SystemTime) -> Result<Self, String> {
        let certificate = Certificate::from_der(der).map_err(|error| format!("the {name} can't be read: {error}"))?;
        let fields = &certificate.tbs_certificate;
        let [begin, end] = [fields.validity.not_before, fields.validity.not_after].map(|time| time.to_date_time());
        let last_day = calendar::day_in_japan(end).ok_or_else(|| format!("the {name} ends after the year 9999"))?;
        Ok(Self {
            fields: CertificateFields::of(fields),
            last_day: last_day.to_string(),
            state: State::at(now, begin.into(), end.into()),
        })
    }
}

/// Returns a text of the subject's alternative names.
fn other_name(certificate: &[u8], id: ObjectIdentifier) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let (_, SubjectAltName(names)) = certificate.tbs_certificate.get().ok()??;
    names.into_iter().find_map(|name| match name {
        GeneralName::OtherName(other) if other.type_id == id => {
            let text = other.value.decode_as::<Utf8StringRef<'_>>().ok()?;
            Some(text.as_str().to_owned())
        }
        _ => None,
    })
}

/// Returns the day in Japan at a moment, or `None` outside the years 1970 to 9999.
fn today(now: SystemTime) -> Option<Date> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    calendar::day_in_japan(DateTime::from_unix_duration(since).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use std::time::Duration;

    fn moment(text: &str) -> SystemTime {
        text.parse::<DateTime>().unwrap().into()
    }

    #[test]
    fn a_card_expires_when_its_last_day_is_over_in_japan() {
        let card = hanako();
        let day = card.summary.expiry;
        let last = moment(&format!("{day}T14:59:59Z"));
        assert_eq!(Summary::of(&card, last).unwrap().expired, Some(false));
        let over = Summary::of(&card, last + Duration::from_secs(1)).unwrap();
        assert_eq!(over.expired, Some(true));
        assert_eq!(over.certificates.auth.unwrap().state, State::Expired);
    }

    #[test]
    fn absent_values_are_null_and_pins_and_keys_are_left_out() {
        let mut card = hanako();
        card.jpki.sign = None;
        card.summary.person.kana.clear();
        let json = serde_json::to_string(&Summary::of(&card, SystemTime::now()).unwrap()).unwrap();
        assert!(
            json.contains(r#""sign":null"#) && json.contains(r#""kana":null"#),
            "{json}"
        );
        assert!(
            !json.contains("ABC123") && !json.contains("\"1234\"") && !json.contains("key\""),
            "{json}"
        );
    }

    #[test]
    fn a_damaged_certificate_is_named() {
        let mut card = hanako();
        card.jpki.auth_ca_certificate.truncate(100);
        let error = Summary::of(&card, SystemTime::now()).err().unwrap();
        assert!(error.contains("auth CA certificate"), "{error}");
    }
}

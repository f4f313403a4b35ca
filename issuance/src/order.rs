//! The order for a card: a person, and the choices for the card.
//!
//! An order comes from a person file or is invented. Its maker checks each field, and [`Order::check`] the rules that concern
//! several fields.

use std::fmt;
use std::time::Duration;

use der::DateTime;
use vmyna_applets::Profile;
use vmyna_applets::calendar::Date;
use vmyna_applets::file_size::FileSizes;
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_applets::person::{Person, ResidenceCode, SecurityCode};
use vmyna_card_os::declaration::{Content, ReferenceData};

use super::characters::{self, Carried, Lacking, Substitutes};
use super::{IssuanceError, face_data, text_data, validity};

/// A signature certificate is issued from this age on (署名用電子証明書: 15歳以上).
pub const SIGNATURE_AGE: u16 = 15;

/// On the test card the signature certificate begins this much after the authentication certificate.
const BETWEEN_CERTIFICATES: Duration = Duration::from_secs(15);

/// An order for one card.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// The card's name in its collection.
    pub name: CardName,
    /// The cardholder.
    pub person: Person,
    /// The substitutes that the cardholder has chosen for characters that certificates lack (代替文字).
    pub substitutes: Substitutes,
    /// Which form of name and address the input-assist application has.
    pub input_assist_text: TextForm,
    /// The lines in the remarks field (追記欄) of the card's face.
    pub printed: Vec<String>,
    /// 住民票コード.
    pub residence_code: ResidenceCode,
    /// セキュリティコード.
    pub security_code: SecurityCode,
    /// The time of issue, UTC.
    pub issued: DateTime,
    /// The day on which the card ends.
    pub expiry: Date,
    /// Whether the card gets a signature certificate (署名用電子証明書).
    pub sign_certificate: bool,
    /// Whether the card gets an authentication certificate (利用者証明用電子証明書).
    pub auth_certificate: bool,
    /// Dates of the certificates that are not those of the rule.
    pub certificate_dates: CertificateDates,
    /// The PINs that the cardholder chooses.
    pub pins: Pins,
    /// Whether all of these PINs are left unset, as on a card without PINs (顔認証マイナンバーカード).
    pub without_pins: bool,
    /// Tries left at issue, where they are not all there.
    pub tries: Tries,
    /// The photo, a JP2 file as [`super::pictures::Pictures::draw`] takes it; empty for a card without one.
    pub photo: Content,
    /// The generation of the card.
    pub profile: Profile,
    /// The sizes of its files.
    pub file_sizes: FileSizes,
}

impl Order {
    /// The order for a new card for the holder of this one, with this security code and these PINs. Its two certificates, which
    /// begin one after the other, are both valid at `now`. The person, the photo, the generation, the sizes of the files and the
    /// remarks field are those of the old card.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when the old card's files are not of the form of these cards.
    pub fn again(
        card: &IssuedCard,
        now: DateTime,
        security_code: SecurityCode,
        pins: Pins,
        substitutes: Substitutes,
    ) -> Result<Self, IssuanceError> {
        let issued = now.unix_duration().saturating_sub(BETWEEN_CERTIFICATES);
        let issued = DateTime::from_unix_duration(issued)?;
        let person = card.summary.person.clone();
        let [name, address] = text_data::name_and_address(card)?;
        let same = name == person.name && address == person.address;
        Ok(Self {
            name: card.name.clone(),
            expiry: validity::card_expiry(issued, person.birth)?,
            sign_certificate: person.birth.age_on(validity::day_in_japan(issued)?) >= SIGNATURE_AGE,
            person,
            substitutes,
            input_assist_text: if same {
                TextForm::Register
            } else {
                TextForm::Certificate
            },
            printed: card.summary.printed().map(str::to_owned).collect(),
            residence_code: card.summary.residence_code,
            security_code,
            issued,
            auth_certificate: true,
            certificate_dates: CertificateDates::default(),
            pins,
            without_pins: false,
            tries: Tries::default(),
            photo: face_data::photo(card)?.into(),
            profile: card.profile.clone(),
            // The sizes of the old card's files.
            file_sizes: match card.file_sizes.is_empty() {
                true => FileSizes::Exact,
                false => FileSizes::Profile,
            },
        })
    }

    /// The order for a card of another generation, batch or interface.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The order for a card with files of these sizes.
    #[must_use]
    pub fn with_file_sizes(self, file_sizes: FileSizes) -> Self {
        Self { file_sizes, ..self }
    }

    /// Name and address as a certificate carries them.
    ///
    /// # Errors
    /// The characters of each text that have no substitute.
    pub fn certificate_text(&self) -> Result<CertificateText, Lacking> {
        CertificateText::of(&self.person, &self.substitutes)
    }

    /// Whether the card has name or address in the certificate's form anywhere.
    pub(super) fn needs_certificate_text(&self) -> bool {
        self.sign_certificate || self.input_assist_text == TextForm::Certificate
    }

    /// Whether the card gets at least one certificate.
    #[must_use]
    pub const fn has_certificates(&self) -> bool {
        self.sign_certificate || self.auth_certificate
    }

    /// Since when and until when the card's certificates are valid, UTC, by the rule or with the order's own dates.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] where they would end before they begin, or outside the years 1970 to 9999.
    pub fn certificate_validity(&self) -> Result<CertificateValidity, IssuanceError> {
        let auth = self.certificate_dates.issued.unwrap_or(self.issued);
        let sign = DateTime::from_unix_duration(auth.unix_duration() + BETWEEN_CERTIFICATES)?;
        let end = |begin| match self.certificate_dates.until {
            Some(until) if until <= begin => Err(IssuanceError::Input("a certificate ends after it begins")),
            Some(until) => Ok(until),
            None => validity::certificate_end(begin, self.person.birth, self.expiry),
        };
        Ok(CertificateValidity {
            auth: (auth, end(auth)?),
            sign: (sign, end(sign)?),
        })
    }

    /// Whether the certificates are younger than the card: the serial numbers of such are later than those of the first.
    pub(super) fn is_renewed(&self) -> bool {
        self.certificate_dates.issued.is_some_and(|issued| issued > self.issued)
    }

    /// Checks what concerns several fields at once.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] with the rule that is broken.
    pub fn check(&self) -> Result<(), IssuanceError> {
        self.person.check()?;
        let texts = [&self.person.name, &self.person.address, &self.person.kana];
        if texts
            .into_iter()
            .chain(&self.printed)
            .any(|text| characters::check(text).is_err())
        {
            return Err(IssuanceError::Input(
                "a text of a card has only characters that can be seen",
            ));
        }
        if self.needs_certificate_text() {
            let texts = self.certificate_text().map_err(|_| NO_SUBSTITUTE)?;
            let longest = texts.name.text.chars().count().max(texts.address.text.chars().count());
            if longest > LONGEST_TEXT {
                return Err(TOO_LONG);
            }
        }
        let day = validity::day_in_japan(self.issued)?;
        if self.person.birth.reckoned_on(day) > day {
            return Err(IssuanceError::Input(
                "a cardholder must be born when the card is issued",
            ));
        }
        if self.expiry < day {
            return Err(IssuanceError::Input("a card ends after it is issued"));
        }
        if self.sign_certificate && self.without_pins {
            return Err(IssuanceError::Input("a card without PINs has no signature certificate"));
        }
        if self.sign_certificate && self.person.birth.age_on(day) < SIGNATURE_AGE {
            return Err(IssuanceError::Input(
                "a signature certificate is issued to holders of 15 years and more",
            ));
        }
        Ok(())
    }
}

/// The longest text that a certificate carries, in characters: an address by its profile, `assumed` for a name.
pub(super) const LONGEST_TEXT: usize = 200;

pub(super) const NO_SUBSTITUTE: IssuanceError =
    IssuanceError::Input("a name or an address in a certificate needs a substitute for each character that it lacks");
const TOO_LONG: IssuanceError =
    IssuanceError::Input("a certificate carries a name and an address of 200 characters each");

/// A form of name and address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextForm {
    /// The register's characters.
    #[default]
    Register,
    /// The certificate's characters, with substitutes.
    Certificate,
}

/// Name and address as a certificate carries them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateText {
    /// 氏名.
    pub name: Carried,
    /// 住所.
    pub address: Carried,
}

impl CertificateText {
    /// Those of a person who has chosen these substitutes.
    ///
    /// # Errors
    /// The characters of name or address that have no substitute.
    pub fn of(person: &Person, substitutes: &Substitutes) -> Result<Self, Lacking> {
        Ok(Self {
            name: substitutes.name(&person.name, &person.kana)?,
            address: substitutes.address(&person.address)?,
        })
    }
}

/// Dates of a card's certificates, where they are not those of the rule: for an expired certificate on a valid card, or a
/// renewed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateDates {
    /// When they are issued, UTC; `None` for the time at which the card is.
    pub issued: Option<DateTime>,
    /// Their end, UTC; `None` for the end by the rule.
    pub until: Option<DateTime>,
}

impl CertificateDates {
    /// Whether one of them is given.
    #[must_use]
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// Since when and until when the certificates of a card are valid, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateValidity {
    /// The certificate to log in with.
    pub auth: (DateTime, DateTime),
    /// The certificate to sign with.
    pub sign: (DateTime, DateTime),
}

impl CertificateValidity {
    pub(super) const fn new(auth: (DateTime, DateTime), sign: (DateTime, DateTime)) -> Self {
        Self { auth, sign }
    }

    /// From the beginning of the first to the end of the last.
    #[must_use]
    pub fn both(&self) -> (DateTime, DateTime) {
        (self.auth.0.min(self.sign.0), self.auth.1.max(self.sign.1))
    }
}

/// The PINs of a new card that the cardholder chooses. `Debug` shows none.
#[derive(Clone)]
#[non_exhaustive]
pub struct Pins {
    /// 署名用パスワード.
    pub sign: ReferenceData,
    /// 利用者証明用暗証番号.
    pub auth: ReferenceData,
    /// 券面事項入力補助用暗証番号.
    pub input_assist: ReferenceData,
    /// 住民基本台帳用暗証番号, of the residence-code and of the common application.
    pub residence: ReferenceData,
}

impl Default for Pins {
    /// The PINs of a card without chosen ones: 1234, and ABC123 to sign.
    fn default() -> Self {
        let four = || ReferenceData::new(b"1234");
        Self {
            sign: ReferenceData::new(b"ABC123"),
            auth: four(),
            input_assist: four(),
            residence: four(),
        }
    }
}

impl fmt::Debug for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pins(masked)")
    }
}

/// Tries left at issue of each PIN that can be blocked; `None` means all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tries {
    /// 署名用パスワード, 0 to 5.
    pub sign: Option<u8>,
    /// 利用者証明用暗証番号, 0 to 3.
    pub auth: Option<u8>,
    /// 券面事項入力補助用暗証番号, 0 to 3.
    pub input_assist: Option<u8>,
    /// 住民基本台帳用暗証番号 of the residence-code application, 0 to 3.
    pub residence: Option<u8>,
    /// The same PIN of the common application, 0 to 3.
    pub card_info: Option<u8>,
    /// 照合番号A of the input-assist application, 0 to 10.
    pub text_code_a: Option<u8>,
    /// 照合番号B of the input-assist application, 0 to 10.
    pub text_code_b: Option<u8>,
    /// 生年月日 PIN of the face-info application, 0 to 10.
    pub birth_date: Option<u8>,
    /// 照合番号A of the face-info application, 0 to 10.
    pub face_code_a: Option<u8>,
    /// 照合番号B of the face-info application, 0 to 10.
    pub face_code_b: Option<u8>,
}

//! What a register holds of a certificate.

use std::fmt;
use std::str::FromStr;

use der::{DateTime, Decode, Encode};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use vmyna_applets::PhoneKind;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;
pub use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::TbsCertificate;
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlDistributionPoints};

/// An authority's key: SHA-1 over its public key (the bits of the BIT STRING), which is its certificate's subject key
/// identifier, its leaves' authority key identifier and an OCSP request's issuerKeyHash alike (RFC 5280, 4.2.1.2; RFC 6960,
/// 4.1.1). The generations of one authority have the same name, so only this distinguishes them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerId(pub [u8; 20]);

impl IssuerId {
    /// That of a public key: the bits of its BIT STRING.
    #[must_use]
    pub fn of_key(bits: &[u8]) -> Self {
        Self(Sha1::digest(bits).into())
    }
}

impl fmt::Display for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A card: SHA-256 of its name and of the certificates that it was issued with. A card that was issued twice under one name
/// from one seed is one card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardId(pub [u8; 32]);

/// Why a certificate was revoked (RFC 5280, 5.3.1).
///
/// The table of uses is that of the certification practice statement as a platform operator quotes it; affiliationChanged,
/// superseded, cessationOfOperation and certificateHold have several sources. removeFromCRL does not occur: a hold is never
/// released. privilegeWithdrawn and aACompromise concern attribute certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// Discarded before it was handed over.
    Unspecified = 0,
    /// The holder's private key is compromised.
    KeyCompromise = 1,
    /// The authority's private key is compromised.
    CaCompromise = 2,
    /// What the certificate contains has changed: one of the four attributes.
    AffiliationChanged = 3,
    /// A renewed certificate replaces it.
    Superseded = 4,
    /// It is needed or used no longer.
    CessationOfOperation = 5,
    /// 一時保留: the key's safety is in doubt. It is never released.
    CertificateHold = 6,
}

impl Reason {
    /// All of them, by their numbers in a revocation list.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
    ];

    /// The name in RFC 5280.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
        }
    }

    /// What it means, in Japanese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Unspecified => "理由の指定なし",
            Self::KeyCompromise => "秘密鍵の危殆化",
            Self::CaCompromise => "認証局の秘密鍵の危殆化",
            Self::AffiliationChanged => "記載事項の変更",
            Self::Superseded => "新しい電子証明書への更新",
            Self::CessationOfOperation => "利用の終了",
            Self::CertificateHold => "一時保留",
        }
    }

    /// The number in a revocation list.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason of a number.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reason is one of {}", Reason::ALL.map(Reason::name).join(", "))]
pub struct UnknownReason;

impl FromStr for Reason {
    type Err = UnknownReason;

    /// Capital letters and hyphens make no difference: key-compromise is keyCompromise.
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|reason| plain(reason.name()) == plain(text))
            .ok_or(UnknownReason)
    }
}

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When, UTC.
    pub at: DateTime,
    /// Why.
    pub reason: Reason,
}

/// Why a card, or a phone with certificates, was taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Cause {
    /// The cardholder died.
    Death = 1,
    /// Another card replaces it.
    Replaced = 2,
    /// Another phone replaces this phone.
    OtherPhone = 3,
    /// The certificates were taken off the phone.
    Removed = 4,
}

impl Cause {
    /// All of them, by their numbers in the register.
    pub const ALL: [Self; 4] = [Self::Death, Self::Replaced, Self::OtherPhone, Self::Removed];

    /// Whether what goes out of use for this cause is a phone.
    #[must_use]
    pub const fn is_of_phones(self) -> bool {
        matches!(self, Self::OtherPhone | Self::Removed)
    }

    /// The number in the register.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The cause in Japanese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Death => "本人が亡くなったため",
            Self::Replaced => "新しいカードに替わったため",
            Self::OtherPhone => "別のスマートフォンに替わったため",
            Self::Removed => "スマートフォンから電子証明書を削除したため",
        }
    }

    /// The cause of a number.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Death => "the cardholder died",
            Self::Replaced => "another card replaces it",
            Self::OtherPhone => "another phone replaces it",
            Self::Removed => "its certificates were taken off it",
        })
    }
}

/// When and why a card or a phone was taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// When, UTC.
    pub at: DateTime,
    /// Why.
    pub cause: Cause,
}

impl CardId {
    /// That of an issued card.
    #[must_use]
    pub fn of(card: &IssuedCard) -> Self {
        let mut digest = Sha256::new_with_prefix(card.name.as_str());
        for key in [&card.jpki.sign, &card.jpki.auth] {
            digest.update([0]);
            digest.update(key.as_ref().map_or(&[][..], |key| &key.certificate));
        }
        Self(digest.finalize().into())
    }
}

/// A certificate to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The key that issued it.
    pub issuer: IssuerId,
    /// Which of the two hierarchies.
    pub hierarchy: Hierarchy,
    /// Its serial number.
    pub serial: u32,
    /// SHA-256 of its DER.
    pub digest: [u8; 32],
    /// The municipality's code, five digits.
    pub municipality: String,
    /// The name in its cRLDistributionPoints, the DER of a `DistributionPointName`.
    pub distribution_point: Vec<u8>,
    /// Its beginning and end, UTC.
    pub validity: (DateTime, DateTime),
    /// The card that it is on, and the card's name.
    pub card: (CardId, String),
    /// The serial number and key of the certificate that it replaces.
    pub replaces: Option<(IssuerId, u32)>,
}

impl Certificate {
    /// What the register holds of the certificates of an issued card: the one for signatures first.
    ///
    /// # Errors
    /// [`IssuanceError`] when one is no certificate as an authority of these hierarchies issues it.
    pub fn of_card(card: &IssuedCard) -> Result<Vec<Self>, IssuanceError> {
        let municipality = card.summary.person.municipality.code.to_string();
        let keys = [
            (Hierarchy::Signature, &card.jpki.sign),
            (Hierarchy::Authentication, &card.jpki.auth),
        ];
        keys.into_iter()
            .filter_map(|(hierarchy, key)| key.as_ref().map(|key| (hierarchy, key)))
            .map(|(hierarchy, key)| {
                let id = (CardId::of(card), card.name.to_string());
                Self::new(&key.certificate, hierarchy, &municipality, id)
            })
            .collect()
    }

    /// What the register holds of a certificate, DER, on a card.
    ///
    /// # Errors
    /// [`IssuanceError`] when it is no certificate as an authority of these hierarchies issues it.
    pub fn new(
        der: &[u8],
        hierarchy: Hierarchy,
        municipality: &str,
        card: (CardId, String),
    ) -> Result<Self, IssuanceError> {
        let certificate = x509_cert::Certificate::from_der(der)?.tbs_certificate;
        let identifier: Option<(bool, AuthorityKeyIdentifier)> = certificate.get()?;
        let issuer = identifier.and_then(|(_, identifier)| identifier.key_identifier);
        let issuer = issuer.and_then(|id| id.as_bytes().try_into().ok());
        let point = distribution_point(&certificate)?;
        let serial = serial(certificate.serial_number.as_bytes());
        let validity = certificate.validity;
        Ok(Self {
            issuer: IssuerId(issuer.ok_or(NOT_OURS)?),
            hierarchy,
            serial: serial.ok_or(NOT_OURS)?,
            digest: Sha256::digest(der).into(),
            municipality: municipality.to_owned(),
            distribution_point: point.ok_or(NOT_OURS)?.to_der()?,
            validity: (validity.not_before.to_date_time(), validity.not_after.to_date_time()),
            card,
            replaces: None,
        })
    }
}

/// The names of a certificate's distribution points.
pub(crate) fn distribution_points(certificate: &TbsCertificate) -> der::Result<Vec<DistributionPointName>> {
    let points: Option<(bool, CrlDistributionPoints)> = certificate.get()?;
    let points = points.map(|(_, points)| points.0).unwrap_or_default();
    Ok(points
        .into_iter()
        .filter_map(|point| point.distribution_point)
        .collect())
}

/// The first name of a certificate's distribution points: that of the list which covers it.
///
/// # Errors
/// The extension can't be read.
pub fn distribution_point(certificate: &TbsCertificate) -> der::Result<Option<DistributionPointName>> {
    Ok(distribution_points(certificate)?.into_iter().next())
}

const NOT_OURS: IssuanceError = IssuanceError::Input(
    "a certificate in the register has a key identifier, a distribution point and a serial number of at most four octets",
);

/// A serial number of these authorities; one of more than 32 bits is none of theirs.
pub(crate) fn serial(bytes: &[u8]) -> Option<u32> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// What is known of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key that issued it.
    pub issuer: IssuerId,
    /// Which of the two hierarchies.
    pub hierarchy: Hierarchy,
    /// Its serial number.
    pub serial: u32,
    /// The municipality's code, five digits.
    pub municipality: String,
    /// Its beginning and end, UTC.
    pub validity: (DateTime, DateTime),
    /// Since when and why it is revoked.
    pub revocation: Option<Revocation>,
    /// The names of the cards that it is on.
    pub cards: Vec<String>,
    /// The key and the serial number of the person's other certificate on the same card.
    pub partner: Option<(IssuerId, u32)>,
    /// The key and the serial number of the certificate that it replaces.
    pub replaces: Option<(IssuerId, u32)>,
    /// If it is on a phone: the kind of the phone, and the name of the card that the phone is linked to.
    pub phone: Option<(PhoneKind, String)>,
}

/// The link of a phone that has certificates of its own to the card of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneLink {
    /// The phone, and its name.
    pub phone: (CardId, String),
    /// The card that the phone was held to, or one that has replaced it; and its name.
    pub card: (CardId, String),
    /// The kind of phone.
    pub kind: PhoneKind,
}

/// What a register knows of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Its card.
    pub link: PhoneLink,
    /// Since when and why it is out of use.
    pub withdrawn: Option<Withdrawal>,
}

/// A document signer of mdocs that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedSigner {
    /// Its serial number, 20 bytes.
    pub serial: [u8; 20],
    /// Since when, UTC.
    pub at: DateTime,
}

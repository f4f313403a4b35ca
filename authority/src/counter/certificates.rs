//! Certificates at the counter: new ones, and what becomes of the old ones.

use der::{DateTime, Decode};
use rand_core::CryptoRngCore;
use vmyna_apdu::text;
use vmyna_applets::Token;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::CertifiedKey;
use vmyna_applets::person::Person;
use vmyna_applets::rsa::RsaPublicKey;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::order::CertificateText;
use vmyna_issuance::reissue::Certified;
use vmyna_issuance::x509::{self, Holder, Request};
use x509_cert::Certificate as X509;
use zeroize::Zeroizing;

use super::CounterError;
use crate::register::{CardId, Certificate, Hierarchy};

/// A key of a card with its certificate.
pub(crate) const fn on_card(card: &IssuedCard, hierarchy: Hierarchy) -> Option<&CertifiedKey> {
    match hierarchy {
        Hierarchy::Signature => card.jpki.sign.as_ref(),
        Hierarchy::Authentication => card.jpki.auth.as_ref(),
    }
}

/// What the register holds of a certificate on a card.
pub(crate) fn entry(card: &IssuedCard, hierarchy: Hierarchy, id: CardId) -> Result<Option<Certificate>, IssuanceError> {
    let Some(key) = on_card(card, hierarchy) else {
        return Ok(None);
    };
    let municipality = card.summary.person.municipality.code.to_string();
    let card = (id, card.name.to_string());
    Certificate::new(&key.certificate, hierarchy, &municipality, card).map(Some)
}

/// Name and address as the next certificate carries them: with the chosen substitutes, and else as the present certificate
/// carries the same name or address.
pub(crate) fn text(
    before: &IssuedCard,
    after: &IssuedCard,
    substitutes: &Substitutes,
) -> Result<CertificateText, CounterError> {
    let person = &after.summary.person;
    let mut text = CertificateText::default();
    let old = match before.jpki.sign.as_ref().filter(|_| substitutes.is_empty()) {
        Some(key) => x509::certified_text(&key.certificate)?,
        None => None,
    };
    let was = &before.summary.person;
    let same_name = was.name == person.name && was.kana == person.kana;
    text.name = match old.as_ref().filter(|_| same_name) {
        Some(old) => old.name.clone(),
        None => substitutes.name(&person.name, &person.kana)?,
    };
    text.address = match old.as_ref().filter(|_| was.address == person.address) {
        Some(old) => old.address.clone(),
        None => substitutes.address(&person.address)?,
    };
    /// The longest text that a certificate carries, in characters: an address by its profile, `assumed` for a name.
    const LONGEST: usize = 200;
    for (what, text) in [("name", &text.name.text), ("address", &text.address.text)] {
        if text.chars().count() > LONGEST {
            return Err(CounterError::BadText(
                what,
                text!(
                    "has more than {LONGEST} characters in a certificate",
                    "電子証明書では{LONGEST}文字を超えます"
                ),
            ));
        }
    }
    Ok(text)
}

/// The first 14 characters of the common name in a card's authentication certificate: a renewed one keeps them.
fn authentication_id(certificate: &[u8]) -> Result<Option<String>, IssuanceError> {
    /// The id, the municipality and four characters.
    const COMMON_NAME: usize = 23;
    let subject = X509::from_der(certificate)?.tbs_certificate.subject;
    let names = subject.0.iter().flat_map(|names| names.0.iter());
    let mut texts = names.filter_map(|name| name.value.decode_as::<der::asn1::Utf8StringRef<'_>>().ok());
    let name = texts.find(|text| text.as_str().len() == COMMON_NAME);
    Ok(name.and_then(|name| name.as_str().get(..14)).map(str::to_owned))
}

/// Makes a key and a certificate for the person of `card`, and puts both onto it with the certificate of the authority.
/// Returns what the register is to hold.
pub(super) fn renew(
    desk: &mut Desk,
    card: &mut IssuedCard,
    (hierarchy, text): (Hierarchy, &CertificateText),
    (begin, end): (DateTime, DateTime),
    rng: &mut dyn CryptoRngCore,
) -> Result<CertifiedKey, CounterError> {
    let key = new_key(desk, hierarchy, rng)?;
    let id = match hierarchy {
        Hierarchy::Signature => None,
        Hierarchy::Authentication => {
            let old = card.jpki.auth.as_ref().map(|old| authentication_id(&old.certificate));
            old.transpose()?.flatten()
        }
    };
    let wanted = Wanted {
        person: &card.summary.person,
        token: card.profile.token,
        hierarchy,
        text,
        id,
        validity: (begin, end),
    };
    let certified = certify(desk, &wanted, &key.public, rng)?;
    let own = CertifiedKey {
        certificate: certified.certificate,
        key: key.private,
    };
    match hierarchy {
        Hierarchy::Signature => {
            card.jpki.sign = Some(own.clone());
            card.jpki.sign_ca_certificate = certified.authority;
        }
        Hierarchy::Authentication => {
            card.jpki.auth = Some(own.clone());
            card.jpki.auth_ca_certificate = certified.authority;
        }
    }
    Ok(own)
}

/// A new key for a certificate of this kind.
pub(crate) fn new_key(
    desk: &Desk,
    hierarchy: Hierarchy,
    rng: &mut dyn CryptoRngCore,
) -> Result<KeyPair, IssuanceError> {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *seed);
    desk.certificate_key(hierarchy, &seed)
}

/// What a certificate is to state.
pub(crate) struct Wanted<'a> {
    pub(crate) person: &'a Person,
    pub(crate) token: Token,
    pub(crate) hierarchy: Hierarchy,
    /// Name and address, in one for signatures.
    pub(crate) text: &'a CertificateText,
    /// The first 14 characters of the common name, in one for authentication; `None` for new ones.
    pub(crate) id: Option<String>,
    pub(crate) validity: (DateTime, DateTime),
}

/// Issues a certificate for this key.
pub(crate) fn certify(
    desk: &mut Desk,
    wanted: &Wanted<'_>,
    public_key: &RsaPublicKey,
    rng: &mut dyn CryptoRngCore,
) -> Result<Certified, IssuanceError> {
    let (person, (begin, end)) = (wanted.person, wanted.validity);
    let code = person.municipality.code;
    let common_name;
    let holder = match wanted.hierarchy {
        Hierarchy::Signature => {
            let local = vmyna_applets::calendar::japanese_clock(begin);
            let local = local.ok_or(IssuanceError::Input("dates must lie in the years 1970 to 9999"))?;
            common_name = x509::signature_common_name(local, rng.next_u32() % 100_000, code)?;
            Holder::Signature {
                common_name: &common_name,
                person,
                text: wanted.text,
            }
        }
        Hierarchy::Authentication => {
            let id = wanted.id.clone();
            let id = id.unwrap_or_else(|| format!("VMYNA{:09}", rng.next_u32() % 1_000_000_000));
            common_name = x509::authentication_common_name(&id, code)?;
            Holder::Authentication {
                common_name: &common_name,
                municipality: &person.municipality,
            }
        }
    };
    let request = Request {
        serial: serial(rng),
        not_before: begin,
        not_after: end,
        public_key,
        holder,
        token: wanted.token,
    };
    desk.certify(&request)
}

/// A serial number of three bytes, 0x010000 to 0x7FFFFF, as those of the test card. The register refuses one that is taken.
fn serial(rng: &mut dyn CryptoRngCore) -> u32 {
    const FIRST: u32 = 0x01_0000;
    const COUNT: u32 = 0x7F_0000;
    FIRST + rng.next_u32() % COUNT
}

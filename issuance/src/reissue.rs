//! Single parts of a card that was issued before, made anew: one certificate, or the signed files.
//!
//! A counter changes parts of a card; everything else on it stays byte for byte. As at the [desk](super::desk), everything is
//! a function of what goes in. This module must never decide whether a change is allowed: its caller knows the rules.

use der::Decode;
use rsa::RsaPrivateKey;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use vmyna_applets::issued::{IssuedCard, Summary};
use vmyna_applets::person::Person;
use vmyna_card_os::declaration::PrivateKey;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

use super::desk::{Desk, remarks};
use super::keys::{self, CardKeys, KeyPair};
use super::numbers::Numbers;
use super::order::Order;
use super::pictures::Pictures;
use super::x509::Request;
use super::x509::names::Hierarchy;
use super::{IssuanceError, face_data, text_data};

/// A certificate made by [`Desk::certify`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Certified {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// That of the authority that issued it, DER.
    pub authority: Vec<u8>,
}

impl Desk {
    /// Issues one certificate, by the generation of the authorities that is valid as long as it.
    ///
    /// # Errors
    /// [`IssuanceError::Outlived`] when no generation is valid so long, and as [`super::x509::Authority::issue`].
    pub fn certify(&mut self, request: &Request<'_>) -> Result<Certified, IssuanceError> {
        let (begin, end) = (request.not_before, request.not_after);
        if !self.authorities.prepare(begin, end)? {
            return Err(IssuanceError::Outlived);
        }
        let generation = self.authorities.generation(begin, end);
        let authority = match request.holder.hierarchy() {
            Hierarchy::Signature => &generation.sign,
            Hierarchy::Authentication => &generation.auth,
        };
        Ok(Certified {
            certificate: authority.issue(request)?,
            authority: authority.certificate().to_vec(),
        })
    }

    /// Whether one of these authorities, of any generation, issued the certificate (DER), judged by its authority key
    /// identifier.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] when it is no certificate.
    pub fn issued(&mut self, certificate: &[u8]) -> Result<bool, IssuanceError> {
        self.issuer_of(certificate).map(|issuer| issuer.is_some())
    }

    /// The certificate (DER) of the one of these authorities, of any generation, that issued the certificate (DER), judged by
    /// its authority key identifier; `None` if none did. The certificate of one of these authorities is its own.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] when it is no certificate.
    pub fn issuer_of(&mut self, certificate: &[u8]) -> Result<Option<Vec<u8>>, IssuanceError> {
        let received = certificate;
        let certificate = Certificate::from_der(received)?.tbs_certificate;
        let issuer: Option<(bool, AuthorityKeyIdentifier)> = certificate.get()?;
        let issuer = issuer.and_then(|(_, issuer)| issuer.key_identifier);
        let begin = certificate.validity.not_before.to_date_time();
        let end = certificate.validity.not_after.to_date_time();
        // Authorities with a seed make the generation of that time.
        self.authorities.prepare(begin, end.max(begin))?;
        for generation in self.authorities.generations() {
            for authority in [&generation.sign, &generation.auth] {
                let own: Option<(bool, SubjectKeyIdentifier)> = authority.parsed().tbs_certificate.get()?;
                let is_issuer = issuer.is_some() && own.map(|(_, own)| own.0) == issuer;
                if is_issuer || authority.certificate() == received {
                    return Ok(Some(authority.certificate().to_vec()));
                }
            }
        }
        Ok(None)
    }

    /// Makes the files of the input-assist and the face-info application for the cardholder as the card's summary now has
    /// them, signed with the keys of the municipality there. Photo, expiry, security code and the card's own keys stay. The
    /// lines of the remarks field stay too; the notes about the pictures are those of the new ones.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for a person that no card can carry; else when the card holds no such files, or something
    /// can't be signed.
    pub fn sign_files(&mut self, card: &mut IssuedCard, shown: &Person) -> Result<(), IssuanceError> {
        let person = &card.summary.person;
        let code = person.municipality.code;
        self.open_for([code])?;
        let desk = self
            .municipalities
            .get(&code)
            .ok_or(IssuanceError::Input("the desk must be open for the municipality"))?;
        let photo = face_data::photo(card)?;
        let assist = card.input_assist.as_mut().ok_or(text_data::NO_INPUT_ASSIST)?;
        let on_face = card.face_info.as_mut().ok_or(face_data::NO_FACE_INFO)?;
        let pictures = Pictures::draw(person, card.summary.security_code, &photo)?;
        let text = desk.text.issue(
            shown,
            &public_key(&assist.authentication_key)?,
            &public_key(&assist.session_key)?,
        )?;
        let face = desk.face.issue(
            person,
            card.summary.expiry,
            &pictures,
            &public_key(&on_face.authentication_key)?,
        )?;
        assist.data = text;
        on_face.data = face;
        let printed: Vec<String> = card.summary.printed().map(Summary::printed_line).collect();
        card.summary.remarks = remarks(&pictures);
        card.summary.remarks.extend(printed);
        Ok(())
    }
}

impl Desk {
    /// Issues one card with keys made from this seed, or with a set of the desk's pool that the seed chooses.
    ///
    /// # Errors
    /// As [`Desk::issue`]; and when a key can't be made.
    pub fn issue_alone(
        &mut self,
        order: &Order,
        numbers: &Numbers,
        seed: &[u8; 32],
    ) -> Result<IssuedCard, IssuanceError> {
        self.open_for([order.person.municipality.code])?;
        self.prepare(order)?;
        let label = format!("card/{}", order.name);
        if let Some(keys) = self.shared_keys(seed, &label) {
            return self.issue(order, numbers, keys, u32::try_from(self.pool.len()).ok());
        }
        let keys = CardKeys::derive_sets(seed, &[label], &|| Ok(()))?;
        let keys = keys.first().ok_or(IssuanceError::Input("a card has keys"))?;
        self.issue(order, numbers, keys, None)
    }

    /// The key for a new certificate: made from this seed, or one of the desk's pool that the seed chooses.
    ///
    /// # Errors
    /// When the key can't be made.
    pub fn certificate_key(&self, hierarchy: Hierarchy, seed: &[u8; 32]) -> Result<KeyPair, IssuanceError> {
        let label = match hierarchy {
            Hierarchy::Signature => "sign",
            Hierarchy::Authentication => "auth",
        };
        match (self.shared_keys(seed, label), hierarchy) {
            (Some(keys), Hierarchy::Signature) => Ok(keys.sign.clone()),
            (Some(keys), Hierarchy::Authentication) => Ok(keys.auth.clone()),
            (None, _) => KeyPair::new(&keys::derive(seed, label)?),
        }
    }

    /// The set of the pool for this seed and label; `None` without a pool.
    fn shared_keys(&self, seed: &[u8; 32], label: &str) -> Option<&CardKeys> {
        let [first, second, ..] = *keys::seed_for(seed, label);
        let at = usize::from(u16::from_be_bytes([first, second]));
        self.pool.get(at.checked_rem(self.pool.len())?)
    }
}

fn public_key(key: &PrivateKey) -> Result<RsaPublicKey, IssuanceError> {
    Ok(RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der())?.to_public_key())
}

#[cfg(test)]
mod tests;

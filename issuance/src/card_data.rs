//! The objects that the card manager (ISD) returns by GET DATA: the card's issuer, its end, and the certificates of the
//! card's own key.
//!
//! This module makes contents only. The application's declaration decides when an object is returned or refused.

use der::asn1::ObjectIdentifier;
use vmyna_applets::calendar::Date;
use vmyna_applets::cv::{CvCertificate, KeyId};
use vmyna_applets::person::MunicipalityCode;

use super::IssuanceError;

/// GlobalPlatform's object identifier arc, under which card recognition data names what the card supports.
const GLOBAL_PLATFORM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.114283");

/// What goes into the objects.
pub struct CardData<'a> {
    /// 0042 issuer identification. `assumed` to name the root key: the test card's value is not published.
    pub issuer: KeyId,
    /// 0045 card image number, ASCII. Its form on real cards is not published: `assumed` to be free text.
    pub image_number: &'a str,
    /// 00F0 municipality code.
    pub municipality: MunicipalityCode,
    /// 00F2 card expiry.
    pub expiry: Date,
    /// 00F8 root to intermediate. Its subject is 00F7.
    pub intermediate: &'a CvCertificate,
    /// 7F21 intermediate to the card's key; older cards have none.
    pub card: Option<&'a CvCertificate>,
}

impl CardData<'_> {
    /// The objects as (P1P2, contents), ascending. 00F7, 00F8 and 7F21 are consistent with each other.
    ///
    /// # Errors
    /// [`IssuanceError::Mismatch`] when the two certificates form no chain, [`IssuanceError::Input`] for an image number
    /// that is not printable ASCII, [`IssuanceError::Asn1`] never in practice.
    pub fn objects(&self) -> Result<Vec<(u16, Vec<u8>)>, IssuanceError> {
        if !self.image_number.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IssuanceError::Input("a card image number is printable ASCII"));
        }
        if let Some(card) = self.card {
            if card.issuer() != self.intermediate.subject() {
                return Err(IssuanceError::Mismatch(
                    "the card's CV certificate and its intermediate",
                ));
            }
            card.verify(&self.intermediate.public_key()?)?;
        }
        let mut objects = vec![
            (0x0042, self.issuer.as_bytes().to_vec()),
            (0x0045, self.image_number.as_bytes().to_vec()),
            (0x0066, recognition_data()?),
            (0x00F0, self.municipality.digits().to_vec()),
            (0x00F2, self.expiry.digits().into_bytes()),
            (0x00F7, self.intermediate.subject().as_bytes().to_vec()),
            (0x00F8, self.intermediate.to_object()),
        ];
        objects.extend(self.card.map(|card| (0x7F21, card.to_object())));
        Ok(objects)
    }
}

/// 0066 card recognition data by the GlobalPlatform card specification 2.1.1, section "Card Recognition Data".
///
/// `assumed`: public reports say only that the object is BER with identifiers under 1.2.840.114283. This is the smallest
/// set the specification allows, without the outer tag 66 because the card's other objects come without theirs.
fn recognition_data() -> Result<Vec<u8>, IssuanceError> {
    // Tag 06: recognition data of GlobalPlatform. 60: managed by version 2.1.1. 63: the identification scheme of the card.
    // 64: secure channel protocol 02, option 15.
    let contents = [
        identifier(&[1])?,
        wrap(0x60, &identifier(&[2, 2, 1, 1])?),
        wrap(0x63, &identifier(&[3])?),
        wrap(0x64, &identifier(&[4, 2, 0x15])?),
    ];
    Ok(wrap(0x73, &contents.concat()))
}

fn identifier(arcs: &[u32]) -> Result<Vec<u8>, IssuanceError> {
    let oid = arcs
        .iter()
        .try_fold(GLOBAL_PLATFORM, |oid, arc| oid.push_arc(*arc))
        .map_err(der::Error::from)?;
    Ok(wrap(0x06, oid.as_bytes()))
}

/// A BER object of less than 128 bytes; all of this module's are.
fn wrap(tag: u8, value: &[u8]) -> Vec<u8> {
    debug_assert!(value.len() < 0x80);
    [&[tag, value.len() as u8], value].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognition_data_are_those_of_the_global_platform_specification() {
        let expected = [
            &[0x73, 0x2F][..],
            &[0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x01],
            &[
                0x60, 0x0C, 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x02, 0x02, 0x01, 0x01,
            ],
            &[0x63, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x03],
            &[
                0x64, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, 0x02, 0x15,
            ],
        ];
        assert_eq!(recognition_data().unwrap(), expected.concat());
    }
}

//! The revocation lists, each compared whole: what the events have revoked, and nothing else.

use std::collections::BTreeMap;

use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{IssuerId, Reason, Register as _, Revocation};
use vmyna_authority::revocation_list::{self, Scope};
use vmyna_authority::verifier::revocation::List;
use vmyna_issuance::der::{Decode as _, Encode as _};
use vmyna_issuance::x509_cert::crl::{CertificateList, RevokedCert};

use super::super::error::LifeError;
use super::ocsp::verified;
use super::{Checked, Scene, all, status, words_of};

/// The lists of municipalities, by issuer and the municipality's code.
pub(super) type OfMunicipalities = BTreeMap<(IssuerId, String), List>;

/// What was compared, and the lists for the verifier.
pub(super) struct Lists {
    pub(super) checked: Checked,
    pub(super) of_municipalities: OfMunicipalities,
}

fn failed(error: impl std::fmt::Display) -> LifeError {
    LifeError::Check(format!("revocation list: {error}"))
}

pub(super) fn check(scene: &Scene<'_>, register: &SqliteRegister) -> Result<Lists, LifeError> {
    let mut lists = Lists {
        checked: Checked::default(),
        of_municipalities: BTreeMap::new(),
    };
    let by = register.now()?;
    for (issuer, authority) in &scene.authorities {
        let make = |scope: &Scope| revocation_list::make(authority, register, scope, by, scene.at).map_err(failed);
        let complete = make(&Scope::Complete)?;
        lists.compare(scene, (*issuer, None), &complete)?;
        for point in register.points(*issuer)? {
            let code = point.municipality.clone();
            let der = make(&Scope::Municipality(point))?;
            lists.compare(scene, (*issuer, Some(&code)), &der)?;
            let name = format!("{code}.crl");
            lists.of_municipalities.insert((*issuer, code), List { name, der });
        }
    }
    Ok(lists)
}

impl Lists {
    fn compare(
        &mut self,
        scene: &Scene<'_>,
        (issuer, municipality): (IssuerId, Option<&str>),
        der: &[u8],
    ) -> Result<(), LifeError> {
        let list = CertificateList::from_der(der).map_err(failed)?;
        let authority = scene.authorities.iter().find(|(id, _)| *id == issuer);
        let authority = authority.ok_or_else(|| failed("no authority"))?.1.parsed();
        let signed = list.tbs_cert_list.to_der().map_err(failed)?;
        verified(authority, &signed, list.signature.raw_bytes())?;
        let of_this_list =
            |held: &super::Held| municipality.is_none_or(|code| held.municipality.code.to_string() == code);
        let all = all(scene);
        let mut expected: BTreeMap<u32, _> = all
            .iter()
            .filter(|((id, _), (_, held))| *id == issuer && held.revocation.is_some() && of_this_list(held))
            .map(|((_, number), owner)| (*number, *owner))
            .collect();
        let name = municipality.map_or_else(|| "the complete list".to_owned(), |code| format!("the list of {code}"));
        for entry in list.tbs_cert_list.revoked_certificates.as_deref().unwrap_or_default() {
            let (number, got) = stated(entry)?;
            let Some((person, held)) = expected.remove(&number) else {
                let shown = ("not in it".to_owned(), status(Some(got)));
                // The register may have a certificate that no event gave.
                let (person, what) = match all.get(&(issuer, number)) {
                    Some((person, held)) => (person.name.as_str(), words_of(held)),
                    None => (
                        "a person whom no event concerns",
                        "a certificate that no event gave".to_owned(),
                    ),
                };
                return Err(scene.disagreement(person, format!("{name} about {number:06X} ({what})"), shown));
            };
            if held.revocation != Some(got) {
                let service = format!("{name} about {number:06X} ({})", words_of(held));
                let shown = (status(held.revocation), status(Some(got)));
                return Err(scene.disagreement(&person.name, service, shown));
            }
            self.checked.entries += 1;
        }
        if let Some((number, (person, held))) = expected.into_iter().next() {
            let service = format!("{name} about {number:06X} ({})", words_of(held));
            let shown = (status(held.revocation), "not in it".to_owned());
            return Err(scene.disagreement(&person.name, service, shown));
        }
        self.checked.lists += 1;
        Ok(())
    }
}

/// The serial number of an entry, and since when and why it is revoked.
pub(super) fn stated(entry: &RevokedCert) -> Result<(u32, Revocation), LifeError> {
    let bytes = entry.serial_number.as_bytes();
    let number = bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    // reasonCode (RFC 5280, 5.3.1) is an ENUMERATED of one octet.
    let code = extensions
        .iter()
        .find(|extension| extension.extn_id.to_string() == "2.5.29.21");
    let reason = match code.map(|code| code.extn_value.as_bytes()) {
        None => Reason::Unspecified,
        Some([0x0A, 0x01, code]) => Reason::of_code(*code).ok_or_else(|| failed("an unknown reason"))?,
        Some(_) => return Err(failed("an unreadable reason")),
    };
    let at = entry.revocation_date.to_date_time();
    Ok((number, Revocation { at, reason }))
}

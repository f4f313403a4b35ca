//! What the arguments name: authorities, revocation lists.

use std::path::{Path, PathBuf};

use rand_core::{OsRng, RngCore};
use vmyna_apdu::ShowPath as _;
use vmyna_authority::verifier::input::pem_blocks;
use vmyna_authority::verifier::revocation::List;
use vmyna_authority::verifier::trust::Trust;
use vmyna_issuance::{ca_folder, specimen as built_in};
use x509_cert::der::DateTime;

use super::args::Verify;
use super::{LONGEST_LIST, LONGEST_TRUST, read};
use crate::failure::{Failure, ca_failure};
use crate::options::authority::Authority;
use crate::trusted::{self, Named};

/// Everything that the arguments trust. The keys above CV certificates are read only if `card_files` are verified,
/// the roots of mdocs only if an answer of a phone is, at the time of the check.
pub(super) fn trust(
    arguments: &Verify,
    registers: &[Named],
    (card_files, mdoc): (bool, Option<DateTime>),
) -> Result<Trust, Failure> {
    let mut trust = trusted::certificates(&arguments.ca, registers)?;
    if let Some(at) = mdoc {
        trusted::mdoc_roots(&arguments.ca, at, &mut trust)?;
    }
    for authority in arguments.ca.iter().filter(|_| card_files) {
        let public = matches!(authority, Authority::Specimen);
        let all = match authority {
            Authority::Specimen => built_in::authorities().map_err(|error| Failure::Failed(error.to_string()))?,
            Authority::Folder(folder) => ca_folder::open(folder).map_err(ca_failure)?,
        };
        for (id, key) in all.data_roots() {
            trust.cv_key(id, key.clone(), public);
        }
    }
    for path in &arguments.trust {
        for der in certificates(path)? {
            trust
                .certificate(&der, false)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.shown())))?;
        }
    }
    Ok(trust)
}

/// The certificates in a file, PEM or DER.
pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    Ok(unwrapped(read(path, LONGEST_TRUST)?))
}

/// The blocks of a PEM file, or the file itself.
pub(super) fn unwrapped(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let blocks = pem_blocks(&bytes);
    match blocks.is_empty() {
        true => vec![bytes],
        false => blocks.into_iter().map(|(_, der)| der).collect(),
    }
}

/// The revocation lists in files.
pub(super) fn lists(paths: &[PathBuf]) -> Result<Vec<List>, Failure> {
    let mut lists = Vec::new();
    for path in paths {
        let name = path.shown().to_string();
        let all = unwrapped(read(path, LONGEST_LIST)?);
        lists.extend(all.into_iter().map(|der| List {
            name: name.clone(),
            der,
        }));
    }
    Ok(lists)
}

/// Random bytes that were not used before.
pub(super) fn nonce() -> [u8; 32] {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    nonce
}

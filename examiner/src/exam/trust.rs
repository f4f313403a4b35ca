//! The folders of anchors and revocation lists that a program finds through its environment.

use std::fs;
use std::io;
use std::path::Path;

use der::pem::{LineEnding, encode_string};
use rsa::pkcs8::EncodePublicKey;
use vmyna_candidates::{MakeError, Workshop, x509};

/// Where the anchors are.
pub const TRUST_VARIABLE: &str = "VMYNA_EXAM_TRUST";
/// Where the revocation lists are.
pub const LISTS_VARIABLE: &str = "VMYNA_EXAM_CRLS";
/// The address of the responder for certificates for signatures, which do not name one.
pub const RESPONDER_VARIABLE: &str = "VMYNA_EXAM_OCSP_SIGN";
/// The time of the check, UTC.
pub const TIME_VARIABLE: &str = "VMYNA_EXAM_TIME";

/// Why a folder can't be written.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Something can't be made.
    #[error("{0}")]
    Make(#[from] MakeError),
    /// The system refuses to write.
    #[error("the folder of anchors can't be written: {0}")]
    Io(#[from] io::Error),
}

/// Writes the anchors, a file each: certificates of authorities and of the root of mdocs as PEM and as DER, keys above CV
/// certificates as SubjectPublicKeyInfo, DER and PEM, named by their KeyId with a hyphen for the stroke.
///
/// # Errors
/// [`TrustError`]
pub fn write_anchors(folder: &Path, workshop: &Workshop) -> Result<(), TrustError> {
    fs::create_dir_all(folder)?;
    let put = |name: &str, label: &str, der: &[u8]| -> io::Result<()> {
        fs::write(folder.join(format!("{name}.der")), der)?;
        let text = encode_string(label, LineEnding::LF, der).map_err(|error| io::Error::other(error.to_string()))?;
        fs::write(folder.join(format!("{name}.pem")), text)
    };
    for (name, authority) in x509::authorities(workshop)? {
        put(&name, "CERTIFICATE", authority.certificate())?;
    }
    let now = workshop.now();
    let mdoc = workshop.mdoc();
    let roots = mdoc.valid_roots(now).map_err(MakeError::from)?;
    for (number, root) in roots.iter().enumerate() {
        put(&format!("mdoc-root-{}", number + 1), "CERTIFICATE", root.certificate())?;
    }
    for (id, key) in workshop.data_roots() {
        let info = key
            .to_public_key_der()
            .map_err(|_| MakeError::Form("a key above CV certificates can't be encoded"))?;
        put(&id.to_string().replace('/', "-"), "PUBLIC KEY", info.as_bytes())?;
    }
    Ok(())
}

/// Writes revocation lists, DER, a file each.
///
/// # Errors
/// [`TrustError::Io`]
pub fn write_lists(folder: &Path, lists: &[(String, Vec<u8>)]) -> Result<(), TrustError> {
    fs::create_dir_all(folder)?;
    for (name, der) in lists {
        fs::write(folder.join(name), der)?;
    }
    Ok(())
}

//! A municipality's data-signing key with its CV certificate (EF 0004): what signs the files of the input-assist and the
//! face-info applications. Each application has keys of its own.

use rsa::RsaPrivateKey;
use vmyna_applets::cv::{CvCertificate, KeyId};
use vmyna_applets::person::{MunicipalityCode, Person};

use super::cv::CvAuthority;
use super::issuer_key::IssuerKey;
use super::{IssuanceError, object};

/// A certified data-signing key of one municipality.
pub(super) struct DataSigner {
    municipality: MunicipalityCode,
    certificate: CvCertificate,
    key: IssuerKey,
}

impl DataSigner {
    /// Has the key certified by the root, under the identifier `id`.
    pub(super) fn certify(
        root: &CvAuthority,
        id: KeyId,
        municipality: MunicipalityCode,
        key: RsaPrivateKey,
    ) -> Result<Self, IssuanceError> {
        let certificate = root.certify(id, &key.to_public_key())?;
        Ok(Self {
            municipality,
            certificate,
            key: IssuerKey::new(&key)?,
        })
    }

    pub(super) const fn certificate(&self) -> &CvCertificate {
        &self.certificate
    }

    pub(super) const fn municipality(&self) -> MunicipalityCode {
        self.municipality
    }

    /// Refuses a person that no card can carry, and one of another municipality.
    pub(super) fn check(&self, person: &Person) -> Result<(), IssuanceError> {
        person.check()?;
        if person.municipality.code == self.municipality {
            Ok(())
        } else {
            Err(IssuanceError::Input("a card is issued by its holder's municipality"))
        }
    }

    /// `data` and behind it, under `tag`, the signature over them (PKCS#1 v1.5, SHA-256).
    pub(super) fn signed(&self, mut data: Vec<u8>, tag: u16) -> Result<Vec<u8>, IssuanceError> {
        let signature = self.key.sign_message(&data)?;
        data.extend(object(tag, &signature)?);
        Ok(data)
    }

    /// The signature of a `DigestInfo` of the caller's.
    pub(super) fn sign_digest_info(&self, digest_info: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        self.key.sign_digest_info(digest_info)
    }
}

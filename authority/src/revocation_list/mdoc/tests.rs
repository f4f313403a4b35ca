//! The list of a root of mdocs against OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;

use der::pem::{LineEnding, encode_string};
use der::{Decode as _, Encode as _};
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::x509::ServiceUrl;
use x509_cert::crl::CertificateList;

use super::*;

const NOW: &str = "2026-11-05T00:00:00Z";

fn now() -> DateTime {
    NOW.parse().unwrap()
}

fn authority() -> MdocAuthority {
    MdocAuthority::establish(
        &[7; 32],
        "2024-11-01T01:00:00Z".parse().unwrap(),
        &ServiceUrl::default(),
    )
    .unwrap()
}

/// The verdict of OpenSSL, by its strict rules, on a signer under a root with this list.
fn openssl(root: &Root, signer: &[u8], list: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let pem = |name: &str, label: &str, der: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, encode_string(label, LineEnding::LF, der).unwrap()).unwrap();
        path
    };
    let run = |anchor: &Path, list: &Path, signer: &Path| {
        Command::new("openssl")
            .args(["verify", "-x509_strict", "-crl_check", "-attime"])
            .arg(now().unix_duration().as_secs().to_string())
            .arg("-CAfile")
            .arg(anchor)
            .arg("-CRLfile")
            .arg(list)
            .arg(signer)
            .output()
            .unwrap()
    };
    let out = run(
        &pem("root.pem", "CERTIFICATE", root.certificate()),
        &pem("list.pem", "X509 CRL", list),
        &pem("signer.pem", "CERTIFICATE", signer),
    );
    match out.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
    }
}

#[test]
fn openssl_accepts_a_signer_until_the_list_has_it() {
    let authority = authority();
    let root = authority.root(now()).unwrap();
    let signer = authority.signer(now(), 0).unwrap();
    let empty = of_mdoc_root(&root, &[], now()).unwrap();
    openssl(&root, &signer.signer.certificate, &empty).unwrap();

    let revoked = RevokedSigner {
        serial: signer.serial,
        at: "2026-11-04T00:00:00Z".parse().unwrap(),
    };
    let list = of_mdoc_root(&root, &[revoked], now()).unwrap();
    let refused = openssl(&root, &signer.signer.certificate, &list).unwrap_err();
    assert!(refused.contains("revoked"), "{refused}");
    // The signer in its place is another certificate.
    let next = authority.signer(now(), 1).unwrap();
    openssl(&root, &next.signer.certificate, &list).unwrap();

    // One bit of the list, and the list of another root of the same name.
    let mut changed = list.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    openssl(&root, &next.signer.certificate, &changed).unwrap_err();
    let later = authority.root("2028-11-01T01:00:00Z".parse().unwrap()).unwrap();
    openssl(
        &root,
        &next.signer.certificate,
        &of_mdoc_root(&later, &[], now()).unwrap(),
    )
    .unwrap_err();
}

#[test]
fn a_list_has_two_extensions_and_its_entries_have_none() {
    let authority = authority();
    let root = authority.root(now()).unwrap();
    let revoked = RevokedSigner {
        serial: authority.signer(now(), 0).unwrap().serial,
        at: now(),
    };
    let later = RevokedSigner {
        serial: authority.signer(now(), 1).unwrap().serial,
        at: "2026-11-05T00:00:01Z".parse().unwrap(),
    };
    for (list, entries) in [(vec![], None), (vec![later], None), (vec![revoked, later], Some(1))] {
        let der = of_mdoc_root(&root, &list, now()).unwrap();
        let list = CertificateList::from_der(&der).unwrap();
        let fields = &list.tbs_cert_list;
        let extensions: Vec<_> = fields
            .crl_extensions
            .iter()
            .flatten()
            .map(|one| one.extn_id.to_string())
            .collect();
        assert_eq!(extensions, ["2.5.29.35", "2.5.29.20"]);
        assert_eq!(fields.revoked_certificates.as_ref().map(Vec::len), entries);
        let marked = fields
            .revoked_certificates
            .iter()
            .flatten()
            .any(|one| one.crl_entry_extensions.is_some());
        assert!(!marked && fields.next_update.is_some());
        assert_eq!(list.signature_algorithm.oid.to_string(), "1.2.840.10045.4.3.3");
        assert_eq!(list.to_der().unwrap(), der);
    }
}

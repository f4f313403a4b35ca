//! The root of mdocs and its list.

use der::Decode as _;
use x509_cert::crl::CertificateList;

use super::*;
use crate::mdoc;

/// The path of the list that a signer's certificate names.
fn path_of_list(signer: &[u8]) -> String {
    let text = String::from_utf8_lossy(signer);
    let at = text.find("http://localhost:47910").unwrap();
    let address = &text[at..];
    let end = address.find(".crl").unwrap() + 4;
    address["http://localhost:47910".len()..end].to_owned()
}

#[test]
fn the_list_of_a_root_of_mdocs_is_at_the_address_in_the_signers_certificate() {
    let mut rig = Rig::start(Setting::default());
    let authority = authorities::mdoc().unwrap();
    let now = Setting::default().clock.now();
    let signer = mdoc::signer(&authority, &rig.register, now).unwrap();
    let root = authority.root(now).unwrap();
    write_pem(rig.folder.path(), "signer", "CERTIFICATE", &signer.signer.certificate);
    write_pem(rig.folder.path(), "root", "CERTIFICATE", root.certificate());
    assert_eq!(rig.get("/ca/mdoc-root.cer"), (200, root.certificate().to_vec()));
    let path = path_of_list(&signer.signer.certificate);
    assert_eq!(
        rig.get(&path.replace("/crl/", "/ca/").replace(".crl", ".cer")).1,
        root.certificate()
    );
    let (status, pem) = rig.get("/ca/mdoc-root.pem");
    assert!(status == 200 && pem == std::fs::read(rig.path("root.pem")).unwrap());

    let list = |rig: &Rig, path: &str| {
        let name = path.strip_prefix("/crl/").unwrap();
        let seen = rig.verify("signer.pem", "root.pem", &[name], &["-crl_check", "-x509_strict"]);
        let list = CertificateList::from_der(&rig.get(path).1).unwrap().tbs_cert_list;
        (list.revoked_certificates.map_or(0, |all| all.len()), seen)
    };
    let (entries, seen) = list(&rig, &path);
    assert!(entries == 0 && seen.contains("OK"), "{seen}");
    mdoc::revoke_signer(&authority, &mut rig.register, now).unwrap();
    let (entries, seen) = list(&rig, "/crl/mdoc-root.crl");
    assert!(entries == 1 && seen.contains("revoked"), "{seen}");
    for path in [
        "/crl/mdoc-root/13101.crl",
        "/crl/mdoc-root/authorities.crl",
        "/ocsp/mdoc-root",
        "/crl/mdoc-root.pem",
    ] {
        assert_eq!(rig.get(path).0, 404, "{path}");
    }
}

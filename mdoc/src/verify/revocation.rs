//! Revocation of the document signer, by a list of its root (ISO/IEC 18013-5 Annex B).

use der::oid::AssociatedOid;
use der::{DateTime, Decode, Encode};
use vmyna_apdu::text;
use x509_cert::crl::{CertificateList, TbsCertList};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber};

use super::report::Report;
use crate::certificate::Read;

const ID: &str = "signer.revocation";

pub(super) fn verify(signer: &Read, root: &Read, lists: &[Vec<u8>], at: DateTime, report: &mut Report) {
    // A list that was made after `at` is as good: an entry stays on it until the signer has ended, with the date of revocation.
    let lists: Vec<TbsCertList> = lists.iter().filter_map(|der| of_root(der, root)).collect();
    let serial = &signer.certificate.tbs_certificate.serial_number;
    let revoked = lists.iter().find_map(|list| {
        let mut entries = list.revoked_certificates.iter().flatten();
        entries.find(|entry| entry.serial_number == *serial)
    });
    if let Some(entry) = revoked {
        let date = entry.revocation_date.to_date_time();
        // A list that has ended still proves that the certificate was revoked, and one of a later time that it was not before.
        match date <= at {
            true => report.failed(ID, text!("revoked on {date}", "{date}に失効しています")),
            false => report.passed(
                ID,
                text!(
                    "not revoked at the time of the check; since {date} it is",
                    "検証時刻には失効していません。{date}に失効しました"
                ),
            ),
        }
        return;
    }
    // A list made after the signer has ended need not have its entry any more (RFC 5280, 3.3).
    let may_omit = |list: &&TbsCertList| signer.not_after() < list.this_update.to_date_time();
    let end = |list: &TbsCertList| list.next_update.map(|time| time.to_date_time());
    match lists.iter().filter(|list| !may_omit(list)).filter_map(end).max() {
        Some(until) if at <= until => report.passed(
            ID,
            text!(
                "not on the root's list, which is current until {until}",
                "ルートの失効リスト（{until}まで有効）にありません"
            ),
        ),
        Some(until) => report.not_done(
            ID,
            text!(
                "the newest list of the root ended on {until}",
                "ルートの最新の失効リストは{until}に終了しています"
            ),
        ),
        None if lists.iter().any(|list| may_omit(&list)) => report.not_done(
            ID,
            text!(
                "the list of the root was made after the certificate had ended, when an entry may be gone from it",
                "ルートの失効リストは証明書の終了後に作成され、失効の記載が消えている可能性があります"
            ),
        ),
        None => report.not_done(
            ID,
            text!("no list of the root is given", "ルートの失効リストがありません"),
        ),
    }
}

/// The list, if the root has signed it and nothing in it is critical that is not known here.
fn of_root(der: &[u8], root: &Read) -> Option<TbsCertList> {
    let list = CertificateList::from_der(der).ok()?;
    let tbs = list.tbs_cert_list;
    let data = tbs.to_der().ok()?;
    let known = [AuthorityKeyIdentifier::OID, CrlNumber::OID];
    let mut extensions = tbs.crl_extensions.iter().flatten();
    let entries = tbs.revoked_certificates.iter().flatten();
    let mut of_entries = entries.flat_map(|entry| entry.crl_entry_extensions.iter().flatten());
    let is_of_root = tbs.issuer.to_der() == root.subject().to_der()
        && tbs.signature == list.signature_algorithm
        && extensions.all(|one| known.contains(&one.extn_id) || !one.critical)
        && of_entries.all(|one| !one.critical)
        && root.has_signed(&list.signature_algorithm, &data, list.signature.as_bytes());
    is_of_root.then_some(tbs)
}

//! The document signer: its certificate, its chain, and its signature over the object.

use der::DateTime;
use vmyna_apdu::{Text, text};

use super::report::Report;
use super::revocation;
use crate::certificate::Read;
use crate::cose;
use crate::issuer_signed::IssuerSigned;
use crate::security_object::VERSION;

pub(super) fn verify(issued: &IssuerSigned, anchors: &[&[u8]], at: DateTime, lists: &[Vec<u8>], report: &mut Report) {
    let signer = match issued.certificates() {
        [one] => Read::new(one).ok_or(text!(
            "the certificate of x5chain can't be read, is not DER, or its key is not on P-256 or P-384",
            "x5chainの証明書が読めないか、DERでないか、鍵がP-256でもP-384でもありません"
        )),
        others => {
            let count = others.len();
            Err(text!(
                "x5chain has {count} certificates; by Annex B there must be one",
                "x5chainの証明書は{count}通です。1通（Annex B）でなければなりません"
            ))
        }
    };
    let signer = match signer {
        Ok(signer) => signer,
        Err(why) => {
            report.failed("signer.certificate", why);
            return;
        }
    };
    let subject = signer.subject().to_string();
    report.passed("signer.certificate", Text::same(subject));
    let root = chain(&signer, anchors, report);
    dates("signer.dates", &signer, at, report);
    let by = text!("as in ISO/IEC 18013-5 Annex B", "ISO/IEC 18013-5 Annex Bのとおり");
    report.check("signer.profile", by.clone(), signer.deviations_of_signer(root.as_ref()));
    match &root {
        Some(root) => {
            dates("root.dates", root, at, report);
            report.check("root.profile", by, root.deviations_of_root());
            revocation::verify(&signer, root, lists, at, report);
        }
        None => report.not_done(
            "signer.revocation",
            text!("the root is not known", "ルートが分かりません"),
        ),
    }
    signature(issued, &signer, report);
    object(issued, &signer, at, report);
}

/// The anchor that has issued the certificate.
fn chain(signer: &Read, anchors: &[&[u8]], report: &mut Report) -> Option<Read> {
    let named = anchors.iter().filter_map(|der| Read::new(der));
    let named: Vec<Read> = named.filter(|anchor| signer.names(anchor)).collect();
    let issuer = signer.certificate.tbs_certificate.issuer.to_string();
    if named.is_empty() {
        report.not_done(
            "signer.chain",
            text!(
                "no trusted root has issued it: {issuer}",
                "信頼するルートが発行したものではありません: {issuer}"
            ),
        );
        return None;
    }
    let root = named.into_iter().find(|anchor| signer.is_signed_by(anchor));
    match &root {
        Some(_) => report.passed("signer.chain", text!("issued by {issuer}", "{issuer}が発行")),
        None => report.failed(
            "signer.chain",
            text!(
                "the signature is not that of the trusted root of this name: {issuer}",
                "この名前の信頼するルートの署名ではありません: {issuer}"
            ),
        ),
    }
    root
}

fn dates(id: &'static str, certificate: &Read, at: DateTime, report: &mut Report) {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    match (from..=until).contains(&at) {
        true => report.passed(id, text!("{from} to {until}", "{from}から{until}まで")),
        false => report.failed(
            id,
            text!(
                "not valid on {at}: {from} to {until}",
                "{at}に有効ではありません: {from}から{until}まで"
            ),
        ),
    }
}

fn signature(issued: &IssuerSigned, signer: &Read, report: &mut Report) {
    let name = signer.key.name();
    match cose::verifies(issued.issuer_auth(), None, &signer.key) {
        true => report.passed("issuer.signature", Text::same(name)),
        false => report.failed(
            "issuer.signature",
            text!(
                "it is not a signature of the document signer by {name}",
                "文書署名者の{name}による署名ではありません"
            ),
        ),
    }
}

fn object(issued: &IssuerSigned, signer: &Read, at: DateTime, report: &mut Report) {
    let object = issued.security_object();
    let (version, algorithm) = (&object.version, &object.digest_algorithm);
    let mut wrong = Vec::new();
    if version != VERSION {
        wrong.push(text!("its version is {version}", "バージョンが{version}です"));
    }
    if super::elements::digest(algorithm, &[]).is_none() {
        wrong.push(text!(
            "its digest algorithm is {algorithm}",
            "ダイジェストのアルゴリズムが{algorithm}です"
        ));
    }
    report.check(
        "object.form",
        text!("version {version}, {algorithm}", "バージョン{version}、{algorithm}"),
        wrong,
    );

    let validity = &object.validity;
    let (signed, from, until) = (validity.signed, validity.valid_from, validity.valid_until);
    let mut wrong = Vec::new();
    if at < from {
        wrong.push(text!("not valid before {from}", "{from}より前は有効ではありません"));
    }
    if at > until {
        wrong.push(text!("ended on {until}", "{until}に終了しています"));
    }
    if signed > from || from >= until {
        wrong.push(text!(
            "signed {signed}, valid from {from} to {until}: out of order",
            "署名{signed}、有効期間{from}から{until}: 順序が誤っています"
        ));
    }
    if !(signer.not_before()..=signer.not_after()).contains(&signed) {
        wrong.push(text!(
            "signed on {signed}, outside the validity of the document signer's certificate",
            "署名の日時{signed}が、文書署名者の証明書の有効期間の外です"
        ));
    }
    // An issuer keeps signed ≤ validFrom < validUntil ≤ notAfter of the signer's certificate. For verifiers, ISO/IEC 18013-5
    // demands it of `signed` alone; this is stricter, because such an mdoc could not be verified until its end.
    if until > signer.not_after() {
        wrong.push(text!(
            "ends after the document signer's certificate",
            "文書署名者の証明書より後に終了します"
        ));
    }
    report.check(
        "object.validity",
        text!(
            "signed {signed}, valid from {from} to {until}",
            "署名{signed}、有効期間{from}から{until}"
        ),
        wrong,
    );
    match object.has_status {
        true => report.not_done(
            "object.status",
            text!(
                "it refers to a status list, which is not read here",
                "状態リストへの参照がありますが、ここでは読みません"
            ),
        ),
        false => report.passed("object.status", text!("no status list", "状態リストなし")),
    }
}

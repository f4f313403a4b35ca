//! The paths, and what is answered at each.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use base64ct::{Base64Unpadded, Encoding};
use der::pem::{LineEnding, encode_string};
use vmyna_issuance::mdoc::Root;
use vmyna_issuance::x509::Authority;

use super::status::{Question, Served, Status, View};
use super::{MADE_ANSWERS, MakeAnswer};
use crate::ocsp::{self, Answered, LONGEST_REQUEST};
use crate::register::{DistributionPoint, IssuerId};
use crate::revocation_list::{self, Scope};

/// The paths, each with what it is. `AUTHORITY` is `sign-ca`, `auth-ca` (the newest key of each) or the key identifier of any
/// of their keys, 40 hexadecimal digits; `CODE` is a municipality's code, five digits. `mdoc-root` is the newest root of mdocs,
/// `ROOT` that or the key identifier of any root of mdocs.
///
/// The address of `auth-ca`'s responder stands in the certificates. That of `sign-ca` is `assumed`: the real one is given to
/// verifiers only.
pub const PATHS: [(&str, &str); 12] = [
    ("/", "this list"),
    (
        "/ocsp/sign-ca",
        "OCSP for signature certificates (署名用電子証明書), POST and GET",
    ),
    (
        "/ocsp/auth-ca",
        "OCSP for authentication certificates (利用者証明用電子証明書), POST and GET",
    ),
    ("/crl/AUTHORITY.crl", "the complete revocation list (失効リスト), DER"),
    ("/crl/AUTHORITY/CODE.crl", "a municipality's revocation list, DER"),
    (
        "/crl/AUTHORITY/authorities.crl",
        "the revocation list of authorities (ARL), DER",
    ),
    (
        "/crl/ROOT.crl",
        "the revocation list of a root of mdocs, DER: the address in the certificates",
    ),
    ("/ca/ROOT.cer", "the certificate of a root of mdocs, DER"),
    ("/ca/ROOT.pem", "the certificate of a root of mdocs, PEM"),
    ("/ca/AUTHORITY.cer", "the authority's certificate, DER"),
    ("/ca/AUTHORITY.pem", "the authority's certificate, PEM"),
    (
        "/cps.txt",
        "what stands here for a certification practice statement (認証局運用規程)",
    ),
];

const PRACTICE_STATEMENT: &str = "\
vmyna virtual card for testing - not issued by J-LIS
見本: 試験用であり、機構発行ではありません。

These authorities issue certificates to fictional people, for tests. They are worth nothing: the keys of the
built-in authorities are public, and those of others are whatever their owner makes of them.
この認証局は、架空の人物に試験用の証明書を発行します。証明書に価値はありません。
";

/// A request, as far as answers depend on it.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    /// The path, its percent-encoding resolved.
    pub(super) path: &'a str,
    pub(super) body: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Other,
}

/// An answer over HTTP.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Arc<[u8]>,
    /// For the log.
    pub(super) what: Cow<'static, str>,
}

const TEXT: &str = "text/plain; charset=utf-8";
const OCSP_RESPONSE: &str = "application/ocsp-response";

pub(super) fn plain(status: u16, text: &'static str) -> Answer {
    Answer {
        status,
        content_type: TEXT,
        body: format!("{text}\n").into_bytes().into(),
        what: text.into(),
    }
}

/// Answers an OCSP request with what is made elsewhere; nothing else is served.
pub(super) fn made(make: &MakeAnswer, asked: &Asked<'_>) -> Answer {
    let segments: Vec<&str> = asked.path.trim_start_matches('/').splitn(3, '/').collect();
    let request = match (asked.method, &*segments) {
        (Method::Get, [""]) => return text(MADE_ANSWERS.to_owned()),
        (Method::Post, ["ocsp", hierarchy]) => Some((*hierarchy, Cow::Borrowed(asked.body))),
        (Method::Get, ["ocsp", hierarchy, request]) => base64(request).map(|request| (*hierarchy, request.into())),
        _ => None,
    };
    let answer = request.filter(|(hierarchy, _)| matches!(*hierarchy, "sign-ca" | "auth-ca"));
    match answer.map(|(hierarchy, request)| make(hierarchy, &request)) {
        None => nothing_here(),
        Some(None) => plain(500, "the answer can't be made"),
        Some(Some(body)) => Answer {
            status: 200,
            content_type: OCSP_RESPONSE,
            body: body.into(),
            what: "answer".into(),
        },
    }
}

/// Answers a request.
pub(super) fn answer(status: &Status, asked: &Asked<'_>) -> Answer {
    let path = asked.path;
    let segments: Vec<&str> = path.trim_start_matches('/').splitn(3, '/').collect();
    match (asked.method, &*segments) {
        (Method::Post, ["ocsp", hierarchy]) => responder(status, hierarchy, Cow::Borrowed(asked.body)),
        (Method::Get, ["ocsp", hierarchy, request]) => match base64(request) {
            Some(request) => responder(status, hierarchy, request.into()),
            None => plain(400, "an OCSP request in a path is Base64 of at most 16 KiB"),
        },
        (Method::Get, ["ocsp", "sign-ca" | "auth-ca"]) => {
            plain(400, "an OCSP request is the body of a POST, or Base64 behind this path")
        }
        (Method::Get, [""]) => text(index()),
        (Method::Get, ["cps.txt"]) => text(PRACTICE_STATEMENT.to_owned()),
        (Method::Get, ["ca", file]) => certificate(status, file),
        (Method::Get, ["crl", file]) => match file.strip_suffix(".crl") {
            Some(authority) => list(status, authority, &ListOf::All),
            None => nothing_here(),
        },
        (Method::Get, ["crl", authority, file]) => match file.strip_suffix(".crl") {
            Some("authorities") => list(status, authority, &ListOf::Authorities),
            Some(code) => list(status, authority, &ListOf::Municipality(code)),
            None => nothing_here(),
        },
        (Method::Post, ["", ..] | ["cps.txt" | "ca" | "crl", ..]) | (Method::Other, _) => {
            plain(405, "this path is for GET, those of OCSP are for GET and POST")
        }
        _ => nothing_here(),
    }
}

fn nothing_here() -> Answer {
    plain(404, "nothing is served here; / lists what is")
}

fn text(text: String) -> Answer {
    Answer {
        status: 200,
        content_type: TEXT,
        body: text.into_bytes().into(),
        what: "text".into(),
    }
}

fn index() -> String {
    let mut text = "vmyna: virtual My Number Cards for testing - not issued by J-LIS (見本)\n\n".to_owned();
    for (path, what) in PATHS {
        // Writing into a text doesn't fail.
        let _ = writeln!(text, "{path:<32} {what}");
    }
    text
}

/// Base64 with or without padding, of the usual alphabet, perhaps after a second slash: as clients send it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_start_matches('/').trim_end_matches('=');
    if text.len() > LONGEST_REQUEST * 4 / 3 + 4 {
        return None;
    }
    Base64Unpadded::decode_vec(text).ok().filter(|bytes| !bytes.is_empty())
}

fn served<'a>(status: &'a Status, hierarchy: &str) -> Option<&'a Served> {
    match hierarchy {
        "sign-ca" => Some(&status.sign),
        "auth-ca" => Some(&status.auth),
        _ => None,
    }
}

/// The authority of a name in a path.
fn authority<'a>(status: &'a Status, name: &str) -> Option<&'a (IssuerId, Authority)> {
    if let Some(served) = served(status, name) {
        return served.authorities.last();
    }
    let mut all = status.sign.authorities.iter().chain(&status.auth.authorities);
    all.find(|(id, _)| id.to_string().eq_ignore_ascii_case(name))
}

fn responder(status: &Status, hierarchy: &str, request: Cow<'_, [u8]>) -> Answer {
    let Some(served) = served(status, hierarchy) else {
        return nothing_here();
    };
    let ocsp = |body: Arc<[u8]>, what: Cow<'static, str>| Answer {
        status: 200,
        content_type: OCSP_RESPONSE,
        body,
        what,
    };
    let unable = |why: String| Answer {
        what: why.into(),
        ..plain(500, "the register can't be read")
    };
    if status.faults.try_later {
        return match ocsp::try_later() {
            Ok(answer) => ocsp(answer.der.into(), "fault: tryLater".into()),
            Err(error) => unable(error.to_string()),
        };
    }
    let question: Question = (hierarchy.to_owned(), request.into_owned());
    let view = match status.view(false) {
        Ok(view) => view,
        Err(error) => return unable(error.to_string()),
    };
    if let Some(kept) = status.kept(&question, view) {
        return ocsp(kept, "kept answer".into());
    }
    let made = |view: View| -> Result<(View, Option<ocsp::Answer>), ocsp::OcspError> {
        let mut answer = None;
        status.with_register(|register| {
            answer = Some(ocsp::answer(
                &served.responders,
                register,
                view.by,
                view.times,
                &question.1,
            ));
            Ok(())
        })?;
        answer.transpose().map(|answer| (view, answer))
    };
    let unknown = |answer: &ocsp::Answer| answer.certificates.iter().any(|(_, what)| *what == Answered::Unknown);
    let result = match made(view) {
        // It may have been issued since the register was last looked at.
        Ok((view, Some(answer))) if unknown(&answer) => match status.view(true) {
            Ok(later) if later.by != view.by => made(later),
            Ok(_) => Ok((view, Some(answer))),
            Err(error) => Err(error.into()),
        },
        result => result,
    };
    match result {
        Ok((view, Some(answer))) => {
            let what = words(&answer);
            let body: Arc<[u8]> = answer.der.into();
            if answer.repeatable {
                status.keep(question, view, &body);
            }
            ocsp(body, what)
        }
        Ok((_, None)) => unable("no answer".to_owned()),
        Err(error) => unable(error.to_string()),
    }
}

/// What was answered, for the log.
fn words(answer: &ocsp::Answer) -> Cow<'static, str> {
    let of = |(serial, what): &(Option<u32>, Answered)| {
        let serial = serial.map_or_else(|| "?".to_owned(), |serial| format!("{serial:06X}"));
        match what {
            Answered::Good => format!("{serial} good"),
            Answered::Unknown => format!("{serial} unknown"),
            Answered::Revoked(revocation) => format!("{serial} revoked {} {}", revocation.at, revocation.reason),
        }
    };
    match &*answer.certificates {
        [] => "refused: no request that can be answered".into(),
        all => all.iter().map(of).collect::<Vec<_>>().join(", ").into(),
    }
}

enum ListOf<'a> {
    All,
    Authorities,
    Municipality(&'a str),
}

fn list(status: &Status, name: &str, of: &ListOf<'_>) -> Answer {
    let Some((issuer, authority)) = authority(status, name) else {
        return match (root(status, name), of) {
            (Some(root), ListOf::All) => list_of_root(status, root),
            _ => nothing_here(),
        };
    };
    let made = || -> Result<Option<Arc<[u8]>>, revocation_list::ListError> {
        let view = status.view(false)?;
        let scope = match of {
            ListOf::All => Scope::Complete,
            ListOf::Authorities => Scope::Authorities,
            ListOf::Municipality(code) => match point(status, *issuer, code)? {
                Some(point) => Scope::Municipality(point),
                None => return Ok(None),
            },
        };
        let question = match &scope {
            Scope::Complete => format!("complete {issuer}"),
            Scope::Authorities => format!("authorities {issuer}"),
            Scope::Municipality(point) => format!("{} {issuer}", point.municipality),
        };
        let question: Question = (question, Vec::new());
        if let Some(kept) = status.kept(&question, view) {
            return Ok(Some(kept));
        }
        let mut list = None;
        status.with_register(|register| {
            list = Some(revocation_list::make(
                authority,
                register,
                &scope,
                view.by,
                view.times.this_update,
            ));
            Ok(())
        })?;
        let list: Option<Arc<[u8]>> = list.transpose()?.map(Into::into);
        if let Some(list) = &list {
            status.keep(question, view, list);
        }
        Ok(list)
    };
    list_answer(made())
}

fn list_answer(made: Result<Option<Arc<[u8]>>, revocation_list::ListError>) -> Answer {
    match made {
        Ok(Some(body)) => Answer {
            status: 200,
            content_type: "application/pkix-crl",
            body,
            what: "revocation list".into(),
        },
        Ok(None) => plain(404, "no certificate of this authority names that municipality"),
        Err(error) => Answer {
            what: error.to_string().into(),
            ..plain(500, "the register can't be read")
        },
    }
}

/// The root of mdocs of a name in a path.
fn root<'a>(status: &'a Status, name: &str) -> Option<&'a (IssuerId, Root)> {
    match name {
        "mdoc-root" => status.roots.last(),
        _ => status
            .roots
            .iter()
            .find(|(id, _)| id.to_string().eq_ignore_ascii_case(name)),
    }
}

fn list_of_root(status: &Status, (id, root): &(IssuerId, Root)) -> Answer {
    let made = || -> Result<Option<Arc<[u8]>>, revocation_list::ListError> {
        let view = status.view(false)?;
        let question: Question = (format!("mdoc {id}"), Vec::new());
        if let Some(kept) = status.kept(&question, view) {
            return Ok(Some(kept));
        }
        let revoked = status.with_register(|register| register.revoked_signers(*id, view.by))?;
        let list: Arc<[u8]> = revocation_list::of_mdoc_root(root, &revoked, view.times.this_update)?.into();
        status.keep(question, view, &list);
        Ok(Some(list))
    };
    list_answer(made())
}

/// The distribution point of a municipality. Where several have its code, because person files gave it different names, the
/// others are `CODE-2`, `CODE-3` and so on.
fn point(
    status: &Status,
    issuer: IssuerId,
    name: &str,
) -> Result<Option<DistributionPoint>, crate::register::RegisterError> {
    let (code, number) = name.split_once('-').unwrap_or((name, "1"));
    let number = number.parse::<usize>().ok().filter(|number| *number > 0);
    let points = status.with_register(|register| register.points(issuer))?;
    let mut of_code = points.into_iter().filter(|point| point.municipality == code);
    Ok(number.and_then(|number| of_code.nth(number - 1)))
}

fn certificate(status: &Status, file: &str) -> Answer {
    let (name, pem) = match (file.strip_suffix(".cer"), file.strip_suffix(".pem")) {
        (Some(name), _) => (name, false),
        (_, Some(name)) => (name, true),
        _ => return nothing_here(),
    };
    let of_root = || root(status, name).map(|(_, root)| root.certificate());
    let found = authority(status, name).map(|(_, authority)| authority.certificate());
    let Some(der) = found.or_else(of_root) else {
        return nothing_here();
    };
    let encoded = pem.then(|| encode_string("CERTIFICATE", LineEnding::LF, der));
    match encoded {
        None => Answer {
            status: 200,
            content_type: "application/pkix-cert",
            body: der.into(),
            what: "certificate".into(),
        },
        Some(Ok(pem)) => Answer {
            status: 200,
            content_type: "application/x-pem-file",
            body: pem.into_bytes().into(),
            what: "certificate".into(),
        },
        Some(Err(_)) => plain(500, "the certificate can't be encoded"),
    }
}

//! What the answer of a phone is verified with: the session, and revocation lists of the roots.

use vmyna_apdu::ShowPath as _;
use vmyna_authority::http_client::{Method, Reach, Request, send};
use vmyna_authority::verifier::mdoc::list_addresses;
use vmyna_authority::verifier::revocation::List;
use vmyna_authority::verifier::trust::Trust;
use vmyna_mdoc::{DeviceRequest, ParseError, Transcript};
use x509_cert::der::DateTime;

use super::args::Verify;
use super::{LONGEST_FILE, read};
use crate::failure::Failure;
use crate::trusted;

/// A session with a phone.
pub(super) struct Session {
    pub(super) transcript: Transcript,
    pub(super) request: Option<DeviceRequest>,
}

/// The session of the arguments.
pub(super) fn session(arguments: &Verify) -> Result<Option<Session>, Failure> {
    let Some(path) = &arguments.transcript else {
        return Ok(None);
    };
    let wrong = |path: &std::path::Path, error: ParseError| Failure::Usage(format!("{}: {error}", path.shown()));
    let transcript = Transcript::parse(&read(path, LONGEST_FILE)?).map_err(|error| wrong(path, error))?;
    let request = match &arguments.request {
        Some(path) => Some(DeviceRequest::parse(&read(path, LONGEST_FILE)?).map_err(|error| wrong(path, error))?),
        None => None,
    };
    Ok(Some(Session { transcript, request }))
}

/// Revocation lists: of the registers of the named authorities; if none of these has a list, those at the addresses that the
/// signers' certificates name, if trusted roots have issued them.
pub(super) fn lists<'r>(
    arguments: &Verify,
    answers: impl Iterator<Item = &'r [u8]>,
    (session, trust): (&Session, &Trust),
    (at, reach): (DateTime, Reach),
) -> Result<Vec<List>, Failure> {
    let mut lists = Vec::new();
    for authority in &arguments.ca {
        let own = trusted::mdoc_lists(authority, at)?;
        lists.extend(own.into_iter().map(|der| List {
            name: "register".to_owned(),
            der,
        }));
    }
    if !lists.is_empty() {
        return Ok(lists);
    }
    let addresses = |answer| list_addresses(answer, &session.transcript, trust, at);
    for url in answers.flat_map(addresses) {
        let request = Request {
            method: Method::Get,
            url: &url,
            headers: &[],
            body: &[],
        };
        // Without a list the report states that revocation is not verified.
        if let Ok(answer) = send(&request, reach)
            && answer.status == 200
        {
            lists.push(List {
                name: url,
                der: answer.body,
            });
        }
    }
    Ok(lists)
}

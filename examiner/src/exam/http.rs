//! A service in place of a program: each candidate is sent to it in one request, and its answer reports the verdict.
//!
//! `exam.toml` has the form of the request for each part that the service claims. Where the service chooses a challenge, it is
//! fetched first; whether the service binds it to its session is examined by requests in a wrong order.
//!
//! Nothing is sent but to the address that the user has named: no redirect is followed, and each request has the header
//! [`MARK`]. The module must never send anything to another machine of the internet unless the user has stated that the service
//! is the user's own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use vmyna_apdu::{Text, text};
use vmyna_authority::http_client::{Answer, HttpError, Method, Reach, Request, Url, send};
use vmyna_candidates::{Candidate, MadeFile, Misuse, Part, Subject};

use super::form::{Asked, Form};
use super::placeholders::{Placeholder, Template, UnknownPlaceholder};
use super::settings::Claimed;
use super::verdict::{Got, matched};

/// The header that each request has: name and value.
pub const MARK: (&str, &str) = ("X-Vmyna-Exam", "test data");

/// How often a wait looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Why a service can't be examined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The address has another form.
    #[error("the address is not of the form http://HOST:PORT[/PATH]")]
    Url,
    /// The settings have no request.
    #[error("the settings have no request: write a table such as [http.mdoc]")]
    NoForm,
    /// A request's form is wrong.
    #[error("[http.{part}]: {why}")]
    Form {
        /// The part.
        part: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Nothing was sent, or no connection made.
    #[error("{0}")]
    Http(#[from] HttpError),
    /// The service does not give the challenge that the settings describe.
    #[error("[http.{part}.challenge]: {why}")]
    Challenge {
        /// The part.
        part: &'static str,
        /// What is missing.
        why: &'static str,
    },
}

/// One request's form, read.
struct Read {
    part: Part,
    form: Form,
    path: Template,
    body: Body,
}

enum Body {
    Text(Template),
    File(MadeFile),
}

/// A service that is examined.
pub struct Service {
    base: String,
    reach: Reach,
    forms: Vec<Read>,
}

/// Files, with the answers of a card to a challenge.
pub type Files<'f> = dyn Fn(&[u8]) -> BTreeMap<MadeFile, Vec<u8>> + 'f;

/// What a candidate is sent from.
pub struct Sent<'s> {
    /// The candidate, made.
    pub subject: &'s Subject,
    /// The files of the candidate, with the card's answers to this challenge.
    pub files: &'s Files<'s>,
    /// A challenge of the examination: where the service gives none, or a wrong one is needed.
    pub challenge: [u8; 32],
    /// The revocation lists, DER.
    pub lists: &'s [(String, Vec<u8>)],
    /// The time of the check, RFC 3339.
    pub time: String,
}

/// What the service answered in the end.
pub struct Answered {
    /// What it did.
    pub got: Got,
    /// The body of the answer, for the patterns of notices and the search for what must not be in it.
    pub body: Vec<u8>,
    /// From the first request to the last answer, waits included.
    pub took: Duration,
}

/// A challenge with the session that it was given in.
#[derive(Clone, Default)]
struct Session {
    challenge: Vec<u8>,
    token: String,
    cookies: Vec<String>,
}

impl Service {
    /// Reads the forms. `own`: the user has stated that the service is the user's own, so that it may be anywhere.
    ///
    /// # Errors
    /// [`ServiceError`]: the address or a form is wrong.
    pub fn new(url: &str, forms: &BTreeMap<Claimed, Form>, own: bool) -> Result<Self, ServiceError> {
        let base = url.trim_end_matches('/');
        Url::parse(base).ok_or(ServiceError::Url)?;
        if forms.is_empty() {
            return Err(ServiceError::NoForm);
        }
        let forms = forms.iter().map(|(Claimed(part), form)| {
            Read::new(*part, form).map_err(|why| ServiceError::Form { part: part.name(), why })
        });
        Ok(Self {
            base: base.to_owned(),
            reach: if own { Reach::Anywhere } else { Reach::Private },
            forms: forms.collect::<Result<_, _>>()?,
        })
    }

    /// The parts that have a form.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.forms.iter().map(|read| read.part)
    }

    /// All placeholders of the form for a candidate: what must be delivered. `None`: no form is about it.
    #[must_use]
    pub fn wanted(&self, candidate: &Candidate) -> Option<Vec<Placeholder>> {
        self.form(candidate).map(Read::placeholders)
    }

    /// The form of the first part that the candidate is about; of the first part at all for one that is about every part.
    fn form(&self, candidate: &Candidate) -> Option<&Read> {
        let parts = candidate.claim.0;
        let of = |part: &Part| self.forms.iter().find(|read| read.part == *part);
        parts.iter().find_map(of).or(match parts {
            [] => self.forms.first(),
            _ => None,
        })
    }

    /// Why a candidate can't be sent, if it can't.
    #[must_use]
    pub fn obstacle(&self, candidate: &Candidate, subject: &Subject) -> Option<Text> {
        let Some(read) = self.form(candidate) else {
            return Some(text!(
                "the settings have no request about it",
                "設定に該当するリクエストがない"
            ));
        };
        let placeholders = read.placeholders();
        let lacks = |placeholder| !placeholders.contains(&placeholder);
        if subject.lists.is_some() && lacks(Placeholder::Lists) {
            return Some(text!(
                "the request does not have the revocation lists: {{crls}}",
                "リクエストに失効リスト{{crls}}がない"
            ));
        }
        if subject.time.is_some() && lacks(Placeholder::Time) {
            return Some(text!(
                "the request does not have the time of the check: {{time}}",
                "リクエストに検証時刻{{time}}がない"
            ));
        }
        let challenge = read.form.challenge.as_ref();
        match subject.misuse {
            None => None,
            Some(_) if challenge.is_none() => Some(text!("the service gives no challenge", "サービスが乱数を出さない")),
            Some(Misuse::Late) if challenge.is_none_or(|one| one.ends_after.is_none()) => Some(text!(
                "the settings do not state when a challenge ends: ends-after",
                "乱数の期限ends-afterが設定にない"
            )),
            Some(_) => None,
        }
    }

    /// Sends a candidate, and more requests where the candidate is a wrong order of them. `stop` ends a wait early.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing could be sent, or the service gives no challenge.
    pub fn examine(&self, candidate: &Candidate, sent: &Sent<'_>, stop: &AtomicBool) -> Result<Answered, ServiceError> {
        let begin = Instant::now();
        let read = self.form(candidate).ok_or(ServiceError::NoForm)?;
        let mut session = self.begin(read, sent)?;
        let made = session.clone();
        match sent.subject.misuse {
            None => {}
            Some(Misuse::Twice) => {
                let (first, body) = self.send(read, &session, sent, &session.challenge)?;
                if first != Got::Accepted {
                    let took = begin.elapsed();
                    let got = Got::Unclear(text!(
                        "it did not accept the first answer",
                        "一度目の応答を受理しなかった"
                    ));
                    return Ok(Answered { got, body, took });
                }
            }
            // The challenge of the first session stays; everything else is of the second.
            Some(Misuse::OtherSession) => session = self.begin(read, sent)?,
            Some(Misuse::Late) => {
                let seconds = read.form.challenge.as_ref().and_then(|one| one.ends_after);
                wait(Duration::from_secs(seconds.unwrap_or_default() + 1), stop);
            }
            Some(_) => session.challenge = sent.challenge.to_vec(),
        }
        let challenge = match sent.subject.misuse {
            Some(Misuse::OtherSession) => made.challenge,
            _ => session.challenge.clone(),
        };
        let (got, body) = self.send(read, &session, sent, &challenge)?;
        Ok(Answered {
            got,
            body,
            took: begin.elapsed(),
        })
    }

    /// A challenge: of the service, or of the examination where the service gives none.
    fn begin(&self, read: &Read, sent: &Sent<'_>) -> Result<Session, ServiceError> {
        let Some(form) = &read.form.challenge else {
            return Ok(Session {
                challenge: sent.challenge.to_vec(),
                ..Session::default()
            });
        };
        let wrong = |why| ServiceError::Challenge {
            part: read.part.name(),
            why,
        };
        let method = match form.method {
            Asked::Get => Method::Get,
            Asked::Post => Method::Post,
        };
        let answer = self.request(method, &form.path, &[], b"")?;
        if !(200..300).contains(&answer.status) {
            return Err(wrong("the service refuses to give a challenge"));
        }
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let at = |pointer: &str| match value.as_ref()?.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let challenge = match &form.pointer {
            Some(pointer) => {
                let text = at(pointer).ok_or(wrong("there is no text at the pointer"))?;
                let bytes = read.form.encoding.read(&text);
                bytes.ok_or(wrong("the challenge is not in the stated encoding"))?
            }
            None => answer.body,
        };
        let token = match &form.session {
            Some(pointer) => at(pointer).ok_or(wrong("there is no session at the pointer"))?,
            None => String::new(),
        };
        Ok(Session {
            challenge,
            token,
            cookies: answer.cookies,
        })
    }

    /// The request itself, in this session, about a card that has answered this challenge.
    fn send(
        &self,
        read: &Read,
        session: &Session,
        sent: &Sent<'_>,
        challenge: &[u8],
    ) -> Result<(Got, Vec<u8>), ServiceError> {
        let mut files = (sent.files)(challenge);
        files.insert(MadeFile::Challenge, challenge.to_vec());
        let encoding = read.form.encoding;
        let value = |placeholder| match placeholder {
            Placeholder::File(file) => encoding.write(files.get(&file).map(Vec::as_slice).unwrap_or_default()),
            Placeholder::Lists => {
                let lists = sent.lists.iter().map(|(_, der)| Value::from(encoding.write(der)));
                Value::Array(lists.collect()).to_string()
            }
            Placeholder::Time => sent.time.clone(),
            Placeholder::Session => in_json(&session.token),
            _ => String::new(),
        };
        let body = match &read.body {
            Body::Text(template) => template.fill(&value).into_bytes(),
            Body::File(file) => files.get(file).cloned().unwrap_or_default(),
        };
        let path = read.path.fill(&|placeholder| match placeholder {
            Placeholder::Session => in_path(&session.token),
            other => value(other),
        });
        let cookies = session.cookies.join("; ");
        let mut headers = vec![("Content-Type", read.form.content_type.as_str())];
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        match self.request(Method::Post, &path, &headers, &body) {
            Ok(answer) => Ok((read.form.got(&answer), answer.body)),
            Err(HttpError::Slow) => Ok((Got::Hung, Vec::new())),
            // The service was there before: it has ended the connection, or itself.
            Err(HttpError::Cut | HttpError::Status(_)) => Ok((ended(), Vec::new())),
            Err(HttpError::Io(error)) if error.kind() != std::io::ErrorKind::ConnectionRefused => {
                Ok((ended(), Vec::new()))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, HttpError> {
        let url = format!("{}{path}", self.base);
        let headers = [headers, &[MARK]].concat();
        let request = Request {
            method,
            url: &url,
            headers: &headers,
            body,
        };
        send(&request, self.reach)
    }
}

fn ended() -> Got {
    Got::Crashed(text!(
        "the connection ended without an answer",
        "応答なしに接続が終了した"
    ))
}

fn wait(time: Duration, stop: &AtomicBool) {
    let end = Instant::now() + time;
    while Instant::now() < end && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
    }
}

/// A text within a string of JSON.
fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// A text within a path (RFC 3986).
fn in_path(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

impl Form {
    /// What an answer reports.
    fn got(&self, answer: &Answer) -> Got {
        let status = answer.status;
        let refused = match &self.refused {
            Some(refused) => refused.contains(&status),
            None => matches!(status, 200..300 | 400..500),
        };
        if self.accepted.contains(&status) {
            match &self.pattern {
                Some(pattern) => matched(&answer.body, pattern, None),
                None => Got::Accepted,
            }
        } else if refused {
            Got::Refused
        } else if status >= 500 {
            Got::Crashed(text!("status {status}", "ステータス{status}"))
        } else {
            Got::Unclear(text!("status {status}", "ステータス{status}"))
        }
    }
}

impl Read {
    fn new(part: Part, form: &Form) -> Result<Self, String> {
        let template = |text: &str| Template::parse(text).map_err(|error: UnknownPlaceholder| error.to_string());
        let body = match (&form.body, &form.file) {
            (Some(body), None) => Body::Text(template(body)?),
            (None, Some(name)) => {
                let named = template(&format!("{{{name}}}"))?;
                match named.placeholders().next() {
                    Some(Placeholder::File(file)) => Body::File(file),
                    _ => return Err(format!("there is no file {name}")),
                }
            }
            _ => return Err("a request has either a `body` or a `file`".to_owned()),
        };
        let paths = [Some(&form.path), form.challenge.as_ref().map(|one| &one.path)];
        if paths.into_iter().flatten().any(|path| !path.starts_with('/')) {
            return Err("a path begins with /".to_owned());
        }
        let read = Self {
            part,
            path: template(&form.path)?,
            form: form.clone(),
            body,
        };
        let useless =
            |one: &Placeholder| matches!(one, Placeholder::Trust | Placeholder::Folder | Placeholder::Opens(_));
        match read.placeholders().into_iter().any(|one| useless(&one)) {
            true => {
                Err("a service is given files, {crls}, {time} and {session}; it has its anchors already".to_owned())
            }
            false => Ok(read),
        }
    }

    fn placeholders(&self) -> Vec<Placeholder> {
        let mut all: Vec<_> = self.path.placeholders().collect();
        match &self.body {
            Body::Text(template) => all.extend(template.placeholders()),
            Body::File(file) => all.push(Placeholder::File(*file)),
        }
        all
    }
}

//! The pages of a log-in: choose a card and consent, type the PINs, or end.
//!
//! No card is open between two pages, and a page that is never answered costs no try. Each page has a new one-time token.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use sha2::{Digest, Sha256};
use vmyna_apdu::{Language, text};
use zeroize::Zeroizing;

use super::answer::redirect;
use super::card::{Failed, Pins, Proved, Standing};
use super::expiring::{Full, id};
use super::page::{self, Notice, View};
use super::request::{self, AuthRequest, Rejection};
use super::state::{CODE_LIFE, Code, Grant, NotKept, Transaction, lock};
use super::{Provider, uri};
use crate::client::{ClientError, Key};
use crate::http::{self, OwnOrigin, form, is_each_once, is_same_origin};
use crate::jose::base64url;
use crate::secret::random;

/// How long an expired log-in is remembered, so that the person learns what happened, in seconds.
const REMEMBERED: u64 = 600;
/// How long a page that was set aside waits for its browser, in seconds.
const PAGE_LIFE: u64 = 60;
/// The parameter that names such a page.
const PAGE: &str = "page";
/// The fields of the PINs: to log in, of the input assistance, to sign.
const PINS: [&str; 3] = ["auth_pin", "input_assist_pin", "sign_password"];

/// Answers an authorization request: the first page, or an error.
pub(super) fn begin(
    provider: &Provider,
    issuer: &str,
    headers: &HeaderMap,
    form: Option<Vec<(String, String)>>,
) -> Response<Body> {
    let accepted = http::accepted(headers);
    if !http::is_visit(headers) {
        let what = text!(
            "A log-in begins when a browser goes to this page, not in a part of another page.",
            "ログインは、ほかのページの一部としては始められません。"
        );
        return page::refusal(StatusCode::FORBIDDEN, accepted, &what);
    }
    let request = match request::read(form, &provider.settings.clients, issuer) {
        Ok(request) => request,
        Err(Rejection::Page(what)) => {
            provider.log("auth", "refused", &what.en);
            return page::untrusted(accepted, &what);
        }
        Err(Rejection::Redirect(location)) => {
            provider.log("auth", "refused", "the redirect has the reason");
            return redirect(&location);
        }
    };
    if let Some(location) = unknown_signature(provider, &request) {
        provider.log("auth", "invalid_request", "sign_transaction_id");
        return redirect(&location);
    }
    let language = request.language.unwrap_or(accepted);
    let deadline = provider.now() + provider.settings.time_limit;
    let transaction = Transaction {
        request,
        language,
        deadline,
        card: None,
        reason: None,
    };
    show(provider, transaction, None)
}

/// The error if the request is to sign something that this relying party has not announced, or that is signed already.
fn unknown_signature(provider: &Provider, request: &AuthRequest) -> Option<String> {
    let name = request.sign_transaction.as_deref()?;
    let state = lock(&provider.state);
    let found = state.signatures.get(&id(name), provider.now());
    let open = found.is_some_and(|found| found.client == request.client.id && found.done.is_none());
    let refusal = (
        "invalid_request",
        "sign_transaction_id is not one of an open transaction of this client",
    );
    (!open).then(|| request::error(&request.redirect_uri, &request.issuer, Some(&request.state), refusal))
}

/// Keeps the log-in under a new one-time token, and shows its page.
fn show(provider: &Provider, mut transaction: Transaction, mut notice: Option<Notice>) -> Response<Body> {
    let now = provider.now();
    let token = random();
    let asked = match (transaction.card, &notice) {
        (Some(card), None | Some(Notice::Retry(_))) => provider.slot(card),
        _ => None,
    };
    let tries = match asked.map(|slot| slot.tries(&transaction.request.scopes)) {
        None => None,
        Some(Ok(tries)) => Some(tries),
        Some(Err(failed)) => {
            let stop = self::notice(failed);
            transaction.reason = stop.reason();
            provider.log("login", "not yet", stop.reason().unwrap_or_default());
            notice = Some(stop);
            None
        }
    };
    for error in tries.iter().flatten().filter_map(|(_, tries)| tries.as_ref().err()) {
        provider.log("login", "not yet", &error.to_string());
    }
    let cards = provider.cards.iter().map(|slot| (slot.title.as_str(), slot.phone));
    let view = View {
        token: &token,
        cards: cards.collect(),
        transaction: &transaction,
        tries,
        notice,
        minutes: provider.settings.time_limit.div_ceil(60),
    };
    let answer = page::login(&view);
    let (language, until) = (transaction.language, transaction.deadline + REMEMBERED);
    let kept = lock(&provider.state)
        .transactions
        .insert(id(&token), transaction, until, now);
    match kept {
        Ok(()) => answer,
        Err(Full) => page::refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            language,
            &text!(
                "Too many log-ins have begun. Try again later.",
                "進行中のログインが多すぎます。後でもう一度お試しください。"
            ),
        ),
    }
}

/// What a person has sent from a page. There is no `Debug`: it has PINs.
struct Sent(Vec<(String, Zeroizing<String>)>);

impl Sent {
    fn read(body: &[u8]) -> Option<Self> {
        let form = form(body)?;
        let is_good = form.len() <= 16 && is_each_once(&form);
        let sent = form.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
        let sent = Self(sent.collect());
        is_good.then_some(sent)
    }

    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Whether there is something of a PIN.
    fn has_pin(&self) -> bool {
        PINS.iter().any(|name| !self.get(name).is_empty())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }
}

/// Answers a form of one of the pages. It may wait for a card.
pub(super) fn proceed(provider: &Arc<Provider>, own: &OwnOrigin, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let accepted = http::accepted(headers);
    if !is_same_origin(headers, own) {
        return page::refusal(
            StatusCode::FORBIDDEN,
            accepted,
            &text!(
                "The form is not one of this server's pages.",
                "このサーバーのページから送られたものではありません。"
            ),
        );
    }
    let Some(sent) = Sent::read(body) else {
        let what = text!("The form is malformed.", "送られた内容の形式が不正です。");
        return page::refusal(StatusCode::BAD_REQUEST, accepted, &what);
    };
    let answer = proceed_with(provider, accepted, &sent);
    // Browsers keep what a form sent as long as the page that answers it, on disk too, so such a page has no PIN behind it.
    match sent.has_pin() && answer.status() != StatusCode::SEE_OTHER {
        true => set_aside(provider, answer),
        false => answer,
    }
}

/// Leads the browser to a page that it can fetch once, within a minute.
fn set_aside(provider: &Provider, page: Response<Body>) -> Response<Body> {
    let (name, now) = (random(), provider.now());
    let kept = lock(&provider.state)
        .pages
        .insert(id(&name), page, now + PAGE_LIFE, now);
    match kept {
        Ok(()) => redirect(&format!("{}?{PAGE}={name}", page::ACTION)),
        // There it is said that the page is not there.
        Err(Full) => redirect(page::ACTION),
    }
}

/// The page that was set aside, once; its name in the address opens nothing afterwards.
pub(super) fn page(provider: &Provider, headers: &HeaderMap, query: Option<&str>) -> Response<Body> {
    let name = query.and_then(|query| query.strip_prefix(PAGE)?.strip_prefix('='));
    let Some(name) = name else {
        return page::missing(http::accepted(headers));
    };
    let page = lock(&provider.state).pages.take(&id(name), provider.now());
    page.unwrap_or_else(|| used(http::accepted(headers)))
}

/// The answer to a page that was used already.
fn used(language: Language) -> Response<Body> {
    let what = text!(
        "This page was used already, or is too old. Go back to the site, and begin again there.",
        "このページは使用済みか、時間が経ち過ぎています。サイトに戻り、始めからやり直してください。"
    );
    page::refusal(StatusCode::BAD_REQUEST, language, &what)
}

fn proceed_with(provider: &Arc<Provider>, accepted: Language, sent: &Sent) -> Response<Body> {
    let now = provider.now();
    let taken = lock(&provider.state)
        .transactions
        .take(&id(sent.get("transaction")), now);
    let Some(mut transaction) = taken else {
        return used(accepted);
    };
    if transaction.deadline <= now {
        provider.log("login", "time_out", "");
        let location = ended(&transaction, "time_out");
        return page::timed_out(transaction.language, &transaction.request, &location);
    }
    if sent.has("language") {
        transaction.language = http::language(sent.get("language")).unwrap_or(transaction.language);
        return show(provider, transaction, None);
    }
    match sent.get("action") {
        "refuse" => end(provider, &transaction, transaction.reason.unwrap_or("consent_refused")),
        "other" => {
            transaction.card = None;
            transaction.reason = None;
            show(provider, transaction, None)
        }
        "choose" => {
            let chosen = sent
                .get("card")
                .parse()
                .ok()
                .filter(|card| provider.slot(*card).is_some());
            transaction.card = chosen;
            show(provider, transaction, None)
        }
        "prove" => prove(provider, transaction, sent),
        // The same page again: of a card that could not be opened too.
        _ => show(provider, transaction, None),
    }
}

/// Ends a log-in without a result.
fn end(provider: &Provider, transaction: &Transaction, reason: &'static str) -> Response<Body> {
    provider.log("login", "access_denied", reason);
    redirect(&ended(transaction, reason))
}

fn ended(transaction: &Transaction, reason: &'static str) -> String {
    let request = &transaction.request;
    let refusal = ("access_denied", reason);
    request::error(&request.redirect_uri, &request.issuer, Some(&request.state), refusal)
}

fn prove(provider: &Provider, mut transaction: Transaction, sent: &Sent) -> Response<Body> {
    let Some(slot) = transaction.card.and_then(|card| provider.slot(card)) else {
        return show(provider, transaction, None);
    };
    let pin = |name: &str| Zeroizing::new(sent.get(name).to_owned());
    let pins = Pins {
        auth: pin(PINS[0]),
        input_assist: pin(PINS[1]),
        sign: pin(PINS[2]),
    };
    let input = transaction.request.sign_transaction.as_deref().map(|name| {
        let state = lock(&provider.state);
        let open = state
            .signatures
            .get(&id(name), provider.now())
            .filter(|found| found.done.is_none());
        open.map(|found| found.input.clone())
    });
    let input = match input {
        Some(None) => return end(provider, &transaction, "sign_transaction_expired"),
        Some(input) => input,
        None => None,
    };
    let authority = &*provider.settings.authority;
    match slot.prove(authority, &transaction.request, input.as_deref(), &pins) {
        Ok(proved) => finish(provider, &transaction, proved),
        Err(failed) => {
            // The page names no path and no process; the line for the one who runs the server does.
            let why = match &failed {
                Failed::Card(error) => error.to_string(),
                Failed::Document(step) => (*step).to_owned(),
                Failed::Certificate(..) | Failed::NoItems(_) => String::new(),
            };
            let notice = notice(failed);
            if let Notice::Stop { reason, .. } = notice {
                transaction.reason = Some(reason);
            }
            let line = [notice.reason().unwrap_or_default(), &why];
            let line: Vec<_> = line.into_iter().filter(|part| !part.is_empty()).collect();
            provider.log("login", "not yet", &line.join(": "));
            show(provider, transaction, Some(notice))
        }
    }
}

/// What the page shows, and whether the same card can be tried again.
fn notice(failed: Failed) -> Notice {
    match failed {
        Failed::Card(error @ ClientError::Blocked(_)) => Notice::Stop {
            reason: "pin_blocked",
            text: error.text(),
        },
        Failed::Card(error @ (ClientError::NoKey(_) | ClientError::NoApplication(_))) => Notice::Stop {
            reason: "card_not_suitable",
            text: error.text(),
        },
        Failed::Card(error) => match error {
            ClientError::WrongPin { left: 0, .. } => Notice::Stop {
                reason: "pin_blocked",
                text: error.text(),
            },
            other => Notice::Retry(other.text()),
        },
        Failed::NoItems(kind) => Notice::Stop {
            reason: "card_not_suitable",
            text: page::no_items(kind),
        },
        Failed::Document(_) => Notice::Stop {
            reason: "mdoc_not_verified",
            text: page::document_text(),
        },
        Failed::Certificate(key, standing) => Notice::Stop {
            reason: match standing {
                Standing::Expired => "certificate_expired",
                Standing::Revoked => "certificate_revoked",
                Standing::Unknown => "certificate_not_verified",
                Standing::Good | Standing::Invalid => "certificate_invalid",
            },
            text: page::certificate_text(key == Key::Sign, standing),
        },
    }
}

/// The code for the relying party, and what was proved for it.
fn finish(provider: &Provider, transaction: &Transaction, proved: Proved) -> Response<Body> {
    let now = provider.now();
    let request = &transaction.request;
    let code = random();
    let linked = provider.settings.authority.linked(&proved.certificate);
    let person = linked.unwrap_or_else(|| Sha256::digest(&proved.certificate).into());
    let grant = Grant {
        client: request.client.id.clone(),
        issuer: request.issuer.clone(),
        subject: subject(&request.client.id, person),
        scopes: request.scopes.clone(),
        auth_time: now,
        items: proved.items,
        sign_transaction: request.sign_transaction.as_deref().map(id),
    };
    let made = Code {
        grant: id(&random()),
        client: request.client.id.clone(),
        issuer: request.issuer.clone(),
        redirect_uri: request.redirect_uri.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge.clone(),
        until: now + CODE_LIFE,
        is_used: false,
    };
    let kept = lock(&provider.state).keep(grant, (id(&code), made), proved.signed, now);
    match kept {
        Ok(()) => {}
        Err(NotKept::Signature) => return end(provider, transaction, "sign_transaction_expired"),
        Err(NotKept::Full) => {
            let refusal = ("temporarily_unavailable", "a limit of this server is reached");
            return redirect(&request::error(
                &request.redirect_uri,
                &request.issuer,
                Some(&request.state),
                refusal,
            ));
        }
    }
    provider.log("login", "code", "");
    let session = random();
    // A public client of the service expects `session_state`; it means nothing here.
    redirect(&uri::with_query(
        &request.redirect_uri,
        &[
            ("code", &code),
            ("state", &request.state),
            ("iss", &request.issuer),
            ("session_state", &session),
        ],
    ))
}

/// The person at one relying party: another identifier at each (`documented`), made from the digest of the certificate for
/// log-in (`assumed`), and so another one after its renewal. A phone that the register links to a card has the identifier of
/// the card (`assumed`: operators link certificates of one person). There is no secret in it, so that it is the same in every
/// test.
fn subject(client: &str, certificate: [u8; 32]) -> String {
    let hash = Sha256::new()
        .chain_update("vmyna idp subject\n")
        .chain_update(client)
        .chain_update("\n")
        .chain_update(certificate);
    base64url::encode(&hash.finalize())
}

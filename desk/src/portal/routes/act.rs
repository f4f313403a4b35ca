//! Forms that change something.

use axum::body::Body;
use axum::http::Response;
use vmyna_apdu::Language;

use super::asked::Form;
use super::{Visit, see, set_cookie};
use crate::portal::application::{Draft, FieldError, Filed, Typed, check};
use crate::portal::pages::{self, Frame, Problem, code, problem};
use crate::portal::relying_party::{FourItems, LoggedIn, Purpose, RelyingPartyError, Signed};
use crate::secret::same;

/// Answers a form. It must come from a page of the portal, and carry the token of the session.
pub(super) fn act(visit: &Visit<'_>) -> Response<Body> {
    let form = visit.asked.form();
    let known = |form: &Form| !visit.csrf.is_empty() && same(form.value("csrf"), &visit.csrf);
    let Some(form) = form.filter(known) else {
        return visit.problem(&Problem::Form);
    };
    match (visit.path, visit.is_person) {
        ("log-in", false) => begin(visit, Purpose::LogIn),
        ("log-in", true) => visit.to(""),
        ("log-out", _) => log_out(visit),
        ("data", true) => ask_again(visit),
        ("application", true) => write(visit, &form),
        ("application/sign", true) => sign(visit),
        (_, true) => visit.problem(&Problem::NotFound),
        (_, false) => visit.to(""),
    }
}

/// Sends the browser to the provider.
fn begin(visit: &Visit<'_>, purpose: Purpose) -> Response<Body> {
    let running = visit.running;
    match running.party.begin(purpose, visit.language) {
        Err(error) => visit.problem(&Problem::Provider(&error)),
        Ok((begun, address)) => match running.sessions.note(&visit.id, visit.now, begun) {
            Some(()) => see(&address),
            None => visit.problem(&Problem::Form),
        },
    }
}

/// Ends the session here. The provider keeps none.
fn log_out(visit: &Visit<'_>) -> Response<Body> {
    visit.running.sessions.end(&visit.id, visit.now);
    set_cookie(visit.to(""), &visit.running.cookie, "")
}

/// The person of the session, taken out for the time in which the provider is asked.
fn person<T>(visit: &Visit<'_>, work: impl FnOnce(&LoggedIn) -> T) -> Option<T> {
    let with = |session: &mut crate::portal::sessions::Session| session.person.as_ref().map(work);
    visit.running.sessions.with(&visit.id, visit.now, with)?
}

/// Reads the four items anew, with a new access token if the old one is over.
fn ask_again(visit: &Visit<'_>) -> Response<Body> {
    let party = &visit.running.party;
    let Some(mut tokens) = person(visit, |person| person.tokens.clone()) else {
        return visit.to("");
    };
    let mut refreshed = false;
    let items = match party.items(&tokens) {
        Err(error) if error.is_over() => {
            refreshed = true;
            party.refresh(&mut tokens).and_then(|()| party.items(&tokens))
        }
        other => other,
    };
    let items = match items {
        Ok(items) => items,
        Err(error) => return visit.problem(&Problem::Provider(&error)),
    };
    let frame = visit.frame();
    let notice = match refreshed {
        true => frame.say(
            "Read again, with a new access token (refresh).",
            "新しいアクセストークンで再取得しました（リフレッシュ）。",
        ),
        false => frame.say("Read again.", "再取得しました。"),
    };
    let network = &visit.running.network;
    let key = network.person(&party.issuer, &tokens.stated.subject);
    let shown = visit.running.sessions.with(&visit.id, visit.now, |session| {
        let person = session.person.as_mut()?;
        *person = LoggedIn { tokens, items };
        Some(pages::data(&frame, person, (network, &key), notice))
    });
    shown.flatten().unwrap_or_else(|| visit.to(""))
}

/// Takes what was typed; the application then waits for its signature.
fn write(visit: &Visit<'_>, form: &Form) -> Response<Body> {
    let typed = Typed {
        address: form.value("address").to_owned(),
        day: form.value("day").to_owned(),
        with_digest_info: form.value("form") == "info",
    };
    let written: Option<Result<(), (FourItems, Vec<FieldError>)>> = visit
        .running
        .sessions
        .with(&visit.id, visit.now, |session| {
            let items = session.person.as_ref()?.items.clone();
            Some(match Draft::write(&typed, &items) {
                Err(errors) => Err((items, errors)),
                Ok(draft) => {
                    session.filed = Some(Filed::Draft(draft));
                    Ok(())
                }
            })
        })
        .flatten();
    match written {
        Some(Ok(())) => visit.to("application/review"),
        Some(Err((items, errors))) => pages::form(&visit.frame(), &items, &typed, &errors),
        None => visit.to(""),
    }
}

/// Announces the digest to the provider, and sends the browser there.
fn sign(visit: &Visit<'_>) -> Response<Body> {
    let running = visit.running;
    let draft = running
        .sessions
        .with(&visit.id, visit.now, |session| match &session.filed {
            Some(Filed::Draft(draft)) => Some(draft.digest()),
            _ => None,
        });
    let Some(digest) = draft.flatten() else {
        return visit.to("application");
    };
    match running.party.announce(&digest) {
        Err(error) => visit.problem(&Problem::Provider(&error)),
        Ok(transaction) => begin(visit, Purpose::Sign(transaction)),
    }
}

/// Checks what the person has signed, and keeps the outcome.
pub(super) fn signed(
    visit: &Visit<'_>,
    language: Language,
    subject: &str,
    signed: Signed,
) -> Result<Response<Body>, RelyingPartyError> {
    let running = visit.running;
    let frame = Frame {
        language,
        ..visit.frame()
    };
    let waiting = running.sessions.with(&visit.id, visit.now, |session| {
        let person = session.person.as_ref()?;
        // The signature of another card than that of the log-in is not taken for this person's.
        if person.tokens.stated.subject != subject {
            return None;
        }
        match &session.filed {
            Some(Filed::Draft(draft)) => Some((draft.clone(), person.items.clone())),
            _ => None,
        }
    });
    let (draft, items) = waiting.flatten().ok_or(RelyingPartyError::OtherPerson)?;
    let outcome = match check(&running.verification, draft, signed, &items) {
        Ok(outcome) => outcome,
        Err(reason) => return Ok(problem(&frame, &Problem::Own(&reason))),
    };
    let kept = running.sessions.with(&visit.id, visit.now, |session| {
        session.filed = Some(Filed::Checked(outcome));
    });
    Ok(match kept {
        Some(()) => see(&format!("/{}/application/result", code(language))),
        None => visit.to(""),
    })
}

//! What went wrong, in words.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::{Frame, values};
use crate::portal::relying_party::RelyingPartyError;

/// The problem that a page is about.
pub(crate) enum Problem<'p> {
    /// There is no such page.
    NotFound,
    /// A form of another page, of another session, or too old.
    Form,
    /// The provider or its answer.
    Provider(&'p RelyingPartyError),
    /// The portal itself.
    Own(&'p str),
}

type Words = (&'static str, &'static str);

/// The page of a problem. The session of a person goes on.
pub(crate) fn problem(frame: &Frame<'_>, problem: &Problem<'_>) -> Response<Body> {
    let (status, title, text) = words(problem);
    let detail = match problem {
        Problem::Provider(error) => details(frame, error),
        Problem::Own(reason) => values(&[(frame.say("Reason", "理由"), reason)]),
        _ => String::new(),
    };
    let body = format!(
        "<p role=\"alert\">{}</p>{detail}<p><a href=\"{}\">{}</a></p>",
        frame.say(text.0, text.1),
        frame.to(""),
        frame.say("To the first page", "最初のページへ")
    );
    frame.page(status, frame.say(title.0, title.1), &body)
}

fn words(problem: &Problem<'_>) -> (StatusCode, Words, Words) {
    match problem {
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            ("No such page", "ページがありません"),
            (
                "This portal has no page at this address.",
                "このアドレスのページはありません。",
            ),
        ),
        Problem::Form => (
            StatusCode::FORBIDDEN,
            ("The form is not accepted", "フォームを受け付けられません"),
            (
                "The form does not belong to your session, or the session is over. Nothing was changed. Load the page again.",
                "フォームが現在のセッションのものではないか、セッションが終わっています。何も変更されていません。ページを開き直してください。",
            ),
        ),
        Problem::Own(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            ("It can't be checked", "検証できません"),
            (
                "The portal can't check the signature now.",
                "ポータルは現在、署名を検証できません。",
            ),
        ),
        Problem::Provider(error) => of_provider(error),
    }
}

fn details(frame: &Frame<'_>, error: &RelyingPartyError) -> String {
    let reason = error.text();
    let mut rows = vec![(frame.say("Reason", "理由"), reason.say(frame.language))];
    if let RelyingPartyError::Refused { description, .. } = error
        && !description.is_empty()
    {
        rows.push((frame.say("The provider states", "認証サービスの説明"), description));
    }
    values(&rows)
}

/// Status, title and text for what a provider did.
fn of_provider(error: &RelyingPartyError) -> (StatusCode, Words, Words) {
    match error {
        RelyingPartyError::Refused { code, .. } => {
            let (title, text) = of_code(code);
            (StatusCode::OK, title, text)
        }
        RelyingPartyError::Unreachable { .. } => (
            StatusCode::BAD_GATEWAY,
            ("The identity provider does not answer", "認証サービスが応答しません"),
            (
                "The portal can't reach its identity provider. Start it, and try again.",
                "ポータルから認証サービスに接続できません。認証サービスを起動してから、もう一度お試しください。",
            ),
        ),
        RelyingPartyError::State => (
            StatusCode::BAD_REQUEST,
            (
                "The answer does not belong to this browser",
                "このブラウザの操作への応答ではありません",
            ),
            (
                "The portal did not begin this log-in in this browser, or it is too old, or it was used before. It \
                 logs no person in.",
                "このブラウザで始めた操作ではないか、時間が経ち過ぎたか、すでに使われた応答です。この応答ではログインできません。",
            ),
        ),
        RelyingPartyError::OtherPerson => (
            StatusCode::BAD_GATEWAY,
            ("It is another person", "別の人の情報です"),
            (
                "The answer is about another person than the one who is logged in. The portal does not use it.",
                "ログインしている人とは別の人についての応答なので、使用しません。",
            ),
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            (
                "The provider's answer is not accepted",
                "認証サービスの応答を受け入れられません",
            ),
            (
                "A check of the answer failed. The portal uses nothing of it.",
                "応答の検証に失敗したため、使用しません。",
            ),
        ),
    }
}

/// The refusals that a provider states by a code.
fn of_code(code: &str) -> (Words, Words) {
    match code {
        "access_denied" => (
            ("The identity provider refused", "認証サービスが拒否しました"),
            (
                "You did not agree, or the card can't be used for it.",
                "同意されなかったか、カードを使用できません。",
            ),
        ),
        "login_required" | "interaction_required" | "consent_required" => (
            ("Card and PIN are needed", "カードと暗証番号が必要です"),
            (
                "The identity provider has to ask you for your card and PIN.",
                "認証サービスでカードと暗証番号の操作が必要です。",
            ),
        ),
        "temporarily_unavailable" | "server_error" => (
            (
                "The identity provider is out of order",
                "認証サービスに問題が起きています",
            ),
            ("Try again later.", "しばらくしてからもう一度お試しください。"),
        ),
        "unauthorized_client" | "invalid_client" => (
            ("The portal is not registered", "ポータルが登録されていません"),
            (
                "The identity provider does not know this portal, or has another key of it. Register the portal anew.",
                "認証サービスにこのポータルが登録されていないか、登録された鍵が異なります。登録し直してください。",
            ),
        ),
        _ => (
            ("The identity provider refused", "認証サービスが拒否しました"),
            ("The request was not accepted.", "要求は受け入れられませんでした。"),
        ),
    }
}

//! The pages: HTML without scripts, in two languages, marked 見本 on each.

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{Response, StatusCode};
use vmyna_apdu::{Language, Text, say, text};
use vmyna_applets::PhoneKind;

use super::answer::set;
use super::card::Standing;
use super::clients::Clients;
use super::metadata::endpoint;
use super::request::AuthRequest;
use super::state::Transaction;
use super::uri;
use crate::client::{ClientError, Pin, Tries};
use crate::http::{escape, form_policy};

/// Where the forms go.
pub(super) const ACTION: &str = "/api/realms/main/login";

/// What the page shows after an attempt.
pub(super) enum Notice {
    /// The same card can be tried again.
    Retry(Text),
    /// This card can't be used for this log-in.
    Stop {
        /// For the relying party.
        reason: &'static str,
        text: Text,
    },
}

impl Notice {
    /// The reason for the relying party, if there is one already.
    pub(super) const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Retry(_) => None,
            Self::Stop { reason, .. } => Some(reason),
        }
    }
}

/// What a page of a log-in shows.
pub(super) struct View<'v> {
    pub(super) token: &'v str,
    /// The cards and phones that can be chosen.
    pub(super) cards: Vec<(&'v str, Option<PhoneKind>)>,
    pub(super) transaction: &'v Transaction,
    pub(super) tries: Option<Vec<(Pin, Result<Tries, ClientError>)>>,
    pub(super) notice: Option<Notice>,
    pub(super) minutes: u64,
}

/// The page of a log-in: cards and consent, PINs, or why it ends.
pub(super) fn login(view: &View<'_>) -> Response<Body> {
    let language = view.transaction.language;
    let request = &view.transaction.request;
    let title = view.transaction.card.and_then(|card| view.cards.get(card));
    let (heading, content) = match (&view.notice, title) {
        (Some(Notice::Stop { reason, text }), chosen) => {
            let is_phone = chosen.is_some_and(|(_, phone)| phone.is_some());
            let heading = match is_phone {
                true => say!(language, "This phone can't be used", "このスマートフォンは使えません"),
                false => say!(language, "This card can't be used", "このカードは使えません"),
            };
            (heading, stopped(language, is_phone, reason, text))
        }
        (notice, Some(title)) => {
            let retry = notice.as_ref().map(|notice| match notice {
                Notice::Retry(text) | Notice::Stop { text, .. } => text,
            });
            (
                say!(language, "Enter the PIN", "暗証番号の入力"),
                pins(view, language, *title, retry),
            )
        }
        (_, None) => (
            say!(language, "Log in with a card", "カードでログイン"),
            choose(view, language),
        ),
    };
    let asked = asked(language, request);
    let token = escape(view.token);
    let form = format!(
        r#"<form method="post" action="{ACTION}" autocomplete="off"><input type="hidden" name="transaction" value="{token}">
{asked}
{content}
{}</form>"#,
        other_language(language)
    );
    page(
        StatusCode::OK,
        language,
        &heading,
        &form,
        uri::origin(&request.redirect_uri),
    )
}

/// The relying party, and what it asks for.
fn asked(language: Language, request: &AuthRequest) -> String {
    let client = escape(request.client.title(language));
    let site = escape(uri::origin(&request.redirect_uri).unwrap_or_default());
    let items: Vec<String> = request
        .scopes
        .iter()
        .map(|scope| format!("<li>{}</li>", escape(scope.title().say(language))))
        .collect();
    let asks = say!(language, "asks for:", "が次の情報を求めています。");
    format!(
        r#"<section class="asked"><p><strong>{client}</strong> <span class="site">{site}</span> {asks}</p><ul>{}</ul></section>"#,
        items.concat()
    )
}

fn choose(view: &View<'_>, language: Language) -> String {
    let legend = match view.cards.iter().any(|(_, phone)| phone.is_some()) {
        true => say!(
            language,
            "Which card or phone do you use?",
            "使用するカードまたはスマートフォンを選んでください"
        ),
        false => say!(language, "Which card do you use?", "使用するカードを選んでください"),
    };
    let only = view.cards.len() == 1;
    let card = |(number, (title, _)): (usize, &(&str, Option<PhoneKind>))| {
        let checked = if only || number == 0 { " checked" } else { "" };
        format!(
            r#"<label class="card"><input type="radio" name="card" value="{number}"{checked}><span>{}</span></label>"#,
            escape(title)
        )
    };
    let cards: String = view.cards.iter().enumerate().map(card).collect();
    let agree = say!(language, "Agree and go on", "同意して進む");
    let refuse = say!(language, "Refuse", "同意しない");
    let minutes = view.minutes;
    let time = say!(
        language,
        "You have {minutes} min. Nothing is sent to the site before the card has proved who you are.",
        "制限時間は{minutes}分です。カードでの確認が済むまで、サイトには何も送られません。"
    );
    format!(
        r#"<fieldset><legend>{legend}</legend>{cards}</fieldset>
<p class="hint">{time}</p>
<p class="buttons"><button name="action" value="choose">{agree}</button>
<button class="second" name="action" value="refuse">{refuse}</button></p>"#
    )
}

fn pins(
    view: &View<'_>,
    language: Language,
    (title, phone): (&str, Option<PhoneKind>),
    retry: Option<&Text>,
) -> String {
    let chosen = match phone {
        Some(_) => say!(language, "Phone: {title}", "スマートフォン: {title}"),
        None => say!(language, "Card: {title}", "カード: {title}"),
    };
    let mut content = format!(r#"<p class="chosen">{}</p>"#, escape(&chosen));
    let tries = || view.tries.iter().flatten();
    // A card that can't be opened has no PINs to type, and its fault is said once.
    let closed = tries()
        .find_map(|(_, tries)| tries.as_ref().err())
        .map(ClientError::text);
    if let Some(text) = closed.as_ref().or(retry) {
        content.push_str(&alert(text.say(language)));
    }
    for (pin, tries) in tries() {
        if let Ok(tries) = tries {
            content.push_str(&field(language, *pin, *tries, phone.is_some()));
        }
    }
    let act = if closed.is_some() { "again" } else { "prove" };
    let send = match view.transaction.request.sign_transaction {
        _ if closed.is_some() => say!(language, "Try again", "もう一度試す"),
        Some(_) => say!(language, "Log in and sign", "ログインして署名"),
        None => say!(language, "Log in", "ログイン"),
    };
    let other = say!(language, "Another card", "別のカード");
    let refuse = say!(language, "Cancel", "中止");
    content.push_str(&format!(
        r#"<p class="buttons"><button name="action" value="{act}">{send}</button>
<button class="second" name="action" value="other" formnovalidate>{other}</button>
<button class="second" name="action" value="refuse" formnovalidate>{refuse}</button></p>"#
    ));
    content
}

fn field(language: Language, pin: Pin, tries: Tries, is_phone: bool) -> String {
    let (name, mode) = match pin {
        Pin::Auth => ("auth_pin", "numeric"),
        Pin::InputAssist => ("input_assist_pin", "numeric"),
        Pin::Sign => ("sign_password", "text"),
    };
    let label = match pin {
        Pin::Auth => say!(language, "PIN to log in (4 digits)", "利用者証明用暗証番号（数字4桁）"),
        Pin::InputAssist => say!(
            language,
            "PIN for your data on the card (4 digits)",
            "券面事項入力補助用暗証番号（数字4桁）"
        ),
        Pin::Sign => say!(
            language,
            "Sign password (6 to 16 letters and digits)",
            "署名用パスワード（英字と数字6～16文字）"
        ),
    };
    let (left, longest) = (tries.left, pin.format().max);
    let left = match tries.is_blocked() {
        true if is_phone => say!(
            language,
            "blocked, or never set: the card is held to the phone again",
            "ロックされているか未設定です。カードから再び搭載します"
        ),
        true => say!(
            language,
            "blocked, or never set: the counter of the municipality sets a new one",
            "ロックされているか未設定です。市区町村の窓口で再設定できます"
        ),
        false => say!(language, "tries left: {left}", "残り{left}回"),
    };
    format!(
        r#"<p class="field"><label for="{name}">{}</label>
<input id="{name}" name="{name}" type="password" inputmode="{mode}" autocomplete="off" maxlength="{longest}" aria-describedby="{name}_left" required>
<span class="left" id="{name}_left">{}</span></p>"#,
        escape(&label),
        escape(&left)
    )
}

fn stopped(language: Language, is_phone: bool, reason: &str, text: &Text) -> String {
    let advice = match reason {
        "pin_blocked" if is_phone => say!(
            language,
            "The card is held to the phone again, which gets new certificates and PINs.",
            "カードから再び搭載すると、新しい電子証明書と暗証番号になります。"
        ),
        "pin_blocked" => say!(
            language,
            "A person goes to the counter of the municipality to have it reset, and the counter of this program does the same \
             for an issued card. A built-in card is as new when this server starts again.",
            "実際の手続きでは、市区町村の窓口で再設定します。発行したカードは、このプログラムの窓口で再設定できます。組み込みのカードは、\
             このサーバーを起動し直すと元に戻ります。"
        ),
        _ => String::new(),
    };
    let other = say!(language, "Another card", "別のカード");
    let back = say!(language, "Back to the site", "サイトに戻る");
    format!(
        r#"{}<p>{}</p><p class="buttons"><button name="action" value="other">{other}</button>
<button class="second" name="action" value="refuse">{back}</button></p>"#,
        alert(text.say(language)),
        escape(&advice)
    )
}

/// Why a phone can't give name, address, birth date and sex.
pub(super) fn no_items(kind: PhoneKind) -> Text {
    let kind = kind.title();
    text!(
        "The site asks for name, address, date of birth or sex. A card has them in its input-assist application; this \
         phone ({kind}) has neither that application nor a digital copy of the card. Use the card.",
        "サイトは氏名・住所・生年月日・性別のいずれかを求めています。カードでは券面事項入力補助APにありますが、この\
         スマートフォン（{kind}）にはそのAPもカード代替電磁的記録もありません。カードを使用してください。"
    )
}

/// What the phone presented does not hold.
pub(super) fn document_text() -> Text {
    text!(
        "The digital copy of the card on the phone can't be verified: it has expired or was changed, or its authority is not \
         one of this server's.",
        "スマートフォンのカード代替電磁的記録を検証できません。期限が切れているか、改変されているか、発行元が登録されて\
         いません。"
    )
}

/// What a verification means for the person.
pub(super) fn certificate_text(sign: bool, standing: Standing) -> Text {
    let (en, ja) = match sign {
        true => ("for signatures", "署名用電子証明書"),
        false => ("for log-in", "利用者証明用電子証明書"),
    };
    match standing {
        Standing::Expired => text!(
            "The certificate {en} is not valid at this time: it has expired, or has not begun.",
            "{ja}は有効期間外です。"
        ),
        Standing::Revoked => text!("The certificate {en} is revoked.", "{ja}は失効しています。"),
        Standing::Unknown => text!(
            "The certificate {en} can't be verified: its authority is not one of this server's, or nothing is known of its \
             revocation.",
            "{ja}を検証できません。認証局が登録されていないか、失効情報を得られません。"
        ),
        Standing::Good | Standing::Invalid => text!(
            "The signature or the certificate {en} is invalid.",
            "署名または{ja}が無効です。"
        ),
    }
}

/// The log-in took too long.
pub(super) fn timed_out(language: Language, request: &AuthRequest, location: &str) -> Response<Body> {
    let heading = say!(language, "Timed out", "時間切れ");
    let why = say!(
        language,
        "The time for this log-in is over. No PIN was sent to the card.",
        "ログインの制限時間を過ぎました。暗証番号はカードに送られていません。"
    );
    let back = say!(language, "Back to the site", "サイトに戻る");
    let client = escape(request.client.title(language));
    let content = format!(
        r#"{}<p class="buttons"><a class="button" href="{}">{back}: {client}</a></p>"#,
        alert(&why),
        escape(location)
    );
    page(StatusCode::OK, language, &heading, &content, None)
}

/// A request that is not answered, and why.
pub(super) fn refusal(status: StatusCode, language: Language, why: &Text) -> Response<Body> {
    let heading = say!(language, "The request is refused", "要求を受け付けられません");
    page(status, language, &heading, &alert(why.say(language)), None)
}

/// An authorization request whose answer could go astray.
pub(super) fn untrusted(language: Language, why: &Text) -> Response<Body> {
    let heading = say!(language, "The request is refused", "要求を受け付けられません");
    let nowhere = say!(
        language,
        "This server can't go on with the log-in, and sends you nowhere because the address could be a trick:",
        "ログインを続けられません。不正な宛先の可能性があるため、どこにも移動しません。"
    );
    let content = format!("<p>{nowhere}</p>{}", alert(why.say(language)));
    page(StatusCode::BAD_REQUEST, language, &heading, &content, None)
}

/// An address without a page.
pub(super) fn missing(language: Language) -> Response<Body> {
    let heading = say!(language, "There is no such page", "ページがありません");
    let why = say!(
        language,
        "This address has no page of its own. A log-in begins at the site that asks for it.",
        "このアドレスにページはありません。ログインは、利用するサイトから始めてください。"
    );
    let front = say!(language, "What this server is", "このサーバーについて");
    let content = format!(r#"<p>{why}</p><p class="buttons"><a class="button" href="/">{front}</a></p>"#);
    page(StatusCode::NOT_FOUND, language, &heading, &content, None)
}

/// What this server is.
pub(super) fn front(language: Language, issuer: &str, clients: &Clients) -> Response<Body> {
    let heading = say!(language, "An identity provider for tests", "試験用の認証サーバー");
    let what = say!(
        language,
        "Sites that are being developed send people here to log in with a virtual card. Its people are fictional, and it \
         proves nothing.",
        "開発中のサイトが、仮想カードでのログインを試すためのサーバーです。人物はすべて架空であり、何も証明しません。"
    );
    let mut rows = String::new();
    let names = [
        (say!(language, "issuer", "発行者"), issuer.to_owned()),
        (
            say!(language, "discovery", "設定情報"),
            format!("{issuer}/.well-known/openid-configuration"),
        ),
        (say!(language, "keys", "公開鍵"), endpoint(issuer, "certs")),
    ];
    for (name, value) in names {
        rows.push_str(&format!("<dt>{name}</dt><dd>{}</dd>", escape(&value)));
    }
    let registered = say!(language, "registered sites", "登録されたサイト");
    let sites: Vec<String> = clients
        .iter()
        .map(|client| format!("{} ({})", escape(client.title(language)), escape(&client.id)))
        .collect();
    rows.push_str(&format!("<dt>{registered}</dt><dd>{}</dd>", sites.join("<br>")));
    page(
        StatusCode::OK,
        language,
        &heading,
        &format!("<p>{what}</p><dl>{rows}</dl>"),
        None,
    )
}

fn alert(text: &str) -> String {
    format!(r#"<p class="alert" role="alert">{}</p>"#, escape(text))
}

/// The button for the other language. It is one of the form, so that no address holds the page's token.
fn other_language(language: Language) -> String {
    let (tag, name) = match language {
        Language::En => ("ja", "日本語"),
        Language::Ja => ("en", "English"),
    };
    format!(
        r#"<p class="language"><button class="link" name="language" value="{tag}" lang="{tag}" formnovalidate>{name}</button></p>"#
    )
}

fn page(status: StatusCode, language: Language, heading: &str, content: &str, origin: Option<&str>) -> Response<Body> {
    let tag = match language {
        Language::En => "en",
        Language::Ja => "ja",
    };
    let mark = say!(
        language,
        "SPECIMEN · a test on this machine; all people are fictional",
        "見本 · このコンピューター上の試験です。人物はすべて架空です"
    );
    let html = format!(
        r#"<!doctype html>
<html lang="{tag}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0} · vmyna 見本</title><link rel="stylesheet" href="/idp.css"><link rel="icon" href="/favicon.svg"></head>
<body><header><p class="name">vmyna</p><p class="mark">見本 SPECIMEN</p></header>
<main><h1>{0}</h1>
{content}
</main><footer><p>{mark}</p></footer></body></html>
"#,
        escape(heading)
    );
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    set(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut answer, CONTENT_SECURITY_POLICY, &form_policy(origin));
    // With `no-referrer` browsers send a form with the origin `null`. Other origins learn nothing by this value either.
    set(&mut answer, REFERRER_POLICY, "same-origin");
    answer
}

//! Before the log-in, after it, and the notices.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::{Frame, MENU, paragraphs, values};
use crate::http::escape;
use crate::portal::day::Day;
use crate::portal::relying_party::LoggedIn;

/// What a visitor sees.
pub(crate) fn welcome(frame: &Frame<'_>, issuer: &str) -> Response<Body> {
    let texts = paragraphs(&[
        frame.say(
            "Log in with a virtual card. The portal sends you to the identity provider of this machine. There you choose a \
             card, see what is asked for, and enter the PIN. The portal sees neither card nor PIN.",
            "仮想カードでログインします。この端末の認証サービスに移り、カードを選び、求められている情報を確かめて、暗証番号を入力します。\
             ポータルがカードや暗証番号を受け取ることはありません。",
        ),
        frame.say(
            "Then you see what portals for citizens are publicly described to offer: who asked for data about a person, the \
             data, notices, and an application that is signed with the card.",
            "ログインすると、住民向けポータルの公開された説明に沿って、情報のやりとり履歴、自分の情報、お知らせ、カードで署名する申請を試せます。",
        ),
    ]);
    let button = frame.say("Log in with the card", "カードでログイン");
    let provider = values(&[(frame.say("Identity provider", "認証サービス"), issuer)]);
    let form = frame.form("log-in");
    let body = format!("{texts}{form}<button>{button}</button></form>{provider}");
    frame.page(StatusCode::OK, frame.say("Welcome", "ようこそ"), &body)
}

/// The first page of a person.
pub(crate) fn home(frame: &Frame<'_>, person: &LoggedIn) -> Response<Body> {
    let absent = frame.say("(the name was not given)", "（氏名は提供されていません）");
    let name = escape(person.items.name.as_deref().unwrap_or(absent));
    let greeting = match frame.code() {
        "ja" => format!("{name} さんとしてログインしています。"),
        _ => format!("You are logged in as {name}."),
    };
    let texts = [
        (
            "Which body asked another one about you, when and why, and how the codes between them work.",
            "どの機関が、いつ、なぜ、あなたの情報を照会したか。符号のしくみも見られます。",
        ),
        (
            "What the card states, and what bodies would hold.",
            "カードの情報と、機関が持っているはずの情報。",
        ),
        ("Messages to you.", "あなたへのお知らせ。"),
        (
            "Write a notice of moving, sign it with the card, and see the checks.",
            "転居届を書き、カードで署名し、検証の結果を見ます。",
        ),
    ];
    let tiles: String = MENU[1..]
        .iter()
        .zip(texts)
        .map(|((path, en, ja), (en_text, ja_text))| {
            let (address, title, text) = (frame.to(path), frame.say(en, ja), frame.say(en_text, ja_text));
            format!("<li><h2><a href=\"{address}\">{title}</a></h2><p>{text}</p></li>")
        })
        .collect();
    let body = format!("<p>{greeting}</p><ul class=\"tiles\">{tiles}</ul>");
    frame.page(StatusCode::OK, frame.say("Home", "ホーム"), &body)
}

/// A notice: how many days ago, its sender, title, text, in both languages.
type Notice = (u64, [&'static str; 2], [&'static str; 2], [&'static str; 2]);

const NOTICES: [Notice; 3] = [
    (
        2,
        ["Town of Mihon (invented)", "見本町（架空）"],
        ["Your card needs renewal soon", "カードの更新のお知らせ"],
        [
            "A notice like this one reports that the card's certificates expire soon, and where to renew them.",
            "電子証明書の有効期限が近づいたことと、更新できる窓口を知らせるお知らせの例です。",
        ],
    ),
    (
        16,
        ["Invented Health Insurance Society", "架空健康保険組合"],
        ["Medical costs of last month", "先月の医療費のお知らせ"],
        [
            "A notice like this one comes with a letter or a table. Here is none, because the costs are invented too.",
            "書面や明細が添付されるお知らせの例です。ここでは医療費も架空なので添付はありません。",
        ],
    ),
    (
        41,
        ["City of Tonari (invented)", "となり市（架空）"],
        ["You can apply for child allowance", "児童手当の申請のご案内"],
        [
            "A notice like this one follows from data that a body holds, and leads to an application.",
            "機関の持つ情報をもとに送られ、申請につながるお知らせの例です。",
        ],
    ),
];

/// Notices.
pub(crate) fn notices(frame: &Frame<'_>) -> Response<Body> {
    let list: String = NOTICES
        .iter()
        .map(|(days, from, title, text)| {
            let pick = |texts: &[&'static str; 2]| frame.say(texts[0], texts[1]);
            let (day, from, title, text) = (Day::ago(*days), pick(from), pick(title), pick(text));
            format!(
                "<li class=\"entry\"><h2>{title}</h2><p class=\"meta\"><time datetime=\"{day}\">{day}</time> · {from}</p>\
                 <p>{text}</p></li>"
            )
        })
        .collect();
    let lead = frame.say(
        "The notices are invented, and the same for every person.",
        "お知らせは架空のもので、だれにでも同じものが表示されます。",
    );
    let body = format!("<p class=\"note\">{lead}</p><ul class=\"entries\">{list}</ul>");
    frame.page(StatusCode::OK, frame.say("Notices", "お知らせ"), &body)
}

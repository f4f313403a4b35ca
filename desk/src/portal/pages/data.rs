//! What is known of the person.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use der::DateTime;

use super::{Frame, values};
use crate::http::escape;
use crate::portal::linkage::{Network, Person};
use crate::portal::relying_party::LoggedIn;

/// The four items, how the person was authenticated, and invented data.
pub(crate) fn data(
    frame: &Frame<'_>,
    person: &LoggedIn,
    (network, key): (&Network, &Person),
    notice: &str,
) -> Response<Body> {
    let notice = match notice {
        "" => String::new(),
        text => format!("<p class=\"note\" role=\"status\">{}</p>", escape(text)),
    };
    let body = format!(
        "{notice}<h2>{}</h2><p>{}</p>{}{}<button class=\"second\">{}</button></form><h2>{}</h2>{}<h2>{}</h2>\
         <p class=\"note\">{}</p><div class=\"invented\">{}</div>",
        frame.say("From your card", "カードの情報"),
        frame.say(
            "The identity provider has read these four items from the card's text data, with your consent (userinfo).",
            "認証サービスが、あなたの同意を得てカードの券面事項入力補助APから読み取った基本4情報です（userinfo）。",
        ),
        four_items(frame, person),
        frame.form("data"),
        frame.say("Ask the provider again", "認証サービスに再度問い合わせる"),
        frame.say("Your log-in", "ログインの情報"),
        log_in(frame, person),
        frame.say("What bodies would hold", "機関が持っているはずの情報"),
        frame.say(
            "INVENTED. The real portal reads such data through its self-information API, whose form is not public. Nothing \
             here is about a real person, and no body was asked.",
            "架空の情報です。実際のポータルは自己情報取得APIで読み取りますが、その形式は公開されていません。実在の人の情報ではなく、\
             どの機関にも照会していません。",
        ),
        invented(frame, network, key),
    );
    frame.page(StatusCode::OK, frame.say("My data", "あなたの情報"), &body)
}

fn four_items(frame: &Frame<'_>, person: &LoggedIn) -> String {
    let absent = frame.say("(not given)", "（提供されていません）");
    let items = &person.items;
    let sex = match items.gender.as_deref() {
        Some("male") => Some(frame.say("male", "男")),
        Some("female") => Some(frame.say("female", "女")),
        other => other,
    };
    values(&[
        (frame.say("Name", "氏名"), items.name.as_deref().unwrap_or(absent)),
        (frame.say("Address", "住所"), items.address.as_deref().unwrap_or(absent)),
        (
            frame.say("Birth date", "生年月日"),
            items.birthdate.as_deref().unwrap_or(absent),
        ),
        (frame.say("Sex", "性別"), sex.unwrap_or(absent)),
    ])
}

fn log_in(frame: &Frame<'_>, person: &LoggedIn) -> String {
    let stated = &person.tokens.stated;
    let time = |seconds: u64| {
        let time = DateTime::from_unix_duration(Duration::from_secs(seconds));
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    let (at, until) = (time(stated.auth_time), time(stated.expires));
    values(&[
        (
            frame.say("You at this portal (sub)", "このポータルでの識別子（sub）"),
            &stated.subject,
        ),
        (frame.say("Level (acr)", "認証の水準（acr）"), &stated.acr),
        (
            frame.say("Authenticated at (auth_time)", "認証の時刻（auth_time）"),
            &at,
        ),
        (
            frame.say("ID token holds until (exp)", "IDトークンの期限（exp）"),
            &until,
        ),
    ])
}

/// Numbers that follow from the person.
fn invented(frame: &Frame<'_>, network: &Network, key: &Person) -> String {
    let draw = |topic: &str, from: u64, to: u64| from + network.invented(key, topic) % (to - from + 1);
    let yen = |thousands: u64| match frame.code() {
        "ja" => format!("{thousands},000円"),
        _ => format!("{thousands},000 yen"),
    };
    let members = draw("household", 1, 5).to_string();
    let (tax, costs) = (yen(draw("tax", 20, 180)), yen(draw("medical costs", 1, 90)));
    let months = draw("pension months", 12, 480).to_string();
    values(&[
        (frame.say("Members of the household", "世帯の人数"), &members),
        (frame.say("Local tax of the year", "今年度の住民税"), &tax),
        (frame.say("Months of pension contributions", "年金の加入月数"), &months),
        (frame.say("Medical costs of last month", "先月の医療費"), &costs),
        (
            frame.say("Health insurance", "健康保険"),
            frame.say("Invented Health Insurance Society", "架空健康保険組合"),
        ),
    ])
}

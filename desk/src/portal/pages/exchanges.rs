//! The list of bodies that asked for data about the person, and how the codes between bodies work.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::{Frame, paragraphs, table, values};
use crate::http::escape;
use crate::portal::bodies::{self, BODIES};
use crate::portal::linkage::{Network, Person};

/// The list of exchanges.
pub(crate) fn exchanges(frame: &Frame<'_>, network: &Network, person: &Person) -> Response<Body> {
    let list: String = bodies::exchanges(network, person)
        .iter()
        .map(|one| {
            let (asked, answered) = (one.asked.title(), one.answered.title());
            let code = |body: &str| network.code(body, person).to_string();
            let (of_asked, of_answered) = (code(one.asked.id), code(one.answered.id));
            let details = values(&[
                (frame.say("Asked", "照会した機関"), asked.say(frame.language)),
                (frame.say("Code of the asking body", "照会した機関の符号"), &of_asked),
                (frame.say("Answered", "提供した機関"), answered.say(frame.language)),
                (
                    frame.say("Code of the answering body", "提供した機関の符号"),
                    &of_answered,
                ),
                (frame.say("About", "情報の内容"), frame.say(one.what.0, one.what.1)),
                (frame.say("Why", "理由"), frame.say(one.why.0, one.why.1)),
            ]);
            let (day, title) = (one.day, escape(asked.say(frame.language)));
            format!("<li class=\"entry\"><h2><time datetime=\"{day}\">{day}</time> {title}</h2>{details}</li>")
        })
        .collect();
    let body = format!(
        "<p class=\"note\">{}</p>{}<p><a href=\"{}\">{}</a></p><ul class=\"entries\">{list}</ul>",
        frame.say(
            "Bodies, questions and days are invented. They follow from your card, so another person sees others.",
            "機関・照会・日付は架空です。カードごとに決まるので、別の人には別の履歴が表示されます。",
        ),
        paragraphs(&[frame.say(
            "When one body asks another about you, neither uses the My Number. Each has a code of its own for you.",
            "機関どうしの照会では、個人番号は使われません。機関ごとに別々の符号であなたを区別します。",
        )]),
        frame.to("codes"),
        frame.say("How the codes work", "符号のしくみ"),
    );
    frame.page(
        StatusCode::OK,
        frame.say("Who asked for my data", "やりとり履歴"),
        &body,
    )
}

/// How codes work: those of the person and of another one, and one question from end to end.
pub(crate) fn codes(frame: &Frame<'_>, network: &Network, person: &Person, chosen: (&str, &str)) -> Response<Body> {
    let known = |id: &str, other: usize| BODIES.iter().find(|body| body.id == id).unwrap_or(&BODIES[other]).id;
    let (asking, answering) = (known(chosen.0, 0), known(chosen.1, 2));
    // Another person, so that the columns can be compared.
    let other = network.person("nobody", "another invented person");
    let rows: String = BODIES
        .iter()
        .map(|body| {
            let title = body.title();
            let (name, own, others) = (
                escape(title.say(frame.language)),
                network.code(body.id, person),
                network.code(body.id, &other),
            );
            format!("<tr><th scope=\"row\">{name}</th><td><code>{own}</code></td><td><code>{others}</code></td></tr>")
        })
        .collect();
    let heads = [
        frame.say("Body", "機関"),
        frame.say("Your code", "あなたの符号"),
        frame.say("Code of another person", "別の人の符号"),
    ];
    let body = format!(
        "{}{}<h2>{}</h2>{}{}<h2>{}</h2>{}",
        paragraphs(&[
            frame.say(
                "Each body has another code for the same person. Two bodies that compare their lists find no common entry.",
                "同じ人でも、符号は機関ごとに違います。二つの機関が一覧を突き合わせても、共通するものは見つかりません。",
            ),
            frame.say(
                "No code shows the My Number, and no body learns it by a question. This portal does not have it either.",
                "符号から個人番号は分かりません。照会によって機関が個人番号を知ることもありません。\
                 このポータルも個人番号を持っていません。",
            ),
        ]),
        table(frame.say("Codes at each body", "機関ごとの符号"), &heads, &rows),
        frame.say("One question, step by step", "照会の流れ"),
        choice(frame, asking, answering),
        steps(frame, network, person, (asking, answering)),
        frame.say("What is invented here", "架空の部分"),
        paragraphs(&[frame.say(
            "<strong>assumed</strong>: How the real codes are derived is not public. Here a code is the beginning of \
             HMAC-SHA-256 over a value that stands for the person, with a key for each body. This portal has made the secret \
             behind them at random at its first start.",
            "<strong>assumed（想定）</strong>: 実際の符号の生成方法は公開されていません。ここでは、その人を表す値に機関ごとの鍵で\
             HMAC-SHA-256を適用し、その先頭を符号としています。元になる秘密の値は、このポータルの初回起動時に乱数で作られました。",
        )]),
    );
    frame.page(StatusCode::OK, frame.say("How the codes work", "符号のしくみ"), &body)
}

/// Which body asks which one.
fn choice(frame: &Frame<'_>, asking: &str, answering: &str) -> String {
    let options = |selected: &str| -> String {
        BODIES
            .iter()
            .map(|body| {
                let mark = if body.id == selected { " selected" } else { "" };
                let title = body.title();
                format!(
                    "<option value=\"{}\"{mark}>{}</option>",
                    body.id,
                    escape(title.say(frame.language))
                )
            })
            .collect()
    };
    let select = |id: &str, label: &str, selected: &str| {
        let options = options(selected);
        format!("<p><label for=\"{id}\">{label}</label><select id=\"{id}\" name=\"{id}\">{options}</select></p>")
    };
    format!(
        "<form method=\"get\" action=\"{}\" class=\"row\">{}{}<button class=\"second\">{}</button></form>",
        frame.to("codes"),
        select("from", frame.say("Asks", "照会する機関"), asking),
        select("to", frame.say("Answers", "提供する機関"), answering),
        frame.say("Show", "表示"),
    )
}

fn steps(frame: &Frame<'_>, network: &Network, person: &Person, (asking, answering): (&str, &str)) -> String {
    if asking == answering {
        return paragraphs(&[frame.say(
            "A body does not ask itself: choose two.",
            "機関が自分に照会することはありません。別々の機関を選んでください。",
        )]);
    }
    let sent = network.code(asking, person);
    // The code is this person's, so there is always another one.
    let Some(received) = network.convert(person, sent, asking, answering) else {
        return String::new();
    };
    let title = |id: &str| {
        let body = BODIES.iter().find(|body| body.id == id);
        body.map(|body| escape(body.title().say(frame.language)))
            .unwrap_or_default()
    };
    let (from, to) = (title(asking), title(answering));
    let steps = match frame.code() {
        "ja" => [
            format!("{from}は、自分の符号 <code>{sent}</code> を付けて、ネットワークに照会します。"),
            format!(
                "ネットワークは <code>{sent}</code> を <code>{received}</code> に変換します。{from}は変換後の符号を知りません。"
            ),
            format!("{to}は <code>{received}</code> で記録を探して回答します。{to}は変換前の符号を知りません。"),
            format!("{from}は、自分の符号 <code>{sent}</code> への回答を受け取ります。"),
        ],
        _ => [
            format!("{from} asks the network about <code>{sent}</code>, its own code."),
            format!(
                "The network turns <code>{sent}</code> into <code>{received}</code>. {from} does not learn the latter."
            ),
            format!("{to} finds its record by <code>{received}</code> and answers. {to} does not learn the former."),
            format!("{from} receives the answer for <code>{sent}</code>."),
        ],
    };
    let items: String = steps.iter().map(|step| format!("<li>{step}</li>")).collect();
    format!("<ol class=\"steps\">{items}</ol>")
}

//! The application: form, review, result.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use vmyna_authority::verifier::report::{Report, Verdict};

use super::{Frame, paragraphs, table, values};
use crate::http::escape;
use crate::portal::application::{Draft, FieldError, Outcome, Typed};
use crate::portal::relying_party::FourItems;

/// The form, with what was typed and what is wrong with it.
pub(crate) fn form(frame: &Frame<'_>, items: &FourItems, typed: &Typed, errors: &[FieldError]) -> Response<Body> {
    let title = frame.say("Notice of moving", "転居届");
    let (Some(name), Some(old), Some(birth)) = (&items.name, &items.address, &items.birthdate) else {
        let text = frame.say(
            "The application needs name, address and birth date. Log in again and agree to give them.",
            "申請には氏名・住所・生年月日が必要です。ログインし直し、情報の提供に同意してください。",
        );
        return frame.page(StatusCode::OK, title, &format!("<p role=\"alert\">{text}</p>"));
    };
    let known = values(&[
        (frame.say("Name", "氏名"), name),
        (frame.say("Birth date", "生年月日"), birth),
        (frame.say("Address until now", "現在の住所"), old),
    ]);
    let lead = paragraphs(&[frame.say(
        "An application to a town that does not exist; it is not sent anywhere. It shows how a document is signed with the \
         card's key for digital signature, and how a careful receiver checks it.",
        "実在しない町への届出で、どこにも送信されません。署名用電子証明書の鍵で文書に署名するしくみと、受け取る側の検証を確かめるためのものです。",
    )]);
    let address = Field {
        name: "address",
        label: frame.say("New address", "新しい住所"),
        hint: frame.say("For example: 見本町二丁目５番６号", "例: 見本町二丁目５番６号"),
        kind: "text",
        value: &typed.address,
    };
    let day = Field {
        name: "day",
        label: frame.say("Day of moving", "異動日"),
        hint: frame.say("As YYYY-MM-DD", "YYYY-MM-DDの形"),
        kind: "date",
        value: &typed.day,
    };
    let body = format!(
        "{lead}{}{known}{}{}{}{}<button>{}</button></form>",
        summary(frame, errors),
        frame.form("application"),
        address.html(frame, errors),
        day.html(frame, errors),
        digest_forms(frame, typed.with_digest_info),
        frame.say("Review", "確認へ進む"),
    );
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    frame.page(status, title, &body)
}

/// The list of errors at the top.
fn summary(frame: &Frame<'_>, errors: &[FieldError]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let items: String = errors
        .iter()
        .map(|error| {
            let text = escape(error.text.say(frame.language));
            format!("<li><a href=\"#{}\">{text}</a></li>", error.field)
        })
        .collect();
    let lead = frame.say("Please correct:", "次の項目を直してください");
    format!("<div class=\"errors\" role=\"alert\"><p>{lead}</p><ul>{items}</ul></div>")
}

struct Field<'f> {
    name: &'f str,
    label: &'f str,
    hint: &'f str,
    kind: &'f str,
    value: &'f str,
}

impl Field<'_> {
    fn html(&self, frame: &Frame<'_>, errors: &[FieldError]) -> String {
        let Self {
            name,
            label,
            hint,
            kind,
            ..
        } = self;
        let error = errors.iter().find(|error| error.field == *name);
        let (message, described, invalid) = match error {
            Some(error) => {
                let text = escape(error.text.say(frame.language));
                (
                    format!("<p class=\"error\" id=\"{name}-error\">{text}</p>"),
                    format!("{name}-error {name}-hint"),
                    " aria-invalid=\"true\"",
                )
            }
            None => (String::new(), format!("{name}-hint"), ""),
        };
        format!(
            "<div class=\"field\"><label for=\"{name}\">{label}</label><p class=\"hint\" id=\"{name}-hint\">{hint}</p>{message}\
             <input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{}\" required autocomplete=\"off\" \
             aria-describedby=\"{described}\"{invalid}></div>",
            escape(self.value)
        )
    }
}

/// Which digest form the card signs.
fn digest_forms(frame: &Frame<'_>, with_digest_info: bool) -> String {
    let choice = |value: &str, is_checked: bool, label: &str, hint: &str| {
        let checked = if is_checked { " checked" } else { "" };
        format!(
            "<p class=\"choice\"><input type=\"radio\" name=\"form\" id=\"form-{value}\" value=\"{value}\"{checked} \
             aria-describedby=\"form-{value}-hint\"> <label for=\"form-{value}\">{label}</label><br>\
             <span class=\"hint\" id=\"form-{value}-hint\">{hint}</span></p>"
        )
    };
    format!(
        "<fieldset><legend>{}</legend>{}{}</fieldset>",
        frame.say("What the card signs (for learning)", "カードが署名する値（学習用）"),
        choice(
            "bare",
            !with_digest_info,
            frame.say("Bare digest, 32 bytes", "ハッシュ値のみ（32バイト）"),
            frame.say(
                "The card gets the SHA-256 digest as it is.",
                "SHA-256のハッシュ値をそのままカードに送ります。"
            ),
        ),
        choice(
            "info",
            with_digest_info,
            frame.say("DigestInfo, 51 bytes", "DigestInfo（51バイト）"),
            frame.say(
                "The card gets the digest in DER, as XML and PDF signatures need it.",
                "ハッシュ値をDERで包んで送ります。XML署名やPDF署名ではこの形が必要です。"
            ),
        ),
    )
}

/// The document as it will be signed.
pub(crate) fn review(frame: &Frame<'_>, draft: &Draft) -> Response<Body> {
    let digest = vmyna_apdu::hex::encode(&draft.digest().bytes());
    let body = format!(
        "<p>{}</p>{}{}{}<button>{}</button></form><p><a href=\"{}\">{}</a></p>",
        frame.say(
            "You sign exactly this text, with the password of the sign key. The identity provider sees its digest only.",
            "署名の対象は次の文書そのものです。署名用パスワードを使います。認証サービスに送られるのはハッシュ値だけです。",
        ),
        document(frame, draft),
        values(&[(frame.say("What the card gets", "カードに送られる値"), &digest)]),
        frame.form("application/sign"),
        frame.say("Sign with the card", "カードで署名する"),
        frame.to("application"),
        frame.say("Change it", "修正する"),
    );
    frame.page(StatusCode::OK, frame.say("Review", "内容の確認"), &body)
}

fn document(frame: &Frame<'_>, draft: &Draft) -> String {
    let label = frame.say("Document", "文書");
    let text = escape(&draft.document);
    format!("<pre tabindex=\"0\" role=\"region\" aria-label=\"{label}\" lang=\"ja\">{text}</pre>")
}

/// The outcome of the checks.
pub(crate) fn result(frame: &Frame<'_>, outcome: &Outcome) -> Response<Body> {
    let (mark, en, ja) = match outcome.verdict() {
        Verdict::Ok | Verdict::Note => (
            "good",
            "Accepted: every check holds.",
            "受理されました。すべての検証に合格しています。",
        ),
        Verdict::NotVerified => (
            "doubt",
            "Not accepted: something can't be checked.",
            "受理されませんでした。検証できない項目があります。",
        ),
        Verdict::Invalid => (
            "bad",
            "Not accepted: a check fails.",
            "受理されませんでした。検証に不合格の項目があります。",
        ),
    };
    let reports: String = outcome.reports.iter().map(|report| checks(frame, report)).collect();
    let files = [
        ("document.txt", frame.say("Document", "文書")),
        ("signature.bin", frame.say("Signature value", "署名値")),
        ("certificate.der", frame.say("Certificate", "証明書")),
    ];
    let links: String = files
        .iter()
        .map(|(file, label)| {
            let address = frame.to(&format!("application/{file}"));
            format!("<li><a href=\"{address}\" download=\"{file}\">{label} ({file})</a></li>")
        })
        .collect();
    let body = format!(
        "<p class=\"verdict {mark}\" role=\"status\">{}</p><p class=\"note\">{}</p>{reports}<h2>{}</h2>{}<ul>{links}</ul>\
         <p><a href=\"{}\">{}</a></p>",
        frame.say(en, ja),
        frame.say(
            "The town is invented: nothing was sent, and nothing follows from it.",
            "架空の町への届出なので、どこにも送信されず、効力もありません。",
        ),
        frame.say("What was signed", "署名された文書"),
        document(frame, &outcome.draft),
        frame.to("application"),
        frame.say("Another application", "別の申請を書く"),
    );
    frame.page(StatusCode::OK, frame.say("Result of the checks", "検証の結果"), &body)
}

fn checks(frame: &Frame<'_>, report: &Report) -> String {
    let title = report.kind.title();
    let title = escape(title.say(frame.language));
    let rows: String = report
        .steps
        .iter()
        .map(|step| {
            let (mark, en, ja) = match step.verdict {
                Verdict::Ok => ("good", "ok", "合格"),
                Verdict::Note => ("note", "note", "注記"),
                Verdict::NotVerified => ("doubt", "not verified", "検証不能"),
                Verdict::Invalid => ("bad", "invalid", "不合格"),
            };
            format!(
                "<tr><td><span class=\"mark {mark}\">{}</span></td><td>{}<br><code>{}</code></td></tr>",
                frame.say(en, ja),
                escape(step.reason.say(frame.language)),
                escape(step.id)
            )
        })
        .collect();
    let titles: Vec<String> = report
        .facts
        .iter()
        .map(|fact| escape(fact.title.say(frame.language)))
        .collect();
    let facts: Vec<(&str, &str)> = titles
        .iter()
        .zip(&report.facts)
        .map(|(title, fact)| (&**title, &*fact.value))
        .collect();
    let facts = match facts.is_empty() {
        true => String::new(),
        false => values(&facts),
    };
    let heads = [frame.say("Verdict", "判定"), frame.say("Check", "検証の項目")];
    format!("<h2>{title}</h2>{}{facts}", table(&title, &heads, &rows))
}

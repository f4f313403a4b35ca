//! The pages, in English and Japanese. Whatever does not stand in this source is escaped.

mod application;
mod data;
mod exchanges;
mod home;
mod problem;

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderValue, Response, StatusCode};
use vmyna_apdu::Language;

pub(super) use self::application::{form, result, review};
pub(super) use self::data::data;
pub(super) use self::exchanges::{codes, exchanges};
pub(super) use self::home::{home, notices, welcome};
pub(super) use self::problem::{Problem, problem};
use crate::http::{escape, form_policy};

/// The pages of a person, in the order of the menu: the path, and the title in each language.
const MENU: [(&str, &str, &str); 5] = [
    ("", "Home", "ホーム"),
    ("exchanges", "Who asked for my data", "やりとり履歴"),
    ("data", "My data", "あなたの情報"),
    ("notices", "Notices", "お知らせ"),
    ("application", "Application", "申請"),
];

/// What every page has.
pub(super) struct Frame<'f> {
    pub(super) language: Language,
    /// The path behind the language, for the same page in the other one.
    pub(super) path: &'f str,
    /// Whether a person is logged in.
    pub(super) is_person: bool,
    /// The token of the session's forms.
    pub(super) csrf: &'f str,
    /// The origin of the provider, to which forms lead.
    pub(super) provider: &'f str,
}

impl Frame<'_> {
    /// The one of two texts that the reader reads.
    pub(super) const fn say<'t>(&self, en: &'t str, ja: &'t str) -> &'t str {
        match self.language {
            Language::En => en,
            Language::Ja => ja,
        }
    }

    pub(super) const fn code(&self) -> &'static str {
        code(self.language)
    }

    /// The address of a page in the reader's language.
    pub(super) fn to(&self, path: &str) -> String {
        format!("/{}/{path}", self.code())
    }

    /// The beginning of a form that changes something.
    pub(super) fn form(&self, path: &str) -> String {
        format!(
            "<form method=\"post\" action=\"{}\" accept-charset=\"utf-8\" novalidate>\
             <input type=\"hidden\" name=\"csrf\" value=\"{}\">",
            escape(&self.to(path)),
            escape(self.csrf)
        )
    }

    /// A whole page. `title` is escaped here, `body` is HTML.
    pub(super) fn page(&self, status: StatusCode, title: &str, body: &str) -> Response<Body> {
        let name = self.say("Practice portal", "練習ポータル");
        let lang = self.code();
        let specimen = self.say(
            "SPECIMEN. A portal to practise with, on this machine only. No authority runs it. All people and bodies are \
             invented.",
            "見本です。この端末だけで動く練習用のページで、行政機関のものではありません。人物も機関もすべて架空です。",
        );
        let skip = self.say("Skip to the content", "本文へ移動");
        let (menu, log_out) = match self.is_person {
            true => (self.menu(), self.log_out()),
            false => (String::new(), String::new()),
        };
        let (switch, title) = (self.switch(), escape(title));
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title} – {name} 見本 SPECIMEN</title>\
             <link rel=\"stylesheet\" href=\"/portal.css\">\
             <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"></head><body>\n\
             <a class=\"skip\" href=\"#content\">{skip}</a>\n\
             <header><div class=\"bar\"><p class=\"name\"><b>vmyna</b> {name} <span class=\"stamp\">見本 SPECIMEN</span></p>\
             <div class=\"side\">{switch}{log_out}</div></div>{menu}</header>\n\
             <main id=\"content\" tabindex=\"-1\"><p class=\"note specimen\">{specimen}</p>\n<h1>{title}</h1>\n{body}</main>\n\
             <footer><p>vmyna · 見本 SPECIMEN</p></footer>\n</body></html>\n"
        );
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // With `no-referrer` browsers send a form with the origin `null`. Other origins learn nothing by this value either.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        // A form leads to the provider by a redirect.
        if let Ok(policy) = HeaderValue::from_str(&form_policy(Some(self.provider))) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn menu(&self) -> String {
        let section = self.path.split('/').next().unwrap_or_default();
        let section = if section == "codes" { "exchanges" } else { section };
        let items: String = MENU
            .iter()
            .map(|(path, en, ja)| {
                let current = if *path == section { " aria-current=\"page\"" } else { "" };
                format!(
                    "<li><a href=\"{}\"{current}>{}</a></li>",
                    self.to(path),
                    self.say(en, ja)
                )
            })
            .collect();
        format!(
            "<nav aria-label=\"{}\"><ul>{items}</ul></nav>",
            self.say("Pages", "メニュー")
        )
    }

    fn switch(&self) -> String {
        let (other, name) = match self.language {
            Language::En => ("ja", "日本語"),
            Language::Ja => ("en", "English"),
        };
        let path = escape(self.path);
        format!("<a href=\"/{other}/{path}\" lang=\"{other}\" hreflang=\"{other}\">{name}</a>")
    }

    fn log_out(&self) -> String {
        let button = self.say("Log out", "ログアウト");
        format!(
            "{}<button class=\"plain\">{button}</button></form>",
            self.form("log-out")
        )
    }
}

/// The code of a language in addresses.
pub(super) const fn code(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Ja => "ja",
    }
}

/// A list of names and values; the values are escaped here.
fn values(pairs: &[(&str, &str)]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escape(value)))
        .collect();
    format!("<dl class=\"values\">{pairs}</dl>")
}

/// Paragraphs of this source.
fn paragraphs(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("<p>{text}</p>")).collect()
}

/// A table that can be scrolled on its own. `rows` is HTML.
fn table(label: &str, heads: &[&str], rows: &str) -> String {
    let heads: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"))
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table>\
         <thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

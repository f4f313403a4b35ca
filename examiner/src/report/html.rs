//! The report as one HTML page in both languages. It has no script, and it fetches nothing.

use std::fmt::Write as _;

use vmyna_apdu::{Language, say};

use super::people::counts;
use super::{Entry, Report, Standing, escape};

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem}\
code,pre{font-family:ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}\
article{border-left:.4rem solid;padding:.2rem 1rem;margin:1rem 0}.finding{border-color:#c22}.not-judged{border-color:#888}\
.passed{border-color:#282}dt{font-weight:600}dd{margin:0 0 .4rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere}\
td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}.note{font-weight:600}";

/// The report as a page.
#[must_use]
pub fn html(report: &Report) -> String {
    let title = escape(&format!("{} / {}", report.title.en, report.title.ja));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <p><a href=\"#en\">English</a> · <a href=\"#ja\" lang=\"ja\">日本語</a></p>\n"
    );
    for (language, code) in [(Language::En, "en"), (Language::Ja, "ja")] {
        let _ = writeln!(page, "<section id=\"{code}\" lang=\"{code}\">");
        section(&mut page, report, language);
        page += "</section>\n";
    }
    page += "</body>\n</html>\n";
    page
}

fn section(page: &mut String, report: &Report, language: Language) {
    let line = escape(&report.line());
    let _ = writeln!(
        page,
        "<h1>{}</h1>\n<p><code>{line}</code></p>",
        escape(report.title.say(language))
    );
    *page += "<table>\n";
    for fact in &report.facts {
        let value = fact
            .value
            .as_str()
            .map_or_else(|| fact.value.to_string(), str::to_owned);
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escape(fact.title.say(language)),
            escape(&value)
        );
    }
    *page += "</table>\n";
    for note in &report.notes {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escape(note.say(language)));
    }
    let _ = writeln!(page, "<p>{}</p>", escape(counts(report).say(language)));
    let parts = [
        (Standing::Finding, "finding", say!(language, "Findings", "指摘")),
        (
            Standing::NotJudged,
            "not-judged",
            say!(language, "Not judged", "判定していないもの"),
        ),
        (Standing::Passed, "passed", say!(language, "Passed", "合格")),
    ];
    for (standing, class, title) in parts {
        if report.count(standing) == 0 {
            continue;
        }
        let _ = writeln!(page, "<h2>{title}</h2>");
        for entry in report.entries.iter().filter(|entry| entry.standing == standing) {
            article(page, entry, class, language);
        }
    }
}

fn article(page: &mut String, entry: &Entry, class: &str, language: Language) {
    let _ = writeln!(
        page,
        "<article class=\"{class}\">\n<h3><code>{}</code> ({}): {}</h3>\n<dl>",
        escape(&entry.name),
        escape(&entry.group),
        escape(entry.headline.say(language))
    );
    for (title, text) in &entry.details {
        let _ = writeln!(
            page,
            "<dt>{}</dt><dd>{}</dd>",
            escape(title.say(language)),
            escape(text.say(language))
        );
    }
    *page += "</dl>\n</article>\n";
}

//! docs/behaviour.md lists the rules and declarations. `make docs` writes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fmt::Write as _;

use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, Profile, specimen};
use vmyna_card_os::declaration::{Application, Body};
use vmyna_card_os::rule;
use vmyna_explain::access;
use vmyna_testkit::assert_page;

const INTRODUCTION: &str = "\
# What the card does, and how certain that is

Written by `make docs` from the rules (`card-os/src/rule.rs`) and declarations (`applets/src/`) that drive the card; a
test compares the page with them.

`measured`: a cited trace, dump or stated observation of a card · `documented`: several sources say so, or one client's
documentation · `client`: clients that work with the real card rely on it · `assumed`: it is not published, and this is the
most defensible choice.
";

const PHONE: &str = "
## The token of a phone (スマホ用電子証明書)

It has the two applications below and no other: SELECT of every other AID answers 6A82. Its profiles:
";

fn documentation() -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "\n## Rules of the card\n\n| Rule | SW | What the card does | Certainty | Source or reason |\n|---|---|---|---|---|\n";
    for rule in rule::ALL {
        let status_word = rule
            .status_word
            .map_or_else(String::new, |status_word| status_word.to_string());
        let (id, says, certainty, source) = (rule.id, rule.text, rule.certainty, rule.source);
        writeln!(text, "| {id} | {status_word} | {says} | {certainty} | {source} |").unwrap();
    }
    let card = specimen::find("hanako").unwrap().unwrap();
    assert_eq!(card.profile, Profile::default());
    for application in card.applications() {
        let heading = format!("{}: {}", application.name, application.title);
        describe(&heading, &application, &mut text);
    }
    phone(card, &mut text);
    text
}

/// What the token of a phone has in place of all that.
fn phone(card: IssuedCard, text: &mut String) {
    *text += PHONE;
    *text += "\n| Phone | What | Certainty | Source or reason |\n|---|---|---|---|\n";
    for kind in PhoneKind::ALL {
        for (what, basis) in Profile::phone(kind).facts {
            let (kind, certainty, source) = (kind.title(), basis.certainty, basis.source);
            writeln!(text, "| {kind} | {what} | {certainty} | {source} |").unwrap();
        }
    }
    let iphone = Profile::phone(PhoneKind::Iphone);
    let phone = IssuedCard::of_phone(card.name, iphone, card.summary, card.jpki, None);
    for application in phone.applications() {
        let heading = format!("{} on a phone: {}", application.name, application.title);
        describe(&heading, &application, text);
    }
}

fn describe(heading: &str, application: &Application, text: &mut String) {
    let Application { aid, basis, .. } = application;
    write!(
        text,
        "\n## {heading}\n\nAID `{aid}`. {}: {}.\n\n",
        basis.certainty, basis.source
    )
    .unwrap();
    if application.files.is_empty() && application.data_objects.is_empty() {
        *text += "It has no file and no data object.\n";
        return;
    }
    *text += "| File or object | Kind | What | Access | Certainty | Source |\n|---|---|---|---|---|---|\n";
    for file in &application.files {
        let what = if file.title.is_empty() {
            file.name.to_string()
        } else {
            format!("{} {}", file.name, file.title)
        };
        let (access, basis) = (access::needs(application, &file.access), &file.basis);
        let kind = kind(&file.body);
        writeln!(
            text,
            "| {} | {kind} | {what} | {access} | {} | {} |",
            file.id, basis.certainty, basis.source
        )
        .unwrap();
    }
    for object in &application.data_objects {
        let (access, basis) = (access::needs(application, &object.access), &object.basis);
        let (tag, name, title) = (object.tag, &object.name, &object.title);
        writeln!(
            text,
            "| GET DATA {tag:04X} | object | {name} {title} | {access} | {} | {} |",
            basis.certainty, basis.source
        )
        .unwrap();
    }
}

fn kind(body: &Body) -> String {
    match body {
        Body::Transparent(_) => "transparent".to_owned(),
        Body::Records(_) => "records".to_owned(),
        Body::Pin(pin) => match pin.max_tries {
            Some(tries) => format!("PIN, {}, {tries} tries", pin.format),
            None => format!("PIN, {}, no limit", pin.format),
        },
        Body::SharedPin(_) => "shared PIN".to_owned(),
        Body::PrivateKey(_) | Body::GeneratedKey(_) => "private key".to_owned(),
        Body::HostKey(_) => "public key of a host".to_owned(),
        Body::CertificateKey(_) => "public key of an authority".to_owned(),
        Body::Reserved => "internal".to_owned(),
    }
}

#[test]
fn the_documentation_of_the_behaviour_is_up_to_date() {
    assert_page("behaviour.md", &documentation());
}

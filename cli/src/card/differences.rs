//! What a card holds now that is not as issued, in plain words: what is lost by going back.
//!
//! Must never show a PIN, a key, a number of the person or the contents of a file.

use std::collections::{BTreeMap, BTreeSet};

use vmyna_apdu::{Aid, FileId, hex};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::{Application, Body, File, ObjectId, ReferenceData};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The differences, a line each: what it is now, an arrow, what it is as issued. None if PINs alone differ.
pub(super) fn between(now: &IssuedCard, issued: &IssuedCard) -> Vec<String> {
    let mut lines = texts(now, issued);
    let mut pins_alone = lines.is_empty();
    let (now_all, issued_all) = (now.applications(), issued.applications());
    let (now_files, issued_files) = (files(&now_all), files(&issued_all));
    let either: BTreeMap<_, _> = issued_files.iter().chain(&now_files).collect();
    for (place, (application, file)) in either {
        let body = |files: &Files<'_>| files.get(place).map(|(_, file)| held(file));
        let (from, to) = (body(&now_files), body(&issued_files));
        let is_same = match (now_files.get(place), issued_files.get(place)) {
            (Some((_, now)), Some((_, issued))) => is_same(&now.body, &issued.body),
            _ => false,
        };
        if !is_same {
            pins_alone &= matches!(file.body, Body::Pin(_));
            let from = from.unwrap_or_else(|| "none".to_owned());
            let to = match to {
                Some(to) if to == from => format!("other {to}"),
                Some(to) => to,
                None => "none".to_owned(),
            };
            let (application, id, name) = (&application.name, file.id, &file.name);
            lines.push(format!("{application} {id} {name}: {from} → {to}"));
        }
    }
    if lines.is_empty() && now.to_record() != issued.to_record() {
        return vec!["details that no file of the card has".to_owned()];
    }
    match pins_alone {
        true => Vec::new(),
        false => lines,
    }
}

/// What commands have changed in files of the card as issued, a line each.
pub(super) fn by_commands(changed: &BTreeSet<ObjectId>, issued: &IssuedCard) -> Vec<String> {
    let applications = issued.applications();
    let files = files(&applications);
    let changed = changed
        .iter()
        .filter_map(|object| files.get(&(object.aid, object.file)));
    let line = |(application, file): &(&Application, &File)| {
        let what = changed_by_commands(&file.body);
        format!("{} {} {}: {what} → as issued", application.name, file.id, file.name)
    };
    changed.map(line).collect()
}

/// What commands have changed in a file, in words.
pub(super) const fn changed_by_commands(body: &Body) -> &'static str {
    match body {
        Body::GeneratedKey(_) => "key made on the card",
        _ => "contents changed by commands",
    }
}

/// The texts about the card and its face.
fn texts(now: &IssuedCard, issued: &IssuedCard) -> Vec<String> {
    let quoted = |text: &str| match text {
        "" => "none".to_owned(),
        text => format!("\"{text}\""),
    };
    let texts = |card: &IssuedCard| {
        let summary = &card.summary;
        let person = &summary.person;
        [
            ("name", quoted(&person.name)),
            ("reading of the name", quoted(&person.kana)),
            ("address", quoted(&person.address)),
            ("municipality", person.municipality.title.clone()),
            ("last day of the card", summary.expiry.to_string()),
        ]
    };
    let changed = texts(now).into_iter().zip(texts(issued));
    let changed = changed.filter(|((_, now), (_, issued))| now != issued);
    let mut lines: Vec<String> = changed
        .map(|((what, now), (_, issued))| format!("{what}: {now} → {issued}"))
        .collect();
    let printed = |card: &IssuedCard| -> Vec<String> { card.summary.printed().map(quoted).collect() };
    let (now, issued) = (printed(now), printed(issued));
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let only = these.iter().filter(|line| !those.contains(line));
        only.cloned().collect()
    };
    for line in only(&now, &issued) {
        lines.push(format!("printed line: {line} → none"));
    }
    for line in only(&issued, &now) {
        lines.push(format!("printed line: none → {line}"));
    }
    lines
}

type Files<'a> = BTreeMap<(Aid, FileId), (&'a Application, &'a File)>;

fn files(applications: &[Application]) -> Files<'_> {
    let files = applications.iter().flat_map(|application| {
        let files = application.files.iter();
        files.map(move |file| ((application.aid, file.id), (application, file)))
    });
    files.collect()
}

fn is_same(now: &Body, issued: &Body) -> bool {
    let value = |value: &Option<ReferenceData>| value.as_ref().map(|value| value.as_bytes().to_vec());
    match (now, issued) {
        (Body::Transparent(now), Body::Transparent(issued)) => now == issued,
        (Body::Records(now), Body::Records(issued)) => now == issued,
        (Body::PrivateKey(now), Body::PrivateKey(issued)) => now.as_pkcs8_der() == issued.as_pkcs8_der(),
        (Body::CertificateKey(now), Body::CertificateKey(issued)) => now == issued,
        (Body::SharedPin(now), Body::SharedPin(issued)) => now == issued,
        (Body::GeneratedKey(now), Body::GeneratedKey(issued)) => now == issued,
        (Body::HostKey(now), Body::HostKey(issued)) => now == issued,
        (Body::Pin(now), Body::Pin(issued)) => {
            now.tries_at_issue == issued.tries_at_issue && value(&now.value) == value(&issued.value)
        }
        (Body::Reserved, Body::Reserved) => true,
        _ => false,
    }
}

/// What a file holds, in words that show nothing of it but the number and the end of a certificate.
fn held(file: &File) -> String {
    match &file.body {
        Body::Transparent(content) => {
            let certificate = Certificate::from_der(file.object().unwrap_or(content.as_bytes()));
            match certificate {
                Ok(certificate) => {
                    let fields = certificate.tbs_certificate;
                    let end = fields.validity.not_after.to_date_time();
                    let serial = hex::encode(fields.serial_number.as_bytes());
                    format!("serial {serial}, valid until {end}")
                }
                Err(_) => format!("contents of {} bytes", content.as_bytes().len()),
            }
        }
        Body::Records(records) => format!("{} records", records.len()),
        Body::Pin(pin) => match (&pin.value, pin.tries_at_issue) {
            (None, _) => "not set".to_owned(),
            (Some(_), 0) => "value, blocked".to_owned(),
            (Some(_), tries) => format!("value with {tries} tries"),
        },
        Body::SharedPin(_) => "shared PIN".to_owned(),
        Body::PrivateKey(_) => "key".to_owned(),
        Body::GeneratedKey(_) => "key made on the card".to_owned(),
        Body::HostKey(_) => "key of a host".to_owned(),
        Body::CertificateKey(_) => "key of an authority".to_owned(),
        Body::Reserved => "reserved".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_applets::issued::Summary;
    use vmyna_applets::{PinAtIssue, specimen};

    #[test]
    fn every_kind_of_difference_is_a_line_and_no_secret_is_in_one() {
        let issued = specimen::find("hanako").unwrap().unwrap();
        assert!(between(&issued, &issued).is_empty());
        let mut other_pin = issued.clone();
        other_pin.jpki.auth_pin = PinAtIssue::unset();
        assert!(between(&other_pin, &issued).is_empty());
        let mut remarked = issued.clone();
        remarked.summary.remarks.push("a note".to_owned());
        assert_eq!(between(&remarked, &issued), ["details that no file of the card has"]);
        let other = specimen::find("foreign").unwrap().unwrap();
        let mut now = issued.clone();
        now.summary.person.name = "別姓　花子".to_owned();
        now.summary.person.kana = String::new();
        now.summary.remarks = vec![Summary::printed_line("氏名変更")];
        now.face_info.as_mut().unwrap().data.age_record = other.face_info.as_ref().unwrap().data.age_record.clone();
        now.jpki.sign = None;
        now.jpki.sign_pin = PinAtIssue::unset();
        now.jpki.auth = other.jpki.auth.clone();
        now.input_assist.as_mut().unwrap().pin = PinAtIssue::new(b"5937");
        let lines = between(&now, &issued);
        for expected in [
            "name: \"別姓　花子\" → \"見本　花子\"",
            "reading of the name: none → ",
            "printed line: \"氏名変更\" → none",
            "jpki 0001 sign certificate: none → serial ",
            "jpki 001A sign private key: none → key",
            "jpki 001B sign password: not set → value with 5 tries",
            "jpki 000A auth certificate: serial ",
            "jpki 0017 auth private key: key → other key",
            "jpki 0008 certificate availability: contents of ",
            "input_assist 0011 input-assist PIN: value with 3 tries → other value with 3 tries",
        ] {
            assert!(
                lines.iter().any(|line| line.starts_with(expected)),
                "{expected}:\n{}",
                lines.join("\n")
            );
        }
        let age_record = |line: &&String| line.starts_with("face_info 0001 ");
        assert!(lines.iter().any(|line| age_record(&line)), "{lines:?}");
        let text = lines.join("\n");
        for secret in ["1234", "5937", "ABC123", "123456789018"] {
            assert!(!text.contains(secret), "{secret}:\n{text}");
        }
    }
}

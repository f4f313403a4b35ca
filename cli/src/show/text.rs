//! The summary as a text for people, one fact a line. The names are English, so that the values are aligned in every
//! terminal: the width of Japanese letters differs.

use std::io::{self, Write};

use vmyna_applets::jpki;

use super::summary::{CertificateSummary, Summary};
use crate::certificate_fields::{CertificateFields, State};

/// Writes the summary of the card that has the name `source` on the command line.
pub(super) fn write(out: &mut impl Write, summary: &Summary, source: &str) -> io::Result<()> {
    let holder = &summary.holder;
    let municipality = &summary.municipality;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<16} {}", harmless(value));
    let name = format!("{} (virtual; its holder is fictional)", summary.name);
    match &summary.phone {
        None => line("card", &name)?,
        Some(phone) => {
            line("phone", &name)?;
            line("kind", phone.title)?;
        }
    }
    line("name", &with(&holder.name, holder.kana.as_deref()))?;
    line("address", &holder.address)?;
    for (name, text) in [
        ("certified name", &holder.certificate_name),
        ("certified addr.", &holder.certificate_address),
    ] {
        if let Some(text) = text {
            line(name, &format!("{text} (in the sign certificate)"))?;
        }
    }
    line("birth", &with(&holder.birth, holder.birth_japanese.as_deref()))?;
    line("sex", holder.sex)?;
    for (name, number) in [
        ("My Number", &holder.my_number),
        ("residence code", &holder.residence_code),
    ] {
        if let Some(number) = number {
            line(name, number)?;
        }
    }
    line(
        "municipality",
        &format!(
            "{} {}, {} {}",
            municipality.code_with_check_digit, municipality.prefecture, municipality.name, municipality.title
        ),
    )?;
    line("issued", &summary.issued)?;
    let expired = if summary.expired == Some(true) { ", EXPIRED" } else { "" };
    for (name, value, more) in [
        ("expiry", &summary.expiry, expired),
        ("security code", &summary.security_code, ""),
        ("card serial", &summary.serials.card, ""),
    ] {
        if let Some(value) = value {
            line(name, &format!("{value}{more}"))?;
        }
    }
    line("token serial", &summary.serials.token)?;
    line("profile", &summary.profile.name)?;
    line("ATR", &summary.profile.atr)?;
    for printed in &summary.printed {
        line("remarks field", printed)?;
    }
    let keys = match summary.key_pool {
        None => "its own".to_owned(),
        Some(1) => "one set, which all cards of its collection share".to_owned(),
        Some(count) => format!("one of {count} sets that the cards of its collection share"),
    };
    line("keys", &keys)?;
    line("PINs", &format!("`vmyna pin {source}` reports the tries left"))?;
    if let Some(phone) = &summary.phone {
        let mdoc = match phone.mdoc {
            true => format!("`vmyna phone show {source}` prints what it states"),
            false => "none on this phone (カード代替電磁的記録)".to_owned(),
        };
        line("mdoc", &mdoc)?;
    }

    writeln!(out, "\ncertificates")?;
    let certificates = &summary.certificates;
    for (name, title, certificate) in [
        ("sign", jpki::names::SIGN_CERTIFICATE.1, &certificates.sign),
        ("auth", jpki::names::AUTH_CERTIFICATE.1, &certificates.auth),
        ("sign CA", jpki::names::SIGN_CA_CERTIFICATE.1, &certificates.sign_ca),
        ("auth CA", jpki::names::AUTH_CA_CERTIFICATE.1, &certificates.auth_ca),
    ] {
        write_certificate(out, name, title, certificate.as_ref())?;
    }
    if !summary.remarks.is_empty() {
        writeln!(out, "\nremarks")?;
    }
    let mut remarks = summary.remarks.iter();
    remarks.try_for_each(|remark| writeln!(out, "  {}", harmless(remark)))
}

fn write_certificate(
    out: &mut impl Write,
    name: &str,
    title: &str,
    certificate: Option<&CertificateSummary>,
) -> io::Result<()> {
    let Some(certificate) = certificate else {
        return writeln!(out, "  {name:<8} none on this card ({title})");
    };
    let state = match certificate.state {
        State::Valid => "valid",
        State::NotYetValid => "NOT YET VALID",
        State::Expired => "EXPIRED",
    };
    let CertificateFields {
        subject,
        serial,
        not_before,
        not_after,
    } = &certificate.fields;
    writeln!(out, "  {name:<8} {} ({title})", harmless(subject))?;
    writeln!(out, "           serial {serial}, {not_before} to {not_after}, {state}")
}

/// Replaces control characters, because a card's file may come from an untrusted source and a terminal obeys them.
fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{FFFD}")
}

/// Returns `value (more)`, or `value` if there is no more.
fn with(value: &str, more: Option<&str>) -> String {
    more.map_or_else(|| value.to_owned(), |more| format!("{value} ({more})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use std::time::{Duration, SystemTime};
    use vmyna_applets::issued::IssuedCard;

    fn text_of(card: &IssuedCard, now: SystemTime) -> String {
        let mut out = Vec::new();
        write(&mut out, &Summary::of(card, now).unwrap(), "specimen:hanako").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_missing_an_expired_and_a_future_certificate_are_reported() {
        let mut card = hanako();
        let epoch = text_of(&card, SystemTime::UNIX_EPOCH);
        assert!(epoch.contains("NOT YET VALID") && !epoch.contains("EXPIRED"), "{epoch}");
        card.jpki.sign = None;
        card.summary.key_pool = Some(8);
        card.summary.remarks = vec!["the address was drawn half width".to_owned()];
        let far = text_of(&card, SystemTime::UNIX_EPOCH + Duration::from_secs(200 * 365 * 86_400));
        for expected in [
            "2036-10-25, EXPIRED",
            "none on this card (署名用電子証明書)",
            "one of 8 sets",
            "remarks\n  the address was drawn half width",
        ] {
            assert!(far.contains(expected), "{expected} is missing in\n{far}");
        }
    }
}

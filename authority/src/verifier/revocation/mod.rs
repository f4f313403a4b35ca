//! Whether a certificate is revoked. It fails closed: without data that is fresh and signed by the right key, a certificate
//! is not verified.

mod list;
mod ocsp;

use der::DateTime;
use vmyna_apdu::{Text, text};

use super::Settings;
use super::certificate::Received;
use super::report::{Report, fixed};
use super::trust::Anchor;
use crate::register::{Reason, Register, serial};

/// A revocation list as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The file that it was read from.
    pub name: String,
    /// The DER.
    pub der: Vec<u8>,
}

/// Asks an OCSP responder: the URL and the request, DER.
pub type Ask<'a> = &'a dyn Fn(&str, &[u8]) -> Result<Vec<u8>, Text>;

/// Where revocation data may be read. Every source that is named is asked, and each one has to give a good answer. Only if
/// none is, the address in the certificate is asked.
#[derive(Default)]
pub struct Sources<'a> {
    /// The registers of the named authorities: the first one that holds a certificate decides.
    pub registers: Vec<&'a dyn Register>,
    /// Revocation lists.
    pub lists: Vec<List>,
    /// The address of a responder.
    pub ocsp: Option<String>,
    /// How a responder is asked; `None` where nothing may be sent.
    pub ask: Option<Ask<'a>>,
}

/// What a source states of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Revoked(DateTime, String),
}

/// Checks revocation by every source that is named.
pub(super) fn check(report: &mut Report, certificate: &Received<'_>, anchor: Option<&Anchor>, settings: &Settings<'_>) {
    let Some(anchor) = anchor else {
        report.not_verified(
            "certificate.revocation",
            fixed(
                "revocation can't be checked, because the issuer is unknown",
                "発行者が不明なため、失効を確認できません",
            ),
        );
        return;
    };
    let sources = &settings.revocation;
    let at = settings.at;
    let mut asked = false;
    if !sources.registers.is_empty() {
        asked = true;
        let status = in_registers(&sources.registers, certificate, anchor);
        conclude(
            report,
            "revocation.register",
            status,
            at,
            &fixed("the register", "登録簿"),
        );
        note_phone(report, &sources.registers, certificate, anchor);
    }
    if !sources.lists.is_empty() {
        asked = true;
        let (status, name) = list::status(&sources.lists, certificate, anchor, settings);
        let source = text!("the revocation list {name}", "失効リスト{name}");
        conclude(report, "revocation.crl", status, at, &source);
    }
    if let Some(url) = &sources.ocsp {
        asked = true;
        by_ocsp(report, url, certificate, anchor, settings);
    }
    if asked {
        return;
    }
    match ocsp::address(certificate.fields()) {
        Some(url) => by_ocsp(report, &url, certificate, anchor, settings),
        None => report.not_verified(
            "certificate.revocation",
            fixed(
                "no revocation data: the certificate names no responder, and no other source was given",
                "失効情報がありません。証明書に問い合わせ先がなく、ほかの指定もありません",
            ),
        ),
    }
}

fn by_ocsp(report: &mut Report, url: &str, certificate: &Received<'_>, anchor: &Anchor, settings: &Settings<'_>) {
    let status = match settings.revocation.ask {
        Some(ask) => ocsp::status(ask, url, certificate, anchor, settings),
        None => Err(fixed(
            "the responder may not be asked",
            "問い合わせが許可されていません",
        )),
    };
    let source = text!("the responder {url}", "OCSPレスポンダ{url}");
    conclude(report, "revocation.ocsp", status, settings.at, &source);
}

fn in_registers(registers: &[&dyn Register], certificate: &Received<'_>, anchor: &Anchor) -> Result<Status, Text> {
    if let Some(number) = serial(certificate.fields().serial_number.as_bytes()) {
        for register in registers {
            let entry = register.entry(anchor.id, number);
            let entry = entry.map_err(|error| text!("it can't be read: {error}", "読み取れません: {error}"))?;
            match entry.map(|entry| entry.revocation) {
                Some(Some(revocation)) => {
                    return Ok(Status::Revoked(revocation.at, revocation.reason.name().to_owned()));
                }
                Some(None) => return Ok(Status::Good),
                None => {}
            }
        }
    }
    Err(fixed("it does not hold the certificate", "証明書が登録されていません"))
}

/// Notes that a register has the certificate on a phone. A certificate for authentication does not state it.
fn note_phone(report: &mut Report, registers: &[&dyn Register], certificate: &Received<'_>, anchor: &Anchor) {
    let number = serial(certificate.fields().serial_number.as_bytes());
    let entries = number.into_iter().flat_map(|number| {
        let entry = move |register: &&dyn Register| register.entry(anchor.id, number).ok().flatten();
        registers.iter().filter_map(entry)
    });
    if let Some((kind, _)) = entries.filter_map(|entry| entry.phone).next() {
        let kind = kind.title();
        report.note(
            "certificate.phone",
            text!(
                "the register has it on a phone ({kind})",
                "登録簿では、スマートフォン（{kind}）の電子証明書です"
            ),
        );
    }
}

/// Reports what a source has stated.
fn conclude(report: &mut Report, id: &'static str, status: Result<Status, Text>, at: DateTime, source: &Text) {
    let Text { en, ja } = source;
    match status {
        Ok(Status::Good) => report.ok(id, text!("not revoked, by {en}", "失効していません（{ja}）")),
        Ok(Status::Revoked(since, reason)) if since <= at => {
            report.invalid(
                id,
                text!(
                    "revoked since {since} ({reason}), by {en}",
                    "{since}に失効しました（{reason}、{ja}）"
                ),
            );
            if reason == Reason::AffiliationChanged.name() {
                report.note(
                    "revocation.reason",
                    fixed(
                        "the four attributes changed, for example by a move: what was signed before stays signed",
                        "転居などで基本4情報が変わりました。それ以前の署名の効力は変わりません",
                    ),
                );
            }
        }
        Ok(Status::Revoked(since, reason)) => report.ok(
            id,
            text!(
                "not revoked at the time of the check; since {since} it is ({reason}), by {en}",
                "検証時刻には失効していません。{since}に失効しました（{reason}、{ja}）"
            ),
        ),
        Err(why) => {
            let (why_en, why_ja) = (why.en, why.ja);
            report.not_verified(
                id,
                text!("not verified by {en}: {why_en}", "{ja}では確認できません: {why_ja}"),
            );
        }
    }
}

/// Whether data that were true from `this` until `next` can be used. Data newer than the time of the check can: a
/// revocation is never taken back. Data from a time that has not begun can't.
fn fresh(this: DateTime, next: Option<DateTime>, settings: &Settings<'_>) -> Result<(), Text> {
    let at = settings.at;
    let clock = settings.at.max(settings.clock);
    let Some(next) = next else {
        return Err(fixed(
            "it does not state when the next one is made",
            "次回の更新日時がありません",
        ));
    };
    if clock < this {
        return Err(text!(
            "it is from {this}, which has not begun",
            "{this}の情報です。まだその時刻になっていません"
        ));
    }
    if next < at {
        return Err(text!(
            "it was to be renewed by {next}, and the time of the check is {at}",
            "{next}までに更新されるはずの情報です。検証時刻は{at}です"
        ));
    }
    Ok(())
}

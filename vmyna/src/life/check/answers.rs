//! What each service answers about a person after an event, as rows of a table.

use std::fmt::Write as _;
use std::time::Duration;

use vmyna_apdu::{Language, Text, text};
use vmyna_applets::calendar::day_in_japan;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Hierarchy, Register as _, Revocation};
use vmyna_authority::revocation_list::{self, Scope};
use vmyna_authority::verifier;
use vmyna_authority::verifier::block::{Hash, Message};
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::report::Verdict;
use vmyna_issuance::DateTime;
use vmyna_issuance::der::Decode as _;
use vmyna_issuance::x509_cert::crl::CertificateList;

use super::super::error::LifeError;
use super::super::model::{Held, Token};
use super::super::play::{Life, Played, serial};
use super::ocsp::Stated;
use super::token::{Asked, TokenAnswer};
use super::{Responders, Scene, lists, ocsp, verify};

/// What the services answer about one certificate after an event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// When the event was.
    pub at: DateTime,
    /// The person.
    pub who: String,
    /// What happened, by its name in a story.
    pub what: &'static str,
    /// The certificate.
    pub held: Held,
    /// What the OCSP responder answers; the outer `None` for unknown.
    pub ocsp: Option<Option<Revocation>>,
    /// What the complete revocation list has.
    pub listed: Option<Revocation>,
    /// Whether a verifier finds the certificate valid; `None` if its token no longer has it.
    pub verified: Option<bool>,
    /// Whether the token signs with its key after the PIN; `None` likewise.
    pub signs: Option<bool>,
    /// Whether a relying party accepts that signature: a log-in, or a signed document; `None` likewise.
    pub accepted: Option<bool>,
}

impl Life {
    /// Asks every service about the certificates that the person of a step has now, and about those that the step revoked.
    /// They are asked as of the minute after the step.
    ///
    /// # Errors
    /// [`LifeError`]: a token does not answer as it must, or a question can't be asked.
    pub fn answers(&mut self, played: &Played, responders: &mut Responders) -> Result<Vec<Row>, LifeError> {
        /// The two certificates of a card begin some seconds apart, and the next event is a minute later.
        const LATER: Duration = Duration::from_secs(59);
        let step = &self.plan.steps[played.step];
        let (event_at, what) = (step.event.at, step.event.what.name());
        let at = DateTime::from_unix_duration(event_at.unix_duration() + LATER);
        let at = at.map_err(|error| LifeError::Issuance(error.into()))?;
        let person = &self.people[played.person];
        let scene = self.scene(at, std::slice::from_ref(person))?;
        let responders = responders.at(&scene.authorities, at)?;
        let register = SqliteRegister::open(&self.register_path()?)?;
        let current: Vec<&Held> = person.current().collect();
        let mut tokens: Vec<Token> = current.iter().map(|held| held.token).collect();
        tokens.dedup();
        let mut answers: Vec<(&Held, TokenAnswer)> = Vec::new();
        for token in tokens {
            let held: Vec<&Held> = current.iter().copied().filter(|held| held.token == token).collect();
            let given = Asked::open(&scene, person, &self.folder, token)?.compare(&held)?;
            answers.extend(held.into_iter().zip(given));
        }
        let revoked_now = |held: &&Held| held.revocation.is_some_and(|revocation| revocation.at == event_at);
        let of_interest = person
            .certificates
            .iter()
            .filter(|held| revoked_now(held) || current.iter().any(|current| current.identity == held.identity));
        let mut rows = Vec::new();
        for held in of_interest {
            let Some(identity) = held.identity else { continue };
            let answer = answers.iter().find(|(current, _)| current.identity == held.identity);
            let judged = answer.map(|(_, answer)| judge(&scene, held, answer, &register));
            rows.push(Row {
                at: event_at,
                who: person.name.to_string(),
                what,
                ocsp: stated(ocsp::ask(&scene, (identity.0, &[identity.1]), &responders, &register)?),
                listed: listed(&scene, held, &register)?,
                held: held.clone(),
                verified: judged.map(|(verified, _)| verified),
                signs: answer.map(|_| true),
                accepted: judged.map(|(_, accepted)| accepted),
            });
        }
        Ok(rows)
    }
}

fn stated(answers: Vec<Stated>) -> Stated {
    answers.into_iter().next().flatten()
}

/// Whether a verifier accepts the certificate, and the signature that the token made.
fn judge(scene: &Scene<'_>, held: &Held, answer: &TokenAnswer, register: &SqliteRegister) -> (bool, bool) {
    let mut settings = verify::settings(scene, register);
    settings.purpose = Some(held.hierarchy);
    let mut claims = Claims::default();
    let alone = verifier::certificate(&answer.certificate, "certificate", &settings, &mut claims);
    let (challenge, signature) = &answer.signed;
    let message = Message::Digest(Hash::Sha256.digest(challenge));
    let signed = verifier::signature(
        signature,
        &message,
        &answer.certificate,
        Vec::new(),
        &settings,
        &mut claims,
    );
    (alone.verdict() == Verdict::Ok, signed.verdict() == Verdict::Ok)
}

/// What the complete revocation list of a certificate's issuer has of it.
fn listed(scene: &Scene<'_>, held: &Held, register: &SqliteRegister) -> Result<Option<Revocation>, LifeError> {
    let failed = |error: &dyn std::fmt::Display| LifeError::Check(format!("revocation list: {error}"));
    let Some((issuer, number)) = held.identity else {
        return Ok(None);
    };
    let authority = scene.authorities.iter().find(|(id, _)| *id == issuer);
    let (_, authority) = authority.ok_or_else(|| failed(&"no authority"))?;
    let der = revocation_list::make(authority, register, &Scope::Complete, register.now()?, scene.at);
    let list = CertificateList::from_der(&der.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    for entry in list.tbs_cert_list.revoked_certificates.as_deref().unwrap_or_default() {
        let (there, revocation) = lists::stated(entry)?;
        if there == number {
            return Ok(Some(revocation));
        }
    }
    Ok(None)
}

/// Rows as a table in Markdown.
#[must_use]
pub fn markdown(rows: &[Row], language: Language) -> String {
    let cell = |text: Text| match language {
        Language::Ja => text.ja,
        Language::En => text.en,
    };
    let heads = [
        text!("Day", "日付"),
        text!("Event", "出来事"),
        text!("Certificate", "電子証明書"),
        text!("OCSP", "OCSP"),
        text!("Revocation list", "失効リスト"),
        text!("`vmyna verify`", "`vmyna verify`"),
        text!("The token", "カード・スマートフォン"),
        text!("A relying party", "署名検証者"),
    ]
    .map(cell);
    let mut table = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    let mut last = None;
    for row in rows {
        let this = Some((row.at, &row.who, row.what));
        let is_first = last != this;
        last = this;
        let day = day_in_japan(row.at).map_or_else(|| row.at.to_string(), |day| day.to_string());
        let first = |text: String| if is_first { text } else { String::new() };
        let cells = [
            first(day),
            first(format!("{} `{}`", row.who, row.what)),
            cell(certificate(&row.held)),
            cell(match row.ocsp {
                None => text!("unknown", "不明"),
                Some(None) => text!("good", "有効"),
                Some(Some(revocation)) => revoked(revocation),
            }),
            cell(row.listed.map_or_else(|| text!("not in it", "記載なし"), revoked)),
            cell(choice(row.verified, text!("valid", "有効"), text!("invalid", "無効"))),
            cell(choice(
                row.signs,
                text!("signs", "署名する"),
                text!("refuses", "拒否する"),
            )),
            cell(match row.held.hierarchy {
                Hierarchy::Signature => choice(
                    row.accepted,
                    text!("signature accepted", "署名を受け入れる"),
                    text!("signature refused", "署名を受け入れない"),
                ),
                Hierarchy::Authentication => choice(
                    row.accepted,
                    text!("log-in accepted", "ログインできる"),
                    text!("log-in refused", "ログインできない"),
                ),
            }),
        ];
        // Writing to a text can't fail.
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

fn choice(value: Option<bool>, yes: Text, no: Text) -> Text {
    match value {
        Some(true) => yes,
        Some(false) => no,
        None => Text::same("–"),
    }
}

fn certificate(held: &Held) -> Text {
    let serial = serial(held.identity);
    let kind = vmyna_authority::counter::kind(held.hierarchy);
    let ja = vmyna_authority::counter::kind_title(held.hierarchy);
    let token = held.token;
    let (title, number) = match token {
        Token::Card(number) => ("カード", number),
        Token::Phone(number) => ("スマートフォン", number),
    };
    let number = if number > 1 { number.to_string() } else { String::new() };
    text!("{token}, {kind} `{serial}`", "{title}{number}の{ja}`{serial}`")
}

fn revoked(revocation: Revocation) -> Text {
    let Revocation { at, reason } = revocation;
    let day = day_in_japan(at).map_or_else(|| at.to_string(), |day| day.to_string());
    text!("revoked {day}, {reason}", "{day}失効、{reason}")
}

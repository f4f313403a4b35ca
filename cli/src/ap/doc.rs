//! `vmyna ap doc`: a page for the users of applications, as Markdown.
//!
//! The APDUs are derived from the declaration: the shortest way through its conditions, then the command itself. No value of
//! a PIN is on the page.

use std::io::{self, Write};

use vmyna_apdu::{FileId, hex};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, File, KeyAlgorithm, Operation};
use vmyna_explain::access;

use super::applications;
use super::args::Doc;
use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::output;

/// Runs the command.
pub(super) fn run(arguments: &Doc) -> Result<(), Failure> {
    let applications = applications(&arguments.file)?;
    let applications: Vec<&Application> = applications.iter().map(|free| free.application()).collect();
    let mut out = output::text();
    for (at, application) in applications.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let page = Page {
            all: &applications,
            application,
            language: arguments.lang,
        };
        page.write(&mut out)?;
    }
    Ok(out.flush()?)
}

/// The page of one application.
struct Page<'p> {
    all: &'p [&'p Application],
    application: &'p Application,
    language: Language,
}

/// A C-APDU, with words in place of what the reader of the page puts in, and what it does.
struct Step {
    apdu: String,
    about: String,
}

impl Page<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (application, language) = (self.application, self.language);
        let title = cell(&application.title);
        let basis = access::basis(&application.basis);
        writeln!(out, "# {title} (`{}`)\n", application.name)?;
        writeln!(out, "AID `{}`. {}\n", application.aid, cell(basis.say(language)))?;
        if application.select.locked {
            let text = say!(
                language,
                "The application is locked: SELECT answers 6283, and nothing else is allowed.",
                "閉塞中。SELECTは6283を返し、ほかの操作はできない。"
            );
            writeln!(out, "{text}\n")?;
        }
        self.files(out)?;
        self.pins(out)?;
        self.status_words(out)?;
        let heading = say!(language, "APDUs", "APDU");
        writeln!(out, "## {heading}\n")?;
        let placeholders = say!(
            language,
            "Put your own value in place of `<` … `>`. `Lc` is the number of bytes behind it.",
            "`<`と`>`の中は値に置き換える。`Lc`は続くバイト数。"
        );
        writeln!(out, "{placeholders}\n")?;
        let select = say!(language, "Select", "選択");
        self.steps(out, &select, &self.select())?;
        // In a locked application no command does anything.
        for file in application.files.iter().filter(|_| !application.select.locked) {
            for (operation, heading) in self.uses(file) {
                let steps = self.way_to(file, operation);
                match steps {
                    Some(steps) => {
                        let steps: Vec<Step> = self.select().into_iter().chain(steps).collect();
                        self.steps(out, &heading, &steps)?;
                    }
                    None => {
                        let never = say!(language, "No credential allows it.", "どの認証でもできない。");
                        writeln!(out, "### {heading}\n\n{never}\n")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn steps(&self, out: &mut impl Write, heading: &str, steps: &[Step]) -> io::Result<()> {
        writeln!(out, "### {heading}\n\n```")?;
        let width = steps
            .iter()
            .map(|step| step.apdu.chars().count())
            .max()
            .unwrap_or_default();
        for Step { apdu, about } in steps {
            let pad = " ".repeat(width - apdu.chars().count());
            writeln!(out, "{apdu}{pad}  # {about}")?;
        }
        writeln!(out, "```\n")
    }

    fn files(&self, out: &mut impl Write) -> io::Result<()> {
        let language = self.language;
        let heading = say!(language, "Files", "ファイル");
        let head = say!(
            language,
            "| EF | SFI | Name | Form | Access | Certainty |\n|---|---|---|---|---|---|",
            "| EF | SFI | 名前 | 種類 | アクセス条件 | 確かさ |\n|---|---|---|---|---|---|"
        );
        writeln!(out, "## {heading}\n\n{head}")?;
        for file in &self.application.files {
            let sfi = file.id.sfi().map_or("–".to_owned(), |sfi| format!("{sfi:02X}"));
            let form = vmyna_explain::files::form(file, language);
            let needs = access::needs(self.application, &file.access);
            let basis = access::basis(&file.basis);
            let (form, needs, basis) = (cell(&form), cell(needs.say(language)), cell(basis.say(language)));
            writeln!(
                out,
                "| {} | {sfi} | {} | {form} | {needs} | {basis} |",
                file.id,
                self.name(file)
            )?;
        }
        writeln!(out)
    }

    fn pins(&self, out: &mut impl Write) -> io::Result<()> {
        let language = self.language;
        let pins: Vec<&File> = self.application.files.iter().filter(|file| is_pin(file)).collect();
        if pins.is_empty() {
            return Ok(());
        }
        let heading = say!(language, "PINs", "暗証番号");
        let head = say!(
            language,
            "| Name | P2 of VERIFY | Form | Tries |\n|---|---|---|---|",
            "| 名前 | VERIFYのP2 | 形式 | 試行回数 |\n|---|---|---|---|"
        );
        writeln!(out, "## {heading}\n\n{head}")?;
        for file in pins {
            let reference = match file.id.sfi() {
                Some(sfi) => format!("{:02X}", 0x80 | sfi),
                None => say!(language, "80, after SELECT of the EF", "80（EFの選択後）"),
            };
            let form = cell(&vmyna_explain::files::form(file, language));
            let tries = match &file.body {
                Body::Pin(pin) => pin.max_tries.map_or("–".to_owned(), |tries| tries.to_string()),
                _ => say!(language, "shared", "共通"),
            };
            writeln!(out, "| {} | {reference} | {form} | {tries} |", self.name(file))?;
        }
        writeln!(out)
    }

    fn status_words(&self, out: &mut impl Write) -> io::Result<()> {
        let language = self.language;
        if self.application.status_words.is_empty() {
            return Ok(());
        }
        let heading = say!(language, "Status words of its own", "固有のステータスワード");
        let head = say!(
            language,
            "| Rule | SW | Where |\n|---|---|---|",
            "| 規則 | SW | 場合 |\n|---|---|---|"
        );
        writeln!(out, "## {heading}\n\n{head}")?;
        for (rule, word) in &self.application.status_words {
            let text = vmyna_explain::rules::describe(rule);
            writeln!(
                out,
                "| `{}` | {:04X} | {} |",
                rule.id,
                word.value(),
                cell(text.say(language))
            )?;
        }
        writeln!(out)
    }

    /// The operations of a file that the page shows, each with a heading.
    fn uses(&self, file: &File) -> Vec<(Operation, String)> {
        let (language, name) = (self.language, self.name(file));
        let id = file.id;
        let all = [
            (
                Operation::Read,
                say!(language, "Read {name} ({id})", "{name}（{id}）の読み出し"),
            ),
            (
                Operation::UpdateBinary,
                say!(language, "Update {name} ({id})", "{name}（{id}）の更新"),
            ),
            (
                Operation::UpdateRecord,
                say!(
                    language,
                    "Update a record of {name} ({id})",
                    "{name}（{id}）のレコードの更新"
                ),
            ),
            (
                Operation::AppendRecord,
                say!(
                    language,
                    "Append a record to {name} ({id})",
                    "{name}（{id}）へのレコードの追加"
                ),
            ),
            (
                Operation::GenerateKeyPair,
                say!(language, "Make the key {name} ({id})", "鍵{name}（{id}）の生成"),
            ),
            (
                Operation::InternalAuthenticate,
                say!(
                    language,
                    "Authenticate the card with {name} ({id})",
                    "{name}（{id}）による内部認証"
                ),
            ),
            (
                Operation::ComputeSignature,
                say!(language, "Sign with {name} ({id})", "{name}（{id}）による署名"),
            ),
        ];
        let declared = |(operation, _): &(Operation, String)| file.access.condition(*operation).is_some();
        all.into_iter().filter(declared).collect()
    }

    /// The name of a file in the language of the page, and its name in conditions.
    fn name(&self, file: &File) -> String {
        match self.language {
            Language::Ja if !file.title.is_empty() => format!("{} (`{}`)", cell(&file.title), file.name),
            _ => format!("`{}`", file.name),
        }
    }

    /// SELECT of the application, after that of those above it.
    fn select(&self) -> Vec<Step> {
        let mut chain = vec![self.application];
        while let Some(parent) = chain.last().and_then(|last| last.parent) {
            match self.all.iter().find(|other| other.aid == parent) {
                Some(other) if chain.len() <= self.all.len() => chain.push(other),
                _ => break,
            }
        }
        // A parent that is not in this file.
        let outside = chain.last().and_then(|last| last.parent);
        let outside = outside.map(|aid| self.select_aid(aid.as_bytes(), "parent"));
        let inside = chain
            .iter()
            .rev()
            .map(|one| self.select_aid(one.aid.as_bytes(), &one.name));
        outside.into_iter().chain(inside).collect()
    }

    fn select_aid(&self, aid: &[u8], name: &str) -> Step {
        Step {
            apdu: format!("00 A4 04 0C {:02X} {}", aid.len(), spaced(aid)),
            about: format!("SELECT {name}"),
        }
    }

    fn select_ef(&self, id: FileId) -> Step {
        Step {
            apdu: format!("00 A4 02 0C 02 {}", spaced(&id.value().to_be_bytes())),
            about: format!("SELECT EF {id}"),
        }
    }

    /// What must be verified, and then the command. `None` if no credential allows it.
    fn way_to(&self, file: &File, operation: Operation) -> Option<Vec<Step>> {
        let mut done = Vec::new();
        let condition = file.access.condition(operation)?;
        done.extend(self.credentials(condition, &[])?);
        let mut steps = Vec::new();
        for credential in done {
            steps.extend(self.prove(self.application.file(credential)?));
        }
        steps.extend(self.command(file, operation));
        Some(steps)
    }

    /// The fewest credentials after which the condition holds, in an order that is possible.
    fn credentials(&self, condition: &Condition, pending: &[FileId]) -> Option<Vec<FileId>> {
        match condition {
            Condition::Always => Some(Vec::new()),
            Condition::Never | Condition::Unsuited => None,
            Condition::Verified(id) if pending.contains(id) => None,
            Condition::Verified(id) => {
                let file = self.application.file(*id)?;
                let own = proof(&file.access)?;
                let pending = [pending, &[*id]].concat();
                let mut needed = self.credentials(own, &pending)?;
                needed.push(*id);
                Some(needed)
            }
            Condition::AnyOf(parts) => {
                let ways = parts.iter().filter_map(|part| self.credentials(part, pending));
                ways.min_by_key(Vec::len)
            }
            Condition::AllOf(parts) if parts.is_empty() => None,
            Condition::AllOf(parts) => {
                let mut needed: Vec<FileId> = Vec::new();
                for part in parts {
                    let more = self.credentials(part, pending)?;
                    needed.extend(more.into_iter().filter(|one| !needed.contains(one)).collect::<Vec<_>>());
                }
                Some(needed)
            }
        }
    }

    /// The commands that verify a PIN, or authenticate a host.
    fn prove(&self, file: &File) -> Vec<Step> {
        let language = self.language;
        let name = &file.name;
        let mut steps = Vec::new();
        let reference = match file.id.sfi() {
            Some(sfi) => 0x80 | sfi,
            None => {
                steps.push(self.select_ef(file.id));
                0x80
            }
        };
        if is_pin(file) {
            steps.push(Step {
                apdu: format!("00 20 00 {reference:02X} Lc <{name}>"),
                about: format!("VERIFY {name}"),
            });
        } else {
            steps.push(Step {
                apdu: "00 84 00 00 08".to_owned(),
                about: "GET CHALLENGE".to_owned(),
            });
            let signature = say!(
                language,
                "signature of the challenge by {name}",
                "チャレンジへの{name}の署名"
            );
            steps.push(Step {
                apdu: format!("00 82 00 {reference:02X} Lc <{signature}>"),
                about: "EXTERNAL AUTHENTICATE".to_owned(),
            });
        }
        steps
    }

    /// The commands of an operation.
    fn command(&self, file: &File, operation: Operation) -> Vec<Step> {
        let language = self.language;
        let sfi = file.id.sfi();
        let mut steps = Vec::new();
        if sfi.is_none() {
            steps.push(self.select_ef(file.id));
        }
        let data = say!(language, "data", "データ");
        let p1 = sfi.map_or(0, |sfi| 0x80 | sfi);
        let key = 0x80 | sfi.unwrap_or_default();
        let record = sfi.unwrap_or_default() << 3;
        let mut step = |apdu: String, about: &str| {
            steps.push(Step {
                apdu,
                about: about.to_owned(),
            });
        };
        match (operation, &file.body) {
            (Operation::Read, Body::Transparent(content)) => {
                let length = content.as_bytes().len();
                step(format!("00 B0 {p1:02X} 00 {}", le(length)), "READ BINARY");
            }
            (Operation::Read, Body::Records(records)) => {
                for number in 1..=records.len().max(1) {
                    step(format!("00 B2 {number:02X} {:02X} 00", record | 4), "READ RECORD");
                }
            }
            (Operation::Read, _) => step(
                format!("00 46 81 {key:02X} 00 00 00"),
                "GENERATE ASYMMETRIC KEY PAIR (public key)",
            ),
            (Operation::UpdateBinary, _) => step(format!("00 D6 {p1:02X} 00 Lc <{data}>"), "UPDATE BINARY"),
            (Operation::UpdateRecord, _) => {
                step(format!("00 DC 01 {:02X} Lc <{data}>", record | 4), "UPDATE RECORD 1");
            }
            (Operation::AppendRecord, _) => step(format!("00 E2 00 {record:02X} Lc <{data}>"), "APPEND RECORD"),
            (Operation::GenerateKeyPair, _) => {
                step(format!("00 46 80 {key:02X} 00 00 00"), "GENERATE ASYMMETRIC KEY PAIR")
            }
            (Operation::InternalAuthenticate, _) => {
                let challenge = say!(language, "challenge", "チャレンジ");
                step(
                    format!("00 88 00 {key:02X} Lc <{challenge}> 00"),
                    "INTERNAL AUTHENTICATE",
                );
            }
            _ => {
                let (p1, what) = match file.body.key_algorithm().is_some_and(KeyAlgorithm::is_ecdsa) {
                    true => (0x10, say!(language, "digest", "ハッシュ値")),
                    false => (0x00, "DigestInfo".to_owned()),
                };
                step(
                    format!("80 2A {p1:02X} {key:02X} Lc <{what}> 00"),
                    "COMPUTE DIGITAL SIGNATURE",
                );
            }
        }
        steps
    }
}

/// The condition of what proves a credential.
fn proof(access: &Access) -> Option<&Condition> {
    let verify = access.condition(Operation::Verify);
    verify.or_else(|| access.condition(Operation::ExternalAuthenticate))
}

const fn is_pin(file: &File) -> bool {
    matches!(file.body, Body::Pin(_) | Body::SharedPin(_))
}

/// Le for so many bytes.
fn le(length: usize) -> String {
    match length {
        0..256 => format!("{length:02X}"),
        256 => "00".to_owned(),
        length => format!("00 {:02X} {:02X}", length >> 8, length & 0xFF),
    }
}

fn spaced(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| hex::encode(&[*byte])).collect();
    digits.join(" ")
}

/// A text of the declaration in a cell of a table or a heading.
fn cell(text: &str) -> String {
    text.chars().fold(String::new(), |mut cell, letter| {
        if r"\`*_{}[]<>#|".contains(letter) {
            cell.push('\\');
        }
        cell.push(letter);
        cell
    })
}

//! Describes a conversation with a card: each command with its meaning, each answer, and the reasons of a virtual card.
//!
//! PINs are masked unless the program asked for them.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use vmyna_apdu::{CommandApdu, FileId, Language, ResponseApdu, hex, instruction, mask::secret_range, say};
use vmyna_card_os::command::{Instruction, Offered, Reference, Select};
use vmyna_card_os::declaration::Application;
use vmyna_card_os::rule;

use crate::directory::Directory;
use crate::reader_commands::{self, ReaderKind};
use crate::reasons::Reasons;
use crate::{access, fields, japanese, status};

/// Fetches the data of the command before it (ISO/IEC 7816-4, 11.7.1). The card does not have it, other cards and faults do.
const GET_RESPONSE: u8 = 0xC0;

/// Describes the commands and answers of one conversation, and follows which application is selected.
pub struct Narrator {
    show_secrets: bool,
    language: Language,
    directory: Directory,
    reader: ReaderKind,
}

impl Default for Narrator {
    fn default() -> Self {
        Self::new()
    }
}

impl Narrator {
    /// For a card that was just powered, in English, with PINs masked.
    #[must_use]
    pub fn new() -> Self {
        Self {
            show_secrets: false,
            language: Language::En,
            directory: Directory::new(),
            reader: ReaderKind::Unknown,
        }
    }

    /// For a card with these applications, the first of which is selected at power-up. Without this the built-in ones are
    /// known.
    #[must_use]
    pub fn of_applications(self, applications: Arc<[Application]>) -> Self {
        let directory = Directory::of(applications);
        Self { directory, ..self }
    }

    /// For a card in which another program may have selected an application: no file is named before a SELECT.
    #[must_use]
    pub fn of_shared_card() -> Self {
        let mut narrator = Self::new();
        narrator.directory.forget();
        narrator
    }

    /// Describes in this language.
    #[must_use]
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// For a card in a reader of this kind, which decides where commands of class `FF` go.
    #[must_use]
    pub fn at_reader(self, reader: ReaderKind) -> Self {
        Self { reader, ..self }
    }

    /// Shows the PINs of commands if `show` is true, and masks them otherwise.
    #[must_use]
    pub fn showing_secrets(self, show: bool) -> Self {
        Self {
            show_secrets: show,
            ..self
        }
    }

    /// The card was powered: the application that is selected at power-up is selected.
    pub fn powered(&mut self) {
        self.directory.powered();
    }

    /// The bytes of this command to hide.
    fn hidden(&self, command: &[u8]) -> Range<usize> {
        if self.show_secrets { 0..0 } else { secret_range(command) }
    }

    /// The bytes of a command as hexadecimal digits, with `**` for each byte of a PIN.
    #[must_use]
    pub fn bytes(&self, command: &[u8]) -> String {
        hex::encode_hiding(command, 0..command.len(), &self.hidden(command))
    }

    /// The fields of a command, a line each: name, bytes, meaning.
    #[must_use]
    pub fn fields(&self, command: &[u8]) -> Vec<String> {
        self.fields_hiding(command, &self.hidden(command))
    }

    /// The fields of a command, with `**` for each byte in `hidden` and for no other byte.
    #[must_use]
    pub fn fields_hiding(&self, command: &[u8], hidden: &Range<usize>) -> Vec<String> {
        let fields = fields::decode(&self.directory, self.reader, command);
        fields
            .iter()
            .map(|field| field.line(command, hidden, self.language))
            .collect()
    }

    /// A command in one line: `>> (4+10) 00A4040C 0A D392F000260100000001   SELECT AP jpki`.
    #[must_use]
    pub fn command(&self, command: &[u8]) -> String {
        self.command_hiding(command, &self.hidden(command))
    }

    /// A command in one line, with `**` for each byte in `hidden` and for no other byte.
    #[must_use]
    pub fn command_hiding(&self, command: &[u8], hidden: &Range<usize>) -> String {
        let header = command.len().min(4);
        let mut line = format!(">> ({header}+{})", data_length(command));
        for part in parts(command) {
            line.push(' ');
            line.push_str(&hex::encode_hiding(command, part, hidden));
        }
        // Writing into a String can't fail.
        let _ = write!(line, "   {}", self.meaning(command));
        line
    }

    /// An answer: `<< (0+2) 31 µs 9000`, and lines with its data.
    #[must_use]
    pub fn answer(&self, response: &[u8], elapsed: Duration) -> String {
        self.answer_hiding(response, &(0..0), elapsed)
    }

    /// An answer and its data, with `**` for each byte of the data in `hidden`.
    #[must_use]
    pub fn answer_hiding(&self, response: &[u8], hidden: &Range<usize>, elapsed: Duration) -> String {
        let Some(ResponseApdu { data, status_word }) = ResponseApdu::parse(response) else {
            return format!("<< ({}) {} µs: no status word", response.len(), elapsed.as_micros());
        };
        let mut text = format!("<< ({}+2) {} µs {status_word}", data.len(), elapsed.as_micros());
        if !status_word.is_success() {
            let _ = write!(text, "   {}", status::meaning(status_word).say(self.language));
        }
        for start in (0..data.len()).step_by(32) {
            let line = start..data.len().min(start + 32);
            let _ = write!(text, "\n   {}", hex::encode_hiding(data, line, hidden));
        }
        text
    }

    /// The meaning of an answer to this command, and the reasons that the card gave for it, a line each. Takes the reasons.
    #[must_use]
    pub fn reasons(&self, command: &[u8], response: &[u8], reasons: &Reasons) -> Vec<String> {
        let to_reader = CommandApdu::parse(command)
            .ok()
            .filter(|apdu| apdu.cla == reader_commands::CLASS);
        let context = match (to_reader, ResponseApdu::parse(response)) {
            (Some(apdu), Some(response)) => reader_commands::in_context(self.reader, &apdu, &response),
            _ => status::in_context(command, response),
        };
        let texts = context.into_iter().chain(reasons.take());
        texts.map(|text| text.say(self.language).to_owned()).collect()
    }

    /// Follows a command that was answered: a successful SELECT of an application changes the selected one.
    pub fn follow(&mut self, command: &[u8], response: &[u8]) {
        self.directory.follow(command, response);
    }

    /// The meaning of a command, in a few words.
    #[must_use]
    pub fn meaning(&self, command: &[u8]) -> String {
        let Ok(apdu) = CommandApdu::parse(command) else {
            return say!(self.language, "not a C-APDU", "C-APDUではない");
        };
        if apdu.cla == reader_commands::CLASS {
            return reader_commands::meaning(&apdu).say(self.language).to_owned();
        }
        if self.language == Language::Ja {
            return self.meaning_in_japanese(&apdu);
        }
        match Instruction::decode(&apdu, Offered::Everything) {
            Ok(Instruction::Select(Select::Application { name, next: false, .. })) => {
                match self.directory.application(name) {
                    Some(application) => format!("SELECT AP {}", application.name),
                    None => format!("SELECT AP {}", hex::encode(name)),
                }
            }
            Ok(instruction) => match file_of(&instruction).and_then(|id| self.file_name(id)) {
                Some(name) => format!("{instruction} ({name})"),
                None => instruction.to_string(),
            },
            Err(refusal) => match instruction::name(apdu.ins) {
                Some(name) if secured(apdu.cla) => format!("{name} under secure messaging"),
                Some(name) if refusal.rule != &rule::INSTRUCTION_UNKNOWN && matches!(apdu.cla, 0x00 | 0x80) => {
                    format!("{name} in an unknown form")
                }
                // Another card may support them.
                _ if apdu.ins == GET_RESPONSE && apdu.cla & 0x80 == 0 => "GET RESPONSE".to_owned(),
                _ => "unknown command".to_owned(),
            },
        }
    }

    /// The name of the command, its object, and how much of it. The fields of the command have the rest.
    fn meaning_in_japanese(&self, apdu: &CommandApdu<'_>) -> String {
        let get_response = (apdu.ins == GET_RESPONSE && apdu.cla & 0x80 == 0).then_some("GET RESPONSE");
        let Some(name) = instruction::name(apdu.ins).or(get_response) else {
            return "不明なコマンド".to_owned();
        };
        let decoded = Instruction::decode(apdu, Offered::Everything).ok();
        let object = match &decoded {
            Some(Instruction::Select(Select::Application { name, .. })) => self
                .directory
                .application(name)
                .map(|application| application.title.as_ref()),
            Some(instruction) => file_of(instruction)
                .and_then(|id| self.directory.file(id))
                .map(|file| access::titled(&file.name, &file.title))
                .or_else(|| japanese::unnamed(instruction)),
            None => None,
        };
        let detail = decoded.as_ref().and_then(japanese::detail);
        match (object, detail) {
            (Some(object), Some(detail)) => format!("{name}: {object}、{detail}"),
            (Some(object), None) => format!("{name}: {object}"),
            (None, Some(detail)) => format!("{name}: {detail}"),
            (None, None) => name.to_owned(),
        }
    }

    fn file_name(&self, id: FileId) -> Option<&str> {
        self.directory.file(id).map(|file| file.name.as_ref())
    }
}

/// Whether a command is for the current EF, whichever that is.
#[must_use]
pub fn is_for_current_ef(command: &[u8]) -> bool {
    let apdu = CommandApdu::parse(command).ok();
    let apdu = apdu.filter(|apdu| apdu.cla != reader_commands::CLASS);
    let instruction = apdu.and_then(|apdu| {
        Instruction::decode(&apdu, Offered::Everything)
            .ok()
            .map(|one| reference_of(&one))
    });
    instruction.flatten() == Some(Reference::CurrentEf)
}

/// Whether this class byte means secure messaging on channel 0.
#[must_use]
pub fn secured(cla: u8) -> bool {
    matches!(cla, 0x08 | 0x0C | 0x88 | 0x8C)
}

/// The file to which an instruction refers.
fn file_of(instruction: &Instruction<'_>) -> Option<FileId> {
    match instruction {
        Instruction::Select(Select::File { id, .. }) => Some(*id),
        other => match reference_of(other)? {
            Reference::Sfi(id) => Some(id),
            Reference::CurrentEf => None,
        },
    }
}

/// How an instruction refers to its file, unless it selects one.
fn reference_of(instruction: &Instruction<'_>) -> Option<Reference> {
    Some(match instruction {
        Instruction::ReadBinary(read) => read.file,
        Instruction::ReadRecord(read) => read.file,
        Instruction::UpdateBinary(update) => update.file,
        Instruction::UpdateRecord(update) => update.file,
        Instruction::AppendRecord(append) => append.file,
        Instruction::ExternalAuthenticate(authenticate) => authenticate.key,
        Instruction::GenerateKeyPair(generate) => generate.key,
        Instruction::Verify(verify) => verify.file,
        Instruction::ChangePin(change) => change.file,
        Instruction::ComputeSignature(compute) => compute.key?,
        Instruction::InternalAuthenticate(authenticate) => authenticate.key,
        _ => return None,
    })
}

/// The beginning of a text: at most three lines of at most 200 characters.
#[must_use]
pub fn shortened(text: &str) -> String {
    const LINES: usize = 3;
    const WIDTH: usize = 200;
    let line = |line: &str| match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    let mut lines: Vec<_> = text.lines().take(LINES).map(line).collect();
    if text.lines().nth(LINES).is_some() {
        lines.push("   …".to_owned());
    }
    lines.join("\n")
}

fn data_length(command: &[u8]) -> usize {
    match CommandApdu::parse(command) {
        Ok(apdu) => apdu.data.len(),
        Err(_) => command.len().saturating_sub(4),
    }
}

/// The positions of header, Lc, data and Le. Bytes that are not a C-APDU have a header and a rest.
fn parts(command: &[u8]) -> Vec<Range<usize>> {
    let (header, end) = (command.len().min(4), command.len());
    let parts = match CommandApdu::parse(command) {
        Ok(apdu) if !apdu.data.is_empty() => {
            let lc = header + if apdu.extended { 3 } else { 1 };
            let data = lc + apdu.data.len();
            vec![0..header, header..lc, lc..data, data..end]
        }
        _ => vec![0..header, header..end],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_apdu::Aid;
    use vmyna_card_os::declaration::{Access, Body, Condition, File};
    use vmyna_card_os::rule::{Basis, Certainty};

    #[test]
    fn applications_and_files_are_named_as_the_card_declares_them() {
        let basis = || Basis::new(Certainty::Assumed, "a test");
        let file = File::new(
            FileId::new(1),
            "greeting",
            "挨拶",
            Body::Transparent(vec![1].into()),
            Access::read(Condition::Always),
            basis(),
        );
        let aid = Aid::new(b"\xF0TEST").unwrap();
        let application = Application::new(aid, "hello", "挨拶AP", basis()).with_files(vec![file]);
        let select = hex::decode("00A4040C05F054455354").unwrap();
        let read = hex::decode("00B0810000").unwrap();
        let other = Application::new(Aid::new(b"\xF0OTHER").unwrap(), "other", "", basis());
        let applications: Arc<[Application]> = [other, application].into();
        // 6283 selects a locked application; a refused SELECT leaves the other one selected.
        for (answer, named) in [([0x90, 0x00], true), ([0x62, 0x83], true), ([0x6A, 0x82], false)] {
            let mut narrator = Narrator::new().of_applications(applications.clone());
            assert!(narrator.command(&select).ends_with("SELECT AP hello"));
            narrator.follow(&select, &answer);
            let shown = narrator.command(&read);
            assert_eq!(shown.contains("(greeting)"), named, "{answer:02X?}: {shown}");
        }
        let mut unknown = Narrator::new();
        assert!(unknown.command(&select).ends_with("SELECT AP F054455354"));
        unknown.follow(&select, &[0x90, 0x00]);
        assert!(!unknown.command(&read).ends_with(')'));
    }

    #[test]
    fn a_command_is_shown_in_its_fields_with_its_meaning() {
        let narrator = Narrator::new();
        let shown = |text: &str| narrator.command(&hex::decode(text).unwrap());
        assert_eq!(
            shown("00A4040C0AD392F000260100000001"),
            ">> (4+10) 00A4040C 0A D392F000260100000001   SELECT AP jpki"
        );
        assert_eq!(
            shown("00B0000000"),
            ">> (4+0) 00B00000 00   READ BINARY current EF, 256 bytes from 0"
        );
        assert_eq!(
            shown("0020008004 31323334"),
            ">> (4+4) 00200080 04 ********   VERIFY current EF, 4 bytes"
        );
        assert!(shown("00A4").ends_with("not a C-APDU"));
    }

    #[test]
    fn a_command_is_named_with_its_object_in_japanese_too() {
        let mut narrator = Narrator::new().in_language(Language::Ja);
        let select = hex::decode("00A4040C0AD392F000260100000001").unwrap();
        assert_eq!(narrator.meaning(&select), "SELECT: 公的個人認証AP");
        narrator.follow(&select, &[0x90, 0x00]);
        assert_eq!(
            narrator.meaning(&[0x00, 0x20, 0x00, 0x98]),
            "VERIFY: 利用者証明用暗証番号、残り試行回数の照会"
        );
        assert_eq!(
            narrator.meaning(&[0x00, 0x84, 0x00, 0x00, 0x08]),
            "GET CHALLENGE: 8バイト"
        );
        assert_eq!(
            narrator.meaning(&[0x00, 0xB0, 0x03, 0x00, 0x00]),
            "READ BINARY: カレントEF、768バイト目から256バイト"
        );
        assert_eq!(narrator.meaning(&[0x00, 0xC1, 0x00, 0x00, 0x00]), "不明なコマンド");
        assert_eq!(
            narrator.answer(&[0x69, 0x82], Duration::from_micros(31)),
            "<< (0+2) 31 µs 6982   セキュリティステータスが満たされない"
        );
    }

    #[test]
    fn a_command_that_does_not_decode_is_named_as_far_as_known() {
        let meaning = |text: &str| Narrator::new().meaning(&hex::decode(text).unwrap());
        assert_eq!(meaning("08B08100059603000000 00"), "READ BINARY under secure messaging");
        assert_eq!(
            meaning("802A0700010000"),
            "COMPUTE DIGITAL SIGNATURE in an unknown form"
        );
        for unknown in ["00C1000010", "802000800431323334", "40A4000000"] {
            assert_eq!(meaning(unknown), "unknown command", "{unknown}");
        }
    }

    #[test]
    fn pins_are_shown_on_request() {
        let shown = Narrator::new()
            .showing_secrets(true)
            .command(b"\x00\x20\x00\x80\x041234");
        assert_eq!(shown, ">> (4+4) 00200080 04 31323334   VERIFY current EF, 4 bytes");
    }

    #[test]
    fn files_are_named_once_their_application_is_selected() {
        let mut narrator = Narrator::new();
        let select = hex::decode("00A4040C0AD392F000260100000001").unwrap();
        let query = [0x00, 0x20, 0x00, 0x98];
        assert_eq!(narrator.meaning(&query), "VERIFY EF 0018: how many tries are left?");
        narrator.follow(&select, &[0x6A, 0x82]);
        assert_eq!(narrator.meaning(&query), "VERIFY EF 0018: how many tries are left?");
        narrator.follow(&select, &[0x90, 0x00]);
        assert_eq!(
            narrator.meaning(&query),
            "VERIFY EF 0018: how many tries are left? (auth PIN)"
        );
        narrator.powered();
        assert_eq!(narrator.meaning(&query), "VERIFY EF 0018: how many tries are left?");
    }

    #[test]
    fn the_next_application_is_followed_and_a_shared_card_not_guessed() {
        let query = [0x00, 0x20, 0x00, 0x98];
        let mut narrator = Narrator::new();
        narrator.follow(&[0x00, 0xA4, 0x04, 0x02], &[0x90, 0x00]);
        assert!(narrator.meaning(&query).ends_with("(auth PIN)"));
        let internal = [0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x1E];
        assert!(narrator.meaning(&internal).ends_with("(unknown internal file)"));
        assert!(!Narrator::of_shared_card().meaning(&internal).contains("(unknown"));
    }

    #[test]
    fn long_texts_are_shortened_between_characters() {
        assert_eq!(shortened("a\nb\nc"), "a\nb\nc");
        assert_eq!(shortened("a\nb\nc\nd"), "a\nb\nc\n   …");
        assert_eq!(shortened(&"µ".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn an_answer_is_shown_with_its_time_and_meaning() {
        let narrator = Narrator::new();
        let elapsed = Duration::from_micros(31);
        assert_eq!(narrator.answer(&[0x90, 0x00], elapsed), "<< (0+2) 31 µs 9000");
        assert_eq!(
            narrator.answer(&[0x69, 0x82], elapsed),
            "<< (0+2) 31 µs 6982   security status not satisfied"
        );
        assert_eq!(
            narrator.answer(&[1, 2, 0x90, 0x00], elapsed),
            "<< (2+2) 31 µs 9000\n   0102"
        );
        assert!(narrator.answer(&[0x90], elapsed).contains("no status word"));
    }
}

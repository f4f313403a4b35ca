//! Lists of applications and files: names, kinds, sizes, access conditions and their certainty. Never contents.

use vmyna_apdu::{Language, say};
use vmyna_card_os::declaration::{Application, Body, File, Operation, SecureSession};
use vmyna_card_os::rule::Basis;

use super::item::Item;
use super::words;
use crate::access;

/// How applications and files are listed.
#[derive(Clone, Copy, Debug)]
pub struct List {
    language: Language,
    sources: bool,
}

impl List {
    /// In this language, without sources.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            language,
            sources: false,
        }
    }

    /// With the source of each certainty if `sources` is true.
    #[must_use]
    pub fn with_sources(self, sources: bool) -> Self {
        Self { sources, ..self }
    }

    /// An application with all its files and data objects, in lines.
    #[must_use]
    pub fn application(self, application: &Application) -> Vec<String> {
        let (name, aid, title) = (&application.name, application.aid, &application.title);
        let mut lines = vec![format!(
            "{name}  AID {aid}  {title}  {}",
            self.basis(&application.basis)
        )];
        let files = application.files.iter().map(Item::File);
        let items = files.chain(application.data_objects.iter().map(Item::Object));
        lines.extend(items.flat_map(|item| self.item(application, item)));
        let language = self.language;
        lines.extend(self.peculiarities(application));
        if let Some(key) = application.default_key {
            lines.push(say!(
                language,
                "  key meant by P2=00 of COMPUTE DIGITAL SIGNATURE: {key}",
                "  COMPUTE DIGITAL SIGNATUREのP2=00が指す鍵: {key}"
            ));
        }
        if let SecureSession::Offered { condition, basis, .. } = &application.secure_session {
            let need = access::need(application, Operation::SetSessionKey, Some(condition));
            let (need, basis) = (need.say(language), self.basis(basis));
            lines.push(say!(
                language,
                "  secure session: {need}  {basis}",
                "  セキュアセッション: {need}  {basis}"
            ));
        }
        lines
    }

    /// Where an application differs from those of the card itself.
    fn peculiarities(self, application: &Application) -> Vec<String> {
        let language = self.language;
        let mut lines = Vec::new();
        if application.select.locked {
            lines.push(say!(
                language,
                "  locked: SELECT answers 6283, and nothing else is allowed",
                "  閉塞中: SELECTは6283を返し、ほかの操作はできない"
            ));
        }
        if let Some(parent) = application.parent {
            lines.push(say!(
                language,
                "  can be selected only below {parent}",
                "  {parent}の下でのみ選択できる"
            ));
        }
        if let Some(basis) = &application.last_command {
            let basis = self.basis(basis);
            lines.push(say!(
                language,
                "  takes the last-command indicator, 80 FC 00 00  {basis}",
                "  最終コマンドの通知 80 FC 00 00を受け付ける  {basis}"
            ));
        }
        for (rule, word) in &application.status_words {
            let (rule, word) = (rule.id, word.value());
            lines.push(say!(
                language,
                "  status word of its own: {word:04X} by rule {rule}",
                "  固有のステータスワード: 規則{rule}で{word:04X}"
            ));
        }
        lines
    }

    /// A file or data object of this application, in two lines; with sources, a line on the size of a transparent file follows.
    #[must_use]
    pub fn item(self, application: &Application, item: Item<'_>) -> Vec<String> {
        let language = self.language;
        let (first, access, basis) = match item {
            Item::File(file) => {
                let (id, form) = (file.id, words::form(file, language));
                let (sfi, names) = (sfi(file, language), self.names(&file.name, &file.title));
                let line = format!("  {id}  {}  {}  {names}", padded(&sfi, 8), padded(&form, 32));
                (line, &file.access, &file.basis)
            }
            Item::Object(object) => {
                let length = object.value.as_bytes().len();
                let form = say!(language, "{length} bytes", "{length}バイト");
                let names = self.names(&object.name, &object.title);
                let line = format!("  {:04X}  GET DATA  {}  {names}", object.tag, padded(&form, 32));
                (line, &object.access, &object.basis)
            }
        };
        let (needs, basis) = (access::needs(application, access), self.basis(basis));
        let mut lines = vec![first, format!("        {}  {basis}", needs.say(language))];
        if let Item::File(file) = item
            && self.sources
        {
            lines.extend(self.size(file));
        }
        lines
    }

    /// The size of a transparent file and of its object, with the source of the size.
    fn size(self, file: &File) -> Option<String> {
        let (Body::Transparent(content), Some(extent)) = (&file.body, &file.extent) else {
            return None;
        };
        let (language, length, basis) = (self.language, content.as_bytes().len(), self.basis(&extent.basis));
        Some(match extent.object {
            Some(object) => say!(
                language,
                "        size: {length} bytes, its object {object}  {basis}",
                "        大きさ: {length}バイト、うちオブジェクト{object}バイト  {basis}"
            ),
            None => say!(
                language,
                "        size: {length} bytes, no data object  {basis}",
                "        大きさ: {length}バイト、データオブジェクトではない  {basis}"
            ),
        })
    }

    fn basis(self, basis: &Basis) -> String {
        let text = if self.sources {
            access::basis(basis)
        } else {
            access::label(basis)
        };
        text.say(self.language).to_owned()
    }

    /// English and Japanese name, the one of the language first.
    fn names(self, name: &str, title: &str) -> String {
        let (first, second) = match self.language {
            Language::En => (name, title),
            Language::Ja => (title, name),
        };
        format!("{first}  {second}").trim().to_owned()
    }
}

/// The text padded with spaces to this width. A Japanese character is two columns wide.
fn padded(text: &str, width: usize) -> String {
    let columns: usize = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(columns)))
}

/// The short EF identifier of a file.
fn sfi(file: &File, language: Language) -> String {
    match file.id.sfi() {
        Some(sfi) => format!("SFI {sfi}"),
        None => say!(language, "no SFI", "SFIなし"),
    }
}

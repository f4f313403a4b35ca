//! The applications of a My Number Card and the one that a conversation has selected. Names of files come from here.

use std::sync::Arc;

use vmyna_apdu::{Aid, CommandApdu, FileId, ResponseApdu, StatusWord};
use vmyna_applets::specimen;
use vmyna_card_os::command::{Instruction, Offered, Select};
use vmyna_card_os::declaration::{Application, File};

/// The known applications and the selected one.
pub(crate) struct Directory {
    known: Arc<[Application]>,
    selected: Option<Aid>,
}

impl Directory {
    /// For a card with the built-in applications that was just powered.
    pub(crate) fn new() -> Self {
        let known = specimen::find("hanako").ok().flatten();
        Self::of(known.map(|card| card.applications()).unwrap_or_default().into())
    }

    /// For a card with these applications that was just powered.
    pub(crate) fn of(known: Arc<[Application]>) -> Self {
        let mut directory = Self { known, selected: None };
        directory.powered();
        directory
    }

    /// The card was powered: the first application is selected.
    pub(crate) fn powered(&mut self) {
        self.selected = self.known.first().map(|application| application.aid);
    }

    /// Forgets which application is selected.
    pub(crate) fn forget(&mut self) {
        self.selected = None;
    }

    /// Follows a command that was answered: a SELECT of an application changes the selected one if it succeeds, also with the
    /// warning that the application is locked.
    pub(crate) fn follow(&mut self, command: &[u8], response: &[u8]) {
        let selects = |word: StatusWord| word.is_success() || word == StatusWord::DF_LOCKED;
        let done = ResponseApdu::parse(response).is_some_and(|response| selects(response.status_word));
        let Ok(apdu) = CommandApdu::parse(command) else { return };
        if let (true, Ok(Instruction::Select(Select::Application { name, next, .. }))) =
            (done, Instruction::decode(&apdu, Offered::Everything))
        {
            let selected = self
                .known
                .iter()
                .position(|application| Some(application.aid) == self.selected);
            let from = selected.filter(|_| next).map_or(0, |selected| selected + 1);
            let mut names = self.known.iter().skip(from).map(|application| application.aid);
            self.selected = names.find(|aid| aid.matches(name)).or(Aid::new(name));
        }
    }

    /// The file with this identifier in the selected application.
    pub(crate) fn file(&self, id: FileId) -> Option<&File> {
        let application = self
            .known
            .iter()
            .find(|application| Some(application.aid) == self.selected)?;
        application.file(id)
    }

    /// The first application with this name or beginning of a name.
    pub(crate) fn application(&self, name: &[u8]) -> Option<&Application> {
        self.known
            .iter()
            .find(|application| !name.is_empty() && application.aid.matches(name))
    }
}

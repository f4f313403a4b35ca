//! A client of the machine's PC/SC service and its readers: libpcsclite, WinSCard or PCSC.framework.
//!
//! It turns the error codes of the service into [`ReaderError`]. Must never send a command twice: a repeated VERIFY costs a
//! try.

use pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode, State};
use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::time::Duration;
use vmyna_apdu::{MovedBy, Movement, Reader, ReaderError};

/// The longest command that is sent, in bytes. vpcd has 16 bits for the length. With one byte more it drops the card or
/// loses step.
pub const LONGEST_COMMAND: usize = 65_535;

/// The shortest command that is sent, in bytes. vpcd mistakes a single byte for one of its control messages, and then waits
/// for an answer that no card gives.
pub const SHORTEST_COMMAND: usize = 2;

/// The longest response: 65,536 bytes of data (ISO/IEC 7816-3, 12.1.1) and the status word.
pub const LONGEST_RESPONSE: usize = 65_538;

/// A reader as the service reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderStatus {
    /// The reader's name.
    pub name: String,
    /// The card in it.
    pub card: CardState,
    /// The card's ATR; empty without a card that has given one.
    pub atr: Vec<u8>,
    /// The use of the card by programs.
    pub usage: Usage,
}

/// The card in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardState {
    /// No card.
    Absent,
    /// A card that has given its ATR.
    Present,
    /// A card that does not answer.
    Mute,
    /// The service does not know, for instance because the reader has just been unplugged.
    Unknown,
}

/// The use of a card by programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// No program.
    Free,
    /// At least one program, and others may.
    Shared,
    /// One program alone.
    Exclusive,
}

/// A connection to the PC/SC service.
pub struct PcscService(Context);

impl PcscService {
    /// Connects to the service.
    ///
    /// # Errors
    /// [`ReaderError::NoService`] when the service does not run.
    pub fn connect() -> Result<PcscService, ReaderError> {
        Context::establish(Scope::User)
            .map(PcscService)
            .map_err(|error| explain(error, ""))
    }

    /// All readers, in the service's order, as they are now. Empty when there are none.
    ///
    /// # Errors
    /// [`ReaderError::Service`]
    pub fn readers(&self) -> Result<Vec<ReaderStatus>, ReaderError> {
        let names = self.names()?;
        let mut states: Vec<_> = names
            .into_iter()
            .map(|name| pcsc::ReaderState::new(name, State::UNAWARE))
            .collect();
        if states.is_empty() {
            return Ok(Vec::new());
        }
        match self.0.get_status_change(Duration::ZERO, &mut states) {
            // A reader unplugged since it was listed is reported with its state.
            Ok(()) | Err(Error::Timeout | Error::UnknownReader) => {}
            Err(error) => return Err(explain(error, "")),
        }
        Ok(states
            .iter()
            .map(|state| status(state.name(), state.event_state(), state.atr()))
            .collect())
    }

    /// Connects to the card in a reader, sharing it with other programs. `wanted` is `#0`, `#1`, … for a place in
    /// [`PcscService::readers`], a reader's exact name, or a part of a name that only one reader has (upper or lower case).
    ///
    /// # Errors
    /// [`ReaderError`]; with the names of the readers when `wanted` means none or more than one of them.
    pub fn open(&self, wanted: &str) -> Result<PcscReader, ReaderError> {
        let names = self.names()?;
        let shown: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let index = choose(wanted, &shown)?;
        let (Some(c_name), Some(name)) = (names.get(index), shown.get(index)) else {
            return Err(ReaderError::NoReaders);
        };
        let card = self
            .0
            .connect(c_name, ShareMode::Shared, Protocols::ANY)
            .map_err(|error| explain(error, name))?;
        let mut reader = PcscReader {
            card: Some(card),
            name: name.clone(),
            atr: Vec::new(),
            buffer: vec![0; LONGEST_RESPONSE].into(),
        };
        reader.renew_atr();
        Ok(reader)
    }

    fn names(&self) -> Result<Vec<CString>, ReaderError> {
        match self.0.list_readers_owned() {
            Ok(names) => Ok(names),
            Err(Error::NoReadersAvailable) => Ok(Vec::new()),
            Err(error) => Err(explain(error, "")),
        }
    }
}

/// A reader of the PC/SC service with the card in it.
///
/// Dropping it leaves the card as it is. A reset would disturb the other programs that share the card, and would not end
/// its security status, which a My Number Card keeps over a warm reset. [`Reader::power_cycle`] ends it.
pub struct PcscReader {
    /// `None` only while it is dropped.
    card: Option<Card>,
    name: String,
    atr: Vec<u8>,
    buffer: Box<[u8]>,
}

impl PcscReader {
    fn renew_atr(&mut self) {
        // The ATR that the service has stored: the card is not asked. A mute card is noticed later, at a command.
        let status = self.card.as_ref().and_then(|card| card.status2_owned().ok());
        self.atr = status.map(|status| status.atr().to_vec()).unwrap_or_default();
    }

    fn reconnect(&mut self, disposition: Disposition) -> Result<(), ReaderError> {
        let Some(card) = &mut self.card else {
            return Err(self.no_card());
        };
        let result = card.reconnect(ShareMode::Shared, Protocols::ANY, disposition);
        self.renew_atr();
        result.map_err(|error| explain(error, &self.name))
    }

    fn no_card(&self) -> ReaderError {
        ReaderError::NoCard {
            reader: self.name.clone(),
        }
    }

    fn only_by_hand(&self, movement: Movement) -> ReaderError {
        ReaderError::NotPossible {
            reader: self.name.clone(),
            movement,
            only: MovedBy::Hand,
        }
    }

    fn explain_or_reconnect(&mut self, error: Error) -> ReaderError {
        let explained = explain(error, &self.name);
        match explained {
            ReaderError::ResetByOther { .. } => self.reconnect(Disposition::LeaveCard).err().unwrap_or(explained),
            ReaderError::Gone { .. } => {
                self.atr.clear();
                explained
            }
            _ => explained,
        }
    }
}

impl Drop for PcscReader {
    fn drop(&mut self) {
        // On failure `pcsc` has tried to reset the card. There is no caller left for the error.
        let _ = self.card.take().map(|card| card.disconnect(Disposition::LeaveCard));
    }
}

impl Reader for PcscReader {
    fn name(&self) -> &str {
        &self.name
    }

    fn atr(&self) -> Option<&[u8]> {
        (!self.atr.is_empty()).then_some(self.atr.as_slice())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        response.clear();
        if command.len() < SHORTEST_COMMAND {
            return Err(ReaderError::CommandTooShort {
                length: command.len(),
                limit: SHORTEST_COMMAND,
            });
        }
        if command.len() > LONGEST_COMMAND {
            return Err(ReaderError::CommandTooLong {
                length: command.len(),
                limit: LONGEST_COMMAND,
            });
        }
        let Some(card) = &self.card else {
            return Err(self.no_card());
        };
        match card.transmit(command, &mut self.buffer) {
            // An answer without a status word counts as none, also if the service reports success.
            Ok(answer) if answer.len() < 2 => Err(ReaderError::Mute {
                reader: self.name.clone(),
            }),
            Ok(answer) => {
                response.extend_from_slice(answer);
                Ok(())
            }
            Err(error) => Err(self.explain_or_reconnect(error)),
        }
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.reconnect(Disposition::ResetCard)
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.reconnect(Disposition::UnpowerCard)
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        Err(self.only_by_hand(Movement::Remove))
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        Err(self.only_by_hand(Movement::Insert))
    }
}

fn status(name: &CStr, state: State, atr: &[u8]) -> ReaderStatus {
    let card = if state.intersects(State::UNKNOWN | State::UNAVAILABLE) {
        CardState::Unknown
    } else if state.contains(State::MUTE) {
        CardState::Mute
    } else if state.contains(State::PRESENT) {
        CardState::Present
    } else {
        CardState::Absent
    };
    let usage = if state.contains(State::EXCLUSIVE) {
        Usage::Exclusive
    } else if state.contains(State::INUSE) {
        Usage::Shared
    } else {
        Usage::Free
    };
    ReaderStatus {
        name: name.to_string_lossy().into_owned(),
        card,
        atr: atr.to_vec(),
        usage,
    }
}

/// The reader that `wanted` means, by its index.
fn choose(wanted: &str, names: &[String]) -> Result<usize, ReaderError> {
    if names.is_empty() {
        return Err(ReaderError::NoReaders);
    }
    if let Some(exact) = names.iter().position(|name| name == wanted) {
        return Ok(exact);
    }
    let none = || ReaderError::NoSuchReader {
        wanted: wanted.to_owned(),
        readers: names.to_vec(),
    };
    if let Some(number) = wanted.strip_prefix('#').and_then(|digits| digits.parse::<usize>().ok()) {
        return if number < names.len() { Ok(number) } else { Err(none()) };
    }
    let part = wanted.to_lowercase();
    if part.is_empty() {
        return Err(none());
    }
    let matching: Vec<usize> = (0..names.len())
        .filter(|index| {
            names
                .get(*index)
                .is_some_and(|name| name.to_lowercase().contains(&part))
        })
        .collect();
    match matching.as_slice() {
        [] => Err(none()),
        [one] => Ok(*one),
        several => Err(ReaderError::Ambiguous {
            wanted: wanted.to_owned(),
            readers: several.iter().filter_map(|index| names.get(*index).cloned()).collect(),
        }),
    }
}

/// An error of the service at the reader called `reader`; empty for a call about no single reader.
fn explain(error: Error, reader: &str) -> ReaderError {
    let reader = reader.to_owned();
    match error {
        Error::NoSmartcard => ReaderError::NoCard { reader },
        Error::RemovedCard => ReaderError::Gone { reader },
        Error::NotTransacted | Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard => {
            ReaderError::Mute { reader }
        }
        Error::ResetCard => ReaderError::ResetByOther { reader },
        Error::SharingViolation => ReaderError::InUse { reader },
        Error::NoReadersAvailable => ReaderError::NoReaders,
        Error::NoService | Error::ServiceStopped => ReaderError::NoService {
            socket: std::env::var_os("PCSCLITE_CSOCK_NAME").map(PathBuf::from),
        },
        Error::UnknownReader | Error::ReaderUnavailable => ReaderError::Unplugged { reader },
        other => ReaderError::Service {
            reader: Some(reader).filter(|reader| !reader.is_empty()),
            code: other as u32,
            text: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["Alpha Desk 00 00", "alpha door 00 00", "#7 odd"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn a_reader_is_found_by_name_number_or_unique_part() {
        for (wanted, index) in [
            ("alpha door 00 00", 1),
            ("#0", 0),
            ("#2", 2),
            ("DESK", 0),
            ("Door", 1),
            ("#7 odd", 2),
        ] {
            assert_eq!(choose(wanted, &names()), Ok(index), "{wanted}");
        }
        let prefixes = ["Desk".to_owned(), "Desk 2".to_owned()];
        assert_eq!(choose("Desk", &prefixes), Ok(0));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_readers_it_could_mean() {
        let both = names()[..2].to_vec();
        assert_eq!(
            choose("alpha", &names()),
            Err(ReaderError::Ambiguous {
                wanted: "alpha".to_owned(),
                readers: both
            })
        );
        for wanted in ["window", "#3", "#"] {
            let result = choose(wanted, &names());
            if wanted == "#" {
                assert_eq!(result, Ok(2));
            } else {
                assert_eq!(
                    result,
                    Err(ReaderError::NoSuchReader {
                        wanted: wanted.to_owned(),
                        readers: names()
                    })
                );
            }
        }
        assert_eq!(choose("", &[]), Err(ReaderError::NoReaders));
    }

    #[test]
    fn states_of_the_service_are_distinguished() {
        for (state, card, usage) in [
            (State::EMPTY, CardState::Absent, Usage::Free),
            (State::PRESENT, CardState::Present, Usage::Free),
            (State::PRESENT | State::INUSE, CardState::Present, Usage::Shared),
            (
                State::PRESENT | State::INUSE | State::EXCLUSIVE,
                CardState::Present,
                Usage::Exclusive,
            ),
            (State::PRESENT | State::MUTE, CardState::Mute, Usage::Free),
            (State::UNAVAILABLE | State::IGNORE, CardState::Unknown, Usage::Free),
        ] {
            let status = status(c"Desk", state | State::CHANGED, &[0x3B]);
            assert_eq!((status.card, status.usage), (card, usage), "{state:?}");
        }
    }

    #[test]
    fn errors_of_the_service_become_facts_about_the_reader() {
        for (error, part) in [
            (Error::NoSmartcard, "no card in the reader \"Desk\""),
            (Error::RemovedCard, "pulled out of the reader \"Desk\""),
            (Error::NotTransacted, "\"Desk\" does not answer"),
            (Error::ResetCard, "another program has reset"),
            (Error::SharingViolation, "exclusively"),
            (Error::NoReadersAvailable, "no reader"),
            (Error::NoService, "PC/SC service"),
            (Error::UnknownReader, "\"Desk\" is no longer there"),
            (Error::ProtoMismatch, "\"Desk\""),
        ] {
            let message = explain(error, "Desk").to_string();
            assert!(message.contains(part), "{message}");
        }
        let ReaderError::Service { reader, code, .. } = explain(Error::ProtoMismatch, "") else {
            panic!("it is no other error");
        };
        assert_eq!((reader, code), (None, 0x8010_000F));
    }
}

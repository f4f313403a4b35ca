//! The card in the first reader.

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use zeroize::Zeroizing;

use crate::steps::Refusal;

/// Status word: success.
pub(crate) const OK: u16 = 0x9000;

/// The longest file that is read: the most that an offset reaches.
const LONGEST: usize = 32 * 1024;

/// An exclusive connection. In the end the card loses its power, because it keeps a verified PIN over a warm reset.
pub(crate) struct Card(Option<pcsc::Card>);

impl Card {
    pub(crate) fn connect() -> Result<Self, Refusal> {
        let fault = |error| Refusal::new("card", error);
        let context = Context::establish(Scope::User).map_err(fault)?;
        let readers = context.list_readers_owned().map_err(fault)?;
        let first = readers
            .first()
            .ok_or_else(|| Refusal::new("card", "there is no reader"))?;
        let card = context
            .connect(first, ShareMode::Exclusive, Protocols::ANY)
            .map_err(fault)?;
        Ok(Self(Some(card)))
    }

    /// Sends a command once; 61xx and 6Cxx are followed. Returns data and status word.
    pub(crate) fn transmit(&mut self, command: &[u8]) -> Result<(Vec<u8>, u16), Refusal> {
        let mut command = Zeroizing::new(command.to_vec());
        let mut data = Vec::new();
        let mut buffer = Zeroizing::new(vec![0; LONGEST + 2]);
        // A card that always has more to give ends here, too.
        for _ in 0..256 {
            let card = self.0.as_ref().ok_or_else(|| Refusal::new("card", "not connected"))?;
            let answer = card.transmit(&command, &mut buffer);
            let answer = answer.map_err(|error| Refusal::new("card", error))?;
            let (part, status) = answer
                .split_last_chunk()
                .ok_or_else(|| Refusal::new("card", "an answer without status word"))?;
            data.extend_from_slice(part);
            match (*status, &mut **command) {
                ([0x61, more], _) => *command = vec![0x00, 0xC0, 0x00, 0x00, more],
                // Only READ BINARY of four bytes and Le: any other command may have been executed.
                ([0x6C, right], [0x00, 0xB0, _, _, le]) => *le = right,
                (status, _) => return Ok((data, u16::from_be_bytes(status))),
            }
        }
        Err(Refusal::new("card", "an answer without end"))
    }

    /// A command that must succeed.
    pub(crate) fn command(&mut self, what: &str, command: &[u8]) -> Result<Vec<u8>, Refusal> {
        match self.transmit(command)? {
            (data, OK) => Ok(data),
            (_, status) => Err(Refusal::new("card", format!("{what}: {status:04X}"))),
        }
    }

    /// SELECT the application with this AID.
    pub(crate) fn select(&mut self, aid: &[u8]) -> Result<(), Refusal> {
        let command = [&[0x00, 0xA4, 0x04, 0x0C, aid.len() as u8], aid].concat();
        self.command("SELECT the application", &command).map(drop)
    }

    /// SELECT the file with this identifier.
    pub(crate) fn select_file(&mut self, ef: u8) -> Result<(), Refusal> {
        self.command("SELECT a file", &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, ef])
            .map(drop)
    }

    /// The whole file, with the filler behind its contents. A file that ends early is noticed where it is parsed.
    pub(crate) fn read(&mut self, ef: u8) -> Result<Vec<u8>, Refusal> {
        self.select_file(ef)?;
        let mut content = Vec::new();
        while content.len() < LONGEST {
            let [high, low] = (content.len() as u16).to_be_bytes();
            let part = match self.transmit(&[0x00, 0xB0, high, low, 0x00])? {
                (part, OK | 0x6281 | 0x6282) => part,
                // The file ended where the last answer ended.
                (_, 0x6B00) if !content.is_empty() => break,
                (_, status) => return Err(Refusal::new("card", format!("READ BINARY of {ef:04X}: {status:04X}"))),
            };
            if part.is_empty() {
                break;
            }
            content.extend(part);
        }
        Ok(content)
    }

    /// Has a PIN or code verified, once.
    pub(crate) fn verify(&mut self, ef: u8, value: &str) -> Result<(), Refusal> {
        self.select_file(ef)?;
        let command = Zeroizing::new([&[0x00, 0x20, 0x00, 0x80, value.len() as u8], value.as_bytes()].concat());
        let (_, status) = self.transmit(&command)?;
        match status {
            OK => Ok(()),
            0x63C0..=0x63CF => Err(Refusal::new("pin", format!("wrong PIN, {} tries left", status & 0x0F))),
            0x6983 | 0x6984 => Err(Refusal::new(
                "pin",
                "the PIN is blocked: the municipality's counter unblocks it",
            )),
            _ => Err(Refusal::new("pin", format!("VERIFY: {status:04X}"))),
        }
    }

    /// Has the card sign these bytes; `None` with any other status word than 9000. `key` is P2.
    pub(crate) fn sign(&mut self, key: u8, input: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let command = [&[0x80, 0x2A, 0x00, key, input.len() as u8], input, &[0x00]].concat();
        let (signature, status) = self.transmit(&command)?;
        Ok((status == OK).then_some(signature))
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // There is no caller left for an error. A card that is gone has lost its power.
        let _ = self.0.take().map(|card| card.disconnect(Disposition::UnpowerCard));
    }
}

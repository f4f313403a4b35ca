//! `vmyna readers`: the PC/SC readers and what is in them.

use crate::failure::Failure;

#[cfg(feature = "pcsc")]
pub(crate) fn run() -> Result<(), Failure> {
    use crate::output;
    use std::io::Write;
    use vmyna_apdu::ReaderError;
    use vmyna_reader_bridge::pcsc_client::PcscService;

    let readers = PcscService::connect()?.readers()?;
    if readers.is_empty() {
        return Err(ReaderError::NoReaders.into());
    }
    let mut out = output::text();
    for (number, reader) in readers.iter().enumerate() {
        writeln!(out, "#{number} {}", reader.name)?;
        writeln!(out, "   {}", describe(reader))?;
    }
    Ok(())
}

#[cfg(feature = "pcsc")]
fn describe(reader: &vmyna_reader_bridge::pcsc_client::ReaderStatus) -> String {
    use vmyna_apdu::hex;
    use vmyna_applets::Profile;
    use vmyna_reader_bridge::pcsc_client::{CardState, Usage};

    let card = match reader.card {
        CardState::Absent => return "no card".to_owned(),
        CardState::Mute => "a card that does not answer".to_owned(),
        CardState::Present => {
            // Only the ATR is looked at: a SELECT would end what another program has verified.
            let known = Profile::with_atr(&reader.atr).map_or_else(String::new, |profile| {
                format!(" (that of a My Number Card, 個人番号カード: profile {})", profile.name)
            });
            format!("card with ATR {}{known}", hex::encode(&reader.atr))
        }
        CardState::Unknown => return "not available".to_owned(),
    };
    let usage = match reader.usage {
        Usage::Shared => ", in use by a program",
        Usage::Exclusive => ", in use by one program alone",
        Usage::Free => "",
    };
    card + usage
}

#[cfg(not(feature = "pcsc"))]
pub(crate) fn run() -> Result<(), Failure> {
    Err(crate::pcsc::missing())
}

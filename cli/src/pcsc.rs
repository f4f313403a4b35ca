//! The readers of the machine's PC/SC service, with the cargo feature `pcsc`.

use vmyna_apdu::Reader;

use crate::failure::Failure;

/// Opens the reader of this name, of a part of it, or with this number (`#0`).
#[cfg(feature = "pcsc")]
pub(crate) fn open(name: &str) -> Result<Box<dyn Reader>, Failure> {
    use vmyna_reader_bridge::pcsc_client::PcscService;

    Ok(Box::new(PcscService::connect()?.open(name)?))
}

#[cfg(not(feature = "pcsc"))]
pub(crate) fn open(_: &str) -> Result<Box<dyn Reader>, Failure> {
    Err(missing())
}

/// This program was built without PC/SC.
#[cfg(not(feature = "pcsc"))]
pub(crate) fn missing() -> Failure {
    Failure::Failed("this vmyna was built without PC/SC: build it with the cargo feature `pcsc`".to_owned())
}

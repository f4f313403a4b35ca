//! The attributes of a reader and its card for SCardGetAttrib (PC/SC part 3, 3.1.4; tags as in `reader.h`): those that libccid
//! 1.6.2 answers, those that pcscd answers itself, and the type of the reader.
//!
//! Pure. A tag that is not listed here is not supported. Must never invent a value.

/// The source of the values.
pub(crate) struct Subject<'a> {
    /// The reader's number, from 0.
    pub(crate) number: usize,
    /// The reader's name.
    pub(crate) reader: &'a str,
    /// Empty without a card that has given one.
    pub(crate) atr: &'a [u8],
}

const VENDOR_NAME: u32 = 0x0001_0100;
const VENDOR_IFD_TYPE: u32 = 0x0001_0101;
const VENDOR_IFD_VERSION: u32 = 0x0001_0102;
const VENDOR_IFD_SERIAL_NO: u32 = 0x0001_0103;
const CHANNEL_ID: u32 = 0x0002_0110;
const MAXINPUT: u32 = 0x0007_A007;
const ICC_PRESENCE: u32 = 0x0009_0300;
const ICC_INTERFACE_STATUS: u32 = 0x0009_0301;
const ATR_STRING: u32 = 0x0009_0303;
const FRIENDLY_NAME: u32 = 0x7FFF_0003;
const SYSTEM_NAME: u32 = 0x7FFF_0004;

/// The longest message of a USB reader with extended APDUs, without its header (USB CCID 1.1, 5.1: dwMaxCCIDMessageLength).
const LONGEST_INPUT: u32 = 65_544;

/// An interface of the vendor's own (PC/SC part 3): there is no bus on which a program would find the reader.
const OWN_INTERFACE: u32 = 0x00F0;

/// The value of an attribute; texts end with a zero, as those of pcscd and of its CCID driver do.
pub(crate) fn value(id: u32, subject: &Subject<'_>) -> Option<Vec<u8>> {
    let present = !subject.atr.is_empty();
    Some(match id {
        VENDOR_NAME => text("vmyna"),
        VENDOR_IFD_TYPE => text("virtual reader"),
        VENDOR_IFD_VERSION => version().to_ne_bytes().to_vec(),
        VENDOR_IFD_SERIAL_NO => text(&format!("{:08}", subject.number + 1)),
        // 0xDDDDCCCC: the kind of interface, and the channel.
        CHANNEL_ID => (OWN_INTERFACE << 16 | u32::try_from(subject.number).unwrap_or_default())
            .to_ne_bytes()
            .to_vec(),
        MAXINPUT => LONGEST_INPUT.to_ne_bytes().to_vec(),
        // 0 without a card, 2 with one that is in place.
        ICC_PRESENCE => vec![if present { 2 } else { 0 }],
        ICC_INTERFACE_STATUS => vec![u8::from(present)],
        ATR_STRING if present => subject.atr.to_vec(),
        FRIENDLY_NAME | SYSTEM_NAME => text(subject.reader),
        _ => return None,
    })
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// `MMmmbbbb`: major, minor and build number of this crate.
fn version() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or_default();
    let (major, minor) = (
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
    );
    (major & 0xFF) << 24 | (minor & 0xFF) << 16 | part(env!("CARGO_PKG_VERSION_PATCH")) & 0xFFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_atr_are_known_and_other_tags_are_not() {
        let mut subject = Subject {
            number: 1,
            reader: "Desk 00 00",
            atr: &[0x3B, 0x00],
        };
        assert_eq!(value(FRIENDLY_NAME, &subject).unwrap(), b"Desk 00 00\0");
        assert_eq!(value(VENDOR_NAME, &subject).unwrap(), b"vmyna\0");
        assert_eq!(value(ATR_STRING, &subject).unwrap(), [0x3B, 0x00]);
        assert_eq!(value(VENDOR_IFD_VERSION, &subject).unwrap().len(), 4);
        assert_eq!(value(VENDOR_IFD_SERIAL_NO, &subject).unwrap(), b"00000002\0");
        assert_eq!(value(MAXINPUT, &subject).unwrap(), 65_544_u32.to_ne_bytes());
        assert_eq!(value(CHANNEL_ID, &subject).unwrap(), 0x00F0_0001_u32.to_ne_bytes());
        assert_eq!(value(0x1234, &subject), None);
        subject.atr = &[];
        assert_eq!(value(ATR_STRING, &subject), None);
        assert_eq!(value(ICC_PRESENCE, &subject).unwrap(), [0]);
    }
}

//! C-APDUs as bytes: cases 1 to 4, short and extended (ISO/IEC 7816-4, 5.1).
//!
//! Parsing settles only lengths. It must never look at what an instruction means. Nothing here prints a data field, because
//! it may hold a PIN.

use core::fmt;

/// A command as the host sent it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CommandApdu<'a> {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// Parameter 1.
    pub p1: u8,
    /// Parameter 2.
    pub p2: u8,
    /// Data field, 0 to 65,535 bytes.
    pub data: &'a [u8],
    /// Ne, the most response bytes the host takes: 1 to 65,536; `None` without an Le field.
    pub ne: Option<u32>,
    /// Whether Lc and Le were coded in the extended form.
    pub extended: bool,
}

/// Bytes that are no C-APDU; the card answers `6700`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a C-APDU: the length fields don't agree with its length")
    }
}

impl core::error::Error for Malformed {}

impl<'a> CommandApdu<'a> {
    /// The longest data field, in bytes.
    pub const MAX_DATA: usize = 65_535;
    /// The longest C-APDU there can be: header, extended Lc, data and Le.
    pub const MAX_LENGTH: usize = 4 + 3 + Self::MAX_DATA + 2;

    /// Reads a C-APDU.
    ///
    /// # Errors
    /// [`Malformed`] where the bytes fit none of the seven forms of ISO/IEC 7816-4, 5.1.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk::<4>().ok_or(Malformed)?;
        let (data, ne, extended) = parse_body(body)?;
        Ok(Self {
            cla,
            ins,
            p1,
            p2,
            data,
            ne,
            extended,
        })
    }

    /// The bytes of this command, in the extended form if asked for or needed.
    ///
    /// # Errors
    /// [`Malformed`] where the data field or Ne is longer than the extended form can code.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        let lc = u16::try_from(self.data.len()).map_err(|_| Malformed)?;
        if self.ne.is_some_and(|ne| ne == 0 || ne > 65_536) {
            return Err(Malformed);
        }
        let extended = self.extended || lc > 255 || self.ne.is_some_and(|ne| ne > 256);
        let mut bytes = vec![self.cla, self.ins, self.p1, self.p2];
        if extended && (lc > 0 || self.ne.is_some()) {
            bytes.push(0);
        }
        match (lc, extended) {
            (0, _) => {}
            (_, true) => bytes.extend(lc.to_be_bytes()),
            (_, false) => bytes.push(lc as u8),
        }
        bytes.extend(self.data);
        // The greatest Ne of each form is coded as zero: keeping the low bytes does that.
        match (self.ne, extended) {
            (None, _) => {}
            (Some(ne), true) => bytes.extend((ne as u16).to_be_bytes()),
            (Some(ne), false) => bytes.push(ne as u8),
        }
        Ok(bytes)
    }

    /// P1-P2 as one number.
    pub fn p1_p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }
}

/// The body behind the header: data field, Ne, whether coded in the extended form.
fn parse_body(body: &[u8]) -> Result<(&[u8], Option<u32>, bool), Malformed> {
    match *body {
        [] => Ok((&[], None, false)),
        [le] => Ok((&[], Some(short_ne(le)), false)),
        [0, hi, lo] => Ok((&[], Some(extended_ne(hi, lo)), true)),
        [0, hi, lo, ref rest @ ..] => {
            let lc = usize::from(u16::from_be_bytes([hi, lo]));
            match rest.split_at_checked(lc) {
                Some((data, [])) if lc > 0 => Ok((data, None, true)),
                Some((data, &[hi, lo])) if lc > 0 => Ok((data, Some(extended_ne(hi, lo)), true)),
                _ => Err(Malformed),
            }
        }
        [lc, ref rest @ ..] => match rest.split_at_checked(usize::from(lc)) {
            Some((data, [])) if lc > 0 => Ok((data, None, false)),
            Some((data, &[le])) if lc > 0 => Ok((data, Some(short_ne(le)), false)),
            _ => Err(Malformed),
        },
    }
}

fn short_ne(le: u8) -> u32 {
    if le == 0 { 256 } else { u32::from(le) }
}

fn extended_ne(hi: u8, lo: u8) -> u32 {
    match u16::from_be_bytes([hi, lo]) {
        0 => 65_536,
        ne => u32::from(ne),
    }
}

impl fmt::Debug for CommandApdu<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cla,
            ins,
            p1,
            p2,
            data,
            ne,
            ..
        } = self;
        write!(f, "{cla:02X}{ins:02X}{p1:02X}{p2:02X} ({} data bytes", data.len())?;
        match ne {
            Some(ne) => write!(f, ", Ne {ne})"),
            None => f.write_str(")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CORNERS: [usize; 7] = [0, 1, 255, 256, 257, 65_535, 65_536];

    fn command(data: &[u8], ne: Option<u32>, extended: bool) -> CommandApdu<'_> {
        CommandApdu {
            cla: 0x00,
            ins: 0xB0,
            p1: 0x12,
            p2: 0x34,
            data,
            ne,
            extended,
        }
    }

    /// Every corner of Lc and Le, in both forms: what can be written is read back the same, what can't is refused.
    #[test]
    fn every_corner_of_lc_and_le_is_read_back_as_it_was_written() {
        let bytes = vec![0xA5; 65_536];
        let mut written = 0;
        for lc in CORNERS {
            for ne in CORNERS.map(|ne| ne as u32) {
                for extended in [false, true] {
                    // Le 0 stands for no Le field at all.
                    let ne = (ne > 0).then_some(ne);
                    let command = command(&bytes[..lc], ne, extended);
                    match command.to_bytes() {
                        Err(Malformed) => assert_eq!(lc, 65_536),
                        Ok(encoded) => {
                            let parsed = CommandApdu::parse(&encoded).unwrap();
                            assert_eq!((parsed.data, parsed.ne), (command.data, command.ne));
                            let needs_extended = lc > 255 || ne.is_some_and(|ne| ne > 256);
                            let has_body = lc > 0 || ne.is_some();
                            assert_eq!(parsed.extended, has_body && (extended || needs_extended));
                            written += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(written, 6 * 7 * 2);
    }

    #[test]
    fn the_zero_of_le_means_the_most_of_its_form() {
        assert_eq!(CommandApdu::parse(&[0, 0xB0, 0, 0, 0]).unwrap().ne, Some(256));
        assert_eq!(CommandApdu::parse(&[0, 0xB0, 0, 0, 0, 0, 0]).unwrap().ne, Some(65_536));
        assert_eq!(CommandApdu::parse(&[0, 0xB0, 0, 0, 0, 1, 0]).unwrap().ne, Some(256));
    }

    #[test]
    fn bytes_that_fit_no_form_are_refused() {
        let table: [&[u8]; 12] = [
            &[],
            &[0],
            &[0, 0xB0, 0],
            &[0, 0xB0, 0, 0, 2, 1],                   // Lc 2, one byte
            &[0, 0xB0, 0, 0, 1, 1, 0, 0],             // Lc 1, two bytes left for Le
            &[0, 0xB0, 0, 0, 0, 1],                   // neither Le nor an extended length
            &[0, 0xB0, 0, 0, 0, 0, 0, 0],             // extended Lc 0
            &[0, 0xB0, 0, 0, 0, 0, 0, 0, 0],          // extended Lc 0 with Le
            &[0, 0xB0, 0, 0, 0, 0, 2, 1],             // extended Lc 2, one byte
            &[0, 0xB0, 0, 0, 0, 0, 1, 1, 0],          // extended Lc 1, half an Le
            &[0, 0xB0, 0, 0, 0, 0, 1, 1, 0, 0, 0],    // extended Lc 1, three bytes left for Le
            &[0, 0xB0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0], // and four
        ];
        for bytes in table {
            assert_eq!(CommandApdu::parse(bytes), Err(Malformed), "{bytes:02X?}");
        }
        assert_eq!(CommandApdu::parse(&vec![0; 300_000]), Err(Malformed));
        assert_eq!(
            CommandApdu::parse(&vec![0xFF; CommandApdu::MAX_LENGTH + 1]),
            Err(Malformed)
        );
    }

    #[test]
    fn the_longest_command_is_read() {
        let data = vec![7; CommandApdu::MAX_DATA];
        let bytes = command(&data, Some(65_536), true).to_bytes().unwrap();
        assert_eq!(bytes.len(), CommandApdu::MAX_LENGTH);
        assert_eq!(CommandApdu::parse(&bytes).unwrap().data.len(), CommandApdu::MAX_DATA);
    }

    #[test]
    fn debug_output_never_shows_the_data_field() {
        let shown = format!("{:?}", command(b"1234", None, false));
        assert_eq!(shown, "00B01234 (4 data bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read_without_loss(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(command) = CommandApdu::parse(&bytes) {
                prop_assert_eq!(command.to_bytes().unwrap(), bytes);
            }
        }

        #[test]
        fn any_command_survives_the_way_through_bytes(
            data in proptest::collection::vec(any::<u8>(), 0..600), ne in proptest::option::of(1u32..=65_536), extended: bool,
        ) {
            let bytes = command(&data, ne, extended).to_bytes().unwrap();
            let parsed = CommandApdu::parse(&bytes).unwrap();
            prop_assert_eq!(parsed.data, &data[..]);
            prop_assert_eq!(parsed.ne, ne);
        }
    }
}

//! 基本4情報 of the input-assist application, EF 0002: `FF20 { DF21 offsets, DF22 name, DF23 address, DF24 birth, DF25 sex }`.

use std::fmt;

use vmyna_card_os::tlv::Tlv;

/// The four attributes of the cardholder as the card has them. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FourItems {
    /// 氏名, e.g. family name, U+3000, given name.
    pub name: String,
    /// 住所.
    pub address: String,
    /// 生年月日: eight digits, YYYYMMDD; a month or day that is not known is `00`.
    pub birth: String,
    /// 性別: `1` male, `2` female, `9` not applicable, `0` unknown.
    pub sex: String,
}

impl FourItems {
    /// Reads the object of EF 0002; `None` if it has another form.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let whole = Tlv::read_only(bytes).ok().filter(|whole| whole.tag == 0xFF20)?;
        let objects = Tlv::read_all(whole.value).ok()?;
        let text = |tag| {
            let object = objects.iter().find(|object| object.tag == tag)?;
            str::from_utf8(object.value).ok().map(str::to_owned)
        };
        let digits = |tag, count| {
            text(tag).filter(|digits| digits.len() == count && digits.bytes().all(|digit| digit.is_ascii_digit()))
        };
        Some(Self {
            name: text(0xDF22)?,
            address: text(0xDF23)?,
            birth: digits(0xDF24, 8)?,
            sex: digits(0xDF25, 1)?,
        })
    }
}

impl fmt::Debug for FourItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FourItems").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The file of a made-up person in the published form.
    const FILE: &[u8] =
        b"\xFF\x20\x2C\xDF\x21\x08\0\x0E\0\x16\0\x20\0\x2B\xDF\x22\x05A\xE3\x80\x80B\xDF\x23\x07address\
                          \xDF\x24\x0819800217\xDF\x25\x011";

    #[test]
    fn the_published_form_is_read() {
        let items = FourItems::parse(FILE).unwrap();
        let FourItems {
            name,
            address,
            birth,
            sex,
        } = &items;
        assert_eq!(
            [name, address, birth, sex].map(String::as_str),
            ["A　B", "address", "19800217", "1"]
        );
        assert_eq!(format!("{items:?}"), "FourItems { .. }");
    }

    #[test]
    fn other_forms_are_refused() {
        let changed = |from: &[u8], to: &[u8]| {
            let at = FILE.windows(from.len()).position(|part| part == from).unwrap();
            [&FILE[..at], to, &FILE[at + from.len()..]].concat()
        };
        for wrong in [
            FILE[..FILE.len() - 1].to_vec(),
            [FILE, b"\xFF"].concat(),
            changed(b"\xFF\x20", b"\xFF\x30"),
            changed(b"\xDF\x22", b"\xDF\x2A"),
            changed(b"19800217", b"1980021x"),
            changed(b"address", b"addres\xFF"),
            changed(b"\x011", b"\x01x"),
        ] {
            assert!(FourItems::parse(&wrong).is_none(), "{wrong:02X?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = FourItems::parse(&bytes);
        }
    }
}

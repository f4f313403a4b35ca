//! The TLV form of the card's files: what is read is written back to the same bytes, and nothing is lost between objects.

use vmyna_card_os::tlv::Tlv;

use crate::memory::peak_of;

/// One input: the bytes of a file.
pub fn run(input: &[u8]) {
    if let Ok((object, rest)) = Tlv::read(input) {
        let taken = input.len() - rest.len();
        let mut again = Vec::new();
        assert_eq!(object.write(&mut again), Ok(()));
        assert_eq!(again, input[..taken], "written back");
        assert!(taken >= 2 + object.value.len() && taken <= 5 + object.value.len());
        // What follows changes nothing, and what is missing is missed.
        assert_eq!(Tlv::read_only(&input[..taken]), Ok(object));
        assert!(Tlv::read(&input[..taken - 1]).is_err());
        assert_eq!(Tlv::read_only(input).is_ok(), rest.is_empty());
        let first = object.tag.to_be_bytes()[usize::from(object.tag < 0x100)];
        assert_eq!(object.is_constructed(), first & 0x20 != 0);
    }
    let (objects, peak) = peak_of(|| Tlv::read_all(input));
    // Two bytes are an object; a vector doubles.
    assert!(peak <= 128 + 64 * input.len(), "{peak} bytes for {}", input.len());
    match objects {
        Ok(objects) => {
            let mut again = Vec::new();
            for object in &objects {
                assert_eq!(object.write(&mut again), Ok(()));
            }
            assert_eq!(again, input);
        }
        Err(_) => assert!(!input.is_empty()),
    }
    // Any tag and value: written and read back the same, or refused.
    if let [high, low, value @ ..] = input {
        let object = Tlv {
            tag: u16::from_be_bytes([*high, *low]),
            value,
        };
        let mut bytes = Vec::new();
        match object.write(&mut bytes) {
            Ok(()) => assert_eq!(Tlv::read_only(&bytes), Ok(object)),
            Err(_) => assert!(bytes.is_empty(), "nothing is written of what can't be"),
        }
    }
}

//! Secure messaging (JICSAP 5.4) as this card has it: confidentiality without integrity, AES-128-CBC, one data object a
//! command. Measured by the authors of `myna-card`; what they did not measure is labelled in [`rule`].
//!
//! A secured command is opened before anything looks at its meaning, then goes the way of a plain one, and its answer is
//! sealed. A fault in the envelope ends the session. Nothing here shows a key or a plaintext.

use iso7816_tlv::ber::{Tag, Tlv, Value};
use zeroize::{Zeroize, Zeroizing};

use super::context::Context;
use super::event::Event;
use crate::rule::{self, Refusal};
use crate::state::BLOCK;
use vmyna_apdu::{CommandApdu, instruction::code};

/// CLA: secured, header not authenticated.
const SECURED: u8 = 0x08;
/// CLA: secured, header authenticated.
const AUTHENTICATED: u8 = 0x0C;
/// CLA: secured, JICSAP's extended class.
const EXTENDED_SECURED: u8 = 0x88;
/// CLA: secured, header authenticated, JICSAP's extended class.
const EXTENDED_AUTHENTICATED: u8 = 0x8C;
/// Padding indicator and encrypted data, in both directions.
const TAG_CRYPTOGRAM: u8 = 0x86;
/// The plain command's Le, in three bytes.
const TAG_EXPECTED: u8 = 0x96;
/// Padding by ISO/IEC 7816-4: 80, then 00 to the end of the block, always at least one byte.
const PADDING: u8 = 0x01;

/// A secured command, opened.
pub(crate) struct Opened {
    header: [u8; 3],
    data: Zeroizing<Vec<u8>>,
    ne: Option<u32>,
    /// How long the sealed answer may be; `None` where nothing may be answered.
    outer_ne: Option<u32>,
    counter: u128,
}

/// Opens a secured command in a secure session. `None` for every other command, which takes the plain way.
pub(crate) fn open(apdu: &CommandApdu<'_>, context: &mut Context<'_>) -> Result<Option<Opened>, Refusal> {
    let Some(channel) = &mut context.session.channel else {
        return Ok(None);
    };
    let counter = match apdu.cla {
        SECURED => channel.next(),
        AUTHENTICATED => return rule::SM_OBJECTS_MISSING.refuse(),
        // The same in JICSAP's own class, whose instructions can't be secured.
        EXTENDED_SECURED | EXTENDED_AUTHENTICATED => return rule::SM_INSTRUCTION.refuse(),
        _ => return Ok(None),
    };
    context.apply(&rule::SM_COUNTER);
    let decrypt = |data| context.session.channel.as_ref()?.decrypt(counter, data);
    let (data, ne) = match apdu.ins {
        code::VERIFY | code::SELECT => (cryptogram(apdu.data).and_then(decrypt), None),
        code::READ_BINARY => {
            let ne = expected(apdu.data);
            (ne.map(|_| Zeroizing::default()), ne)
        }
        _ => return rule::SM_INSTRUCTION.refuse(),
    };
    let Some(data) = data else {
        context.session.channel = None;
        context.emit(&Event::SecureSession { open: false });
        return rule::SM_OBJECTS_WRONG.refuse();
    };
    context.apply(&rule::SM_CIPHER);
    Ok(Some(Opened {
        header: [apdu.ins, apdu.p1, apdu.p2],
        data,
        ne,
        outer_ne: apdu.ne,
        counter,
    }))
}

impl Opened {
    /// The command in plain form.
    pub(crate) fn plain(&self) -> CommandApdu<'_> {
        let [ins, p1, p2] = self.header;
        CommandApdu {
            cla: 0x00,
            ins,
            p1,
            p2,
            data: &self.data,
            ne: self.ne,
            extended: true,
        }
    }

    /// Replaces the plain response data by the sealed ones.
    pub(crate) fn seal(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        if context.response.is_empty() {
            return Ok(());
        }
        // SELECT of another application has ended the session, and answers in plain.
        let Some(channel) = &context.session.channel else {
            return Ok(());
        };
        let mut value = vec![PADDING];
        value.extend(channel.encrypt(self.counter, context.response));
        // Fails only for a tag that contradicts the kind of its value; this one does not.
        let sealed = Tag::try_from(TAG_CRYPTOGRAM)
            .and_then(|tag| Tlv::new(tag, Value::Primitive(value)))
            .map(|object| object.to_vec())
            .unwrap_or_default();
        let outer = self.outer_ne.and_then(|ne| usize::try_from(ne).ok()).unwrap_or(0);
        if sealed.len() > outer {
            return rule::SM_LE.refuse();
        }
        // The plain answer is personal.
        context.response.zeroize();
        context.response.extend(sealed);
        Ok(())
    }
}

/// The value of the one object that the data field is, if it has this tag. Its length may take one to three bytes. Read by
/// hand: a library would follow whatever nesting a host sends.
fn only_object(data: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, value) = match *data.strip_prefix(&[tag])? {
        [length @ 0..=0x7F, ref value @ ..] => (usize::from(length), value),
        [0x81, length, ref value @ ..] => (usize::from(length), value),
        [0x82, high, low, ref value @ ..] => (usize::from(u16::from_be_bytes([high, low])), value),
        _ => return None,
    };
    (value.len() == length).then_some(value)
}

/// The encrypted data of the object `86 L 01 data`, without the padding indicator.
fn cryptogram(data: &[u8]) -> Option<&[u8]> {
    let (&indicator, encrypted) = only_object(data, TAG_CRYPTOGRAM)?.split_first()?;
    (indicator == PADDING && !encrypted.is_empty() && encrypted.len().is_multiple_of(BLOCK)).then_some(encrypted)
}

/// The plain command's Ne in the object `96 03 00 high low`; 0 means as much as there is.
fn expected(data: &[u8]) -> Option<u32> {
    match *only_object(data, TAG_EXPECTED)? {
        [0x00, high, low] => match u16::from_be_bytes([high, low]) {
            0 => Some(65_536),
            ne => Some(u32::from(ne)),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_right_object_is_taken() {
        let encrypted = [0xEE; 16];
        let right = [&[0x86, 0x11, 0x01][..], &encrypted].concat();
        assert_eq!(cryptogram(&right), Some(&encrypted[..]));
        assert_eq!(
            cryptogram(&[&[0x86, 0x81, 0x11, 0x01][..], &encrypted].concat()),
            Some(&encrypted[..])
        );
        let wrong = [
            vec![],
            [&[0x87, 0x11, 0x01][..], &encrypted].concat(),
            [&[0x86, 0x11, 0x02][..], &encrypted].concat(),
            [&[0x86, 0x10][..], &encrypted].concat(),
            [&[0x86, 0x01, 0x01][..]].concat(),
            right[..18].to_vec(),
            [&right[..], &right[..]].concat(),
            [&right[..], &[0x96, 0x03, 0x00, 0x00, 0x00]].concat(),
        ];
        for data in wrong {
            assert_eq!(cryptogram(&data), None, "{data:02X?}");
        }
        assert_eq!(expected(&[0x96, 3, 0, 0, 0]), Some(65_536));
        assert_eq!(expected(&[0x96, 3, 0, 1, 2]), Some(258));
        for data in [
            &[][..],
            &[0x96, 2, 1, 2],
            &[0x96, 3, 1, 0, 0],
            &[0x96, 3, 0, 0, 0, 0x96, 3, 0, 0, 0],
            &[0x97, 3, 0, 0, 0],
        ] {
            assert_eq!(expected(data), None, "{data:02X?}");
        }
    }
}

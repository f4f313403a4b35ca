//! A field of a message: a name, the place of its bytes, and their meaning.

use std::borrow::Cow;
use std::ops::Range;

use vmyna_apdu::{Language, Text, hex};

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field: CLA, Lc, TA1.
    pub name: Cow<'static, str>,
    /// The place of its bytes in the message.
    pub place: Range<usize>,
    /// The meaning of the bytes. It contains no secret.
    pub meaning: Text,
}

impl Field {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, place: Range<usize>, meaning: Text) -> Self {
        Self {
            name: name.into(),
            place,
            meaning,
        }
    }

    /// The field of this message in one line: name, bytes, meaning. Each byte in `hidden` is shown as `**`.
    #[must_use]
    pub fn line(&self, message: &[u8], hidden: &Range<usize>, language: Language) -> String {
        let bytes = hex::encode_hiding(message, self.place.clone(), hidden);
        format!("{:4} {bytes:8} {}", self.name, self.meaning.say(language))
    }
}

//! The parts that the record of a card and of an application have in common: texts, octet strings, and objects that stand in
//! the record or are shared with other cards. The limits of DER are here, because the library has none.

use der::asn1::{OctetString, OctetStringRef, Utf8StringRef};
use der::{Choice, Sequence};
use vmyna_card_os::declaration::PrivateKey;
use zeroize::Zeroizing;

use super::{DEEPEST, ImageError, ImageErrorKind, MOST_OBJECTS};

/// Where an object lies in an image.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) digest: [u8; 32],
}

#[derive(Choice)]
pub(super) enum Object<'a> {
    Here(OctetStringRef<'a>),
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", constructed = "true")]
    Shared(Shared),
}

#[derive(Sequence)]
pub(super) struct Shared {
    offset: u64,
    length: u32,
    digest: OctetString,
}

pub(super) fn unwritable(_: der::Error) -> ImageErrorKind {
    ImageErrorKind::Unwritable("a card is longer than an image can hold")
}

pub(super) fn text(text: &str) -> Result<Utf8StringRef<'_>, ImageErrorKind> {
    Utf8StringRef::new(text).map_err(unwritable)
}

pub(super) fn octets(bytes: &[u8]) -> Result<OctetStringRef<'_>, ImageErrorKind> {
    OctetStringRef::new(bytes).map_err(unwritable)
}

/// A reference to the object at this place.
pub(super) fn shared<'a>(place: &Place) -> Result<Object<'a>, ImageErrorKind> {
    Ok(Object::Shared(Shared {
        offset: place.offset,
        length: place.length,
        digest: OctetString::new(place.digest).map_err(unwritable)?,
    }))
}

pub(super) fn here(bytes: &[u8]) -> Result<Object<'_>, ImageErrorKind> {
    octets(bytes).map(Object::Here)
}

/// Why a record is no card.
pub(super) enum DecodeError {
    /// A shared object can't be had.
    Image(ImageError),
    /// The record itself: which part.
    Record(&'static str),
}

impl From<ImageError> for DecodeError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<der::Error> for DecodeError {
    fn from(_: der::Error) -> Self {
        Self::Record("the DER of a card")
    }
}

/// Gives the bytes of shared objects.
pub(super) type Fetch<'f> = &'f mut dyn FnMut(&Place) -> Result<Vec<u8>, DecodeError>;

/// Whether every DER object in these bytes ends where the one around it does, or before, and there are not more than the
/// limits allow. The `der` crate allocates for a text or an octet string what its length announces, up to 256 MiB, before it
/// looks whether that much is there; and a list of short objects takes many times its bytes.
pub(super) fn lengths_fit(bytes: &[u8]) -> bool {
    objects_fit(bytes, DEEPEST, &mut { MOST_OBJECTS })
}

/// The same for objects that may have `deepest` more inside them, and be `most`, which is counted down.
pub(super) fn objects_fit(mut bytes: &[u8], deepest: usize, most: &mut usize) -> bool {
    const CONSTRUCTED: u8 = 0x20;
    while let [tag, first, rest @ ..] = bytes {
        let (length, rest) = match first {
            0..=0x7F => (usize::from(*first), rest),
            // 1 to 4 bytes of length; the indefinite form is no DER.
            0x81..=0x84 => match rest.split_at_checked(usize::from(first & 0x7F)) {
                Some((length, rest)) => (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest),
                None => return false,
            },
            _ => return false,
        };
        let (Some((value, behind)), Some(left)) = (rest.split_at_checked(length), most.checked_sub(1)) else {
            return false;
        };
        *most = left;
        if tag & CONSTRUCTED != 0 && (deepest == 0 || !objects_fit(value, deepest - 1, most)) {
            return false;
        }
        bytes = behind;
    }
    bytes.is_empty()
}

pub(super) fn private_key(object: &Object<'_>, fetch: Fetch<'_>) -> Result<PrivateKey, DecodeError> {
    let der = Zeroizing::new(bytes(object, fetch)?);
    Ok(PrivateKey::from_pkcs8_der(&der))
}

pub(super) fn bytes(object: &Object<'_>, fetch: Fetch<'_>) -> Result<Vec<u8>, DecodeError> {
    match object {
        Object::Here(bytes) => Ok(bytes.as_bytes().to_vec()),
        Object::Shared(shared) => {
            let digest = shared.digest.as_bytes().try_into();
            Ok(fetch(&Place {
                offset: shared.offset,
                length: shared.length,
                digest: digest.map_err(|_| DecodeError::Record("the digest of a shared object"))?,
            })?)
        }
    }
}

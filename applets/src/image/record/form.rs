//! The ASN.1 of a record, as `record.rs` beside this folder states it, and the version that each form belongs to.

use der::asn1::{ContextSpecific, ContextSpecificRef, GeneralizedTime, OctetStringRef, Utf8StringRef};
use der::{Decode, Encode, Sequence, Tag, TagMode, TagNumber};
use zeroize::Zeroizing;

use super::super::object::Object;
use crate::birth::BirthDate;

/// A card with all of its applications: versions 1 and 2.
#[derive(Sequence)]
pub(super) struct Card<'a> {
    pub(super) name: Utf8StringRef<'a>,
    pub(super) profile: Utf8StringRef<'a>,
    pub(super) holder: Holder<'a>,
    pub(super) card_data: Vec<DataObject<'a>>,
    pub(super) jpki: Jpki<'a>,
    pub(super) input_assist: InputAssist<'a>,
    pub(super) face_info: FaceInfo<'a>,
    pub(super) residence_code: ResidenceCode<'a>,
    pub(super) card_info: CardInfo<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    pub(super) file_sizes: Option<Vec<Size<'a>>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) atr: Option<OctetStringRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) without_photo: Option<bool>,
    #[asn1(context_specific = "3", optional = "true")]
    pub(super) applications: Option<Vec<OctetStringRef<'a>>>,
}

impl Card<'_> {
    /// The first version that has each optional field of a record which the record uses; 1 for a record that uses none.
    fn version(&self) -> u32 {
        let birth = BirthDate::from_digits(self.holder.birth.as_bytes());
        // A program of version 1 finds no date in a birth date of which a part is unknown.
        let is_partly_unknown = birth.is_some_and(|birth| birth.known().is_none());
        let pins = [
            &self.jpki.sign_pin,
            &self.jpki.auth_pin,
            &self.input_assist.pin,
            &self.input_assist.code_a,
            &self.input_assist.code_b,
            &self.face_info.birth_date,
            &self.face_info.code_a,
            &self.face_info.code_b,
            &self.residence_code.pin,
            &self.card_info.pin,
        ];
        let is_later = self.file_sizes.is_some()
            || self.atr.is_some()
            || self.without_photo.is_some()
            || self.applications.is_some()
            || is_partly_unknown
            || pins.iter().any(|pin| pin.unset.is_some());
        if is_later { 2 } else { 1 }
    }
}

/// A token of which applications can be absent: what version 3 adds.
#[derive(Sequence)]
pub(super) struct Token<'a> {
    pub(super) name: Utf8StringRef<'a>,
    pub(super) profile: Utf8StringRef<'a>,
    pub(super) holder: Holder<'a>,
    pub(super) card_data: Vec<DataObject<'a>>,
    pub(super) jpki: Jpki<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    pub(super) input_assist: Option<InputAssist<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    pub(super) face_info: Option<FaceInfo<'a>>,
    #[asn1(context_specific = "2", optional = "true")]
    pub(super) residence_code: Option<ResidenceCode<'a>>,
    #[asn1(context_specific = "3", optional = "true")]
    pub(super) card_info: Option<CardInfo<'a>>,
    #[asn1(context_specific = "4", optional = "true")]
    pub(super) file_sizes: Option<Vec<Size<'a>>>,
    #[asn1(context_specific = "5", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) atr: Option<OctetStringRef<'a>>,
    #[asn1(context_specific = "6", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) without_photo: Option<bool>,
    #[asn1(context_specific = "7", optional = "true")]
    pub(super) applications: Option<Vec<OctetStringRef<'a>>>,
    #[asn1(context_specific = "8", optional = "true")]
    pub(super) mdoc: Option<Mdoc<'a>>,
}

impl<'a> From<Card<'a>> for Token<'a> {
    fn from(card: Card<'a>) -> Self {
        Self {
            name: card.name,
            profile: card.profile,
            holder: card.holder,
            card_data: card.card_data,
            jpki: card.jpki,
            input_assist: Some(card.input_assist),
            face_info: Some(card.face_info),
            residence_code: Some(card.residence_code),
            card_info: Some(card.card_info),
            file_sizes: card.file_sizes,
            atr: card.atr,
            without_photo: card.without_photo,
            applications: card.applications,
            mdoc: None,
        }
    }
}

/// A record of any version.
pub(super) enum Form<'a> {
    /// Versions 1 and 2.
    Card(Card<'a>),
    /// Version 3.
    Token(Token<'a>),
}

impl<'a> From<Token<'a>> for Form<'a> {
    /// The earliest form that has all of the token.
    fn from(token: Token<'a>) -> Self {
        let Token {
            input_assist: Some(input_assist),
            face_info: Some(face_info),
            residence_code: Some(residence_code),
            card_info: Some(card_info),
            mdoc: None,
            ..
        } = token
        else {
            return Self::Token(token);
        };
        Self::Card(Card {
            name: token.name,
            profile: token.profile,
            holder: token.holder,
            card_data: token.card_data,
            jpki: token.jpki,
            input_assist,
            face_info,
            residence_code,
            card_info,
            file_sizes: token.file_sizes,
            atr: token.atr,
            without_photo: token.without_photo,
            applications: token.applications,
        })
    }
}

impl<'a> From<Form<'a>> for Token<'a> {
    fn from(form: Form<'a>) -> Self {
        match form {
            Form::Card(card) => card.into(),
            Form::Token(token) => token,
        }
    }
}

impl<'a> Form<'a> {
    /// The tag around a [`Token`]: a [`Card`] begins with that of a SEQUENCE.
    const TOKEN: TagNumber = TagNumber::N0;

    pub(super) fn from_der(record: &'a [u8]) -> der::Result<Self> {
        if record.first() == Some(&u8::from(Tag::Sequence)) {
            return Card::from_der(record).map(Self::Card);
        }
        let wrapped = ContextSpecific::<Token<'_>>::from_der(record)?;
        match (wrapped.tag_number, wrapped.tag_mode) {
            (Self::TOKEN, TagMode::Explicit) => Ok(Self::Token(wrapped.value)),
            _ => Err(Tag::Sequence.value_error()),
        }
    }

    pub(super) fn to_der(&self) -> der::Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Card(card) => card.to_der(),
            Self::Token(token) => ContextSpecificRef {
                tag_number: Self::TOKEN,
                tag_mode: TagMode::Explicit,
                value: token,
            }
            .to_der(),
        }
        .map(Zeroizing::new)
    }

    /// The first version of the format that has this record.
    pub(super) fn version(&self) -> u32 {
        match self {
            Self::Card(card) => card.version(),
            Self::Token(_) => 3,
        }
    }
}

#[derive(Sequence)]
pub(super) struct Size<'a> {
    pub(super) application: OctetStringRef<'a>,
    pub(super) file: u16,
    pub(super) size: u16,
    pub(super) filler: u8,
}

#[derive(Sequence)]
pub(super) struct Holder<'a> {
    pub(super) name: Utf8StringRef<'a>,
    pub(super) kana: Utf8StringRef<'a>,
    pub(super) address: Utf8StringRef<'a>,
    pub(super) name_replaced: Vec<u32>,
    pub(super) address_replaced: Vec<u32>,
    pub(super) birth: String,
    pub(super) sex: u8,
    pub(super) my_number: Utf8StringRef<'a>,
    pub(super) municipality: Utf8StringRef<'a>,
    pub(super) prefecture_roman: Utf8StringRef<'a>,
    pub(super) municipality_roman: Utf8StringRef<'a>,
    pub(super) municipality_title: Utf8StringRef<'a>,
    pub(super) residence_code: Utf8StringRef<'a>,
    pub(super) security_code: Utf8StringRef<'a>,
    pub(super) issued: GeneralizedTime,
    pub(super) expiry: String,
    pub(super) remarks: Vec<String>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) key_pool: Option<u32>,
}

#[derive(Sequence)]
pub(super) struct DataObject<'a> {
    pub(super) tag: u16,
    pub(super) value: Object<'a>,
}

#[derive(Sequence)]
pub(super) struct Pin<'a> {
    pub(super) value: OctetStringRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) tries_left: Option<u8>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) unset: Option<bool>,
}

#[derive(Sequence)]
pub(super) struct CertifiedKey<'a> {
    pub(super) certificate: OctetStringRef<'a>,
    pub(super) key: Object<'a>,
}

#[derive(Sequence)]
pub(super) struct Jpki<'a> {
    pub(super) sign_ca: Object<'a>,
    pub(super) auth_ca: Object<'a>,
    pub(super) terminal_ca_id: OctetStringRef<'a>,
    pub(super) terminal_ca_modulus: Object<'a>,
    pub(super) terminal_ca_exponent: OctetStringRef<'a>,
    pub(super) token_serial: Utf8StringRef<'a>,
    pub(super) sign_pin: Pin<'a>,
    pub(super) auth_pin: Pin<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    pub(super) sign: Option<CertifiedKey<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    pub(super) auth: Option<CertifiedKey<'a>>,
}

#[derive(Sequence)]
pub(super) struct InputAssist<'a> {
    pub(super) files: Vec<Object<'a>>,
    pub(super) pin: Pin<'a>,
    pub(super) code_a: Pin<'a>,
    pub(super) code_b: Pin<'a>,
    pub(super) key: Object<'a>,
    pub(super) session_key: Object<'a>,
}

#[derive(Sequence)]
pub(super) struct FaceInfo<'a> {
    pub(super) files: Vec<Object<'a>>,
    pub(super) birth_date: Pin<'a>,
    pub(super) code_a: Pin<'a>,
    pub(super) code_b: Pin<'a>,
    pub(super) key: Object<'a>,
}

#[derive(Sequence)]
pub(super) struct ResidenceCode<'a> {
    pub(super) code: Utf8StringRef<'a>,
    pub(super) key_reference: OctetStringRef<'a>,
    pub(super) pin: Pin<'a>,
}

#[derive(Sequence)]
pub(super) struct CardInfo<'a> {
    pub(super) serial: String,
    pub(super) municipality: String,
    pub(super) expiry: String,
    pub(super) key_reference: OctetStringRef<'a>,
    pub(super) pin: Pin<'a>,
    pub(super) key: Object<'a>,
}

#[derive(Sequence)]
pub(super) struct Mdoc<'a> {
    pub(super) issuer_signed: OctetStringRef<'a>,
    pub(super) device_key: OctetStringRef<'a>,
}

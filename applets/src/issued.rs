//! A card as it was issued: everything that one card holds, and from which its applications are declared.
//!
//! An image keeps it ([`crate::image`]). It holds nothing of what use changes: the card's store keeps that.

use std::fmt;
use std::str::FromStr;

use der::DateTime;
use rand_core::CryptoRngCore;
use vmyna_apdu::Text;
use vmyna_card_os::declaration::{Application, PrivateKey, check};
use vmyna_card_os::state::Store;
use vmyna_card_os::{Card, CardError, Parts};

use crate::calendar::Date;
use crate::file_size::{self, FileSize};
use crate::free_area::{self, FreeApplication, FreeAreaError};
use crate::person::{Person, ResidenceCode, SecurityCode};
use crate::profile::{PhoneKind, Token};
use crate::{Profile, card_info, card_manager, face_info, input_assist, jpki, residence_code};

/// What begins a remark that is printed on the card. A program that doesn't know this shows it as a remark.
const PRINTED: &str = "追記欄: ";

/// The longest name of a card, in bytes.
pub(crate) const LONGEST_NAME: usize = 64;

/// The name of a card in its collection: 1 to 64 of `a-z 0-9 - _ .`, the first a letter or digit.
///
/// It is a part of file names and of what is typed, hence so few characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardName(String);

impl CardName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rule for names, in both languages.
    #[must_use]
    pub fn rule() -> Text {
        Text {
            en: RULE.to_owned(),
            ja: format!("カードの名前はa-z、0-9、-、_、.の1文字から{LONGEST_NAME}文字で、英小文字か数字で始まります"),
        }
    }
}

/// The rule for names.
const RULE: &str = "a card's name is 1 to 64 of a-z, 0-9, - _ and ., and begins with a letter or a digit";

impl FromStr for CardName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let other = |byte: &u8| first(byte) || b"-_.".contains(byte);
        if name.len() <= LONGEST_NAME && name.as_bytes().first().is_some_and(first) && name.as_bytes().iter().all(other)
        {
            Ok(Self(name.to_owned()))
        } else {
            Err(RULE)
        }
    }
}

impl fmt::Display for CardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known about a card without asking it: for summaries and for drawing its face. Nothing of it is read by the
/// card's applications.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The cardholder.
    pub person: Person,
    /// 住民票コード.
    pub residence_code: ResidenceCode,
    /// セキュリティコード.
    pub security_code: SecurityCode,
    /// When the card was issued, UTC.
    pub issued: DateTime,
    /// The day on which the card ends.
    pub expiry: Date,
    /// How many sets of keys the cards of this collection share, when this card's keys are not its own.
    pub key_pool: Option<u32>,
    /// How the texts of the card's face were made to fit, where they were not drawn as they are; a sentence each. Between
    /// them the lines of [`Self::printed`].
    pub remarks: Vec<String>,
    /// Whether the card is without a photo, as one for a child under one year can be.
    pub without_photo: bool,
}

impl Summary {
    /// A summary of a card with keys of its own, without remarks.
    #[must_use]
    pub const fn new(
        person: Person,
        residence_code: ResidenceCode,
        security_code: SecurityCode,
        issued: DateTime,
        expiry: Date,
    ) -> Self {
        Self {
            person,
            residence_code,
            security_code,
            issued,
            expiry,
            key_pool: None,
            remarks: Vec::new(),
            without_photo: false,
        }
    }

    /// A line of the remarks field (追記欄) of the card's face, as [`Self::remarks`] has it.
    #[must_use]
    pub fn printed_line(line: &str) -> String {
        format!("{PRINTED}{line}")
    }

    /// The lines in the remarks field (追記欄) of the card's face.
    pub fn printed(&self) -> impl Iterator<Item = &str> {
        self.remarks.iter().filter_map(|remark| remark.strip_prefix(PRINTED))
    }

    /// The remarks that are not on the card's face.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        let remarks = self.remarks.iter().map(String::as_str);
        remarks.filter(|remark| !remark.starts_with(PRINTED))
    }
}

/// カード代替電磁的記録, the mdoc of a phone, with the key of the device. `Debug` shows nothing of either.
#[derive(Clone)]
pub struct MobileDocument {
    /// What the issuer has signed: the CBOR of `IssuerSigned` (ISO/IEC 18013-5).
    pub issuer_signed: Vec<u8>,
    /// The device key, P-256.
    pub device_key: PrivateKey,
}

impl fmt::Debug for MobileDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MobileDocument(masked)")
    }
}

/// What the built-in applications of one card hold.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Objects of the card manager.
    pub card_data: card_manager::CardData,
    /// 公的個人認証AP.
    pub jpki: jpki::Contents,
    /// 券面事項入力補助AP.
    pub input_assist: input_assist::Contents,
    /// 券面事項確認AP.
    pub face_info: face_info::Contents,
    /// 住基AP.
    pub residence_code: residence_code::Contents,
    /// 共通カードAP.
    pub card_info: card_info::Contents,
}

/// One card, or the token of one phone, as issued.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedCard {
    /// Its name in the collection.
    pub name: CardName,
    /// Which generation of the card it is.
    pub profile: Profile,
    /// About it.
    pub summary: Summary,
    /// Objects of the card manager.
    pub card_data: card_manager::CardData,
    /// 公的個人認証AP.
    pub jpki: jpki::Contents,
    /// 券面事項入力補助AP; a card has it, a phone doesn't.
    pub input_assist: Option<input_assist::Contents>,
    /// 券面事項確認AP; a card has it, a phone doesn't.
    pub face_info: Option<face_info::Contents>,
    /// 住基AP; a card has it, a phone doesn't.
    pub residence_code: Option<residence_code::Contents>,
    /// 共通カードAP; a card has it, a phone doesn't.
    pub card_info: Option<card_info::Contents>,
    /// カード代替電磁的記録 of a phone.
    pub mdoc: Option<MobileDocument>,
    /// The sizes of files that are longer than their contents. Every other file is as long as they are.
    pub file_sizes: Vec<FileSize>,
    /// The applications of its free area (空き領域), in the order in which they were put there.
    pub free: Vec<FreeApplication>,
}

impl IssuedCard {
    /// A card with these contents, whose files are as long as what they hold.
    #[must_use]
    pub fn new(name: CardName, profile: Profile, summary: Summary, contents: Contents) -> Self {
        Self {
            name,
            profile,
            summary,
            card_data: contents.card_data,
            jpki: contents.jpki,
            input_assist: Some(contents.input_assist),
            face_info: Some(contents.face_info),
            residence_code: Some(contents.residence_code),
            card_info: Some(contents.card_info),
            mdoc: None,
            file_sizes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The token of a phone with these certificates: it has the JPKI application only.
    #[must_use]
    pub fn of_phone(
        name: CardName,
        profile: Profile,
        summary: Summary,
        jpki: jpki::Contents,
        mdoc: Option<MobileDocument>,
    ) -> Self {
        Self {
            name,
            profile,
            summary,
            card_data: card_manager::CardData::new(),
            jpki,
            input_assist: None,
            face_info: None,
            residence_code: None,
            card_info: None,
            mdoc,
            file_sizes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Which phone it is the token of; `None` for a card.
    #[must_use]
    pub const fn phone(&self) -> Option<PhoneKind> {
        match self.profile.token {
            Token::Card => None,
            Token::Phone(kind) => Some(kind),
        }
    }

    /// The card with files of these sizes.
    #[must_use]
    pub fn with_file_sizes(self, file_sizes: Vec<FileSize>) -> Self {
        Self { file_sizes, ..self }
    }

    /// The card with these applications in its free area.
    ///
    /// # Errors
    /// [`FreeAreaError`]: they can't be on one card, or the token is a phone's, which has no free area (`assumed`).
    pub fn with_free_applications(self, free: Vec<FreeApplication>) -> Result<Self, FreeAreaError> {
        if self.phone().is_some() && !free.is_empty() {
            return Err(free_area::none_on_a_phone());
        }
        free_area::check_set(&free)?;
        let card = Self { free, ..self };
        check(&card.applications())?;
        Ok(card)
    }

    /// The card under another name.
    #[must_use]
    pub fn with_name(self, name: CardName) -> Self {
        Self { name, ..self }
    }

    /// The card as one of another generation, batch or interface.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The applications of the card, those of its free area last; the first is the one selected at power-up.
    #[must_use]
    pub fn applications(&self) -> Vec<Application> {
        let profile = &self.profile;
        let mut applications = vec![
            card_manager::declare(profile, self.card_data.clone()),
            jpki::declare(profile, self.jpki.clone()),
        ];
        let input_assist = self.input_assist.clone();
        applications.extend(input_assist.map(|contents| input_assist::declare(profile, contents)));
        let face_info = self.face_info.clone();
        applications.extend(face_info.map(|contents| face_info::declare(profile, contents)));
        let residence_code = self.residence_code.clone();
        applications.extend(residence_code.map(|contents| residence_code::declare(profile, contents)));
        let card_info = self.card_info.clone();
        applications.extend(card_info.map(|contents| card_info::declare(profile, contents)));
        for application in &mut applications {
            let files = std::mem::take(&mut application.files).into_iter();
            application.files = files
                .map(|file| file_size::sized(application.aid, file, &self.file_sizes))
                .collect();
        }
        applications.extend(self.free.iter().map(|free| free.application().clone()));
        applications
    }

    /// The card itself, without power: `store` keeps what changes in it, `rng` is where its random numbers come from.
    ///
    /// # Errors
    /// [`CardError`]: in practice that the store can't give the state.
    pub fn card(&self, store: Box<dyn Store + Send>, rng: Box<dyn CryptoRngCore + Send>) -> Result<Card, CardError> {
        Card::new(Parts::new(self.applications(), self.profile.atr.clone(), rng).with_store(store))
    }
}

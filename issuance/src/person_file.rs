//! The person file: a fictional person and what is chosen for their card, as TOML, read into a checked [`Order`].
//!
//! All errors of a file are reported at once, each with its place. This module must never open a file itself, never ask
//! for the time, and never put a PIN, a My Number or a residence code into an error or a remark.
//!
//! | Key | |
//! |---|---|
//! | `name`\*, `kana` | 氏名 in the register's characters, its reading; parts separated by a blank |
//! | `address`\* | 住所 likewise, from the prefecture on |
//! | `substitutes` | 代替文字: what the certificate has for a character that it lacks, e.g. `{ "𩸽" = "タ" }` |
//! | `input-assist-text` | `register`, or `certificate` if the input-assist application has the substitutes too |
//! | `former-name`, `roman-name` | 旧氏, ローマ字 |
//! | `remarks` | what is printed in the remarks field (追記欄), of `kana`, `former-name`, `roman-name`; otherwise the last two |
//! | `birth`\* | 生年月日, e.g. `1989-10-25`; in quotes with 00 for what is not known, e.g. `"1945-00-00"` |
//! | `sex`\* | `male`, `female`, `other`, `unknown`; 男, 女 |
//! | `my-number`, `residence-code`, `security-code` | 個人番号, 住民票コード, セキュリティコード; invented when absent |
//! | `photo` | a picture's path |
//! | `profile` | generation of the card |
//! | `card-name` | its name in a collection |
//! | `[municipality]` `code`\*, `prefecture`, `name`, `title` | the issuing municipality; the names only where the code is not known here |
//! | `[card]` `issued`, `expiry` | when it begins and ends |
//! | `[card]` `pins` | `none`: a card without PINs (顔認証マイナンバーカード), which has no certificate to sign |
//! | `[card]` `photo` | `none`: a card without a photo, as a child under one year can have since 2024-12-02 |
//! | `[card]` `atr` | an ATR of the card's own, in hexadecimal digits |
//! | `[card]` `file_sizes` | `profile`: the sizes of real cards, `exact`: as long as what a file holds |
//! | `[certificates]` `sign`, `auth` | whether it has them |
//! | `[certificates]` `issued`, `until` | when they begin and end, where that is not as the rule has it |
//! | `[pins]` `sign`, `auth`, `input-assist`, `residence` | its PINs |
//! | `[pins.tries-left]` | how many tries are left of each PIN, by its name in [`vmyna_applets::pins`]; 0 is blocked |
//!
//! \* must be given.

mod dates;
mod holder;
mod inventor;
mod life;
mod pins;
mod source;
#[cfg(test)]
mod tests;

use der::DateTime;
use rsa::rand_core::CryptoRngCore;
use toml::de::DeTable;
use vmyna_apdu::{Text, text};
use vmyna_card_os::declaration::ReferenceData;

pub use pins::pin_refusal;
use vmyna_applets::Profile;
use vmyna_applets::atr::Atr;
use vmyna_applets::calendar::Date;
use vmyna_applets::file_size::FileSizes;
use vmyna_applets::issued::CardName;
use vmyna_applets::person::Person;
use vmyna_applets::pins as names;

use super::order::{Order, Pins, TextForm};
use super::pictures::DEFAULT_PHOTO;
use super::toml_file::{self, TomlFileError};
use super::{characters, validity};
use inventor::Inventor;
use life::Life;
use source::{Place, Reported, Section, Source};

/// One error of a person file and its place. It never holds the value that is wrong.
pub type PersonFileError = TomlFileError;

/// What a file need not say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Defaults {
    /// The card's name.
    pub name: CardName,
    /// The time of issue, UTC.
    pub now: DateTime,
    /// The generation of the card.
    pub profile: Profile,
    /// The sizes of its files.
    pub file_sizes: FileSizes,
    /// An ATR of its own.
    pub atr: Option<Atr>,
}

impl Defaults {
    /// Defaults for a card of the default generation.
    #[must_use]
    pub fn new(name: CardName, now: DateTime) -> Self {
        Self {
            name,
            now,
            profile: Profile::default(),
            file_sizes: FileSizes::default(),
            atr: None,
        }
    }

    /// The defaults for a card of another generation.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The defaults for a card with an ATR of its own, if one is given.
    #[must_use]
    pub fn with_atr(self, atr: Option<Atr>) -> Self {
        Self { atr, ..self }
    }

    /// The defaults for a card with files of these sizes.
    #[must_use]
    pub fn with_file_sizes(self, file_sizes: FileSizes) -> Self {
        Self { file_sizes, ..self }
    }
}

/// A person file that was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PersonFile {
    /// The order, with [`DEFAULT_PHOTO`].
    pub order: Order,
    /// The photo's path as the file has it: relative to the file.
    pub photo: Option<String>,
    /// PINs that the file does not give, so that nobody knows them but by being told; the sign password only where the
    /// card has a certificate for it.
    pub default_pins: Vec<PinName>,
    /// Fields that were invented, e.g. `my-number`.
    pub invented: Vec<&'static str>,
    /// What is not as the file or the rule has it though nothing is wrong, a sentence each, e.g. substituted characters.
    pub remarks: Vec<String>,
}

/// A PIN that the cardholder chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinName {
    /// 署名用パスワード.
    Sign,
    /// 利用者証明用暗証番号.
    Auth,
    /// 券面事項入力補助用暗証番号.
    InputAssist,
    /// 住民基本台帳用暗証番号.
    Residence,
}

impl PinName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sign, Self::Auth, Self::InputAssist, Self::Residence];

    /// Its key in `[pins]`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sign => names::SIGN.name,
            Self::Auth => names::AUTH.name,
            Self::InputAssist => names::INPUT_ASSIST.name,
            Self::Residence => names::RESIDENCE.name,
        }
    }

    /// Its value.
    #[must_use]
    pub const fn of(self, pins: &Pins) -> &ReferenceData {
        match self {
            Self::Sign => &pins.sign,
            Self::Auth => &pins.auth,
            Self::InputAssist => &pins.input_assist,
            Self::Residence => &pins.residence,
        }
    }
}

/// Reads a person file. What the file leaves open is invented with `rng`; the same file, defaults and generator give the
/// same order.
///
/// # Errors
/// Every fault of the file, in the order of its lines, those without a line last. Faults of TOML itself come alone: what
/// the rest means is not certain then.
pub fn read(text: &str, defaults: &Defaults, rng: &mut dyn CryptoRngCore) -> Result<PersonFile, Vec<PersonFileError>> {
    let text = toml_file::without_mark(text);
    let table = toml_file::parse(text)?;
    let mut source = Source::new(text);
    let file = read_table(&mut source, Section::top(&table), defaults, rng);
    let faults = source.into_faults();
    match file {
        Ok(file) if faults.is_empty() => Ok(file),
        _ => Err(faults),
    }
}

/// Reads a person file that is the table with this dotted name in a larger file. The names of fields in faults begin with it.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_part(
    text: &str,
    (table, path): (&DeTable<'_>, &str),
    defaults: &Defaults,
    rng: &mut dyn CryptoRngCore,
) -> Result<PersonFile, Vec<PersonFileError>> {
    let mut source = Source::new(text);
    let file = read_table(&mut source, Section::top(table), defaults, rng);
    let faults = source.into_faults();
    match file {
        Ok(file) if faults.is_empty() => Ok(file),
        _ => Err(faults.into_iter().map(|fault| fault.within(path)).collect()),
    }
}

fn read_table(
    source: &mut Source<'_>,
    top: Section<'_>,
    defaults: &Defaults,
    rng: &mut dyn CryptoRngCore,
) -> Result<PersonFile, Reported> {
    source.check_keys(top);
    let mut remarks = Vec::new();
    // Each field is read even if one before it is wrong, so that all errors are reported at once.
    let name = card_name(source, top, defaults);
    let profile = profile(source, top, defaults);
    let photo = photo(source, top);
    let person_name = holder::name(source, top);
    let kana = holder::kana(source, top);
    let address = holder::address(source, top);
    let substitutes = holder::substitutes(source, top);
    let input_assist_text = holder::text_form(source, top);
    let former_name = holder::former_name(source, top);
    let roman_name = holder::roman_name(source, top);
    let sex = holder::sex(source, top);
    let my_number = holder::my_number(source, top);
    let residence_code = holder::residence_code(source, top);
    let security_code = holder::security_code(source, top);
    let municipality = holder::municipality(source, top);
    let birth = dates::birth(source, top);
    let birth_date = birth.as_ref().ok().map(|(date, _)| *date);
    let card = source.section(top, "card");
    let file_sizes = card.and_then(|card| file_sizes(source, card, defaults));
    let atr = card.and_then(|card| atr(source, card));
    let without_pins = card.and_then(|card| none(source, card, "pins"));
    let without_photo = card.and_then(|card| none(source, card, "photo"));
    let pinless = matches!(without_pins, Ok(Some(_)));
    let life = life::read(source, top, (card, birth), pinless, defaults, &mut remarks);
    let pins_section = source.section(top, "pins");
    let given_code = security_code.as_ref().ok().copied().flatten();
    let pins = pins_section.and_then(|section| match pinless {
        true => pins::none(source, section),
        false => pins::read(source, section, birth_date, given_code),
    });
    let tries = pins_section.and_then(|section| pins::tries(source, section));

    // A wrong text is reported once, not again for what depends on it.
    let texts = (|| Ok((person_name?, address?, kana?, substitutes?, former_name?, roman_name?)))();
    let checked = texts.and_then(|(name, address, kana, substitutes, former_name, roman_name)| {
        let printed = holder::printed(source, top, &kana, former_name.as_ref(), roman_name.as_ref());
        let needed = life.as_ref().is_ok_and(|life| life.sign)
            || input_assist_text
                .as_ref()
                .is_ok_and(|form| *form == TextForm::Certificate);
        if needed {
            holder::certified(source, (&name, &address), &kana, &substitutes, &mut remarks)?;
        }
        for (key, text) in [("name", &name.0), ("address", &address.0)] {
            holder::drawn(key, text, &mut remarks);
        }
        for unused in substitutes.unused(&[&name.0, &address.0]) {
            let unused: Vec<String> = unused.chars().map(characters::shown).collect();
            remarks.push(format!(
                "substitutes: neither name nor address has {}",
                unused.join(" with ")
            ));
        }
        Ok((name.0, address.0, kana, substitutes, printed?))
    });
    let (life, pins) = (life?, pins?);
    let (person_name, address, kana, substitutes, printed) = checked?;
    let mut inventor = Inventor::new(rng);
    let photo = photo?;
    let without_photo = check_photo(source, (without_photo?, photo.as_ref()), &life, &mut remarks)?;
    let profile = match atr?.as_ref().or(defaults.atr.as_ref()) {
        Some(atr) => profile?.with_own_atr(atr),
        None => profile?,
    };
    let mut impossible = || {
        source.error(
            Place::file(),
            text!("no number could be invented", "番号を作り出せませんでした"),
        )
    };
    let mut person = Person::new(
        person_name,
        address,
        life.birth,
        sex?,
        inventor.my_number(my_number?).ok_or_else(&mut impossible)?,
        municipality?,
    );
    person.kana = kana;
    let order = Order {
        name: name?,
        person,
        substitutes,
        input_assist_text: input_assist_text?,
        printed,
        residence_code: inventor.residence_code(residence_code?).ok_or_else(&mut impossible)?,
        security_code: inventor
            .security_code(security_code?, &pins.pins)
            .ok_or_else(&mut impossible)?,
        issued: life.issued,
        expiry: life.expiry,
        sign_certificate: life.sign,
        auth_certificate: life.auth,
        certificate_dates: life.dates,
        pins: pins.pins,
        tries: tries?,
        without_pins: without_pins?.is_some(),
        photo: if without_photo {
            Vec::new()
        } else {
            DEFAULT_PHOTO.to_vec()
        }
        .into(),
        profile,
        file_sizes: file_sizes?,
    };
    if let Err(error) = order.check() {
        let message = text!("{error}", "この内容のカードは発行できません（{error}）");
        return Err(source.error(Place::file(), message));
    }
    let used = |pin: &PinName| order.sign_certificate || *pin != PinName::Sign;
    Ok(PersonFile {
        default_pins: pins.defaults.into_iter().filter(used).collect(),
        invented: inventor.fields,
        order,
        photo,
        remarks,
    })
}

fn card_name(source: &mut Source<'_>, top: Section<'_>, defaults: &Defaults) -> Result<CardName, Reported> {
    match source.text(top, "card-name")? {
        Some((text, place)) => text.parse().map_err(|_| source.error(place, CardName::rule())),
        None => Ok(defaults.name.clone()),
    }
}

fn profile(source: &mut Source<'_>, top: Section<'_>, defaults: &Defaults) -> Result<Profile, Reported> {
    let Some((text, place)) = source.text(top, "profile")? else {
        return Ok(defaults.profile.clone());
    };
    Profile::find(text).ok_or_else(|| source.error(place, one_of(&Profile::NAMES)))
}

fn one_of(names: &[&str]) -> Text {
    let names = names.join(", ");
    text!("is one of: {names}", "次のどれかです: {names}")
}

/// Whether the card is without this, and where that stands.
fn none(source: &mut Source<'_>, card: Section<'_>, key: &str) -> Result<Option<Place>, Reported> {
    match source.text(card, key)? {
        Some(("none", place)) => Ok(Some(place)),
        Some((_, place)) => {
            let message = text!("is \"none\", or is left out", "\"none\"と書くか、項目ごと省きます");
            Err(source.error(place, message))
        }
        None => Ok(None),
    }
}

fn atr(source: &mut Source<'_>, card: Section<'_>) -> Result<Option<Atr>, Reported> {
    let Some((text, place)) = source.text(card, "atr")? else {
        return Ok(None);
    };
    let atr: Result<Atr, _> = text.parse();
    atr.map(Some).map_err(|fault| source.error(place, fault.text()))
}

/// Notes what is unusual about a card without a photo.
fn check_photo(
    source: &mut Source<'_>,
    (without, photo): (Option<Place>, Option<&String>),
    life: &Life,
    remarks: &mut Vec<String>,
) -> Result<bool, Reported> {
    /// Since when cards for children under one year are issued without a photo.
    const SINCE: &str = "20241202";
    let Some(place) = without else { return Ok(false) };
    if photo.is_some() {
        let message = text!(
            "is none, but the file names a photo",
            "noneですが、写真が指定されています"
        );
        return Err(source.error(place, message));
    }
    let day = validity::day_in_japan(life.issued).map_err(|_| source.error(place, dates::range()))?;
    if life.birth.age_on(day) >= 1 || Date::from_digits(SINCE.as_bytes()).is_some_and(|since| day < since) {
        remarks.push(
            "card.photo: none is kept, though only children under one year get such a card, since 2024-12-02"
                .to_owned(),
        );
    }
    Ok(true)
}

fn file_sizes(source: &mut Source<'_>, card: Section<'_>, defaults: &Defaults) -> Result<FileSizes, Reported> {
    let Some((text, place)) = source.text(card, "file_sizes")? else {
        return Ok(defaults.file_sizes);
    };
    FileSizes::find(text).ok_or_else(|| source.error(place, one_of(&FileSizes::NAMES)))
}

fn photo(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<String>, Reported> {
    let Some((text, place)) = source.text(top, "photo")? else {
        return Ok(None);
    };
    if text.is_empty() || text.chars().any(char::is_control) {
        let message = text!(
            "is the path of a picture, relative to this file",
            "写真のパスを、このファイルからの相対パスで書きます"
        );
        return Err(source.error(place, message));
    }
    Ok(Some(text.to_owned()))
}

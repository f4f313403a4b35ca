//! The names of the card's PINs. This is the only place that states them.
//!
//! | Name | Application, EF | In messages | In Japanese | Older names |
//! |---|---|---|---|---|
//! | `auth` | jpki 0018 | auth PIN | 利用者証明用暗証番号 | |
//! | `sign` | jpki 001B | sign password | 署名用パスワード | |
//! | `input-assist` | input_assist 0011 | input-assist PIN | 券面事項入力補助用暗証番号 | |
//! | `code-a` | input_assist 0014 | verification code A | 照合番号A | `text-code-a` |
//! | `code-b` | input_assist 0015 | verification code B | 照合番号B | `text-code-b` |
//! | `birth` | face_info 0011 | birth PIN | 生年月日 | `birth-date` |
//! | `code-b@face_info` | face_info 0012 | verification code B | 照合番号B | `face-code-b` |
//! | `code-a@face_info` | face_info 0013 | verification code A | 照合番号A | `face-code-a` |
//! | `residence` | residence_code 001C | residence PIN | 住民基本台帳用暗証番号 | |
//! | `common` | card_info 001C | common PIN | 個人番号カード用暗証番号 | `card-info` |
//!
//! Person files, options, test vectors and traces use the names of the first column, and messages those of the third. An
//! older name is still accepted wherever a name is read. 照合番号A and B are in two applications with a counter in each:
//! `code-a` alone names the value, and the counter of the first application.

use vmyna_apdu::{Aid, FileId};

use crate::aids;

/// A PIN in one application, where it has a counter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardPin {
    /// Its name in person files, options, vectors and traces: `auth`, `code-a@face_info`.
    pub name: &'static str,
    /// Its name in English messages: `auth PIN`.
    pub label: &'static str,
    /// Its name in Japanese.
    pub title: &'static str,
    /// Names of earlier versions, which are still accepted.
    pub aliases: &'static [&'static str],
    /// The application.
    pub aid: Aid,
    /// The internal file.
    pub file: FileId,
}

/// A PIN from its name, label and title, its older names, application and file.
const fn pin(names: [&'static str; 3], aliases: &'static [&'static str], aid: Aid, file: u16) -> CardPin {
    let [name, label, title] = names;
    let file = FileId::new(file);
    CardPin {
        name,
        label,
        title,
        aliases,
        aid,
        file,
    }
}

/// 利用者証明用暗証番号.
pub const AUTH: CardPin = pin(["auth", "auth PIN", "利用者証明用暗証番号"], &[], aids::JPKI, 0x0018);

/// 署名用パスワード.
pub const SIGN: CardPin = pin(["sign", "sign password", "署名用パスワード"], &[], aids::JPKI, 0x001B);

/// 券面事項入力補助用暗証番号.
pub const INPUT_ASSIST: CardPin = pin(
    ["input-assist", "input-assist PIN", "券面事項入力補助用暗証番号"],
    &[],
    aids::INPUT_ASSIST,
    0x0011,
);

/// 照合番号A of the input-assist application.
pub const CODE_A: CardPin = pin(
    ["code-a", "verification code A", "照合番号A"],
    &["text-code-a"],
    aids::INPUT_ASSIST,
    0x0014,
);

/// 照合番号B of the input-assist application.
pub const CODE_B: CardPin = pin(
    ["code-b", "verification code B", "照合番号B"],
    &["text-code-b"],
    aids::INPUT_ASSIST,
    0x0015,
);

/// 生年月日 as a PIN.
pub const BIRTH: CardPin = pin(
    ["birth", "birth PIN", "生年月日"],
    &["birth-date"],
    aids::FACE_INFO,
    0x0011,
);

/// 照合番号B of the face-info application.
pub const FACE_CODE_B: CardPin = pin(
    ["code-b@face_info", "verification code B", "照合番号B"],
    &["face-code-b"],
    aids::FACE_INFO,
    0x0012,
);

/// 照合番号A of the face-info application.
pub const FACE_CODE_A: CardPin = pin(
    ["code-a@face_info", "verification code A", "照合番号A"],
    &["face-code-a"],
    aids::FACE_INFO,
    0x0013,
);

/// 住民基本台帳用暗証番号.
pub const RESIDENCE: CardPin = pin(
    ["residence", "residence PIN", "住民基本台帳用暗証番号"],
    &[],
    aids::RESIDENCE_CODE,
    0x001C,
);

/// The PIN of the common application, 個人番号カード用暗証番号. Municipal terminals keep it equal to [`RESIDENCE`].
pub const COMMON: CardPin = pin(
    ["common", "common PIN", "個人番号カード用暗証番号"],
    &["card-info"],
    aids::CARD_INFO,
    0x001C,
);

/// All of them, in the order of the applications and files.
pub const ALL: [CardPin; 10] = [
    AUTH,
    SIGN,
    INPUT_ASSIST,
    CODE_A,
    CODE_B,
    BIRTH,
    FACE_CODE_B,
    FACE_CODE_A,
    RESIDENCE,
    COMMON,
];

impl CardPin {
    /// The PIN in this file.
    #[must_use]
    pub fn of(aid: Aid, file: FileId) -> Option<Self> {
        ALL.into_iter().find(|pin| (pin.aid, pin.file) == (aid, file))
    }

    /// The PIN with exactly this name or older name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        ALL.into_iter()
            .find(|pin| pin.name == name || pin.aliases.contains(&name))
    }

    /// The name without an application: PINs with the same value name are given by one value.
    #[must_use]
    pub fn value_name(&self) -> &'static str {
        self.name.split_once('@').map_or(self.name, |(name, _)| name)
    }

    /// The English and Japanese name of the file that declares it.
    pub(crate) const fn names(&self) -> (&'static str, &'static str) {
        (self.label, self.title)
    }
}

/// The names of the values, in the order of [`ALL`]: `auth`, `sign`, …, each once.
#[must_use]
pub fn value_names() -> Vec<&'static str> {
    let mut names = Vec::new();
    for pin in ALL {
        if !names.contains(&pin.value_name()) {
            names.push(pin.value_name());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use vmyna_card_os::declaration::Body;

    use super::*;
    use crate::{input_assist, specimen};

    #[test]
    fn every_pin_of_a_declaration_but_the_blocked_one_has_a_name() {
        let card = specimen::find("hanako").unwrap().unwrap();
        let mut named = Vec::new();
        for application in card.applications() {
            for file in application
                .files
                .iter()
                .filter(|file| matches!(file.body, Body::Pin(_)))
            {
                match CardPin::of(application.aid, file.id) {
                    Some(pin) => {
                        assert_eq!((&*file.name, &*file.title), pin.names());
                        named.push(pin);
                    }
                    None => assert_eq!(file.id, input_assist::ef::BLOCKED),
                }
            }
        }
        assert_eq!(named, ALL);
    }

    #[test]
    fn every_older_name_is_accepted_and_names_one_pin() {
        let older = [
            ("text-code-a", CODE_A),
            ("text-code-b", CODE_B),
            ("birth-date", BIRTH),
            ("face-code-a", FACE_CODE_A),
            ("face-code-b", FACE_CODE_B),
            ("card-info", COMMON),
        ];
        for (name, pin) in older {
            assert_eq!(CardPin::find(name), Some(pin), "{name}");
        }
        let mut names: Vec<_> = ALL
            .iter()
            .flat_map(|pin| pin.aliases.iter().chain([&pin.name]))
            .collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!((names.len(), count), (16, 16));
        for pin in ALL {
            assert_eq!(CardPin::find(pin.name), Some(pin));
            assert_eq!(CardPin::find(pin.label), None);
        }
    }

    #[test]
    fn a_value_has_one_name_in_every_application() {
        assert_eq!(
            value_names(),
            [
                "auth",
                "sign",
                "input-assist",
                "code-a",
                "code-b",
                "birth",
                "residence",
                "common"
            ]
        );
        for pin in ALL {
            let place = pin.name.split_once('@').map(|(_, application)| application);
            assert!(
                place.is_none_or(|application| application == "face_info"),
                "{}",
                pin.name
            );
        }
    }

    #[test]
    fn the_table_of_names_in_the_documentation_is_complete() {
        let rows: Vec<_> = include_str!("pins.rs")
            .lines()
            .filter(|line| line.starts_with("//! | `"))
            .collect();
        assert_eq!(rows.len(), ALL.len());
        let card = specimen::find("hanako").unwrap().unwrap();
        for (row, pin) in rows.iter().zip(ALL) {
            let application = card
                .applications()
                .into_iter()
                .find(|known| known.aid == pin.aid)
                .unwrap();
            let older = pin.aliases.first().map_or(String::new(), |name| format!(" `{name}`"));
            let CardPin {
                name,
                label,
                title,
                file,
                ..
            } = pin;
            let place = format!("{} {file}", application.name);
            assert_eq!(*row, format!("//! | `{name}` | {place} | {label} | {title} |{older} |"));
        }
    }
}

//! Generations, batches and interfaces of the card. A profile is an input of the declarations, so that a card is one
//! generation's throughout.
//!
//! A profile states what was observed of some cards, each fact with its certainty and source. Unpublished facts it takes
//! over from the default profile, as assumptions. It must never invent a card. The two profiles of a phone's token (スマホ搭載)
//! are apart from those of cards, because no card is issued so. There is none for the coming card with ECDSA keys, because its
//! interface is not public.

use vmyna_apdu::TypeB;
use vmyna_card_os::rule::Basis;

use crate::atr::Atr;
use crate::file_size::{self, FileSize};
use crate::{assumed, documented, measured};

/// How a reader reaches the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// By its contacts, T=1.
    Contact,
    /// Over the air, ISO/IEC 14443 type B. The reader makes an ATR of this description (PC/SC part 3), and answers for the
    /// card's PUPI, which is random.
    Contactless(TypeB),
}

/// What has the certificates: a card or a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Token {
    /// A card.
    Card,
    /// A phone of this kind.
    Phone(PhoneKind),
}

/// The kinds of phones that certificates can be on (スマホ用電子証明書).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PhoneKind {
    /// An iPhone, which has the mdoc too.
    Iphone,
    /// An Android phone.
    Android,
}

impl PhoneKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Iphone, Self::Android];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iphone => "iphone",
            Self::Android => "android",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a person calls it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Iphone => "iPhone",
            Self::Android => "Android",
        }
    }
}

/// What differs between cards of different generations, batches and interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// What it is called, e.g. on the command line and in a card's image: 1 to 64 of `a-z 0-9 -`.
    pub name: &'static str,
    /// What has the certificates.
    pub token: Token,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// The facts of the profile, each with its certainty and source.
    pub facts: Vec<(&'static str, Basis)>,
    /// How it is reached.
    pub interface: Interface,
    /// The ATR that a program sees: the card's own with contacts, the reader's work without.
    pub atr: Vec<u8>,
    /// The card's own contact ATR, which GET DATA `5F51` returns without its first byte.
    pub contact_atr: Vec<u8>,
    /// Whether the card manager has GET DATA `5F51` as well, which all applications have.
    pub contact_atr_at_card_manager: bool,
    /// Label of the JPKI token (EF 0006), at most 32 characters. It differs between cards and phones.
    pub token_label: &'static str,
    /// Whether the certificate of the card's own key (GET DATA `7F21`) is there; older cards lack it.
    pub card_certificate: bool,
    /// The sizes of the files of a card that is issued so.
    pub file_sizes: Vec<FileSize>,
}

/// The contact ATR by which OpenSC knows the card: T=1, no historical bytes.
const CONTACT_ATR: [u8; 9] = [0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];

impl Profile {
    /// The names of all profiles of cards, the default's first. A batch is called after the beginning of its contact ATR, or after
    /// the application data that its contactless ATR shows.
    pub const NAMES: [&str; 10] = [
        "contact",
        "contact-3bc5",
        "contact-3bda",
        "contact-3bf5-a1",
        "contact-3bf5-d1",
        "contact-old",
        "contactless",
        "contactless-41e0",
        "contactless-51ff",
        "contactless-51ff-106",
    ];

    /// The names of the profiles of phones' tokens.
    pub const PHONE_NAMES: [&str; 2] = ["phone-iphone", "phone-android"];

    /// The profile of this name, of a card or of a phone's token.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "phone-iphone" => Some(Self::phone(PhoneKind::Iphone)),
            "phone-android" => Some(Self::phone(PhoneKind::Android)),
            _ => Self::find(name),
        }
    }

    /// The profile of a card with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Some(match name {
            "contact" => Self::contact(),
            "contact-3bc5" => Self::contact_3bc5(),
            "contact-3bda" => Self::contact_3bda(),
            "contact-3bf5-a1" => Self::contact_3bf5_a1(),
            "contact-3bf5-d1" => Self::contact_3bf5_d1(),
            "contact-old" => Self::contact_old(),
            "contactless" => Self::contactless(),
            "contactless-41e0" => Self::contactless_41e0(),
            "contactless-51ff" => Self::contactless_51ff(),
            "contactless-51ff-106" => Self::contactless_51ff_106(),
            _ => return None,
        })
    }

    /// All profiles of cards, in the order of [`Profile::NAMES`].
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().filter_map(Self::find)
    }

    /// The profile with another ATR. With contacts it is the card's own, which GET DATA `5F51` returns too.
    #[must_use]
    pub fn with_own_atr(mut self, atr: &Atr) -> Self {
        self.atr = atr.as_bytes().to_vec();
        if self.interface == Interface::Contact {
            self.contact_atr.clone_from(&self.atr);
        }
        self
    }

    /// The first profile with this ATR: a card that shows it may well be a My Number Card.
    #[must_use]
    pub fn with_atr(atr: &[u8]) -> Option<Self> {
        Self::all().find(|profile| profile.atr == atr)
    }

    /// A card in a reader with contacts, with the ATR by which OpenSC knows the card.
    #[must_use]
    pub fn contact() -> Self {
        Self {
            name: "contact",
            token: Token::Card,
            description: "the card by its contacts, with the one ATR that OpenSC knows: the best known card, and the default",
            facts: vec![
                (
                    "ATR",
                    documented("OpenSC card-jpki.c; myna-card, GET DATA 5F51; pcsc-tools"),
                ),
                ("GET DATA 7F21 is there", measured("dump of a test card (myna-card)")),
                (
                    "GET DATA 5F51 is there at the card manager and in the applications",
                    assumed(
                        "myna-card: so on some cards; that it is this batch is assumed, for clients that try only one",
                    ),
                ),
            ],
            interface: Interface::Contact,
            atr: CONTACT_ATR.to_vec(),
            contact_atr: CONTACT_ATR.to_vec(),
            contact_atr_at_card_manager: true,
            token_label: "JPKIAPICCTOKEN2",
            card_certificate: true,
            file_sizes: file_size::observed(),
        }
    }

    /// Historical bytes `80 73 C60100`.
    fn contact_3bc5() -> Self {
        Self::by_contacts(
            "contact-3bc5",
            "a batch with a contact ATR that begins 3BC5: it declares neither command chaining nor extended lengths",
            &[
                0x3B, 0xC5, 0xFF, 0x81, 0x31, 0xFB, 0x45, 0x80, 0x73, 0xC6, 0x01, 0x00, 0x00,
            ],
            [
                ("ATR", documented("pcsc-tools; OpenSC's list of the card's ATRs")),
                (
                    "extended lengths work, although the ATR does not declare them",
                    assumed("myna-card and jsapdu use them with every card"),
                ),
            ],
        )
    }

    /// Historical bytes `80 12 392F 31 C1 73 C601C0`.
    fn contact_3bda() -> Self {
        Self::by_contacts(
            "contact-3bda",
            "a batch of about 2024 with a contact ATR that begins 3BDA: it declares Japan, no MF, chaining and extended lengths",
            &[
                0x3B, 0xDA, 0x13, 0xFF, 0x81, 0x31, 0xFB, 0x46, 0x80, 0x12, 0x39, 0x2F, 0x31, 0xC1, 0x73, 0xC6, 0x01,
                0xC0, 0x3B,
            ],
            [
                (
                    "ATR",
                    documented("pcsc-tools; OpenSC issue 3021: a card with certificates of January 2024"),
                ),
                (
                    "command chaining is refused, although the ATR declares it",
                    assumed("no trace shows it in use"),
                ),
            ],
        )
    }

    /// Historical bytes `42 0001B3A1`.
    fn contact_3bf5_a1() -> Self {
        Self::by_contacts(
            "contact-3bf5-a1",
            "a batch with a contact ATR that begins 3BF5 and names B3 A1, as the ATQB of profile contactless does",
            &[
                0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0xB3, 0xA1, 0x15,
            ],
            facts_of_3bf5(),
        )
    }

    /// Historical bytes `42 000100D1`.
    fn contact_3bf5_d1() -> Self {
        Self::by_contacts(
            "contact-3bf5-d1",
            "a batch with a contact ATR that begins 3BF5 and names 00 D1, as the ATQB of profile contactless-51ff-106 does",
            &[
                0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0x00, 0xD1, 0xD6,
            ],
            facts_of_3bf5(),
        )
    }

    fn contact_old() -> Self {
        Self {
            name: "contact-old",
            description: "an older card by its contacts: it has no certificate of its own key (GET DATA 7F21)",
            facts: vec![
                (
                    "ATR",
                    assumed("the oldest known; that of the older cards is not published"),
                ),
                ("GET DATA 7F21 is absent", measured("myna-card: 6A88 on older cards")),
                (
                    "GET DATA 5F51 is there in the applications only",
                    assumed("myna-card: so on some cards; on which is not published"),
                ),
            ],
            contact_atr_at_card_manager: false,
            card_certificate: false,
            ..Self::contact()
        }
    }

    /// The one of which the ATQB itself was also seen. Frame waiting time 0.31 s.
    fn contactless() -> Self {
        Self::over_the_air(
            "contactless",
            "the card on a contactless reader, with the ATR that is seen most",
            ([0x00, 0x00, 0x05, 0xE0], [0xB3, 0x81, 0xA1]),
            documented("pcsc-tools; OpenSC's list of the card's ATRs; the ATQB in S380-relay's README"),
        )
    }

    fn contactless_41e0() -> Self {
        Self::over_the_air(
            "contactless-41e0",
            "a batch on a contactless reader, with application data 000041E0",
            ([0x00, 0x00, 0x41, 0xE0], [0xB3, 0x81, 0xA1]),
            documented("pcsc-tools; OpenSC's list of the card's ATRs"),
        )
    }

    fn contactless_51ff() -> Self {
        Self::over_the_air(
            "contactless-51ff",
            "a batch on a contactless reader, with application data 004B51FF: it claims 2.5 s for an answer, others 0.3 s",
            ([0x00, 0x4B, 0x51, 0xFF], [0xB3, 0x81, 0xD1]),
            documented("pcsc-tools; OpenSC's list of the card's ATRs"),
        )
    }

    fn contactless_51ff_106() -> Self {
        Self::over_the_air(
            "contactless-51ff-106",
            "the same as contactless-51ff, but for 106 kbit/s alone",
            ([0x00, 0x4B, 0x51, 0xFF], [0x00, 0x81, 0xD1]),
            documented("OpenSC's list of the card's ATRs"),
        )
    }

    /// The token of a phone. Its ATR is that of profile contactless: readers that were made for the card accept phones.
    #[must_use]
    pub fn phone(kind: PhoneKind) -> Self {
        let (name, description, token_label, basis) = match kind {
            PhoneKind::Iphone => (
                "phone-iphone",
                "the certificates on an iPhone",
                "JPKIAPIOSTOKEN",
                documented("myna-card; jsapdu"),
            ),
            PhoneKind::Android => (
                "phone-android",
                "the certificates on an Android phone",
                "JPKIAPGPSETOKEN",
                documented("myna-card; jpki/myna; jsapdu"),
            ),
        };
        Self {
            name,
            token: Token::Phone(kind),
            description,
            facts: vec![
                ("the label of the token", basis),
                (
                    "the auth certificate can be read after the auth PIN only",
                    match kind {
                        PhoneKind::Iphone => {
                            documented("PassKit, JPKIPassContents: a certificate takes an authentication")
                        }
                        PhoneKind::Android => measured("jpki/myna issue 6"),
                    },
                ),
                (
                    "ATR",
                    assumed("that of profile contactless; the ATR of phones is not published"),
                ),
                (
                    "RSA-2048 keys",
                    assumed(
                        "the ordinance on JPKI admits RSA only, and so does every client that uses phones; the algorithm is not published",
                    ),
                ),
                (
                    "PINs of its own, with the tries of the card's",
                    assumed(
                        "PassKit and the issuing application have both PINs; the number of their tries is not published",
                    ),
                ),
                (
                    "the last-command indicator, 80 FC 00 00",
                    match kind {
                        PhoneKind::Iphone => {
                            assumed("myna-card: this token has it; that it answers 9000 is not published")
                        }
                        PhoneKind::Android => {
                            assumed("myna-card: it is of the iPhone's token; 6700 as measured on cards")
                        }
                    },
                ),
                (
                    "a card manager without data objects",
                    assumed(
                        "those of the card belong to the card; what the secure element of a phone has is not published",
                    ),
                ),
                (
                    "no other application of the card can be selected",
                    assumed("clients skip them; what a phone answers is not published"),
                ),
            ],
            contact_atr_at_card_manager: false,
            token_label,
            card_certificate: false,
            file_sizes: Vec::new(),
            ..Self::contactless()
        }
    }

    /// The default card with another contact ATR.
    fn by_contacts(
        name: &'static str,
        description: &'static str,
        atr: &[u8],
        facts: [(&'static str, Basis); 2],
    ) -> Self {
        Self {
            name,
            description,
            facts: facts.into_iter().chain([all_else()]).collect(),
            atr: atr.to_vec(),
            contact_atr: atr.to_vec(),
            ..Self::contact()
        }
    }

    /// The default card on a contactless reader, with application data and protocol info of its ATQB. `basis` is that of the
    /// ATR which readers make of them.
    fn over_the_air(
        name: &'static str,
        description: &'static str,
        (application_data, protocol_info): ([u8; 4], [u8; 3]),
        basis: Basis,
    ) -> Self {
        let type_b = TypeB {
            application_data,
            protocol_info,
        };
        let contact_atr = (
            "the contact ATR, which GET DATA 5F51 gives",
            assumed("the one of profile contact; the ATR of this batch's contacts is not published"),
        );
        Self {
            name,
            description,
            facts: vec![("ATR", basis), contact_atr, all_else()],
            interface: Interface::Contactless(type_b),
            atr: type_b.pseudo_atr().to_vec(),
            ..Self::contact()
        }
    }
}

fn facts_of_3bf5() -> [(&'static str, Basis); 2] {
    [
        ("ATR", documented("OpenSC's list of the card's ATRs, alone")),
        (
            "it is the ATR of the contacts",
            assumed("listed so, but its historical bytes look as if a reader had made it of a contactless card's ATQB"),
        ),
    ]
}

fn all_else() -> (&'static str, Basis) {
    (
        "all else is as in profile contact",
        assumed("other differences are not published"),
    )
}

impl Default for Profile {
    fn default() -> Self {
        Self::contact()
    }
}

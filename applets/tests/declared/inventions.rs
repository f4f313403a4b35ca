//! The applications as the model knows them: tables that state every file, who may do what, and what it holds. From a table
//! both sides are made: the declaration, and the model's memory.

use p256::pkcs8::EncodePublicKey;
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, File, Format, KeyAlgorithm, ObjectId, Operation, Pin, PublicKey, RecordRoom,
    ReferenceData, SelectAnswer,
};
use vmyna_card_os::rule::{Basis, Certainty};

/// When something is allowed: any of these sets of credentials is verified as a whole. `&[&[]]` is always, `&[]` never.
pub(crate) type When = &'static [&'static [u8]];

const ALWAYS: When = &[&[]];
const NEVER: When = &[];

/// A file: its identifier, and what it is.
pub(crate) struct Known {
    pub(crate) id: u8,
    pub(crate) kind: Kind,
    /// To read: contents, records, or the public half of a made key.
    pub(crate) read: When,
}

/// What a file is. Of each operation when it is allowed; `None` where it is not declared.
pub(crate) enum Kind {
    Bytes {
        content: &'static [u8],
        update: Option<When>,
    },
    Records {
        records: &'static [&'static [u8]],
        room: (u8, u16),
        update: Option<When>,
        append: Option<When>,
    },
    Pin {
        value: &'static str,
        tries: u8,
    },
    /// The PIN of this identifier in the first application.
    Shared(u8),
    Made {
        generate: When,
        sign: When,
    },
    /// The key [`host_key`] signs for.
    Host,
}

/// An application.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) aid: [u8; 6],
    pub(crate) parent: Option<[u8; 6]>,
    pub(crate) locked: bool,
    pub(crate) files: &'static [Known],
}

const fn aid(last: u8) -> [u8; 6] {
    [0xF0, 0x54, 0x45, 0x53, 0x54, last]
}

const PIN: u8 = 0x11;
const OTHER: u8 = 0x12;
const TERMINAL: u8 = 0x13;

/// The applications, in the card's order behind its own.
pub(crate) const TABLES: [Table; 4] = [
    Table {
        name: "first",
        aid: aid(1),
        parent: None,
        locked: false,
        files: &[
            Known {
                id: 1,
                kind: Kind::Bytes {
                    content: b"written",
                    update: Some(&[&[PIN]]),
                },
                read: ALWAYS,
            },
            Known {
                id: 2,
                kind: Kind::Bytes {
                    content: b"guarded",
                    update: Some(&[&[PIN, OTHER], &[TERMINAL]]),
                },
                read: &[&[PIN]],
            },
            Known {
                id: 3,
                kind: Kind::Bytes {
                    content: b"constant",
                    update: None,
                },
                read: &[&[TERMINAL]],
            },
            Known {
                id: 4,
                kind: Kind::Records {
                    records: &[b"one", b"two"],
                    room: (4, 6),
                    update: Some(&[&[OTHER]]),
                    append: Some(ALWAYS),
                },
                read: ALWAYS,
            },
            Known {
                id: 5,
                kind: Kind::Records {
                    records: &[],
                    room: (2, 4),
                    update: Some(NEVER),
                    append: Some(&[&[PIN]]),
                },
                read: &[&[OTHER]],
            },
            Known {
                id: 6,
                kind: Kind::Made {
                    generate: &[&[PIN]],
                    sign: ALWAYS,
                },
                read: ALWAYS,
            },
            Known {
                id: 7,
                kind: Kind::Made {
                    generate: ALWAYS,
                    sign: &[&[OTHER]],
                },
                read: &[&[PIN]],
            },
            Known {
                id: PIN,
                kind: Kind::Pin {
                    value: "1234",
                    tries: 3,
                },
                read: NEVER,
            },
            Known {
                id: OTHER,
                kind: Kind::Pin {
                    value: "ABC1",
                    tries: 9,
                },
                read: NEVER,
            },
            Known {
                id: TERMINAL,
                kind: Kind::Host,
                read: NEVER,
            },
        ],
    },
    // The same identifiers mean other things here.
    Table {
        name: "second",
        aid: aid(2),
        parent: None,
        locked: false,
        files: &[
            Known {
                id: 1,
                kind: Kind::Bytes {
                    content: b"another",
                    update: Some(&[&[PIN]]),
                },
                read: &[&[OTHER]],
            },
            Known {
                id: 4,
                kind: Kind::Records {
                    records: &[b"three"],
                    room: (2, 8),
                    update: Some(ALWAYS),
                    append: None,
                },
                read: &[&[PIN]],
            },
            Known {
                id: PIN,
                kind: Kind::Shared(OTHER),
                read: NEVER,
            },
            Known {
                id: OTHER,
                kind: Kind::Shared(PIN),
                read: NEVER,
            },
        ],
    },
    Table {
        name: "below",
        aid: aid(3),
        parent: Some(aid(1)),
        locked: false,
        files: &[
            Known {
                id: 1,
                kind: Kind::Bytes {
                    content: b"below",
                    update: Some(ALWAYS),
                },
                read: &[&[PIN]],
            },
            Known {
                id: PIN,
                kind: Kind::Shared(PIN),
                read: NEVER,
            },
        ],
    },
    Table {
        name: "locked",
        aid: aid(4),
        parent: None,
        locked: true,
        files: &[Known {
            id: 1,
            kind: Kind::Bytes {
                content: b"locked",
                update: Some(ALWAYS),
            },
            read: ALWAYS,
        }],
    },
];

/// The key of the host whose public half the first application has. It protects nothing.
pub(crate) fn host_key() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[0x42; 32]).unwrap()
}

/// The applications as declarations.
pub(crate) fn declared() -> Vec<Application> {
    TABLES.iter().map(application).collect()
}

fn basis() -> Basis {
    Basis::new(Certainty::Assumed, "an invention of this test")
}

fn condition(when: When) -> Condition {
    let all = |set: &&[u8]| match set {
        [] => Condition::Always,
        set => Condition::AllOf(
            set.iter()
                .map(|id| Condition::Verified(FileId::new(u16::from(*id))))
                .collect(),
        ),
    };
    match when {
        [] => Condition::Never,
        sets => Condition::AnyOf(sets.iter().map(all).collect()),
    }
}

fn application(table: &Table) -> Application {
    let aid = |aid: &[u8; 6]| Aid::new(aid).unwrap();
    Application::new(aid(&table.aid), table.name, "", basis())
        .with_files(table.files.iter().map(file).collect())
        .with_parent(table.parent.as_ref().map(aid))
        .with_select(SelectAnswer {
            fci: None,
            locked: table.locked,
        })
}

fn file(known: &Known) -> File {
    let mut access = Access::NONE;
    let mut allow = |operation, when: Option<When>| {
        if let Some(when) = when {
            access = access.clone().with(operation, condition(when));
        }
    };
    let body = match &known.kind {
        Kind::Bytes { content, update } => {
            allow(Operation::Read, Some(known.read));
            allow(Operation::UpdateBinary, *update);
            Body::Transparent(content.to_vec().into())
        }
        Kind::Records {
            records,
            update,
            append,
            ..
        } => {
            allow(Operation::Read, Some(known.read));
            allow(Operation::UpdateRecord, *update);
            allow(Operation::AppendRecord, *append);
            Body::Records(records.iter().map(|record| record.to_vec().into()).collect())
        }
        Kind::Pin { value, tries } => {
            allow(Operation::Verify, Some(ALWAYS));
            let format = Format {
                characters: vmyna_card_os::declaration::Characters::UpperCaseAndDigits,
                min: 4,
                max: 4,
            };
            Body::Pin(Pin::new(ReferenceData::new(value.as_bytes()), format, *tries))
        }
        Kind::Shared(pin) => {
            allow(Operation::Verify, Some(ALWAYS));
            let aid = Aid::new(&TABLES[0].aid).unwrap();
            Body::SharedPin(ObjectId {
                aid,
                file: FileId::new(u16::from(*pin)),
            })
        }
        Kind::Made { generate, sign } => {
            allow(Operation::Read, Some(known.read));
            allow(Operation::GenerateKeyPair, Some(*generate));
            allow(Operation::ComputeSignature, Some(*sign));
            Body::GeneratedKey(KeyAlgorithm::P256)
        }
        Kind::Host => {
            allow(Operation::ExternalAuthenticate, Some(ALWAYS));
            let key = host_key().verifying_key().to_public_key_der().unwrap();
            Body::HostKey(PublicKey::from_spki_der(key.as_bytes()))
        }
    };
    let name = format!("file {:02X}", known.id);
    let file = File::new(FileId::new(u16::from(known.id)), name, "", body, access, basis());
    match known.kind {
        Kind::Records {
            room: (records, length),
            ..
        } => file.with_room(RecordRoom { records, length }),
        _ => file,
    }
}

//! Declarations made at random: each is read, made, and gives the card that it describes. What is expected comes from the
//! small model in this file, which shares nothing with the product.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vmyna_apdu::FileId;
use vmyna_card_os::declaration::{Body, Operation, decide};

use super::*;

/// A condition over numbered PINs.
#[derive(Clone, Debug)]
enum Condition {
    Pin(usize),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

impl Condition {
    fn holds(&self, verified: &[bool]) -> bool {
        match self {
            Self::Pin(pin) => verified[*pin],
            Self::And(parts) => parts.iter().all(|part| part.holds(verified)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(verified)),
        }
    }

    /// With parentheses only where the precedence needs them.
    fn written(&self) -> String {
        match self {
            Self::Pin(pin) => format!("pin-{pin}"),
            Self::Or(parts) => parts.iter().map(Self::written).collect::<Vec<_>>().join(" or "),
            Self::And(parts) => {
                let part = |part: &Self| match part {
                    Self::Or(_) => format!("({})", part.written()),
                    part => part.written(),
                };
                parts.iter().map(part).collect::<Vec<_>>().join("  and ")
            }
        }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    (0..PINS).prop_map(Condition::Pin).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Condition::And),
            vec(inner, 1..4).prop_map(Condition::Or),
        ]
    })
}

/// A content whose bytes are known.
#[derive(Clone, Debug)]
enum Known {
    Hex(Vec<u8>),
    Text(String),
    /// A tag with its objects.
    Tlv(u8, Vec<Known>),
    Concat(Vec<Known>),
}

impl Known {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Hex(bytes) => bytes.clone(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Concat(parts) => parts.iter().flat_map(Self::bytes).collect(),
            Self::Tlv(tag, values) => {
                let object = |value: &Self| {
                    let value = value.bytes();
                    let length = match value.len() {
                        short @ 0..128 => vec![short as u8],
                        long => vec![0x82, (long / 256) as u8, (long % 256) as u8],
                    };
                    [vec![*tag], length, value].concat()
                };
                values.iter().flat_map(object).collect()
            }
        }
    }

    fn written(&self) -> String {
        let list = |parts: &[Self]| parts.iter().map(Self::written).collect::<Vec<_>>().join(", ");
        match self {
            Self::Hex(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
                format!("{{ hex = \"{digits}\" }}")
            }
            Self::Text(text) => format!("{{ text = '{text}' }}"),
            Self::Tlv(tag, values) => match &values[..] {
                [only] => format!("{{ tlv = {{ {tag:02X} = {} }} }}", only.written()),
                several => format!("{{ tlv = {{ {tag:02X} = [{}] }} }}", list(several)),
            },
            Self::Concat(parts) => format!("{{ concat = [{}] }}", list(parts)),
        }
    }
}

fn known() -> impl Strategy<Value = Known> {
    let leaf = prop_oneof![
        vec(any::<u8>(), 0..60).prop_map(Known::Hex),
        "[A-Za-z0-9 あ-ん]{0,20}".prop_map(Known::Text),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (select(vec![0x81u8, 0xC1, 0xE0, 0x30]), vec(inner.clone(), 1..3))
                .prop_map(|(tag, inside)| Known::Tlv(tag, inside)),
            vec(inner, 1..3).prop_map(Known::Concat),
        ]
    })
}

/// How many PINs a declaration has.
const PINS: usize = 3;

/// A file: a transparent one, or one with records.
#[derive(Clone, Debug)]
struct ModelFile {
    content: Result<(Known, Option<usize>), Vec<Vec<u8>>>,
    read: Option<Condition>,
    update: Option<Condition>,
}

fn model_file() -> impl Strategy<Value = ModelFile> {
    let content = prop_oneof![
        (known(), proptest::option::of(0usize..50)).prop_map(Ok),
        vec(vec(any::<u8>(), 1..20), 0..4).prop_map(Err),
    ];
    let condition = || proptest::option::of(condition());
    (content, condition(), condition()).prop_map(|(content, read, update)| ModelFile { content, read, update })
}

/// The declaration of files 0101, 0102, …, behind PINs 0001 to 0003.
fn written(files: &[ModelFile]) -> String {
    let mut text = HEAD.to_owned();
    for (number, file) in files.iter().enumerate() {
        let _ = writeln!(
            text,
            "[[application.file]]\nef = \"{:04X}\"\nname = \"file-{number}\"",
            0x0101 + number
        );
        let _ = match &file.content {
            Ok((content, more)) => {
                let size = more.map(|more| format!("size = {}\n", (content.bytes().len() + more).max(1)));
                write!(text, "content = {}\n{}", content.written(), size.unwrap_or_default())
            }
            Err(records) => {
                let records: Vec<_> = records
                    .iter()
                    .map(|record| Known::Hex(record.clone()).written())
                    .collect();
                writeln!(text, "records = [{}]", records.join(", "))
            }
        };
        for (key, condition) in [("read", &file.read), ("update", &file.update)] {
            if let Some(condition) = condition {
                let _ = writeln!(text, "{key} = \"{}\"", condition.written());
            }
        }
    }
    for pin in 0..PINS {
        let _ = writeln!(
            text,
            "[[application.pin]]\nname = \"pin-{pin}\"\nef = \"{:04X}\"\nlength = {}\ntries = {}\nunset = true",
            pin + 1,
            pin + 4,
            pin + 1
        );
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_declaration_gives_the_card_that_it_describes(files in vec(model_file(), 0..5)) {
        let text = written(&files);
        let made = made(&text, None);
        let application = made[0].application();
        prop_assert_eq!(application.files.len(), files.len() + PINS);
        for (number, file) in files.iter().enumerate() {
            let id = FileId::new(0x0101 + u16::try_from(number).unwrap());
            let declared = application.file(id).unwrap();
            let update = match (&file.content, &declared.body) {
                (Ok((content, more)), Body::Transparent(bytes)) => {
                    let mut expected = content.bytes();
                    if let Some(more) = more {
                        expected.resize((expected.len() + more).max(1), 0xFF);
                    }
                    prop_assert_eq!(bytes.as_bytes(), expected, "{}", text);
                    Operation::UpdateBinary
                }
                (Err(records), Body::Records(found)) => {
                    let found: Vec<_> = found.iter().map(|record| record.as_bytes().to_vec()).collect();
                    prop_assert_eq!(&found, records);
                    Operation::UpdateRecord
                }
                (_, other) => panic!("{other:?}"),
            };
            // Every set of verified PINs, every operation.
            for set in 0..1usize << PINS {
                let verified: Vec<bool> = (0..PINS).map(|pin| set >> pin & 1 == 1).collect();
                let ids: Vec<FileId> = (0..PINS).filter(|pin| verified[*pin]).map(|pin| FileId::new(pin as u16 + 1)).collect();
                for operation in Operation::ALL {
                    let condition = match operation {
                        Operation::Read => &file.read,
                        operation if operation == update => &file.update,
                        _ => &None,
                    };
                    let expected = condition.as_ref().is_some_and(|condition| condition.holds(&verified));
                    let allowed = decide(&declared.access, operation, &ids).allowed;
                    prop_assert_eq!(allowed, expected, "{} with {:?}\n{}", operation, ids, text);
                }
            }
        }
    }
}

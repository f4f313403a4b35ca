//! The shapes of texts in a declaration file.

use vmyna_apdu::{Aid, hex};
use vmyna_applets::free_area;

use super::super::form::{Shape, words};
use super::{LONGEST_FILE, RESERVED};

/// The longest name of an application, PIN, key, host key or file, in characters.
const LONGEST_NAME: usize = 32;
/// The longest Japanese name, in characters, of at most three bytes each.
const LONGEST_TITLE: usize = 64;
/// The longest source or subject, in characters.
const LONGEST_LINE: usize = 300;
/// The longest condition, in characters.
const LONGEST_CONDITION: usize = 1000;
/// The shortest AID, in bytes (ISO/IEC 7816-4: a registered provider identifier has five).
const SHORTEST_AID: usize = 5;

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LONGEST_NAME
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(letter)
        && !RESERVED.contains(&text)
}

pub(super) static NAME: Shape = Shape {
    pattern: "^(?!(?:and|or|always|never|unsuited)$)[a-z][a-z0-9-]{0,31}$",
    accepts: is_name,
    about: words(
        "1 to 32 of a-z, 0-9 and -, begins with a letter, and is none of: and, or, always, never, unsuited",
        "a-z、0-9、-の1～32文字。先頭は英字。and、or、always、never、unsuitedは不可",
    ),
};

pub(super) static LINE: Shape = Shape {
    pattern: "^[^\\u0000-\\u001F\\u007F-\\u009F]{1,300}$",
    accepts: |text| (1..=LONGEST_LINE).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    about: words("1 to 300 characters on one line", "1行、1～300文字"),
};

pub(super) static TITLE: Shape = Shape {
    pattern: "^[^\\u0000-\\u001F\\u007F-\\u009F]{1,64}$",
    accepts: |text| {
        (1..=LONGEST_TITLE).contains(&text.chars().count())
            && !text.chars().any(char::is_control)
            && text.len() <= free_area::LONGEST_TITLE
    },
    about: words("1 to 64 characters on one line", "1行、1～64文字"),
};

pub(super) static AID: Shape = Shape {
    pattern: "^[0-9A-Fa-f\\s:]{10,200}$",
    accepts: |text| is_hex(text, |length| (SHORTEST_AID..=Aid::MAX).contains(&length)),
    about: words("5 to 16 bytes in hexadecimal digits", "16進で5～16バイト"),
};

pub(super) static PARENT: Shape = Shape {
    pattern: "^(?:[a-z][a-z0-9-]{0,31}|[0-9A-Fa-f\\s:]{10,200})$",
    accepts: |text| is_name(text) || (AID.accepts)(text),
    about: words(
        "the name of an application of this file, or an AID in hexadecimal digits",
        "このファイルのアプリケーションの名前、または16進のAID",
    ),
};

pub(super) static EF: Shape = Shape {
    pattern: "^[0-9A-Fa-f]{4}$",
    accepts: |text| {
        is_hex_of(text, 2) && !["0000", "3F00", "3FFF", "FFFF"].contains(&text.to_ascii_uppercase().as_str())
    },
    about: words(
        "a file identifier of four hexadecimal digits; 0000, 3F00, 3FFF and FFFF are reserved",
        "16進4桁のファイル識別子。0000、3F00、3FFF、FFFFは予約済み",
    ),
};

pub(super) static TAG: Shape = Shape {
    pattern: "^(?:[0-9A-Fa-f]{2}|[0-9A-Fa-f][13579BDFbdf][0-9A-Fa-f]{2})$",
    accepts: is_tag,
    about: words(
        "a tag of one or two bytes, in hexadecimal digits",
        "1バイトまたは2バイトのタグ（16進）",
    ),
};

pub(super) static HEX: Shape = Shape {
    pattern: "^[0-9A-Fa-f\\s:]*$",
    accepts: |text| is_hex(text, |length| length <= LONGEST_FILE as usize),
    about: words(
        "bytes in hexadecimal digits; spaces and colons may stand between them",
        "16進のバイト列。間に空白とコロンを置ける",
    ),
};

pub(super) static STATUS_WORD: Shape = Shape {
    pattern: "^6[0-9A-Fa-f]{3}$",
    // 61 and 6C would make a reader send the command again.
    accepts: |text| {
        let repeats = ["60", "61", "6C", "6c"].iter().any(|first| text.starts_with(first));
        is_hex_of(text, 2) && text.starts_with('6') && !repeats
    },
    about: words(
        "the status word of a warning or an error, 6200 to 6FFF without 6Cxx, four hexadecimal digits",
        "警告またはエラーのステータスワード（6200～6FFF、6Cxxを除く、16進4桁）",
    ),
};

pub(super) static RULE: Shape = Shape {
    pattern: "^[a-z0-9.-]{1,64}$",
    accepts: |text| {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(letter)
    },
    about: words("the name of a rule of the card", "カードの規則の名前"),
};

pub(super) static CONDITION_TEXT: Shape = Shape {
    pattern: "^[a-z0-9()\\- ]{1,1000}$",
    accepts: |text| (1..=LONGEST_CONDITION).contains(&text.len()),
    about: words(
        "always, never, unsuited, or names of PINs and host keys with and, or and parentheses",
        "always、never、unsuited、または暗証番号・ホスト鍵の名前とand・or・括弧による式",
    ),
};

pub(super) static SHARED: Shape = Shape {
    pattern: "^[A-Za-z0-9_-]+ [a-z0-9@ -]+$",
    accepts: |text| {
        text.split_once(' ')
            .is_some_and(|(application, pin)| !application.is_empty() && !pin.is_empty())
    },
    about: words(
        "an application and the name of a PIN in it, with a space between them",
        "アプリケーションとその暗証番号の名前（間に空白）",
    ),
};

pub(super) static PATH: Shape = Shape {
    pattern: "^[^\\u0000-\\u001F\\\\/][^\\u0000-\\u001F\\\\]{0,999}$",
    accepts: |text| {
        (1..=1000).contains(&text.chars().count())
            && !text.starts_with('/')
            && !text.chars().any(|letter| letter.is_control() || letter == '\\')
    },
    about: words(
        "the path of a file below the folder of the declaration, with / between its parts",
        "宣言ファイルのフォルダー以下のファイルのパス（区切りは/）",
    ),
};

pub(super) static ANY_TEXT: Shape = Shape {
    pattern: "",
    accepts: |_| true,
    about: words("a text in quotes", "引用符付きの文字列"),
};

pub(super) static PIN_TEXT: Shape = Shape {
    pattern: "^[\\u0020-\\u007E]{1,16}$",
    accepts: |text| (1..=16).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7E).contains(&byte)),
    about: words("1 to 16 ASCII characters in quotes", "引用符付きのASCII 1～16文字"),
};

pub(super) static SUBJECT: Shape = Shape {
    pattern: "TEST",
    accepts: |text| text.chars().count() <= LONGEST_LINE && text.contains("TEST"),
    about: words(
        "a distinguished name (RFC 4514) with TEST in it, e.g. CN=TEST employee 1,O=TEST,C=JP",
        "TESTを含む識別名（RFC 4514）。例: CN=TEST employee 1,O=TEST,C=JP",
    ),
};

fn is_hex(text: &str, length: impl Fn(usize) -> bool) -> bool {
    hex::decode(text).is_ok_and(|bytes| length(bytes.len()))
}

/// Whether the text is digits of so many bytes, without anything between them.
fn is_hex_of(text: &str, length: usize) -> bool {
    text.len() == 2 * length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_tag(text: &str) -> bool {
    let Ok(bytes) = hex::decode(text) else { return false };
    text.len() == 2 * bytes.len()
        && match *bytes {
            [first] => first & 0x1F != 0x1F,
            [first, second] => first & 0x1F == 0x1F && second & 0x80 == 0,
            _ => false,
        }
}

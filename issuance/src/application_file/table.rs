//! The table of the format: every key of a declaration file.

use super::form::{Field, Form, Record, Shape, words};
use vmyna_apdu::{Aid, hex};

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
/// The most applications of a file.
pub(super) const MOST_APPLICATIONS: usize = 20;
/// The most entries of a list in an application: files of one kind, records are counted apart.
const MOST_FILES: usize = 64;
/// The most records of a file, as a record number has it.
pub(super) const MOST_RECORDS: u32 = 254;
/// The longest record, in bytes: what an R-APDU with a short length has.
pub(super) const LONGEST_RECORD: u32 = 254;
/// The longest file, in bytes.
pub(super) const LONGEST_FILE: u32 = 32 * 1024;

/// Words of conditions that can't be names.
pub(super) const RESERVED: [&str; 5] = ["and", "or", "always", "never", "unsuited"];

fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LONGEST_NAME
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(letter)
        && !RESERVED.contains(&text)
}

static NAME: Shape = Shape {
    pattern: "^(?!(?:and|or|always|never|unsuited)$)[a-z][a-z0-9-]{0,31}$",
    accepts: is_name,
    about: words(
        "1 to 32 of a-z, 0-9 and -, begins with a letter, and is none of: and, or, always, never, unsuited",
        "a-z、0-9、-の1～32文字。先頭は英字。and、or、always、never、unsuitedは不可",
    ),
};

static LINE: Shape = Shape {
    pattern: "^[^\\u0000-\\u001F\\u007F-\\u009F]{1,300}$",
    accepts: |text| (1..=LONGEST_LINE).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    about: words("1 to 300 characters on one line", "1行、1～300文字"),
};

static TITLE: Shape = Shape {
    pattern: "^[^\\u0000-\\u001F\\u007F-\\u009F]{1,64}$",
    accepts: |text| {
        (1..=LONGEST_TITLE).contains(&text.chars().count()) && !text.chars().any(char::is_control) && text.len() <= 192
    },
    about: words("1 to 64 characters on one line", "1行、1～64文字"),
};

static AID: Shape = Shape {
    pattern: "^[0-9A-Fa-f\\s:]{10,200}$",
    accepts: |text| is_hex(text, |length| (SHORTEST_AID..=Aid::MAX).contains(&length)),
    about: words("5 to 16 bytes in hexadecimal digits", "16進で5～16バイト"),
};

static PARENT: Shape = Shape {
    pattern: "^(?:[a-z][a-z0-9-]{0,31}|[0-9A-Fa-f\\s:]{10,200})$",
    accepts: |text| is_name(text) || (AID.accepts)(text),
    about: words(
        "the name of an application of this file, or an AID in hexadecimal digits",
        "このファイルのアプリケーションの名前、または16進のAID",
    ),
};

static EF: Shape = Shape {
    pattern: "^[0-9A-Fa-f]{4}$",
    accepts: |text| {
        is_hex_of(text, 2) && !["0000", "3F00", "3FFF", "FFFF"].contains(&text.to_ascii_uppercase().as_str())
    },
    about: words(
        "a file identifier of four hexadecimal digits; 0000, 3F00, 3FFF and FFFF are reserved",
        "16進4桁のファイル識別子。0000、3F00、3FFF、FFFFは予約済み",
    ),
};

static TAG: Shape = Shape {
    pattern: "^(?:[0-9A-Fa-f]{2}|[0-9A-Fa-f][13579BDFbdf][0-9A-Fa-f]{2})$",
    accepts: is_tag,
    about: words(
        "a tag of one or two bytes, in hexadecimal digits",
        "1バイトまたは2バイトのタグ（16進）",
    ),
};

static HEX: Shape = Shape {
    pattern: "^[0-9A-Fa-f\\s:]*$",
    accepts: |text| is_hex(text, |length| length <= LONGEST_FILE as usize),
    about: words(
        "bytes in hexadecimal digits; spaces and colons may stand between them",
        "16進のバイト列。間に空白とコロンを置ける",
    ),
};

static STATUS_WORD: Shape = Shape {
    pattern: "^6[0-9A-Fa-f]{3}$",
    accepts: |text| is_hex_of(text, 2) && text.starts_with('6') && !text.starts_with("61"),
    about: words(
        "the status word of a warning or an error, 6200 to 6FFF, four hexadecimal digits",
        "警告またはエラーのステータスワード（6200～6FFF、16進4桁）",
    ),
};

static RULE: Shape = Shape {
    pattern: "^[a-z0-9.-]{1,64}$",
    accepts: |text| {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(letter)
    },
    about: words("the name of a rule of the card", "カードの規則の名前"),
};

static CONDITION_TEXT: Shape = Shape {
    pattern: "^[a-z0-9()\\- ]{1,1000}$",
    accepts: |text| (1..=LONGEST_CONDITION).contains(&text.len()),
    about: words(
        "always, never, unsuited, or names of PINs and host keys with and, or and parentheses",
        "always、never、unsuited、または暗証番号・ホスト鍵の名前とand・or・括弧による式",
    ),
};

static SHARED: Shape = Shape {
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

static PATH: Shape = Shape {
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

static ANY_TEXT: Shape = Shape {
    pattern: "",
    accepts: |_| true,
    about: words("a text in quotes", "引用符付きの文字列"),
};

static PIN_TEXT: Shape = Shape {
    pattern: "^[\\u0020-\\u007E]{1,16}$",
    accepts: |text| (1..=16).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7E).contains(&byte)),
    about: words("1 to 16 ASCII characters in quotes", "引用符付きのASCII 1～16文字"),
};

static SUBJECT: Shape = Shape {
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

static T_NAME: Form = Form::Text(&NAME);
static T_LINE: Form = Form::Text(&LINE);
static T_TITLE: Form = Form::Text(&TITLE);
static T_EF: Form = Form::Text(&EF);
static T_HEX: Form = Form::Text(&HEX);
static T_PATH: Form = Form::Text(&PATH);
static CONDITION: Form = Form::Named("condition", &Form::Text(&CONDITION_TEXT));
static CERTAINTY: Form = Form::Word(&["measured", "documented", "client", "assumed"]);
static ENCODING: Form = Form::Word(&["utf-8", "ascii", "utf-16", "jis-x-0201", "jis-x-0208"]);

/// The words of `algorithm`. Others than [`Form::Word`] use them by their names.
static ALGORITHM: Form = Form::Word(&["RSA-2048", "RSA-3072", "P-256", "P-384"]);

const CERTAINTY_FIELD: Field = Field::may(
    "certainty",
    &CERTAINTY,
    "How certain this is. Default: that of the application.",
    "確からしさ。既定値: アプリケーションのもの。",
);
const SOURCE_FIELD: Field = Field::may(
    "source",
    &T_LINE,
    "Where this is known from, or why it was chosen. Default: that of the application.",
    "根拠、または選んだ理由。既定値: アプリケーションのもの。",
);
const TITLE_FIELD: Field = Field::may("title", &T_TITLE, "Its Japanese name.", "日本語の名前。");
const NAME_FIELD: Field = Field::must(
    "name",
    &T_NAME,
    "Its name, once in the application. Conditions use it.",
    "名前。アプリケーション内で一意。条件式で使う。",
);
const EF_FIELD: Field = Field::must(
    "ef",
    &T_EF,
    "Its file identifier, once in the application. 0001 to 001E have a short identifier (SFI), which is the key reference, too.",
    "ファイル識別子。アプリケーション内で一意。0001～001Eは短縮識別子（SFI）でも指定でき、鍵参照にもなる。",
);

/// The whole file.
pub(super) static FILE: Record = Record {
    name: "file",
    written: "*.ap.toml",
    about: words(
        "A declaration file: applications for the free area of the card that belong together.",
        "宣言ファイル: カードの空き領域に載せる、ひとまとまりのアプリケーション。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must(
            "format",
            &Form::Whole(1, 1),
            "The version of the format: 1.",
            "書式の版: 1。",
        ),
        Field::must(
            "application",
            &Form::List(&Form::Table(&APPLICATION), 1, MOST_APPLICATIONS),
            "The applications, one `[[application]]` each.",
            "アプリケーション。1つにつき`[[application]]`を1つ。",
        ),
    ],
};

static APPLICATION: Record = Record {
    name: "application",
    written: "[[application]]",
    about: words("An application.", "アプリケーション。"),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must("name", &T_NAME, "Its name, once on the card.", "名前。カード上で一意。"),
        Field::must("title", &T_TITLE, "Its Japanese name.", "日本語の名前。"),
        Field::must(
            "aid",
            &Form::Text(&AID),
            "The name by which SELECT finds it. No AID of a card begins with another one.",
            "SELECTで指定するAID。同じカードの別のAIDの先頭部分であってはならない。",
        ),
        Field::may(
            "certainty",
            &CERTAINTY,
            "How certain its parts are. Default: `assumed`.",
            "各部分の確からしさ。既定値: `assumed`。",
        ),
        Field::must(
            "source",
            &T_LINE,
            "Where it is known from; of an invention, that it is one.",
            "根拠。創作ならその旨を書く。",
        ),
        Field::may(
            "select",
            &Form::Table(&SELECT),
            "What SELECT answers.",
            "SELECTの応答。",
        ),
        Field::may(
            "parent",
            &Form::Text(&PARENT),
            "The application that must be selected before. Otherwise SELECT of this one answers 6A82.",
            "先に選択すべきアプリケーション。選択されていなければ、SELECTは6A82を返す。",
        ),
        Field::may(
            "default-key",
            &T_NAME,
            "The key that COMPUTE DIGITAL SIGNATURE with P2=00 uses. Default: none.",
            "P2=00のCOMPUTE DIGITAL SIGNATUREが使う鍵。既定値: なし。",
        ),
        Field::may(
            "status-words",
            &Form::Map(&RULE, &Form::Text(&STATUS_WORD)),
            "Status words that this application answers where a rule refuses, by the name of the rule (docs/behaviour.md).",
            "規則による拒否でこのアプリケーションが返すステータスワード。規則の名前（docs/behaviour.md）ごとに書く。",
        ),
        Field::may(
            "secure-session",
            &Form::Table(&SECURE_SESSION),
            "The secure session (SET SESSION KEY, secure messaging). Default: refused.",
            "セキュアセッション（SET SESSION KEY、セキュアメッセージング）。既定値: 拒否。",
        ),
        Field::may(
            "pin",
            &Form::List(
                &Form::Either(&[&Form::Table(&SHARED_PIN), &Form::Table(&PIN)]),
                1,
                MOST_FILES,
            ),
            "Its PINs.",
            "暗証番号。",
        ),
        Field::may(
            "key",
            &Form::List(&Form::Table(&KEY), 1, MOST_FILES),
            "Its private keys.",
            "秘密鍵。",
        ),
        Field::may(
            "host-key",
            &Form::List(&Form::Table(&HOST_KEY), 1, MOST_FILES),
            "Public keys of hosts that authenticate themselves.",
            "外部認証を行うホストの公開鍵。",
        ),
        Field::may(
            "file",
            &Form::List(
                &Form::Either(&[
                    &Form::Table(&TRANSPARENT),
                    &Form::Table(&RECORDS),
                    &Form::Table(&INTERNAL),
                ]),
                1,
                MOST_FILES,
            ),
            "Its other files.",
            "その他のファイル。",
        ),
    ],
};

static SELECT: Record = Record {
    name: "select",
    written: "select = { … }",
    about: words(
        "What SELECT of an application answers.",
        "アプリケーションのSELECTの応答。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::may(
            "fci",
            &T_HEX,
            "The file control information, as SELECT with P2=00 returns it. Default: `6F { 84 AID }`.",
            "ファイル制御情報（FCI）。P2=00のSELECTが返す。既定値: `6F { 84 AID }`。",
        ),
        Field::may(
            "locked",
            &Form::Flag,
            "Whether the application is locked: SELECT answers 6283, and nothing else in it is allowed. Default: false.",
            "閉塞されているか。SELECTは6283を返し、ほかの操作はできない。既定値: false。",
        ),
    ],
};

static SECURE_SESSION: Record = Record {
    name: "secure-session",
    written: "secure-session = { … }",
    about: words(
        "The RSA-2048 key to which a host encrypts the session key. No file shows it.",
        "ホストがセッション鍵を暗号化するRSA-2048の鍵。ファイルとしては見えない。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must(
            "name",
            &T_NAME,
            "The key's name, for `public-key`.",
            "鍵の名前。`public-key`で使う。",
        ),
        Field::must("origin", &SESSION_ORIGIN, "Where the key comes from.", "鍵の由来。"),
        Field::must(
            "when",
            &CONDITION,
            "When SET SESSION KEY is allowed.",
            "SET SESSION KEYを許す条件。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static SESSION_ORIGIN: Form = Form::Either(&[&Form::Word(&["issue"]), &Form::Table(&KEY_FILE)]);

static PIN: Record = Record {
    name: "pin",
    written: "[[application.pin]]",
    about: words("A PIN of the application.", "アプリケーションの暗証番号。"),
    mark: None,
    one_of: &["value", "unset"],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::may(
            "characters",
            &Form::Word(&["digits", "upper-case-and-digits", "bytes"]),
            "The characters of its values. Default: `digits`.",
            "使える文字。既定値: `digits`。",
        ),
        Field::must(
            "length",
            &Form::Either(&[&Form::Whole(1, 16), &Form::Range(1, 16)]),
            "How many characters: a number, or the least and the greatest, `[4, 8]`.",
            "文字数。1つの数、または最小と最大`[4, 8]`。",
        ),
        Field::must(
            "tries",
            &Form::Whole(1, 15),
            "How many wrong values in a row block it.",
            "連続して何回間違えると閉塞するか。",
        ),
        Field::may(
            "value",
            &Form::Either(&[&Form::Text(&PIN_TEXT), &Form::Table(&HEX_VALUE)]),
            "Its value at issue, as text or `{ hex = \"2A2A2A2A\" }`.",
            "発行時の値。文字列または`{ hex = \"2A2A2A2A\" }`。",
        ),
        Field::may(
            "unset",
            &Form::True,
            "It has no value: no VERIFY succeeds.",
            "値を設定しない。照合は成功しない。",
        ),
        Field::may(
            "verify",
            &CONDITION,
            "When VERIFY is allowed. Default: `always`.",
            "VERIFYを許す条件。既定値: `always`。",
        ),
        Field::may(
            "change",
            &CONDITION,
            "When CHANGE REFERENCE DATA (00 24) is allowed. Default: it is not.",
            "CHANGE REFERENCE DATA（00 24）を許す条件。既定値: 許さない。",
        ),
        Field::may(
            "change-key",
            &CONDITION,
            "When CHANGE KEY (80 32) is allowed. Default: it is not.",
            "CHANGE KEY（80 32）を許す条件。既定値: 許さない。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static SHARED_PIN: Record = Record {
    name: "shared-pin",
    written: "[[application.pin]] (shared)",
    about: words(
        "A PIN whose value and tries are those of another application's PIN. Each application has its own verified status.",
        "値と残り試行回数が別のアプリケーションの暗証番号と共通の暗証番号。照合状態はアプリケーションごとに持つ。",
    ),
    mark: Some("shared"),
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must(
            "shared",
            &Form::Text(&SHARED),
            "The other application and its PIN: `jpki auth`.",
            "相手のアプリケーションと暗証番号: `jpki auth`。",
        ),
        Field::may(
            "verify",
            &CONDITION,
            "When VERIFY is allowed. Default: `always`.",
            "VERIFYを許す条件。既定値: `always`。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static HEX_VALUE: Record = Record {
    name: "hex-value",
    written: "{ hex = … }",
    about: words(
        "The value of a PIN in hexadecimal digits.",
        "16進で書いた暗証番号の値。",
    ),
    mark: Some("hex"),
    one_of: &[],
    fields: &[Field::must("hex", &T_HEX, "1 to 16 bytes.", "1～16バイト。")],
};

static KEY: Record = Record {
    name: "key",
    written: "[[application.key]]",
    about: words("A private key of the card.", "カードの秘密鍵。"),
    mark: None,
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must("algorithm", &ALGORITHM, "Its algorithm.", "アルゴリズム。"),
        Field::must(
            "origin",
            &Form::Either(&[&Form::Word(&["issue", "card"]), &Form::Table(&KEY_FILE)]),
            "Where it comes from: `issue` makes it with the card, `card` leaves it to GENERATE ASYMMETRIC KEY PAIR, \
             `{ file = \"key.pem\" }` gives it (PKCS#8, PEM).",
            "由来。`issue`は発行時に生成、`card`はGENERATE ASYMMETRIC KEY PAIRで生成、`{ file = \"key.pem\" }`は与えた鍵（PKCS#8、PEM）。",
        ),
        Field::may(
            "sign",
            &CONDITION,
            "When COMPUTE DIGITAL SIGNATURE is allowed. Default: it is not.",
            "COMPUTE DIGITAL SIGNATUREを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "internal-authenticate",
            &CONDITION,
            "When INTERNAL AUTHENTICATE is allowed. Default: it is not.",
            "INTERNAL AUTHENTICATEを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "generate",
            &CONDITION,
            "When GENERATE ASYMMETRIC KEY PAIR is allowed, of a key with `origin = \"card\"`. Default: it is not.",
            "`origin = \"card\"`の鍵でGENERATE ASYMMETRIC KEY PAIRを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "read",
            &CONDITION,
            "When the public key may be read, of a key with `origin = \"card\"`. Default: it may not.",
            "`origin = \"card\"`の鍵で公開鍵の読み出しを許す条件。既定値: 許さない。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static KEY_FILE: Record = Record {
    name: "key-file",
    written: "{ file = … }",
    about: words(
        "A private key in a file (PKCS#8, PEM).",
        "ファイルの秘密鍵（PKCS#8、PEM）。",
    ),
    mark: Some("file"),
    one_of: &[],
    fields: &[Field::must("file", &T_PATH, "Its path.", "パス。")],
};

static HOST_KEY: Record = Record {
    name: "host-key",
    written: "[[application.host-key]]",
    about: words(
        "The public key of a host. After EXTERNAL AUTHENTICATE with it, a condition with its name holds.",
        "ホストの公開鍵。EXTERNAL AUTHENTICATEが成功すると、その名前の条件が成り立つ。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must(
            "file",
            &T_PATH,
            "The file with the key (SubjectPublicKeyInfo, PEM): RSA-2048, RSA-3072, P-256 or P-384.",
            "鍵のファイル（SubjectPublicKeyInfo、PEM）: RSA-2048、RSA-3072、P-256、P-384。",
        ),
        Field::may(
            "external-authenticate",
            &CONDITION,
            "When EXTERNAL AUTHENTICATE is allowed. Default: `always`.",
            "EXTERNAL AUTHENTICATEを許す条件。既定値: `always`。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static TRANSPARENT: Record = Record {
    name: "transparent-file",
    written: "[[application.file]] (transparent)",
    about: words("A transparent file.", "透過ファイル。"),
    mark: Some("content"),
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must("content", &CONTENT, "What it holds.", "内容。"),
        Field::may(
            "size",
            &Form::Whole(1, LONGEST_FILE),
            "Its size in bytes: FF fills what the content leaves. Default: as long as the content.",
            "大きさ（バイト）。余りはFFで埋める。既定値: 内容の長さ。",
        ),
        Field::may(
            "read",
            &CONDITION,
            "When READ BINARY is allowed. Default: it is not.",
            "READ BINARYを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "update",
            &CONDITION,
            "When UPDATE BINARY is allowed. Default: it is not.",
            "UPDATE BINARYを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "secret",
            &Form::Flag,
            "Whether traces mask what is read from it. Default: false.",
            "トレースで読み出しデータを隠すか。既定値: false。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static RECORDS: Record = Record {
    name: "record-file",
    written: "[[application.file]] (records)",
    about: words("A file with records.", "レコードファイル。"),
    mark: Some("records"),
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must(
            "records",
            &Form::List(&CONTENT, 0, MOST_RECORDS as usize),
            "Its records, each with all its bytes.",
            "レコード。それぞれの全バイト。",
        ),
        Field::may(
            "room",
            &Form::Table(&ROOM),
            "How many records it can have, and how long they can be. Default: as many as there are, each as long as the longest.",
            "収容できるレコードの数と長さ。既定値: 今ある数と、最も長いレコードの長さ。",
        ),
        Field::may(
            "read",
            &CONDITION,
            "When READ RECORD is allowed. Default: it is not.",
            "READ RECORDを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "update",
            &CONDITION,
            "When UPDATE RECORD is allowed. Default: it is not.",
            "UPDATE RECORDを許す条件。既定値: 許さない。",
        ),
        Field::may(
            "append",
            &CONDITION,
            "When APPEND RECORD is allowed, which needs `room`. Default: it is not.",
            "APPEND RECORDを許す条件（`room`が必要）。既定値: 許さない。",
        ),
        Field::may(
            "secret",
            &Form::Flag,
            "Whether traces mask what is read from it. Default: false.",
            "トレースで読み出しデータを隠すか。既定値: false。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

static ROOM: Record = Record {
    name: "room",
    written: "room = { … }",
    about: words("The room of a file with records.", "レコードファイルの容量。"),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must(
            "records",
            &Form::Whole(1, MOST_RECORDS),
            "The most records.",
            "レコードの最大数。",
        ),
        Field::must(
            "length",
            &Form::Whole(1, LONGEST_RECORD),
            "The longest record, in bytes.",
            "レコードの最大長（バイト）。",
        ),
    ],
};

static INTERNAL: Record = Record {
    name: "internal-file",
    written: "[[application.file]] (internal)",
    about: words(
        "An internal file of no stated use: it can be selected, and nothing else.",
        "用途を定めない内部ファイル。選択だけができる。",
    ),
    mark: Some("internal"),
    one_of: &[],
    fields: &[
        NAME_FIELD,
        TITLE_FIELD,
        EF_FIELD,
        Field::must(
            "internal",
            &Form::True,
            "Says that it is one.",
            "内部ファイルであること。",
        ),
        CERTAINTY_FIELD,
        SOURCE_FIELD,
    ],
};

/// What a file or a record holds.
static CONTENT: Form = Form::Named(
    "content",
    &Form::Either(&[
        &Form::Table(&HEX_CONTENT),
        &Form::Table(&TEXT),
        &Form::Table(&FILE_CONTENT),
        &Form::Table(&TLV),
        &Form::Table(&CONCAT),
        &Form::Table(&SERIAL),
        &Form::Table(&RANDOM),
        &Form::Table(&PERSON),
        &Form::Table(&DATE),
        &Form::Table(&SIGNATURE),
        &Form::Table(&PUBLIC_KEY),
        &Form::Table(&CERTIFICATE_CONTENT),
    ]),
);

static HEX_CONTENT: Record = Record {
    name: "hex",
    written: "{ hex = … }",
    about: words("Bytes.", "バイト列。"),
    mark: Some("hex"),
    one_of: &[],
    fields: &[Field::must("hex", &T_HEX, "The bytes.", "バイト列。")],
};

const ENCODING_FIELD: Field = Field::may(
    "encoding",
    &ENCODING,
    "How the text becomes bytes. `utf-16` is big-endian without a mark; `jis-x-0208` has two bytes a character and no half-width \
     ones; `jis-x-0201` has half-width katakana, and ¥ and ‾ in place of \\ and ~. Default: `utf-8`.",
    "文字符号化。`utf-16`はBOMなしのビッグエンディアン。`jis-x-0208`は1文字2バイトで半角文字を含まない。`jis-x-0201`は半角カタカナを含み、\\と~の代わりに¥と‾を持つ。既定値: `utf-8`。",
);

static TEXT: Record = Record {
    name: "text",
    written: "{ text = … }",
    about: words("A text.", "文字列。"),
    mark: Some("text"),
    one_of: &[],
    fields: &[
        Field::must("text", &Form::Text(&ANY_TEXT), "The text.", "文字列。"),
        ENCODING_FIELD,
    ],
};

static FILE_CONTENT: Record = Record {
    name: "file-content",
    written: "{ file = … }",
    about: words(
        "The bytes of an ordinary file, at most 32 KiB.",
        "通常ファイルの内容（32 KiBまで）。",
    ),
    mark: Some("file"),
    one_of: &[],
    fields: &[Field::must("file", &T_PATH, "Its path.", "パス。")],
};

static TLV: Record = Record {
    name: "tlv",
    written: "{ tlv = { … } }",
    about: words(
        "Data objects, in the order in which they are written. A length below 128 takes one byte, another is `82 hh ll`.",
        "データオブジェクト。書いた順に並ぶ。長さは127以下なら1バイト、それ以外は`82 hh ll`。",
    ),
    mark: Some("tlv"),
    one_of: &[],
    fields: &[Field::must(
        "tlv",
        &Form::Map(&TAG, &Form::Either(&[&CONTENT, &Form::List(&CONTENT, 1, 100)])),
        "The objects: tags with what they hold, or with a list for objects that follow each other under one tag.",
        "タグと値。同じタグを繰り返すときは値の配列。",
    )],
};

static CONCAT: Record = Record {
    name: "concat",
    written: "{ concat = [ … ] }",
    about: words("Contents, one after the other.", "内容をつなげたもの。"),
    mark: Some("concat"),
    one_of: &[],
    fields: &[Field::must(
        "concat",
        &Form::List(&CONTENT, 1, 1000),
        "The contents.",
        "つなげる内容。",
    )],
};

static SERIAL: Record = Record {
    name: "serial",
    written: "{ serial = … }",
    about: words("A number that each card has for itself.", "カードごとに異なる番号。"),
    mark: Some("serial"),
    one_of: &[],
    fields: &[Field::must(
        "serial",
        &Form::Whole(1, 32),
        "How many digits it has, in ASCII.",
        "桁数（ASCIIの数字）。",
    )],
};

static RANDOM: Record = Record {
    name: "random",
    written: "{ random = … }",
    about: words(
        "Random bytes that each card has for itself.",
        "カードごとに異なる乱数。",
    ),
    mark: Some("random"),
    one_of: &[],
    fields: &[Field::must(
        "random",
        &Form::Whole(1, LONGEST_FILE),
        "How many bytes.",
        "バイト数。",
    )],
};

static PERSON: Record = Record {
    name: "person",
    written: "{ person = … }",
    about: words("A value of the (fictional) cardholder.", "（架空の）名義人の値。"),
    mark: Some("person"),
    one_of: &[],
    fields: &[
        Field::must(
            "person",
            &Form::Word(&[
                "name",
                "kana",
                "address",
                "birth",
                "sex",
                "municipality",
                "municipality-code",
            ]),
            "Which. `birth` is YYYYMMDD; `sex` is the digit of ISO/IEC 5218 (1 male, 2 female, 9 other, 0 not known).",
            "どの値か。`birth`はYYYYMMDD、`sex`はISO/IEC 5218の数字（1 男、2 女、9 その他、0 不明）。",
        ),
        ENCODING_FIELD,
    ],
};

static DATE: Record = Record {
    name: "date",
    written: "{ date = … }",
    about: words("A date of the card.", "カードの日付。"),
    mark: Some("date"),
    one_of: &[],
    fields: &[
        Field::must(
            "date",
            &Form::Word(&["issued", "expiry"]),
            "The day of issue in Japan, or the day on which the card ends.",
            "発行日（日本時間）または有効期限。",
        ),
        Field::may(
            "form",
            &Form::Word(&["digits", "bcd", "era-digits"]),
            "`digits`: YYYYMMDD in ASCII; `bcd`: the same in four bytes; `era-digits`: the digit of the era (5 is Reiwa) and \
             YYMMDD in ASCII. Default: `digits`.",
            "`digits`: ASCIIのYYYYMMDD。`bcd`: 同じ数字を4バイトで。`era-digits`: 元号の数字（5は令和）とYYMMDDのASCII。既定値: `digits`。",
        ),
    ],
};

static SIGNATURE: Record = Record {
    name: "signature",
    written: "{ signature = { … } }",
    about: words(
        "A signature over files of the application.",
        "アプリケーションのファイルに対する署名。",
    ),
    mark: Some("signature"),
    one_of: &[],
    fields: &[Field::must(
        "signature",
        &Form::Table(&SIGNER),
        "The key and the files.",
        "鍵とファイル。",
    )],
};

static SIGNER: Record = Record {
    name: "signer",
    written: "signature = { … }",
    about: words(
        "Who signs what: PKCS#1 v1.5 with SHA-256, or ECDSA in DER (P-256 with SHA-256, P-384 with SHA-384).",
        "署名の鍵と対象。PKCS#1 v1.5（SHA-256）、またはDERのECDSA（P-256はSHA-256、P-384はSHA-384）。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must(
            "file",
            &T_PATH,
            "The private key (PKCS#8, PEM).",
            "秘密鍵（PKCS#8、PEM）。",
        ),
        Field::must(
            "of",
            &Form::List(&T_EF, 1, MOST_FILES),
            "The transparent files whose contents are signed, one after the other, without filler.",
            "署名する透過ファイル。内容を順につなげる。充填は含まない。",
        ),
    ],
};

static PUBLIC_KEY: Record = Record {
    name: "public-key",
    written: "{ public-key = … }",
    about: words(
        "The public half of a key of the application (SubjectPublicKeyInfo, DER).",
        "アプリケーションの鍵の公開鍵（SubjectPublicKeyInfo、DER）。",
    ),
    mark: Some("public-key"),
    one_of: &[],
    fields: &[Field::must(
        "public-key",
        &T_NAME,
        "The name of a key, or of the secure session's key, that is not made on the card.",
        "鍵またはセキュアセッションの鍵の名前。カード上で生成する鍵は不可。",
    )],
};

static CERTIFICATE_CONTENT: Record = Record {
    name: "certificate-content",
    written: "{ certificate = { … } }",
    about: words(
        "A certificate for a key of the application (X.509, DER).",
        "アプリケーションの鍵の証明書（X.509、DER）。",
    ),
    mark: Some("certificate"),
    one_of: &[],
    fields: &[Field::must(
        "certificate",
        &Form::Table(&CERTIFICATE),
        "What it says.",
        "その内容。",
    )],
};

static CERTIFICATE: Record = Record {
    name: "certificate",
    written: "certificate = { … }",
    about: words(
        "The certificate lasts from the card's issue to its end. Its serial number is made with the card.",
        "有効期間はカードの発行から有効期限まで。シリアル番号は発行時に生成する。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must(
            "key",
            &T_NAME,
            "The key's name. It is not made on the card.",
            "鍵の名前。カード上で生成する鍵は不可。",
        ),
        Field::must(
            "authority",
            &Form::Table(&AUTHORITY),
            "Who issues it.",
            "発行する認証局。",
        ),
        Field::must("subject", &Form::Text(&SUBJECT), "Its subject.", "主体者。"),
    ],
};

static AUTHORITY: Record = Record {
    name: "authority",
    written: "authority = { … }",
    about: words(
        "A certificate authority. The subject of its certificate has TEST in it.",
        "認証局。証明書の主体者はTESTを含むこと。",
    ),
    mark: None,
    one_of: &[],
    fields: &[
        Field::must("certificate", &T_PATH, "Its certificate (PEM).", "証明書（PEM）。"),
        Field::must(
            "key",
            &T_PATH,
            "Its private key (PKCS#8, PEM).",
            "秘密鍵（PKCS#8、PEM）。",
        ),
    ],
};

//! The table of the format: every key of a declaration file.

mod contents;
mod shapes;

use vmyna_applets::free_area;

use super::form::{Field, Form, Record, words};
use contents::CONTENT;
use shapes::{AID, CONDITION_TEXT, EF, HEX, LINE, NAME, PARENT, PATH, PIN_TEXT, RULE, SHARED, STATUS_WORD, TITLE};

/// The most applications of a file.
pub(super) const MOST_APPLICATIONS: usize = free_area::MOST_APPLICATIONS;
/// The most entries of a list in an application: files of one kind, records are counted apart.
const MOST_FILES: usize = free_area::MOST_FILES;
/// The most records of a file, as a record number has it.
pub(super) const MOST_RECORDS: u32 = 254;
/// The longest record, in bytes: what an R-APDU with a short length has.
pub(super) const LONGEST_RECORD: u32 = 254;
/// The longest file, in bytes.
pub(super) const LONGEST_FILE: u32 = free_area::LONGEST_FILE as u32;

/// Words of conditions that can't be names.
pub(super) const RESERVED: [&str; 5] = ["and", "or", "always", "never", "unsuited"];

static T_NAME: Form = Form::Text(&NAME);
static T_LINE: Form = Form::Text(&LINE);
static T_TITLE: Form = Form::Text(&TITLE);
static T_EF: Form = Form::Text(&EF);
static T_HEX: Form = Form::Text(&HEX);
static T_PATH: Form = Form::Text(&PATH);
static CONDITION: Form = Form::Named("condition", &Form::Text(&CONDITION_TEXT));
static CERTAINTY: Form = Form::Word(&["measured", "documented", "client", "assumed"]);

/// The kinds of keys, as `KeyAlgorithm` reads them.
static ALGORITHM: Form = Form::Word(&["RSA-2048", "RSA-3072", "P-256", "P-384"]);

const CERTAINTY_FIELD: Field = Field::may(
    "certainty",
    &CERTAINTY,
    "How certain this is. Default: that of the application.",
    "確かさ。既定値: アプリケーションのもの。",
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
            "各部分の確かさ。既定値: `assumed`。",
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

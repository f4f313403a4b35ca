//! What a file or a record can hold.

use super::super::form::{Field, Form, Record, words};
use super::shapes::{ANY_TEXT, SUBJECT, TAG};
use super::{LONGEST_FILE, MOST_FILES, T_EF, T_HEX, T_NAME, T_PATH};

static ENCODING: Form = Form::Word(&["utf-8", "ascii", "utf-16", "jis-x-0201", "jis-x-0208"]);

/// What a file or a record holds.
pub(super) static CONTENT: Form = Form::Named(
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

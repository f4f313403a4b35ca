//! docs/applications.md and docs/applications.ja.md are the reference of declaration files. `make docs` writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use vmyna_apdu::Language;
use vmyna_issuance::application_file::{ApplicationFile, reference};
use vmyna_testkit::assert_page;

const EXAMPLE: &str = r#"format = 1

[[application]]
name = "member"
title = "会員証AP"
aid = "F0 54 45 53 54 2D 4D 45 4D 42 45 52"
source = "an invention"

[[application.pin]]
name = "pin"
title = "暗証番号"
ef = "0006"
length = 4
tries = 3
value = "1234"

[[application.file]]
name = "number"
title = "会員番号"
ef = "0001"
content = { tlv = { C1 = { serial = 10 }, C2 = { date = "expiry" } } }
read = "always"

[[application.file]]
name = "name"
title = "会員の氏名"
ef = "0002"
content = { person = "name" }
size = 128
read = "pin"
secret = true
"#;

const ENGLISH: &str = r#"# Declaration files: `*.ap.toml`

[日本語](applications.ja.md) · [tutorial](tutorial.md) · [applications that ship](../applications/README.md) · [all pages](README.md)

A declaration file is an application for the card's free area (空き領域), as TOML. It is data: the card runs it with the same code as
its own applications, so access control, PINs, keys, traces and explanations are the same. Whether a real card would take such an
application is a decision of the authorities; this format is an invention of this project.

{EXAMPLE}

| Command | Does |
|---|---|
| `vmyna ap new FILE` | writes a declaration to begin with |
| `vmyna ap check FILE…` | reports every fault with its line and field; exit status 1 if there is one; `--json` |
| `vmyna ap show FILE` | shows files, sizes, PINs, keys and access; `--lang ja`, `--why` |
| `vmyna ap doc FILE` | writes a page for the users of the application: Markdown with the APDUs that read each file; `--lang ja` |
| `vmyna ap test FILE` | puts test vectors to a card with the applications: those that follow from the declaration, and your own ([conformance.md](conformance.md#vectors-for-an-application-of-your-own)); `--card`, `--vectors`, `--json`, `--junit`, `--lang ja` |
| `vmyna ap schema` | prints the JSON Schema, for editors |

## Conditions

A condition says when an operation is allowed. An operation without a condition is not allowed.

| Condition | Holds |
|---|---|
| `always` | without any credential |
| `never` | by no credential |
| `unsuited` | never, because the key is not for this use (another status word) |
| `pin` | after VERIFY of the PIN of this name, or EXTERNAL AUTHENTICATE with the host key of this name |
| `a or b` | where one of them holds |
| `a and b` | where both hold; `and` binds stronger than `or` |
| `(a or b) and c` | parentheses, at most 16 deep |

`always`, `never` and `unsuited` stand alone. A condition that can never hold, because what it needs can never be verified, is a fault.

## Files that a declaration names

They are ordinary files below the folder of the declaration: no absolute path, no `..`, no symbolic link that leads out of the
folder, at most 32 KiB each. The declaration itself has at most 1 MiB. Keys are PEM: PKCS#8 for private keys, SubjectPublicKeyInfo
for public ones.

## Values that differ between cards

`serial`, `random`, `person`, `date`, keys with `origin = "issue"` and the serial numbers of certificates are made with the card. The
same declaration, card and seed give the same values. Another file in the declaration changes none of them.

## Certainty

Each part has a certainty, `measured`, `documented`, `client` or `assumed`, and a source. Lists and explanations show both.

## Tables and keys

A key with \* must be given. An unknown key is a fault: what the format can't express is never ignored.

"#;

const JAPANESE: &str = r#"# 宣言ファイル: `*.ap.toml`

[English](applications.md) · [チュートリアル](tutorial.ja.md) · [付属のアプリケーション](../applications/README.ja.md) · [文書一覧](README.md)

宣言ファイルは、カードの空き領域に載せるアプリケーションをTOMLで書いたものです。カードは自身のアプリケーションと同じコードでこれを動かすため、
アクセス制御、暗証番号、鍵、トレース、説明も同じように働きます。実際のカードに載せられるかどうかは発行機関が決めることで、この書式は本プロジェクトの創作です。

{EXAMPLE}

| コマンド | 内容 |
|---|---|
| `vmyna ap new FILE` | ひな形を書き出す |
| `vmyna ap check FILE…` | すべての誤りを行とフィールドとともに報告する。誤りがあれば終了ステータス1。`--json` |
| `vmyna ap show FILE` | ファイル、大きさ、暗証番号、鍵、アクセス条件を表示する。`--lang ja`、`--why` |
| `vmyna ap doc FILE` | 利用者向けのページ（Markdown）を書く。各ファイルを読むAPDUを含む。`--lang ja` |
| `vmyna ap test FILE` | アプリケーションを載せたカードにテストベクタを送る。宣言から導いたものと、作成者自身のもの（[conformance.md](conformance.md#vectors-for-an-application-of-your-own)）。`--card`、`--vectors`、`--json`、`--junit`、`--lang ja` |
| `vmyna ap schema` | エディター用のJSON Schemaを表示する |

## 条件

条件は、操作を許す場合を定めます。条件のない操作は許されません。

| 条件 | 成り立つ場合 |
|---|---|
| `always` | 常に |
| `never` | どの認証でも成り立たない |
| `unsuited` | 鍵の用途が異なるため成り立たない（別のステータスワード） |
| `pin` | その名前の暗証番号のVERIFY、またはその名前のホスト鍵によるEXTERNAL AUTHENTICATEの後 |
| `a or b` | どちらかが成り立つとき |
| `a and b` | 両方が成り立つとき。`and`は`or`より強く結び付く |
| `(a or b) and c` | 括弧。深さは16まで |

`always`、`never`、`unsuited`は単独で書きます。必要な認証が決して成功しない条件は誤りです。

## 宣言が参照するファイル

宣言ファイルのフォルダー以下の通常ファイルに限ります。絶対パス、`..`、フォルダーの外へ出るシンボリックリンクは使えません。1つ32 KiBまでです。
宣言ファイル自体は1 MiBまでです。鍵はPEMで、秘密鍵はPKCS#8、公開鍵はSubjectPublicKeyInfoです。

## カードごとに異なる値

`serial`、`random`、`person`、`date`、`origin = "issue"`の鍵、証明書のシリアル番号は、カードとともに作られます。宣言、カード、シードが同じなら同じ値になります。
宣言にファイルを加えても、ほかの値は変わりません。

## 確かさ

各部分は確かさ（`measured`、`documented`、`client`、`assumed`）と根拠を持ち、一覧や説明に表示されます。

## 表とキー

\*の付いたキーは必須です。知らないキーは誤りです。書式で表せないものが無視されることはありません。

"#;

#[test]
fn the_reference_is_written_in_both_languages() {
    let example = format!("```toml\n{EXAMPLE}```");
    for (name, text, language) in [
        ("applications.md", ENGLISH, Language::En),
        ("applications.ja.md", JAPANESE, Language::Ja),
    ] {
        let reference = reference(language);
        let page = text.replace("{EXAMPLE}", &example) + reference.trim_end() + "\n";
        assert_page(name, &page);
    }
}

#[test]
fn the_example_of_the_reference_is_right() {
    let file = ApplicationFile::parse(EXAMPLE, None).unwrap();
    let card = vmyna_applets::specimen::find("hanako").unwrap().unwrap();
    let made = file.make(&card, &mut rand_core::OsRng).unwrap();
    assert_eq!(made.len(), 1);
}

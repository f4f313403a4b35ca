//! Cards that are hard to parse: right ones of a rare form, and wrong ones that a parser must survive.

mod people;
mod pictures;
mod structure;
mod transport;

use vmyna_applets::issued::IssuedCard;

use crate::candidate::{Candidates, Part, checks};
use crate::forge::sign::Signer;
use crate::forge::text::Texts;
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    P01: must("read lengths 82 00 hh, private tags, and a constructed tag over plain digits", "長さ82 00 hh、私的タグ、数字だけを値に持つ構造化タグを読む"),
        why("every card has them, and strict libraries refuse them", "どのカードにもあるが、厳格なライブラリは拒否する"),
        Measured, "myna-card: files of a published test card";
    P02: must("stop at the end of an object, and ignore filler behind it", "オブジェクトの終わりで止まり、後ろの詰め物を無視する"),
        why("files are longer than what they hold", "ファイルは内容より長い"),
        Measured, "jpki-image-signer and sc-tools-myna: sizes of files of real cards";
    P03: must("read addresses of more than 127 and 255 bytes, and find what is behind them", "127バイト、255バイトを超える住所と、その後ろのオブジェクトを読む"),
        why("the length of a length changes, and all offsets with it", "長さの表現が変わり、オフセットも変わる"),
        Client, "a client reads the birth date at the fixed offset 71; the longest address has 200 characters";
    P04: must("read on after a short answer, and follow 61xx and 6Cxx", "短い応答の続きを読み、61xxと6Cxxに従う"),
        why("readers and interfaces cut answers differently", "リーダーやインターフェースによって応答の区切りが異なる"),
        Documented, "ISO/IEC 7816-4, 5.3; several clients";
    P06: must("refuse a length beyond the data, without a crash", "データを超える長さを、異常終了せずに拒否する"),
        why("such lengths are the usual way to a read beyond a buffer", "バッファーの外を読ませる典型的な方法である"),
        Documented, "moov-io/iso8583 issue 426; OpenFIPS201 issue 59; unleashed-firmware pull request 1048";
    P07: must("refuse a file that is cut, without a crash or a hang", "途中で切れたファイルを、異常終了も停止もせずに拒否する"),
        why("a card that is pulled out cuts files too", "カードの抜き取りでもファイルは途切れる"),
        Documented, "a like case: GHSA-g258-q5gf-7hvx";
    P08: must("find objects by their tags, and refuse one that is there twice", "オブジェクトをタグで探し、重複は拒否する"),
        why("new cards may bring new objects and another order", "新しいカードでは、オブジェクトや順序が変わりうる"),
        Assumed, "no such card was seen";
    P09: must("accept names in Latin letters, with middle names, without family name, and long ones", "ローマ字、ミドルネーム、姓のない名前、長い名前を受け入れる"),
        why("foreign residents have this card too", "外国人住民もこのカードを持つ"),
        Client, "pages of municipalities on names of foreign residents";
    P10: must("keep characters beyond the BMP, variation selectors and compatibility ideographs as they are", "BMP外の文字、異体字セレクター、互換漢字をそのまま保つ"),
        why("a Unicode normalization before the digest changes the bytes that are signed", "ハッシュ計算の前の正規化は、署名されたバイト列を変える"),
        Documented, "icu4x issue 2886; variation sequences in names of the register";
    P11: must("compare names by a stated rule, and inform its user of a substituted character", "氏名は定めた規則で比較し、代替文字を知らせる"),
        why("the certificate lacks some of the register's characters", "証明書に記録できない文字がある"),
        Assumed, "unicode-normalization pull request 70 (a like case)";
    P12: must("refuse control characters and invalid UTF-8, or show them escaped", "制御文字と不正なUTF-8を拒否するか、エスケープして表示する"),
        why("a terminal, a browser or a spreadsheet would obey them", "端末、ブラウザー、表計算ソフトがそれに従ってしまう"),
        Documented, "CWE-150, CWE-79 and CWE-1236";
    P13: must("accept the sexes 1, 2, 9 and 0, and show an unknown part of a birth date as unknown", "性別1、2、9、0を受け入れ、生年月日の不詳部分を不詳と示す"),
        why("such cardholders exist, and 00 is no month", "そのような本人がおり、00は月ではない"),
        Client, "ISO/IEC 5218; the form of unknown parts is assumed";
    P14: must("cope with a card without photo, and with another form of the picture", "顔写真のないカードや、画像の別の形式に対応する"),
        why("cards of infants have no photo", "乳児のカードには顔写真がない"),
        Assumed, "pages of municipalities; the form on such cards is not published";
    P15: must("report a clear error for an unexpected status word", "予期しないステータスワードに対し、明確なエラーを報告する"),
        why("a card can be damaged, of another kind, or in use", "カードは破損、別種、使用中のことがある"),
        Documented, "ISO/IEC 7816-4, 5.6";
    P16: must("limit what a picture may cost before it decodes it", "復号する前に、画像の大きさを制限する"),
        why("two kilobytes can demand gigabytes of memory", "2キロバイトで数ギガバイトのメモリーを要求できる"),
        Documented, "OpenJPEG issues 1178, 1457 and 1474 (CVE-2023-39329)";
    P17: must("cope with cards that lack an object or have more applications", "オブジェクトがないカードや、APが多いカードに対応する"),
        why("generations differ, and municipalities add applications", "世代によって異なり、市区町村がAPを加える"),
        Client, "myna-card: GET DATA 7F21 is absent on older cards; ISO/IEC 7816-4 for 6283";
    P19: must("accept the answer to reset of every batch", "あらゆるロットのATRを受け入れる"),
        why("a list of known ones ends with the next batch", "既知の一覧は次のロットで古くなる"),
        Documented, "pcsc-tools; OpenSC's list of the card's answers to reset";
}

const TEXT: &[Part] = &[Part::Text];
const FACE: &[Part] = &[Part::Face];
/// What every program is about that reads a card.
const ANY: &[Part] = &[];

/// The card that was not changed.
const GENUINE: &str = "parsing.genuine";

fn genuine(workshop: &Workshop) -> &IssuedCard {
    workshop.card(Person::A)
}

fn subject(card: IssuedCard) -> Subject {
    Subject::card(ForgedCard::new(card))
}

fn municipality(workshop: &Workshop, of: &str) -> Result<Signer, MakeError> {
    Signer::new(&workshop.genuine_key(of)?)
}

/// The card with changed texts, which the municipality has signed so.
fn signed_texts(
    workshop: &Workshop,
    change: impl FnOnce(&mut Texts) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let mut texts = Texts::of(genuine(workshop))?;
    change(&mut texts)?;
    texts.digest()?;
    texts.sign(&municipality(workshop, "municipality-text")?)?;
    Ok(subject(texts.put(genuine(workshop))?))
}

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    structure::add(all);
    transport::add(all);
    people::add(all);
    pictures::add(all);
}

//! The meaning of a status word: in general, and as the answer to a command.

use vmyna_apdu::StatusWord as Sw;
use vmyna_apdu::{CommandApdu, ResponseApdu, Text, instruction::code, text};
use vmyna_card_os::rule;

use crate::rules;

/// The meaning in general.
#[must_use]
pub fn meaning(sw: Sw) -> Text {
    let ja = match sw {
        Sw::SUCCESS => "正常終了",
        Sw::WRONG_UNLIMITED => "不一致（回数制限なし）",
        Sw::MEMORY_FAILURE => "メモリへの書き込み失敗",
        Sw::WRONG_LENGTH => "長さが不正",
        Sw::CHANNEL_NOT_SUPPORTED => "論理チャネル未対応",
        Sw::SECURE_MESSAGING_NOT_SUPPORTED => "セキュアメッセージング未対応",
        Sw::CHAINING_NOT_SUPPORTED => "コマンドチェイニング未対応",
        Sw::INCOMPATIBLE_FILE => "ファイル構造と矛盾するコマンド",
        Sw::SECURITY_STATUS_NOT_SATISFIED => "セキュリティステータスが満たされない",
        Sw::REFERENCE_DATA_BLOCKED => "PINまたは鍵が閉塞",
        Sw::CONDITIONS_NOT_SATISFIED => "使用条件が満たされない",
        Sw::NO_CURRENT_EF => "カレントEFがない",
        Sw::NO_SECURE_SESSION => "セキュアセッションがない",
        Sw::SM_OBJECTS_MISSING => "セキュアメッセージングのデータオブジェクトがない",
        Sw::SM_OBJECTS_WRONG => "セキュアメッセージングのデータオブジェクトが不正",
        Sw::NO_SECURITY_ENVIRONMENT => "セッション鍵のためのセキュリティ環境がない",
        Sw::WRONG_DATA => "データ部が不正",
        Sw::NOT_FOUND => "ファイル、APまたは鍵がない",
        Sw::RECORD_NOT_FOUND => "レコードがない",
        Sw::NOT_ENOUGH_MEMORY => "メモリ不足",
        Sw::WRONG_P1_P2 => "P1-P2が不正",
        Sw::REFERENCED_DATA_NOT_FOUND => "参照データがない",
        Sw::OFFSET_OUTSIDE_EF => "オフセットがEFの外",
        Sw::INSTRUCTION_NOT_SUPPORTED => "命令未対応",
        Sw::CLASS_NOT_SUPPORTED => "クラス未対応",
        Sw::UNKNOWN_FAILURE => "原因不明の失敗",
        Sw::END_OF_DATA => "Leバイトの前にデータが終わった",
        Sw::DF_LOCKED => "選択したDFが閉塞",
        Sw::PIN_ENTRY_CANCELLED => "PINパッドで取り消された",
        Sw::PIN_ENTRY_NOT_CONFIRMED => "PINパッドで2回入力された新しいPINが一致しない",
        Sw::PIN_ENTRY_WRONG_LENGTH => "PINパッドで入力されたPINの長さが不正",
        Sw::AUTHENTICATION_BLOCKED => "認証方法が閉塞",
        Sw::FUNCTION_NOT_SUPPORTED => "機能未対応",
        sw => match (sw.tries(), sw.bytes_ready(), sw.right_le()) {
            (Some(tries), ..) => &format!("残り試行回数{tries}"),
            (_, Some(0), _) => "あと256バイト以上ある",
            (_, Some(count), _) => &format!("あと{count}バイトある"),
            (.., Some(0)) => "Leが不正、正しくは256",
            (.., Some(le)) => &format!("Leが不正、正しくは{le}"),
            _ => "このカードの一覧にないステータスワード",
        },
    };
    Text {
        en: sw.meaning(),
        ja: ja.to_owned(),
    }
}

/// The rules that answer exactly this status word.
#[must_use]
pub fn rules(sw: Sw) -> Vec<Text> {
    let rules = rule::ALL.iter().filter(|rule| rule.status_word == Some(sw));
    rules.map(|rule| rules::describe(rule)).collect()
}

/// Whether this status word refuses this command. The count of tries that an empty VERIFY asked for refuses nothing, and neither does a
/// warning (62xx) or the announcement of more data (61xx).
#[must_use]
pub fn is_refusal(command: &[u8], sw: Sw) -> bool {
    let is_query = CommandApdu::parse(command).is_ok_and(|apdu| apdu.ins == code::VERIFY && apdu.data.is_empty());
    let [first, _] = sw.to_bytes();
    let is_count = is_query && sw.tries().is_some();
    !is_count && !matches!(first, 0x90 | 0x61 | 0x62)
}

/// The meaning of an answer to this command, as far as it is more than the meaning of its status word.
#[must_use]
pub fn in_context(command: &[u8], response: &[u8]) -> Vec<Text> {
    let (Ok(apdu), Some(response)) = (CommandApdu::parse(command), ResponseApdu::parse(response)) else {
        return Vec::new();
    };
    let (data, sw) = (response.data, response.status_word);
    let (counted, tries) = (sw.tries().is_some(), sw.tries().unwrap_or_default());
    let read = data.len();
    match apdu.ins {
        code::VERIFY if counted && apdu.data.is_empty() => vec![text!(
            "the answer to the query, not a refusal: {tries} tries left",
            "拒否ではなく残り試行回数の照会への応答: 残り{tries}回"
        )],
        code::VERIFY if sw == Sw::tries_left(0) => vec![text!(
            "the PIN was wrong, and this was the last try: it is blocked now",
            "PINが一致しない。最後の1回だったため閉塞した"
        )],
        code::VERIFY if counted => vec![text!(
            "the PIN was wrong and cost a try: {tries} left",
            "PINが一致しない。試行回数を1回消費した: 残り{tries}回"
        )],
        code::VERIFY if sw.is_success() => vec![text!(
            "the PIN was right: all its tries are restored",
            "PINが一致した。残り試行回数は最大値に戻った"
        )],
        code::READ_BINARY if sw.is_success() && apdu.ne.is_some_and(|ne| (read as u32) < ne) => {
            vec![
                text!(
                    "the file ended after these {read} bytes",
                    "ファイルはこの{read}バイトで終わる"
                ),
                rules::describe(&rule::READ_SHORT),
            ]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_word_of_a_rule_has_a_meaning_in_both_languages() {
        let unknown = meaning(Sw::new(0x1234));
        for rule in rule::ALL {
            if let Some(sw) = rule.status_word {
                let meaning = meaning(sw);
                assert!(meaning.en != unknown.en && meaning.ja != unknown.ja, "{sw}");
            }
        }
        assert_eq!(meaning(Sw::tries_left(3)).ja, "残り試行回数3");
    }

    #[test]
    fn the_answer_to_a_query_differs_from_a_wrong_pin() {
        let query = in_context(&[0x00, 0x20, 0x00, 0x98], &[0x63, 0xC3]);
        assert!(query[0].en.contains("not a refusal") && query[0].ja.contains("照会"));
        let wrong = in_context(b"\x00\x20\x00\x98\x040000", &[0x63, 0xC2]);
        assert!(wrong[0].en.contains("cost a try: 2"));
        let last = in_context(b"\x00\x20\x00\x98\x040000", &[0x63, 0xC0]);
        assert!(last[0].en.contains("blocked now"));
    }

    #[test]
    fn a_count_of_tries_that_was_asked_for_is_no_refusal() {
        let (query, wrong) = ([0x00, 0x20, 0x00, 0x98], b"\x00\x20\x00\x98\x040000");
        let of = |value: u16| Sw::new(value);
        assert!(!is_refusal(&query, of(0x63C3)) && is_refusal(wrong, of(0x63C2)) && is_refusal(wrong, of(0x63C0)));
        for value in [0x9000, 0x6110, 0x6282, 0x6283] {
            assert!(!is_refusal(&query, of(value)), "{value:04X}");
        }
        for value in [0x6982, 0x6984, 0x6A82, 0x6581, 0x6F00] {
            assert!(is_refusal(&query, of(value)), "{value:04X}");
        }
    }
}

//! What was done at the counter, in both languages.

use vmyna::counter::Step;
use vmyna_apdu::Text;
use vmyna_applets::pins;
use vmyna_authority::register::Cause;

use crate::desk::authority::kind;
pub(super) use crate::desk::authority::reason;

/// One step.
pub(super) fn step(step: &Step) -> Text {
    let en = step.to_string();
    let ja = match step {
        Step::Revoked(hierarchy, serial, why) => {
            let (kind, why) = (kind(*hierarchy).ja, reason(*why).ja);
            format!("{kind}{serial:06X}を失効させた（{why}）")
        }
        Step::WasRevoked(hierarchy, before) => {
            let (kind, why) = (kind(*hierarchy).ja, reason(before.reason).ja);
            format!("{kind}は{}に失効済み（{why}）。そのままとした", before.at)
        }
        Step::Issued(hierarchy, serial, end) => {
            let kind = kind(*hierarchy).ja;
            format!("{kind}{serial:06X}を発行した。{end}まで有効")
        }
        Step::Removed(hierarchy) => format!("{}とその鍵をカードから消した", kind(*hierarchy).ja),
        Step::Pin(label) => format!("{}に新しい値を設定し、試行回数を戻した", title(label)),
        Step::Tries(label) => format!("{}の試行回数を戻した", title(label)),
        Step::Unset(label) => format!("{}を未設定にした", title(label)),
        Step::Files => "氏名と住所のファイルに署名し直した（券面事項入力補助AP、券面事項確認AP）".to_owned(),
        Step::Printed(line) => format!("追記欄に印字した: {line}"),
        Step::Erased(line) => format!("追記欄から消した: {line}"),
        Step::Withdrawn(cause) => format!("カードを廃止した（{}）", self::cause(*cause)),
        Step::NewCard(expiry) => format!("新しいカードを発行した。有効期限は{expiry}"),
        _ => en.clone(),
    };
    Text { en, ja }
}

fn title(label: &str) -> &str {
    let pin = pins::ALL.into_iter().find(|pin| pin.label == label);
    pin.map_or(label, |pin| pin.title)
}

/// Why a card went out of use, in Japanese.
fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Death => "名義人の死亡",
        Cause::Replaced => "再交付",
        _ => "その他",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmyna_authority::register::Reason;

    #[test]
    fn every_reason_has_a_text_of_its_own_in_japanese() {
        let texts: std::collections::BTreeSet<_> = Reason::ALL.into_iter().map(|one| reason(one).ja).collect();
        assert_eq!(texts.len(), Reason::ALL.len());
    }
}

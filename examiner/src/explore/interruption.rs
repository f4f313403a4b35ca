//! The ways in which a conversation is interrupted.

use vmyna_apdu::{Text, text};

use crate::stage::{Exchange, Verify};

/// One way. At each command of the conversation, or at each VERIFY with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interruption {
    /// Its name, which is the fault that makes it, without the moment.
    pub name: &'static str,
    /// At each VERIFY with a value, and at no other command.
    at_verify: bool,
    /// It has an effect only on an answer with data.
    needs_data: bool,
    /// Random numbers decide how.
    is_drawn: bool,
    words: [&'static str; 2],
}

const fn at_all(name: &'static str, en: &'static str, ja: &'static str) -> Interruption {
    Interruption {
        name,
        at_verify: false,
        needs_data: false,
        is_drawn: false,
        words: [en, ja],
    }
}

const fn drawn(name: &'static str, en: &'static str, ja: &'static str) -> Interruption {
    Interruption {
        is_drawn: true,
        ..at_all(name, en, ja)
    }
}

const fn with_data(name: &'static str, en: &'static str, ja: &'static str) -> Interruption {
    Interruption {
        needs_data: true,
        ..at_all(name, en, ja)
    }
}

/// All of them.
pub const INTERRUPTIONS: [Interruption; 21] = [
    at_all(
        "remove",
        "the card is pulled out before the command",
        "コマンドの前にカードが抜かれる",
    ),
    at_all(
        "remove,executed",
        "the card executes the command and is pulled out before its answer",
        "カードがコマンドを実行し、応答の前に抜かれる",
    ),
    at_all(
        "remove=answered",
        "the card is pulled out after the answer",
        "応答の後にカードが抜かれる",
    ),
    at_all(
        "unplug",
        "the reader is unplugged instead of an answer",
        "応答の代わりにリーダーが抜かれる",
    ),
    at_all(
        "other-reset",
        "another program resets the card before the command",
        "コマンドの前に別のプログラムがカードをリセットする",
    ),
    at_all(
        "probe",
        "another program selects an application and resets the card, unless a transaction prevents it",
        "別のプログラムがアプリケーションを選択し、カードをリセットする(トランザクション中は起こらない)",
    ),
    at_all("sw=6581", "memory failure (6581)", "メモリー障害 (6581)"),
    at_all("sw=6F00", "unknown failure (6F00)", "不明な障害 (6F00)"),
    at_all(
        "sw=6982",
        "security status not satisfied (6982)",
        "セキュリティステータスを満たしていない (6982)",
    ),
    at_all("mute", "no answer", "応答がない"),
    at_all(
        "garbled=one-byte",
        "one byte arrives in place of the answer",
        "応答が1バイトしか届かない",
    ),
    at_all(
        "garbled=cut",
        "half of the answer's data is missing",
        "応答のデータの半分が欠ける",
    ),
    drawn(
        "garbled=bits",
        "bits of the answer's data are others",
        "応答のデータのビットが変わる",
    ),
    drawn(
        "garbled=trailing",
        "bytes follow the status word",
        "ステータスワードの後にバイトが続く",
    ),
    drawn(
        "garbled=too-long",
        "the answer is longer than the command allowed",
        "応答がコマンドの許した長さより長い",
    ),
    with_data(
        "sw=61xx",
        "the data waits for GET RESPONSE (61xx)",
        "データが GET RESPONSE を待つ (61xx)",
    ),
    with_data(
        "sw=6Cxx",
        "the data is given to the command with another Le (6Cxx)",
        "別の Le のコマンドにデータが渡される (6Cxx)",
    ),
    // Longer than a signature of a contactless card, shorter than what programs allow.
    at_all("delay=1000", "the answer takes a second", "応答に1秒かかる"),
    at_all("service-gone", "the PC/SC service ends", "PC/SC サービスが終了する"),
    at_all(
        "transaction-lost",
        "the transaction is over after the command",
        "コマンドの後にトランザクションが失われる",
    ),
    Interruption {
        at_verify: true,
        ..at_all(
            "sw=63C2,ins=20,data",
            "the card refuses the PIN and has 2 tries left (63C2)",
            "カードが PIN を拒否し、残りは2回 (63C2)",
        )
    },
];

impl Interruption {
    /// What happens.
    #[must_use]
    pub fn what(&self) -> Text {
        let [en, ja] = self.words;
        text!("{en}", "{ja}")
    }

    /// The fault that makes it at one moment: at the command with this index, or at the VERIFY with this index, from 0.
    pub(super) fn fault(&self, index: usize, seed: u64) -> String {
        let name = self.name;
        let moment = match self.at_verify {
            true => format!("nth={}", index + 1),
            false => format!("after={index}"),
        };
        format!("{name},{moment}{}", self.seed(seed))
    }

    /// The fault that makes it at the nth command with this instruction, from 1; `None` if that is how it is named anyway.
    pub(super) fn fault_at_instruction(&self, ins: u8, nth: usize, seed: u64) -> Option<String> {
        let at = format!("{},ins={ins:02X},nth={nth}{}", self.name, self.seed(seed));
        (!self.at_verify).then_some(at)
    }

    fn seed(&self, seed: u64) -> String {
        match self.is_drawn && seed != 0 {
            true => format!(",seed={seed}"),
            false => String::new(),
        }
    }

    /// How many moments a conversation has for it.
    pub(super) fn moments(&self, exchanges: &[Exchange]) -> usize {
        self.counted(exchanges).count()
    }

    /// The exchange at a moment.
    pub(super) fn exchange<'a>(&self, exchanges: &'a [Exchange], index: usize) -> Option<&'a Exchange> {
        self.counted(exchanges).nth(index)
    }

    fn counted<'a>(&self, exchanges: &'a [Exchange]) -> impl Iterator<Item = &'a Exchange> + use<'a> {
        let at_verify = self.at_verify;
        exchanges
            .iter()
            .filter(move |exchange| !at_verify || (exchange.ins == 0x20 && exchange.has_data))
    }

    /// Whether it can't have an effect at an exchange like this one.
    pub(super) fn is_without_effect(&self, exchange: &Exchange) -> bool {
        self.needs_data && exchange.length == 0
    }
}

/// Whether the program has sent a value to VERIFY again that the card had refused.
pub(super) fn repeats_refused(exchanges: &[Exchange]) -> bool {
    exchanges.iter().any(|one| one.verify == Some(Verify::RefusedBefore))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interruption_is_a_fault_with_a_name_of_its_own() {
        for (index, one) in INTERRUPTIONS.iter().enumerate() {
            assert!(
                one.fault(3, 5).parse::<vmyna_reader_bridge::fault::Fault>().is_ok(),
                "{}",
                one.name
            );
            let nth = one.fault_at_instruction(0x2A, 2, 5);
            assert!(nth.is_none_or(|fault| fault.parse::<vmyna_reader_bridge::fault::Fault>().is_ok()));
            assert!(INTERRUPTIONS[..index].iter().all(|other| other.name != one.name));
        }
    }
}

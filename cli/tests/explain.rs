//! `vmyna explain`: every field, the meaning of the answer and the rule behind it, in two languages, without PINs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Printed, vmyna};

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

#[track_caller]
fn explain(arguments: &[&str]) -> String {
    vmyna(["explain"]).args(arguments).output().unwrap().exits_with(0).out()
}

#[track_caller]
fn has(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted:?} is not in:\n{text}");
    }
}

#[test]
fn fields_answer_rule_certainty_and_source_are_printed() {
    let text = explain(&[SELECT_JPKI, "00B0810000"]);
    has(
        &text,
        &[
            "   Data D392F000260100000001 AID of jpki (公的個人認証AP)\n",
            "   P1   81       EF 0001 (sign certificate)\n",
            "   Le   00       all bytes, at most 256\n",
            "<< (0+2) 6982   security status not satisfied\n",
            "read needs sign password (001B); verified: none [measured: OpenSC issue 3169",
            "rule access.denied [documented]",
        ],
    );
}

#[test]
fn the_needed_and_the_verified_pins_are_named() {
    let text = explain(&[
        "00A4040C0AD3921000310001010408",
        "002000940C313233343536373839303138",
        "00B0820000",
    ]);
    has(
        &text,
        &["read needs input-assist PIN (0011) or verification code B (0015); verified: verification code A (0014)"],
    );
    assert!(!text.contains("313233"), "{text}");
}

#[test]
fn everything_is_printed_in_japanese_too() {
    let text = explain(&["--lang", "ja", SELECT_JPKI, "00B0810000", "0020009B"]);
    has(
        &text,
        &[
            "公的個人認証AP（jpki）のAID",
            "EF 0001（署名用電子証明書）",
            "セキュリティステータスが満たされない",
            "読み出しには署名用パスワード（001B）の照合が必要。照合済み: なし［実測: OpenSC issue 3169",
            "規則 access.denied［文書による］: アクセス条件が満たされない",
            "拒否ではなく残り試行回数の照会への応答: 残り5回",
        ],
    );
    assert!(!text.contains("denied: "), "{text}");
}

#[test]
fn a_pin_is_masked_also_in_a_malformed_command() {
    for pin in ["0020009B06414243313234", "0020009B0741424331"] {
        assert!(!explain(&[SELECT_JPKI, pin]).contains("4142"));
    }
    has(
        &explain(&["--show-secrets", SELECT_JPKI, "0020009B06414243313233"]),
        &["Data 414243313233", "the PIN was right"],
    );
    let refused = vmyna(["explain", "0020009B0641424"]).output().unwrap().exits_with(2);
    assert!(
        refused.err().contains("argument 1: ") && !refused.err().contains("4142"),
        "{}",
        refused.err()
    );
}

#[test]
fn the_answers_are_those_of_the_named_card() {
    let text = explain(&["--card", "specimen:blocked", SELECT_JPKI, "002000980431323334"]);
    has(&text, &["6984   PIN or key blocked", "rule verify.blocked [measured]"]);
}

#[test]
fn a_status_word_is_printed_with_the_rules_that_answer_it() {
    has(
        &explain(&["6A82"]),
        &[
            "rule reference.no-such-file",
            "rule select.unknown-aid",
            "rule select.mf-by-identifier",
        ],
    );
    has(&explain(&["6100", "--lang", "ja"]), &["これだけを返す規則はない"]);
    vmyna(["explain", "6A8200"]).output().unwrap().exits_with(2);
}

#[test]
fn apdu_prints_the_same_with_why() {
    let run = |more: &[&str]| {
        let mut command = vmyna(["apdu", "--why", SELECT_JPKI, "00B0810000"]);
        command.args(more).output().unwrap().exits_with(0).out()
    };
    has(
        &run(&[]),
        &[
            "   P1   81       EF 0001 (sign certificate)\n",
            "read needs sign password (001B)",
        ],
    );
    has(
        &run(&["--lang", "ja"]),
        &[
            "   SELECT: 公的個人認証AP\n",
            "   READ BINARY: 署名用電子証明書、0バイト目から256バイト\n",
            "6982   セキュリティステータスが満たされない\n",
            "読み出しには署名用パスワード（001B）の照合が必要",
        ],
    );
}

#[test]
fn apdu_why_prints_the_rules_of_a_success_and_of_a_warm_reset() {
    for (language, rule) in [("en", "rule"), ("ja", "規則")] {
        let mut command = vmyna(["apdu", "--why", "--lang", language, ".reset", "00A40400"]);
        let out = command.output().unwrap().exits_with(0).out();
        let (reset, select) = out.split_once(">> ").unwrap();
        assert!(reset.contains(&format!("{rule} reset.keeps-df")), "{out}");
        for id in ["select.empty-name", "select.fci"] {
            assert!(select.contains(&format!("{rule} {id}")), "{out}");
        }
        assert!(!out.contains("power.first-application"), "{out}");
    }
}

#[test]
fn commands_to_a_contactless_reader_are_explained_as_the_reader_s_own() {
    let card = ["--card", "specimen:hanako@contactless"];
    let uid = explain(&[&card[..], &["FFCA000000"]].concat());
    has(
        &uid,
        &[
            "   CLA  FF       a command to the reader, not to the card\n",
            "   INS  CA       GET DATA of PC/SC part 3\n",
            "   P1   00       the identifier of the card: UID, or PUPI for type B\n",
            "<< (4+2) 9000   done\n",
            "answered by the contactless reader, not by the card [documented: PC/SC part 3",
            "its PUPI, which is another one each time",
        ],
    );
    assert!(!uid.contains("does not support"), "{uid}");
    let others = [
        "FFCA010000",
        "FF82000006A0A1A2A3A4A5",
        "FF860000050100046000",
        "FFB0000410",
        "FF00480000",
    ];
    let out = explain(&[&card[..], &others].concat());
    has(
        &out,
        &[
            "historical bytes of the ATS of a card of type A",
            "<< (0+2) 6A81",
            "a card of type B has no ATS",
            "   INS  82       LOAD KEYS of PC/SC part 3\n",
            "   P1   00       key of a card, sent in plain, kept until power-off\n",
            "   Data ************ the key, 6 bytes\n",
            "   Data 0100046000 version 1, address 4, MIFARE key A with number 0\n",
            "with P2 the address 4 on a storage card",
            "escape: a command of the reader's vendor",
            "<< (0+2) 6D00",
            "it has GET DATA only",
        ],
    );
    let out = explain(&[&card[..], &["--lang", "ja", "FFCA000000", "FF86000005010004 6000"]].concat());
    has(
        &out,
        &[
            "カードではなくリーダ宛て",
            "PC/SC part 3のGET DATA",
            "カードではなく非接触リーダの応答［文書による: PC/SC part 3、3.2.2.1.3］",
            "MIFAREの鍵A、鍵番号0",
        ],
    );
    assert!(!out.contains("このカードにない"), "{out}");
}

#[test]
fn a_command_of_class_ff_reaches_the_card_in_a_reader_with_contacts() {
    has(
        &explain(&["FFCA000000"]),
        &[
            "this one has contacts and no commands: it reaches the card",
            "<< (0+2) 6E00",
            "answered by the card: this reader has contacts",
            "rule class.unknown",
        ],
    );
    has(
        &explain(&["--lang", "ja", "FFCA000000"]),
        &["カードに届く", "カードの応答: この接触リーダ"],
    );
}

#[test]
fn an_atr_and_an_ats_are_explained_octet_by_octet_and_damage_is_an_error() {
    let atr = explain(&["--atr", "3B888001000005E0B381A1007F"]);
    has(
        &atr,
        &[
            "3B888001000005E0B381A1007F\n   TS   3B       direct convention\n",
            "   TD2  01       T=1, blocks; no interface byte follows\n",
            "   T7   A1       ATQB: FWI 10, an answer begins within 309.314 ms",
            "   TCK  7F       check byte, right\n",
            "a contactless reader makes",
        ],
    );
    has(
        &explain(&["--lang", "ja", "--ats", "067577810280"]),
        &["FSCI 5、カードが受け取るフレームは最大64バイト"],
    );
    for (language, wrong) in [
        ("en", "TCK is 15, the octets before it give 14"),
        ("ja", "前のオクテットからは14になる"),
    ] {
        let mut command = vmyna(["explain", "--lang", language, "--atr", "3B:E0:00:FF:81:31:FE:45:15"]);
        let output = command.output().unwrap().exits_with(1);
        has(&output.err(), &[wrong]);
        has(&output.out(), &["   TA3  FE       T=1: IFSC 254"]);
    }
    let output = vmyna(["explain", "--ats", "0675"]).output().unwrap().exits_with(1);
    has(&output.err(), &["TL states 6 octets, there are 2"]);
    for wrong in [
        &["--atr", "3B0"][..],
        &["--atr", "3B00", "6A82"],
        &["--atr", "3B00", "--ats", "01"],
        &[],
    ] {
        vmyna(["explain"]).args(wrong).output().unwrap().exits_with(2);
    }
}

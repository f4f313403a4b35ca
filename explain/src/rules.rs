//! The rules of the card in both languages. `vmyna_card_os::rule` states the English, this module the Japanese. A test compares
//! the two lists.

use vmyna_apdu::{Text, text};
use vmyna_card_os::rule::Rule;

use crate::access;

/// A rule with its certainty and source. The source is not translated.
#[must_use]
pub fn describe(rule: &Rule) -> Text {
    let Rule {
        id,
        says,
        certainty,
        source,
        ..
    } = rule;
    let certain = access::certainty(*certainty);
    let japanese = japanese(id).unwrap_or(says);
    text!(
        "rule {id} [{certainty}]: {says} ({source})",
        "規則 {id}［{certain}］: {japanese}（{source}）"
    )
}

/// The Japanese text of the rule with this id.
fn japanese(id: &str) -> Option<&'static str> {
    RULES.iter().find(|(known, _)| *known == id).map(|(_, text)| *text)
}

/// In the order of `rule::ALL`.
const RULES: &[(&str, &str)] = &[
    (
        "power.first-application",
        "電源投入時には発行者セキュリティドメインが選択され、何も照合されていない",
    ),
    (
        "reset.keeps-df",
        "ウォームリセット後もAPは選択されたままで、カレントEFはない",
    ),
    (
        "apdu.malformed",
        "長さフィールドが実際の長さと合わないバイト列はC-APDUではない",
    ),
    ("apdu.wrong-length", "LcまたはLeが命令の求める値ではない"),
    (
        "class.unknown",
        "クラスバイトが00、80およびそのセキュアメッセージング形のいずれでもない",
    ),
    (
        "class.further-channels",
        "CLA 40〜7F（ISOのチャネル4〜19）は未知のクラス",
    ),
    ("class.channel", "論理チャネルは0しかない"),
    (
        "class.chaining",
        "コマンドチェイニングはない。長いデータには拡張長を使う",
    ),
    (
        "class.proprietary-secure-messaging",
        "独自方式のセキュアメッセージング（CLA 04）はない",
    ),
    (
        "secure-messaging.no-session",
        "セキュアメッセージングのコマンドにはセキュアセッションが必要",
    ),
    (
        "secure-messaging.select",
        "セキュアメッセージングのSELECTにはセキュアセッションが必要",
    ),
    (
        "secure-messaging.counter",
        "CLA 08のコマンドは拒否されたものも含めて数えられ、平文のコマンドは数えられない",
    ),
    (
        "secure-messaging.cipher",
        "データはAES-128-CBCで暗号化する。両方向の初期ベクトルは、暗号化したコマンド番号",
    ),
    (
        "secure-messaging.authenticated",
        "ヘッダ認証ありのセキュアメッセージング（CLA 0C）には鍵が足りない",
    ),
    (
        "secure-messaging.objects",
        "命令の求めるもの以外のデータオブジェクト、または誤ったパディングはセッションを終了させる",
    ),
    (
        "secure-messaging.instruction",
        "セキュアセッションで保護できるのはVERIFY、SELECT、READ BINARYだけ。他の命令も数えられる",
    ),
    (
        "secure-messaging.le",
        "外側のLeより長い保護された応答は切り詰めずに拒否する",
    ),
    (
        "secure-messaging.lifetime",
        "セキュアセッションはセキュリティステータスと同じ間だけ続く",
    ),
    ("instruction.unknown", "このクラスにその命令はない"),
    ("instruction.p1-p2", "この命令にそのP1-P2はない"),
    (
        "reference.no-current-ef",
        "コマンドはカレントEFを対象とするが、何も選択されていない",
    ),
    ("reference.no-such-file", "カレントDFにその識別子のEFまたは鍵はない"),
    ("reference.wrong-kind", "ファイルがコマンドの対象とする種類ではない"),
    (
        "reference.internal-file",
        "内部EF（PINや鍵）は選択できるが、読み出しはできない",
    ),
    (
        "reference.sfi-selects",
        "短縮EF識別子は、そのEFをSELECTしてからコマンドを実行するのと同じ",
    ),
    ("access.denied", "アクセス条件が満たされないか、宣言されていない"),
    ("access.unsuited", "何を照合しても、この鍵はこの用途には使えない"),
    ("select.unknown-aid", "その名前のAPはない"),
    (
        "select.failed",
        "拒否されたSELECTは何も変えない: AP、カレントEF、照合済みのPINはそのまま",
    ),
    (
        "select.partial-name",
        "名前の先頭部分は、それで始まる最初のAPを選択する",
    ),
    (
        "select.empty-name",
        "データのない名前指定のSELECTは発行者セキュリティドメインを選択する",
    ),
    (
        "select.next-occurrence",
        "「次」はカレントAPより後ろをカード自身の順に探し、先頭には戻らない",
    ),
    (
        "select.fci",
        "P2=00は6F { 84 AID }を、EFでは6F { 83 識別子 }を返す。Leを超えず、Leがなければ返さない",
    ),
    (
        "select.drops-current-ef",
        "APのSELECTは、選択済みのAPであってもカレントEFをなくす",
    ),
    (
        "select.mf-at-power-up",
        "発行者セキュリティドメインが選択されている間、MFのSELECTは拒否される",
    ),
    (
        "select.mf-in-application",
        "AP内でのMFのSELECTは9000を返し、何も変えない",
    ),
    ("select.mf-by-identifier", "MFは識別子では選択できない"),
    (
        "read-binary.short",
        "ファイルの終わりを越える読み出しは、あるだけのデータと9000を返す",
    ),
    ("read-binary.outside", "ファイルの終わり以降からの読み出しは拒否される"),
    (
        "read-record.not-found",
        "その番号のレコードはない。番号0はカレントレコードだが、それを設定するものはない",
    ),
    ("read-record.short", "Leより長いレコードは、先頭のLeバイトと9000を返す"),
    ("read-record.all", "P2のモード5は、P1から最後までのレコードを続けて返す"),
    (
        "verify.query",
        "データなしのVERIFYは、照合成功後も含め常に残り試行回数を63Cxで返す。回数制限がなければ6300",
    ),
    (
        "verify.query-with-le",
        "5バイトの照会00 20 00 80 00は4バイトのものと同じ",
    ),
    ("verify.right", "正しい値はPINを照合済みにし、残り試行回数を最大に戻す"),
    (
        "verify.wrong",
        "不一致は試行回数を1回消費し63Cxを返す。最後の1回なら63C0",
    ),
    ("verify.blocked", "残り試行回数が0なら何も照合しない"),
    (
        "verify.wrong-length",
        "PINにあり得ない長さの1〜16バイトは不一致として扱い、試行回数を1回消費する",
    ),
    (
        "verify.too-long",
        "16バイトを超える値はPINではない。拒否し、試行回数は減らない",
    ),
    (
        "verify.wrong-ends-right",
        "不一致は、同じPINの以前の照合成功で得た権利を失わせる",
    ),
    (
        "change.new-value",
        "変更のデータは新しい値だけ。変更の権利は先のVERIFYによる",
    ),
    ("change.format", "PINにあり得ない形の新しいPINは拒否される"),
    (
        "change.keeps-right",
        "変更後もPINは照合済みのままで、残り試行回数も変わらない",
    ),
    (
        "status.kept",
        "セキュリティステータスは、ファイルのSELECT、同じAPのSELECT、署名、ウォームリセットの後も残る",
    ),
    (
        "status.dropped",
        "別のAPまたは発行者セキュリティドメインのSELECTと電源断は、セキュリティステータスを失わせる",
    ),
    (
        "sign.default-key",
        "P2=00はAPの既定の鍵で署名し、その鍵がカレントEFになる",
    ),
    (
        "sign.verbatim",
        "P1=00は1〜245バイトをそのままPKCS#1 v1.5でパディングする。カードは何も解釈しない",
    ),
    (
        "sign.sha256-bare",
        "P1=01は入力のSHA-256を、DigestInfoなしでPKCS#1 v1.5でパディングする",
    ),
    (
        "sign.hash",
        "P1=02はSHA-256ハッシュを受け取り、DigestInfoに入れてPKCS#1 v1.5でパディングする",
    ),
    (
        "sign.sha256",
        "P1=03は入力のSHA-256をDigestInfoに入れてPKCS#1 v1.5でパディングする",
    ),
    (
        "sign.hash-pss",
        "P1=04はSHA-256ハッシュを受け取り、SHA-256と32バイトの乱数ソルトによるPSSでパディングする",
    ),
    (
        "sign.sha256-pss",
        "P1=05は入力のSHA-256を、SHA-256と32バイトの乱数ソルトによるPSSでパディングする",
    ),
    (
        "internal-authenticate.scheme",
        "INTERNAL AUTHENTICATEは、P1=03が入力に署名するのと同じくチャレンジに署名する",
    ),
    ("sign.input-length", "この署名方式はその長さの入力を受け付けない"),
    ("sign.le", "署名には少なくとも署名長のLeが必要"),
    ("sign.no-default-key", "P2=00はAPの既定の鍵を指すが、このAPにはない"),
    ("key.failure", "秘密鍵を使えなかった"),
    (
        "get-challenge.length",
        "GET CHALLENGEは、どのAPでもLeの示すだけ（1〜256バイト）の乱数を返す",
    ),
    ("get-challenge.extended", "GET CHALLENGEは拡張Leを受け付けない"),
    ("get-data.absent", "選択中のAPにそのデータオブジェクトはない"),
    (
        "get-data.le-too-short",
        "Leより長いデータオブジェクトは切り詰めずに拒否する",
    ),
    (
        "terminal-certificate.order",
        "端末証明書の署名の前には本体が必要で、本体は署名で使い切られる",
    ),
    (
        "terminal-certificate.lifetime",
        "カードが端末について知ったことは、セキュリティステータスと同じ間だけ残る",
    ),
    (
        "terminal-certificate.form",
        "データ部がこのP1-P2の求めるデータオブジェクトではない",
    ),
    ("terminal-certificate.issuer", "証明書の示す発行者の鍵がカードにない"),
    ("terminal-certificate.signature", "署名が発行者の鍵によるものではない"),
    (
        "terminal-certificate.key",
        "受け入れた証明書の鍵を保持し、それを発行者とする証明書の検証に使う",
    ),
    (
        "session-key.no-environment",
        "このAPにはセッション鍵のためのセキュリティ環境がない",
    ),
    (
        "session-key.delivery",
        "渡されたシードの先頭16バイトがセッション鍵になり、最初の保護されたコマンドの番号は1",
    ),
    ("session-key.form", "渡せるのは暗号化用の鍵 A0 22 { 80 20 シード } だけ"),
    (
        "session-key.padding",
        "カードの鍵へRSA-OAEPとSHA-256で暗号化したものでなければ理解されない",
    ),
    (
        "session-key.again",
        "新しい鍵は開いているセッションに取って代わり、数え直す。拒否された鍵はセッションを開いたままにする",
    ),
    ("session-key.range", "暗号化された鍵が法以上の値である"),
    ("session-key.refused", "このAPはセキュアセッションを設定しない"),
    (
        "issuer.only",
        "この命令には発行者の認証が必要で、このカードは誰にもそれを許さない",
    ),
    (
        "last-command-indicator",
        "80 FCはスマートフォンのトークンのもので、カードは拒否する",
    ),
    (
        "state.not-stored",
        "状態を保存できなかった: 何も変わらないが、消費済みの試行回数は戻らない",
    ),
];

#[cfg(test)]
mod tests {
    use vmyna_card_os::rule;

    use super::*;

    #[test]
    fn every_rule_has_a_japanese_text_and_every_text_a_rule() {
        let english: Vec<_> = rule::ALL.iter().map(|rule| rule.id).collect();
        let known: Vec<_> = RULES.iter().map(|(id, _)| *id).collect();
        assert_eq!(known, english);
        for (id, text) in RULES {
            let japanese = text
                .chars()
                .any(|character| ('\u{3040}'..'\u{A000}').contains(&character));
            assert!(japanese, "{id} is not in Japanese");
        }
    }
}

//! Answers of phones with an mdoc (カード代替電磁的記録, ISO/IEC 18013-5), and CBOR that a reader must survive.
//!
//! A candidate is what a verifier has after a presentation: the `DeviceResponse`, the `SessionTranscript` of the session that
//! the verifier has opened (the array, without tag 24), and the `DeviceRequest` that it has sent. The request asks for all
//! elements but the My Number, unless the candidate is about another one.
//!
//! What Japan's issuer has not published is `assumed` as in [`vmyna_mdoc`]: key and extended key usage of document signers,
//! digests, device key, the form of dates.

mod answer;
mod cbor;
mod elements;
mod good;
mod phone;
mod session;
mod signer;

use vmyna_apdu::Text;

pub(crate) use signer::genuine_lists as lists;

use crate::candidate::{Candidate, Candidates, Check, Expected, Group, Part, checks};
use crate::{MakeError, Subject, Workshop};

checks! {
    M01: must("recompute the digest of every element", "すべての要素のダイジェストを計算し直す"),
        why("the signature is over digests, so it does not cover the text that was received", "署名の対象はダイジェストであり、受け取った文字列そのものではない"),
        Documented, "ISO/IEC 18013-5, 9.3.1; spruceid/isomdl PR 132";
    M02: must("compute digests over the received bytes, not over a new encoding", "ダイジェストは、符号化し直さず受け取ったバイト列から計算する"),
        why("another encoding of the same data is genuine, and its refusal sends away genuine people", "符号化が異なるだけの本物を拒否すると、本人が利用できなくなる"),
        Documented, "openwallet-foundation-labs/mdoc-ts issue 247; privacybydesign/irmago issue 564";
    M03: must("refuse an element that has no digest in the signed object", "署名されたオブジェクトにダイジェストのない要素を拒否する"),
        why("the issuer has not signed it: anyone can add it", "発行者の署名が及ばず、誰でも追加できる"),
        Documented, "ISO/IEC 18013-5, 9.1.2.4; walt-id/waltid-identity PR 1569";
    M04: must("look a digest up in the namespace of its element", "ダイジェストを、要素の名前空間の中で探す"),
        why("numbers of digests repeat between namespaces, so an element could be moved", "ダイジェストの番号は名前空間ごとに重複するため、要素を移すことができてしまう"),
        Documented, "ISO/IEC 18013-5, 9.1.2.4";
    M05: must("verify the issuer's signature over the security object", "セキュリティオブジェクトへの発行者の署名を検証する"),
        why("digests prove nothing unless the issuer has signed them", "発行者の署名のないダイジェストは何も証明しない"),
        Documented, "ISO/IEC 18013-5, 9.3.1";
    M06: must("verify that a pinned root has signed the document signer's certificate", "文書署名者の証明書が、定めたルートの署名によることを検証する"),
        why("the cardholder's device sends the certificate, and names can be copied", "証明書は提示側が送るものであり、名前は写すことができる"),
        Documented, "RFC 9360, 2; spruceid/isomdl issue 42";
    M07a: must("check the extended key usage of the document signer's certificate", "文書署名者の証明書のextKeyUsageを確認する"),
        why("the root's certificates for other purposes, such as readers, must not issue mdocs", "リーダー用など他の用途の証明書で発行できてはならない"),
        Assumed, "ISO/IEC 18013-5, Annex B; openwallet-foundation-labs/mdoc-ts issue 261. The value of Japan's issuer is not published";
    M07b: must("check the key usage of the document signer's certificate", "文書署名者の証明書のkeyUsageを確認する"),
        why("a key that was certified for another use must not sign mdocs", "他の用途で証明された鍵で署名できてはならない"),
        Documented, "ISO/IEC 18013-5, Annex B; RFC 5280, 4.2.1.3";
    M08a: must("refuse a document signer's certificate that has ended", "有効期間の終わった文書署名者の証明書を拒否する"),
        why("after its end, nothing is known of its key, and revocation lists may omit it", "終了後の鍵の状態は分からず、失効リストからも消えうる"),
        Documented, "ISO/IEC 18013-5, 9.3.1";
    M08b: must("check that the object was signed within the validity of the signer's certificate", "署名日時が、文書署名者の証明書の有効期間内であることを確認する"),
        why("a signature from before the certificate is by a key that no authority vouched for", "証明書より前の署名は、認証局が保証していない鍵によるもの"),
        Documented, "ISO/IEC 18013-5, 9.3.1; openwallet-foundation/multipaz PR 418";
    M09a: must("refuse an mdoc after its validUntil", "validUntilを過ぎたmdocを拒否する"),
        why("an mdoc lasts for weeks because it has no revocation of its own", "mdoc自身の失効手段がないため、有効期間が短い"),
        Documented, "ISO/IEC 18013-5, 9.3.1; openwallet-foundation/multipaz issue 945";
    M09b: must("refuse an mdoc before its validFrom", "validFromより前のmdocを拒否する"),
        why("the issuer has stated that it does not hold yet", "発行者が、まだ有効でないと述べている"),
        Documented, "ISO/IEC 18013-5, 9.3.1";
    M10a: must("refuse a document signer on the root's revocation list", "ルートの失効リストにある文書署名者を拒否する"),
        why("a stolen key signs whatever its thief wants", "盗まれた鍵では、何にでも署名できる"),
        Documented, "ISO/IEC 18013-5, Annex B";
    M10b: must("refuse a revocation list after its nextUpdate", "nextUpdateを過ぎた失効リストを使わない"),
        why("an old list that was kept back hides a revocation", "古いリストを使わせれば、失効を隠せる"),
        Documented, "RFC 5280, 6.3.3";
    M10c: must("verify the signature of the revocation list", "失効リストの署名を検証する"),
        why("anyone can make an empty list in the root's name", "空のリストは、ルートの名前で誰でも作れる"),
        Documented, "RFC 5280, 6.3.3";
    M11a: must("compare the document type of the document with that of the signed object", "文書の種類を、署名されたオブジェクトのものと比べる"),
        why("the document's is not signed by the issuer, and it decides how elements are read", "文書の側の種類には発行者の署名がなく、それによって要素の読み方が変わる"),
        Documented, "ISO/IEC 18013-5, 9.3.1";
    M11b: must("compare the document type with the one that was asked for", "文書の種類を、要求したものと比べる"),
        why("the same issuer can issue other documents, for which other rules hold", "同じ発行者が、規則の異なる別の文書を発行することがある"),
        Documented, "ISO/IEC 18013-5, 9.3.1";
    M12a: must("verify the device's signature with the key in the signed object", "機器の署名を、署名されたオブジェクトの鍵で検証する"),
        why("a copy of an mdoc lacks the device's key", "mdocを複製した者は、機器の鍵を持たない"),
        Documented, "ISO/IEC 18013-5, 9.1.3; spruceid/isomdl issue 42";
    M12b: must("demand a proof by the device", "機器による証明を必須とする"),
        why("a verifier that checks what is there accepts a copy that leaves it out", "あれば確認するだけの検証者は、省かれた複製を受け入れてしまう"),
        Documented, "ISO/IEC 18013-5, 9.1.3; eu-digital-identity-wallet/eudi-wallet-product-roadmap #11";
    M13: must("verify the device's signature over the transcript of its own session", "機器の署名を、自分のセッションの内容について検証する"),
        why("otherwise an answer to another verifier can be sent again", "他の検証者への応答を、再び送ることができてしまう"),
        Documented, "ISO/IEC 18013-5, 9.1.5; ISO/IEC TS 18013-7; openwallet-foundation/multipaz issue 1511";
    M14: must("refuse elements of the device that the issuer has not authorised", "発行者が許可していない、機器自身による要素を拒否する"),
        why("the device can state anything of its cardholder", "機器は、利用者について何でも述べることができる"),
        Documented, "ISO/IEC 18013-5, 9.1.3; eu-digital-identity-wallet/eudi-srv-pid-issuer PR 479";
    M15a: must("take the algorithm from the protected header", "アルゴリズムを保護されたヘッダから読む"),
        why("the sender can change an unprotected header", "保護されていないヘッダは、送り手が変えられる"),
        Assumed, "RFC 9052, 3 and 4.4; ISO/IEC 18013-5, 9.1.2.4";
    M15b: must("demand the algorithm that belongs to the curve of the key", "鍵の曲線に対応するアルゴリズムだけを受け入れる"),
        why("two readings of one signature are two results", "一つの署名に二通りの読み方があれば、結果も二通りになる"),
        Assumed, "RFC 9053, 2.1; ISO/IEC 18013-5, 9.1.2.4";
    M16: must("report that an element was withheld, and use no default in its place", "提示されなかった要素があれば知らせ、既定値で補わない"),
        why("the cardholder may withhold elements, so absence is no value", "要素を提示しないことは利用者の権利であり、値ではない"),
        Documented, "ISO/IEC 18013-5, 8.3.2";
    M17: must("report an element that was not asked for, and not store it", "要求していない要素があれば知らせ、保存しない"),
        why("the law limits who may collect a My Number", "個人番号を収集できる者は法律で限られている"),
        Assumed, "the My Number Act, article 20; openwallet-foundation-labs/mdoc-ts: match with the request";
    M18a: must("refuse an answer without a document", "文書のない応答を拒否する"),
        why("if nothing failed, nothing was checked either", "何も失敗しなくても、何も確認していない"),
        Client, "ISO/IEC 18013-5, 8.3.2; zhuolabs/mdoc-reader, tests of validation.rs";
    M18b: must("refuse an answer whose status is an error", "statusがエラーである応答を拒否する"),
        why("the device has reported that it did not process the request", "機器が、要求を処理できなかったと報告している"),
        Client, "ISO/IEC 18013-5, 8.3.2";
    M19: must("accept both forms of birth_date, and report values that contradict each other", "birth_dateの両方の形式を受け入れ、互いに矛盾する値を知らせる"),
        why("one fact has several elements, and statements of age grow old", "一つの事実が複数の要素にあり、年齢の値は古くなる"),
        Client, "Apple: PKIdentityDocument; ISO/IEC TS 23220-2";
    M20: must("demand one document, or report that there are several", "文書を一つに限るか、複数あることを知らせる"),
        why("elements of two people can pass for those of one", "二人の要素が、一人のものとして扱われうる"),
        Assumed, "ISO/IEC 18013-5, 8.3.2";
    M21: must("refuse an mdoc whose status can't be checked, or report it", "状態を確認できないmdocを拒否するか、そのことを知らせる"),
        why("the issuer has stated where a revocation would be seen", "失効の確認先を、発行者が示している"),
        Client, "ISO/IEC 18013-5, second edition; openwallet-foundation/credo-ts PR 2831";
    P05: must("refuse CBOR that is malformed or not in the form of ISO/IEC 18013-5, without a crash", "不正なCBORやISO/IEC 18013-5の形式でないCBORを、異常終了せずに拒否する"),
        why("two readers of one answer must not read two things, and no answer may stop a service", "一つの応答を二通りに読ませず、応答一つでサービスを止めさせない"),
        Documented, "ISO/IEC 18013-5, 8.1; RFC 8949, 5.3 and 10";
}

/// What these candidates are about.
const MDOC: &[Part] = &[Part::Mdoc];
/// What those with revocation lists are about. There is no OCSP for document signers.
const REVOCATION: &[Part] = &[Part::Mdoc, Part::RevocationLists];

/// The genuine answer that most wrong ones are made from.
const GENUINE: &str = "good.mdoc";

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    good::add(all);
    elements::add(all);
    signer::add(all);
    session::add(all);
    cbor::add(all);
}

/// A wrong one, to be refused.
fn wrong(
    name: &'static str,
    check: &'static Check,
    twin: &'static str,
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    Candidate::wrong(name, Group::Mdoc, MDOC, (check, twin), what, make)
}

/// One that a program must report to its user, whether it accepts or refuses.
fn notable(
    name: &'static str,
    check: &'static Check,
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    wrong(name, check, GENUINE, what, make).expecting(Expected::Notice)
}

/// A right one of the shape of a wrong one.
fn twin(
    name: &'static str,
    check: &'static Check,
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    Candidate::right(name, Group::Mdoc, MDOC, what, make).of(check)
}

//! Signatures that the card has made, and the certificate for them: signed data (CMS), PDF, XML.
//!
//! | Module | Candidates |
//! |---|---|
//! | `cms` | signed data with the content beside it |
//! | `pdf` | signed PDF documents |
//! | `xml` | XML documents with a signature inside |
//! | `certificate` | cards whose certificate for signatures has other attributes than their texts |
//!
//! All documents are signed with the key for signatures of cardholder A. Content and digests are DER, PDF and canonical XML
//! written part by part, because no library writes a wrong one.

mod certificate;
mod cms;
mod pdf;
mod pdf_file;
mod signed_data;
mod tlv;
mod xml;
mod xml_signature;

use vmyna_apdu::Text;

use crate::candidate::{Candidate, Candidates, Check, Group, Part, checks};
use crate::forge::sign::Signer as Key;
use crate::subject::Subject;
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    S01a: must("compare the digest in signed data with the content", "署名データのハッシュ値を内容と照合する"),
        why("otherwise a signature belongs to any document", "照合しなければ、1つの署名がどの文書にも付けられる"),
        Documented, "RFC 5652, 5.6; wolfSSL pull request 2429";
    S01b: must("compare the digest in the signature of a PDF with its bytes", "PDFの署名のハッシュ値をバイト列と照合する"),
        why("otherwise a signature belongs to any document", "照合しなければ、1つの署名がどの文書にも付けられる"),
        Documented, "ISO 32000-1, 12.8.1; RFC 5652, 5.6";
    S01c: must("compare the digest in an XML signature with the element", "XML署名のハッシュ値を要素と照合する"),
        why("otherwise a signature belongs to any document", "照合しなければ、1つの署名がどの文書にも付けられる"),
        Documented, "W3C XML Signature, 3.2.1";
    S02a: must("verify the signature over the signed attributes", "署名属性に対する署名値を検証する"),
        why("anyone can write a new digest into the attributes", "属性のハッシュ値は誰でも書き換えられる"),
        Documented, "RFC 5652, 5.6; CVE-2026-3338";
    S02b: must("verify the signature value of an XML signature", "XML署名の署名値を検証する"),
        why("anyone can write a new digest into it", "ハッシュ値は誰でも書き換えられる"),
        Documented, "W3C XML Signature, 3.2.2";
    S03: must("compare the attribute content-type with the type of the content", "属性の内容種別を内容の種別と照合する"),
        why("the type of the content is not signed, so a signature over one kind serves for another", "内容の種別自体は署名されないため、別種の署名が流用される"),
        Documented, "RFC 5652, 5.4 and 11.1; openssl issue 9009";
    S04: must("refuse a content that is the signed attributes of another signature", "他の署名の署名属性を内容とする署名を拒否する"),
        why("leaving the attributes out turns them into a document that nothing was signed for", "属性を外すだけで、署名者の知らない文書ができる"),
        Documented, "draft-ietf-lamps-cms-euf-cma-signeddata";
    S05a: must("demand at least one signer", "署名者が1人以上いることを求める"),
        why("all of no signatures are valid", "署名が0個なら「すべて有効」になる"),
        Documented, "CVE-2026-3336: only one of several signatures was verified";
    S05b: must("verify every signer", "すべての署名者を検証する"),
        why("the result of one signer covers the others", "1人の結果が他の署名者の不正を隠す"),
        Documented, "CVE-2026-3336";
    S06: must("use one certificate for the key and for the name", "鍵と氏名を同じ証明書から取る"),
        why("two certificates can have the issuer and serial number that the signer names", "署名者の指す発行者と番号を持つ証明書が2つありうる"),
        Assumed, "RFC 5652, 5.3 identifies a certificate by issuer and serial number";
    S07a: must("compare the attribute signing-certificate-v2 with the certificate", "属性signing-certificate-v2を証明書と照合する"),
        why("the attribute binds the signature to one certificate", "署名を1つの証明書に結び付ける属性である"),
        Documented, "RFC 5035, 5";
    S07b: must("report a missing signing-certificate-v2 where a profile demands it", "プロファイルで必須のsigning-certificate-v2がなければ知らせる"),
        why("without it another certificate for the same key can take its place", "なければ、同じ鍵の別の証明書に差し替えられる"),
        Documented, "RFC 5035; ETSI EN 319 122-1, 5.2.2";
    S08: must("refuse signed data whose digest algorithm is not that of its signature", "ダイジェストアルゴリズムが署名のものと異なれば拒否する"),
        why("two programs read two digests from it", "プログラムにより読み方が分かれる"),
        Assumed, "RFC 5652, 5.6; passport-reader pull request 99";
    S09a: must("compare the padded block from its first to its last byte", "パディングを含むブロック全体を照合する"),
        why("bytes behind the digest leave room for forged signatures", "ハッシュ値の後に余地があれば、署名を偽造できる"),
        Documented, "RFC 8017, 8.2.2; CVE-2021-30246";
    S09b: must("compare the parameters of the algorithm in the block", "ブロック内のアルゴリズムのパラメータも照合する"),
        why("bytes in the parameters leave the same room", "パラメータ内のバイトも同じ余地になる"),
        Documented, "RFC 8017, 8.2.2; CVE-2026-33894";
    S09c: must("compare block type and fill", "ブロックの種別と充填を照合する"),
        why("each byte that is not compared makes a forgery cheaper", "照合しないバイトがあるほど偽造が容易になる"),
        Documented, "RFC 8017, 8.2.2; relic issue 154";
    S10: must("refuse the authentication certificate as a signer's", "利用者証明用電子証明書による文書の署名を拒否する"),
        why("its PIN has four digits, and it names no person", "暗証番号が4桁で、氏名の記載もない"),
        Documented, "the profile of the certificates; their use by JPKI";
    S11a: must("demand the key usage nonRepudiation of the signer's certificate", "署名者の証明書に鍵用途nonRepudiationを求める"),
        why("a key for other purposes signs what its cardholder has not read", "他の用途の鍵は、利用者が読んでいないものに署名する"),
        Documented, "RFC 5280, 4.2.1.3; the profile of the certificates for signatures";
    S11b: must("demand the policy of the certificates for signatures", "署名用電子証明書のポリシーを求める"),
        why("only the policy distinguishes the kinds of certificates of one authority", "同じ認証局の証明書の種類はポリシーだけで分かる"),
        Documented, "RFC 5280, 4.2.1.4; the profile of the certificates for signatures";
    S12a: must("verify the signer's certificate with the key of an authority that it trusts", "署名者の証明書を、信頼する認証局の鍵で検証する"),
        why("names and identifiers are no proof, and the signed data brings any authority along", "名前や識別子は証明にならず、認証局の証明書は誰でも添付できる"),
        Documented, "RFC 5280, 6.1; GHSA-58hw-cg5m-88rp";
    S12b: must("demand of issuers that they are authorities (CA:TRUE, keyCertSign)", "発行者が認証局であること（CA:TRUE、keyCertSign）を求める"),
        why("otherwise every cardholder issues certificates", "求めなければ、利用者の誰もが発行者になれる"),
        Documented, "RFC 5280, 6.1.4; CVE-2002-0862";
    S12c: must("check when the signer's certificate begins and ends", "署名者の証明書の有効期間を確認する"),
        why("an ended certificate has no revocation data any more", "満了した証明書には失効情報がなくなる"),
        Documented, "RFC 5280, 4.1.2.5; GHSA-58hw-cg5m-88rp";
    S12d: must("refuse an unknown critical extension of the signer's certificate", "署名者の証明書の未知のクリティカルな拡張を拒否する"),
        why("it can limit what the certificate is for", "証明書の用途を限定している可能性がある"),
        Documented, "RFC 5280, 4.2";
    S12e: must("refuse an extension that is in the signer's certificate twice", "署名者の証明書に2つある拡張を拒否する"),
        why("programs differ in which one counts", "どちらを使うかがプログラムにより異なる"),
        Documented, "RFC 5280, 4.2";
    S12f: must("verify the bytes of the certificate that it reads", "読み取る証明書のバイト列そのものを検証する"),
        why("what was changed after the signature is not the authority's word", "署名後に変えられた内容は認証局のものではない"),
        Documented, "RFC 5280, 4.1.1.3";
    S12g: must("check whether the signer's certificate is revoked", "署名者の証明書の失効を確認する"),
        why("the key of a lost card still signs", "紛失したカードの鍵でも署名できる"),
        Documented, "RFC 5280, 6.3; the law on the certification service (公的個人認証法), 17";
    S13: must("check at the time of the check, not at the time that the signer states", "署名者の申告時刻ではなく検証時刻で判定する"),
        why("without a timestamp nothing proves when something was signed", "タイムスタンプがなければ署名の時刻は証明されない"),
        Documented, "ETSI EN 319 102-1: signing-time is a claim";
    S14: must("report a revocation because of changed attributes", "基本4情報の変更による失効を知らせる"),
        why("moving house revokes the certificate, and a contract signed before stays valid", "転居で証明書は失効するが、それ以前の契約は有効なままである"),
        Client, "RFC 5280, 5.3.1: affiliationChanged; the law on the certification service (公的個人認証法)";
    S15: must("demand that the byte range reaches the end of the PDF, or judge what follows", "ByteRangeがPDFの末尾に達することを求めるか、後続の内容を判定する"),
        why("an update behind the signature changes what is shown", "署名後の増分更新で表示内容が変わる"),
        Documented, "GHSA-rxpx-26p9-4xvr; Mladenov et al., ACM CCS 2019 (incremental saving attack)";
    S16a: must("demand that the gap of the byte range is the value of /Contents exactly", "ByteRangeの隙間が/Contentsの値と一致することを求める"),
        why("objects in the gap are shown and not signed", "隙間の中のオブジェクトは、表示されるが署名されない"),
        Documented, "Mladenov et al., ACM CCS 2019 (signature wrapping); OpenPDF issues 158 and 487";
    S16b: must("demand that the byte range starts at 0", "ByteRangeが0から始まることを求める"),
        why("bytes before it are shown and not signed", "その前のバイトは署名されない"),
        Documented, "Mladenov et al., ACM CCS 2019; OpenPDF issue 158";
    S17: must("verify every signature of a PDF", "PDFのすべての署名を検証する"),
        why("the result of the first one covers the others", "最初の署名の結果が他の署名の不正を隠す"),
        Documented, "GHSA-g258-q5gf-7hvx";
    S18: must("find a signature however it is written", "書き方によらず署名を見つける"),
        why("a search for text misses signatures that PDF readers show", "文字列検索では、閲覧ソフトが表示する署名を見落とす"),
        Client, "ISO 32000-1, 7.3.4 and 12.8.1: strings have two forms, and /Type is optional; OpenPDF pull request 159";
    S19a: must("refuse a signature without a value", "値のない署名を拒否する"),
        why("a signature that can't be verified must not count as verified", "検証できない署名を検証済みとしてはならない"),
        Documented, "Mladenov et al., ACM CCS 2019 (universal signature forgery)";
    S19b: must("refuse a byte range that is absent or makes no sense", "ByteRangeがないか不正な署名を拒否する"),
        why("a signature that can't be verified must not count as verified", "検証できない署名を検証済みとしてはならない"),
        Documented, "GHSA-g258-q5gf-7hvx; Mladenov et al., ACM CCS 2019";
    S20: must("report changes behind a signature", "署名後の変更を知らせる"),
        why("an annotation hides what was signed", "注釈が署名された内容を隠す"),
        Documented, "pyHanko issue 209; ISO 32000-1, 12.8.2.2";
    S21a: must("refuse bytes other than 00 behind signed data", "署名データの後の00以外のバイトを拒否する"),
        why("they are a hiding place that nothing signs", "署名されない隠し場所になる"),
        Client, "ITU-T X.690, 8.1: an encoding ends with its length";
    S21b: must("refuse bytes other than 00 behind the signed data of a PDF", "PDFの署名データの後の00以外のバイトを拒否する"),
        why("they are a hiding place that nothing signs", "署名されない隠し場所になる"),
        Client, "ETSI EN 319 142-1, 5.1: only padding follows the signed data";
    S22: must("use the element of an XML document that was verified", "XML文書のうち検証した要素を使う"),
        why("a signed element can be moved aside, with a forged one in its place", "署名された要素を脇へ移し、偽の要素を置ける"),
        Documented, "CVE-2024-45409; CVE-2026-63182; W3C XML Signature Best Practices, 2.1.4";
    S23: must("demand one SignedInfo in an XML signature", "XML署名にSignedInfoが1つであることを求める"),
        why("the value is verified over one, and the digests are read from another", "署名値の検証とハッシュ値の取得が別々のものになる"),
        Documented, "W3C XML Signature, 4.1; helium pull request 488";
    S24a: must("refuse transforms that leave parts of the element out", "要素の一部を除く変換を拒否する"),
        why("what a transform drops is not signed", "変換で除かれた部分は署名されない"),
        Documented, "W3C XML Signature Best Practices, 2.1.3; xml-crypto issue 594";
    S24b: must("refuse references out of the XML document", "XML文書の外への参照を拒否する"),
        why("they are valid whatever the document has", "文書の内容にかかわらず有効になる"),
        Documented, "W3C XML Signature Best Practices, 2.3";
    S24c: must("verify with the key of the certificate, not with a stated key", "記載された鍵ではなく証明書の鍵で検証する"),
        why("anyone can state a key", "鍵は誰でも記載できる"),
        Documented, "W3C XML Signature Best Practices, 2.1.1";
    S25a: must("refuse RSA with SHA-1 in an XML signature", "SHA-1のRSAによるXML署名を拒否する"),
        why("collisions of SHA-1 can be made", "SHA-1は衝突を作れる"),
        Client, "CRYPTREC LS-0001-2022; W3C XML Signature 1.1, 6.1";
    S25b: must("refuse an HMAC in place of a signature", "署名の代わりのHMACを拒否する"),
        why("its secret can be a public key", "公開鍵を秘密の値とされうる"),
        Client, "W3C XML Signature Best Practices, 2.1.2";
    S25c: must("refuse digests by SHA-1 in an XML signature", "XML署名のSHA-1のハッシュ値を拒否する"),
        why("collisions of SHA-1 can be made", "SHA-1は衝突を作れる"),
        Client, "CRYPTREC LS-0001-2022";
    S27: must("compare the four attributes of the certificate with the texts of the card", "証明書の基本4情報を券面事項と照合する"),
        why("two cards can be read in one visit", "1回の手続で2枚のカードを読ませることができる"),
        Assumed, "RFC 5280, 4.2.1.6: the alternative name names the person; each application alone is genuine";
    S28: must("accept a marked substitute of a character", "印の付いた代替文字を受け入れる"),
        why("otherwise people with rare characters in their names are refused", "受け入れなければ、氏名に珍しい文字のある人が拒否される"),
        Client, "the profile of the certificates: marks of substitutes (代替文字)";
    S29: must("accept a substitute only where it is marked", "印のある文字だけを代替文字として受け入れる"),
        why("substitutes are no reason to leave out the comparison", "代替文字は、照合しない理由にならない"),
        Assumed, "the profile of the certificates: marks of substitutes (代替文字)";
    S30: must("check that there are as many marks as characters", "代替文字の印が文字数と等しいことを確認する"),
        why("programs read beyond the end of the marks", "印の範囲を超えて読むプログラムがある"),
        Assumed, "the profile of the certificates: one mark a character";
    S31: must("take each attribute by its identifier, and once", "属性を識別子で1つだけ取る"),
        why("programs differ in which of two counts", "2つのどちらを使うかがプログラムにより異なる"),
        Client, "RFC 5280, 4.2.1.6; ZeroKeyMate fixture duplicate-date.der";
    S32: must("accept unknown birth dates, unknown sex and every era", "不詳の生年月日と性別、すべての元号を受け入れる"),
        why("the digit of the era is before the date, and 0 stands for unknown", "元号の数字が日付の前にあり、0は不詳を表す"),
        Client, "the profile of the certificates: birth date with the digit of the era";
}

/// A program must claim this for the candidates of documents.
const CLAIM: &[Part] = &[Part::Signatures];

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    cms::add(all);
    pdf::add(all);
    xml::add(all);
    certificate::add(all);
}

/// A right document.
fn right(
    name: &'static str,
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    Candidate::right(name, Group::Signatures, CLAIM, what, make)
}

/// A wrong document, with its check and the name of its twin.
fn wrong(
    name: &'static str,
    check: (&'static Check, &'static str),
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    Candidate::wrong(name, Group::Signatures, CLAIM, check, what, make)
}

/// The certificate for signatures of a cardholder, DER, and its key.
fn sign(workshop: &Workshop, person: Person) -> Result<(Vec<u8>, Key), MakeError> {
    let sign = workshop.card(person).jpki.sign.as_ref();
    let sign = sign.ok_or(MakeError::Form("the cardholder has no key for signatures"))?;
    Ok((sign.certificate.clone(), Key::of(&sign.key)?))
}

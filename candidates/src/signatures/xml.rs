//! XML documents with a signature inside. A document is an application with one order, which is signed and used.

use der::Encode;
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts;
use vmyna_apdu::text;
use vmyna_issuance::x509::names::Hierarchy;

use super::xml_signature::{Method, Reference, document, encoded, order, signature, signed_info, x509 as x509_data};
use super::{S01c, S02b, S10, S12a, S22, S23, S24a, S24b, S24c, S25a, S25b, S25c, right, sign, wrong};
use crate::candidate::Candidates;
use crate::forge::sign::Signer as Key;
use crate::leaf::LeafKind;
use crate::subject::{MadeFile, Subject};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

/// The right one of most.
const SIGNED: &str = "xml.signed";
/// The right one with a further order that is not used.
const ARCHIVE: &str = "xml.further-order";
/// The right one that states the key beside the certificate.
const KEY_VALUE: &str = "xml.key-value";

/// A certificate with its key, as a document is signed with it.
struct Signer {
    certificate: Vec<u8>,
    key: Key,
    method: Method,
}

impl Signer {
    /// Cardholder A.
    fn new(workshop: &Workshop) -> Result<Self, MakeError> {
        let (certificate, key) = sign(workshop, Person::A)?;
        Ok(Self {
            certificate,
            key,
            method: Method::Rsa,
        })
    }

    /// The signature value of a SignedInfo.
    fn value(&self, info: &str) -> Result<Vec<u8>, MakeError> {
        let public = x509::fields(&self.certificate)?.subject_public_key_info.to_der()?;
        self.method.sign(info.as_bytes(), &self.key, &public)
    }

    /// The element Signature about one reference.
    fn sign(&self, reference: &Reference) -> Result<String, MakeError> {
        let info = signed_info(reference, self.method);
        Ok(signature(&[&info], &self.value(&info)?, &x509_data(&self.certificate)))
    }
}

fn file(elements: &[&str]) -> Subject {
    Subject::files([(MadeFile::Xml, document(elements))])
}

/// The order that is signed.
fn signed(workshop: &Workshop) -> String {
    order(workshop, "signed order", "order")
}

/// An order that nothing was signed for.
fn forged(workshop: &Workshop, id: &str) -> String {
    order(workshop, "forged order", id)
}

/// The order signed, with a change of signer and reference.
fn changed(
    change: impl Fn(&mut Signer, &mut Reference) + Send + Sync + 'static,
) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let order = signed(workshop);
        let (mut signer, mut reference) = (Signer::new(workshop)?, Reference::to(&order));
        change(&mut signer, &mut reference);
        Ok(file(&[&order, &signer.sign(&reference)?]))
    }
}

/// The order signed with a certificate of this kind.
fn with(kind: LeafKind) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let order = signed(workshop);
        let leaf = kind.make(workshop, Hierarchy::Signature)?;
        let signer = Signer {
            key: Key::of(&leaf.key)?,
            certificate: leaf.certificate,
            method: Method::Rsa,
        };
        Ok(file(&[&order, &signer.sign(&Reference::to(&order))?]))
    }
}

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    all.add(right(
        SIGNED,
        text!("a signed XML document", "署名付きXML文書"),
        changed(|_, _| {}),
    ));
    all.add(wrong(
        "xml.content-changed",
        (&S01c, SIGNED),
        text!("the signed element was changed", "署名された要素を変更"),
        |workshop| {
            let signature = Signer::new(workshop)?.sign(&Reference::to(&signed(workshop)))?;
            Ok(file(&[&forged(workshop, "order"), &signature]))
        },
    ));
    all.add(wrong(
        "xml.digest-replaced",
        (&S02b, SIGNED),
        text!(
            "the digest is that of a changed element, the signature is the old one",
            "ハッシュ値だけを変更後の要素に合わせ、署名値は元のまま"
        ),
        |workshop| {
            let signer = Signer::new(workshop)?;
            let (old, new) = (signed(workshop), forged(workshop, "order"));
            let value = signer.value(&signed_info(&Reference::to(&old), Method::Rsa))?;
            let info = signed_info(&Reference::to(&new), Method::Rsa);
            let signature = signature(&[&info], &value, &x509_data(&signer.certificate));
            Ok(file(&[&new, &signature]))
        },
    ));
    all.add(wrong(
        "xml.foreign-authority",
        (&S12a, SIGNED),
        LeafKind::ForeignAuthority.what(),
        with(LeafKind::ForeignAuthority),
    ));
    all.add(wrong(
        "xml.signed-with-authentication-key",
        (&S10, SIGNED),
        LeafKind::OtherPurpose.what(),
        with(LeafKind::OtherPurpose),
    ));
    elements(all);
    references(all);
    keys_and_methods(all);
}

/// Which element is signed, and which is used.
fn elements(all: &mut Candidates) {
    all.add(right(
        ARCHIVE,
        text!(
            "a signed XML document with a further order that is not used",
            "使われない別の注文も含む署名付きXML文書"
        ),
        |workshop| {
            let order = signed(workshop);
            let archive = format!("<Archive>{}</Archive>", forged(workshop, "archived"));
            let signature = Signer::new(workshop)?.sign(&Reference::to(&order))?;
            Ok(file(&[&archive, &order, &signature]))
        },
    ));
    for (name, id, what) in [
        (
            "xml.wrapped-other-id",
            "order-2",
            text!(
                "the signed order was moved aside, and a forged one with another Id is in its place",
                "署名された注文を脇へ移し、別のIdの偽の注文を元の場所に置く"
            ),
        ),
        (
            "xml.wrapped-same-id",
            "order",
            text!(
                "the signed order was moved aside, and a forged one with the same Id is in its place",
                "署名された注文を脇へ移し、同じIdの偽の注文を元の場所に置く"
            ),
        ),
    ] {
        all.add(wrong(name, (&S22, ARCHIVE), what, move |workshop| {
            let order = signed(workshop);
            let signature = Signer::new(workshop)?.sign(&Reference::to(&order))?;
            let archive = format!("<Archive>{order}</Archive>");
            Ok(file(&[&archive, &forged(workshop, id), &signature]))
        }));
    }
    for (name, forged_first, what) in [
        (
            "xml.second-signed-info",
            false,
            text!(
                "a second SignedInfo has the digest of a forged order",
                "2つ目のSignedInfoに偽の注文のハッシュ値がある"
            ),
        ),
        (
            "xml.first-signed-info",
            true,
            text!(
                "a SignedInfo before the signed one has the digest of a forged order",
                "署名されたSignedInfoの前に、偽の注文のハッシュ値を持つSignedInfoがある"
            ),
        ),
    ] {
        all.add(wrong(name, (&S23, SIGNED), what, move |workshop| {
            let signer = Signer::new(workshop)?;
            let new = forged(workshop, "order");
            let genuine = signed_info(&Reference::to(&signed(workshop)), Method::Rsa);
            let value = signer.value(&genuine)?;
            let own = signed_info(&Reference::to(&new), Method::Rsa);
            let infos = match forged_first {
                true => [&*own, &*genuine],
                false => [&*genuine, &*own],
            };
            let signature = signature(&infos, &value, &x509_data(&signer.certificate));
            Ok(file(&[&new, &signature]))
        }));
    }
}

/// What a reference leads to.
fn references(all: &mut Candidates) {
    all.add(wrong(
        "xml.xpath-transform",
        (&S24a, SIGNED),
        text!(
            "a transform leaves the sum out, so that it is not signed",
            "変換が金額を除くため、金額は署名の対象外"
        ),
        |workshop| {
            let order = signed(workshop);
            let (before, sum) = order.split_once("<Sum>").ok_or(MakeError::Form("an order has a sum"))?;
            let (_, behind) = sum.split_once("</Sum>").ok_or(MakeError::Form("an order has a sum"))?;
            let reference = Reference {
                transforms: "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">\
                             <XPath>not(ancestor-or-self::*[local-name()='Sum'])</XPath></Transform>"
                    .to_owned(),
                ..Reference::to(&format!("{before}{behind}"))
            };
            Ok(file(&[&order, &Signer::new(workshop)?.sign(&reference)?]))
        },
    ));
    all.add(wrong(
        "xml.reference-to-file",
        (&S24b, SIGNED),
        text!(
            "the reference leads to an empty file outside the document, so that nothing of it is signed",
            "参照先が文書の外の空のファイルで、文書は何も署名されていない"
        ),
        |workshop| {
            let signer = Signer::new(workshop)?;
            let reference = Reference {
                uri: "file:///dev/null".to_owned(),
                ..Reference::to("")
            };
            let info = signed_info(&reference, Method::Rsa);
            // A file is digested as it is: without canonicalization, which takes XML.
            let (head, tail) = info
                .split_once("<Transforms>")
                .and_then(|(head, rest)| Some((head, rest.split_once("</Transforms>")?.1)))
                .ok_or(MakeError::Form("a reference has transforms"))?;
            let info = format!("{head}{tail}");
            let signature = signature(&[&info], &signer.value(&info)?, &x509_data(&signer.certificate));
            Ok(file(&[&signed(workshop), &signature]))
        },
    ));
}

/// Keys and algorithms.
fn keys_and_methods(all: &mut Candidates) {
    all.add(right(
        KEY_VALUE,
        text!(
            "a signed XML document that states the key beside the certificate",
            "証明書に加えて鍵も記載した署名付きXML文書"
        ),
        |workshop| {
            let signer = Signer::new(workshop)?;
            let public = &workshop.card_keys(Person::A).sign.public;
            with_key_value(workshop, &signer, public, &signer.certificate)
        },
    ));
    all.add(wrong(
        "xml.key-value-of-another-key",
        (&S24c, KEY_VALUE),
        text!(
            "the stated key has signed, and it is not that of the certificate",
            "記載された鍵による署名だが、証明書の鍵ではない"
        ),
        |workshop| {
            let forged = workshop.forged_key("leaf")?;
            let leaf = LeafKind::OtherKey.make(workshop, Hierarchy::Signature)?;
            let signer = Signer {
                certificate: leaf.certificate,
                key: Key::of(&leaf.key)?,
                method: Method::Rsa,
            };
            let (genuine, _) = sign(workshop, Person::A)?;
            with_key_value(workshop, &signer, &forged.to_public_key(), &genuine)
        },
    ));
    all.add(wrong(
        "xml.rsa-sha1",
        (&S25a, SIGNED),
        text!("the signature is RSA with SHA-1", "署名方式がSHA-1のRSA"),
        changed(|signer, _| signer.method = Method::RsaSha1),
    ));
    all.add(wrong(
        "xml.hmac",
        (&S25b, SIGNED),
        text!(
            "the signature is an HMAC whose secret is the public key",
            "署名方式がHMACで、公開鍵を秘密の値としている"
        ),
        changed(|signer, _| signer.method = Method::Hmac),
    ));
    all.add(wrong(
        "xml.digest-sha1",
        (&S25c, SIGNED),
        text!("the digest of the order is by SHA-1", "注文のハッシュ値がSHA-1"),
        changed(|_, reference| reference.by_sha1 = true),
    ));
}

/// The order signed, with a key and a certificate in KeyInfo.
fn with_key_value(
    workshop: &Workshop,
    signer: &Signer,
    public: &RsaPublicKey,
    certificate: &[u8],
) -> Result<Subject, MakeError> {
    let order = signed(workshop);
    let info = signed_info(&Reference::to(&order), signer.method);
    let (modulus, exponent) = (encoded(&public.n().to_bytes_be()), encoded(&public.e().to_bytes_be()));
    let key_info = format!(
        "<KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent></RSAKeyValue></KeyValue>{}",
        x509_data(certificate)
    );
    Ok(file(&[&order, &signature(&[&info], &signer.value(&info)?, &key_info)]))
}

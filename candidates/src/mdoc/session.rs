//! Document types, the device's proof, and what was asked for.

use ciborium::Value;
use vmyna_apdu::text;
use vmyna_mdoc::DOC_TYPE;

use super::answer::{Answer, at, put, remove};
use super::phone::{ASKED, BIRTH, BIRTH_WORDS, MY_NUMBER, Phone, key, session};
use super::{GENUINE, M11a, M11b, M12a, M12b, M13, M16, M17, M18a, M18b, M20, notable, twin, wrong};
use crate::candidate::{Candidates, Duty};
use crate::{MakeError, Person};

/// The document type of a driving licence (ISO/IEC 18013-5).
const LICENCE: &str = "org.iso.18013.5.1.mDL";

pub(super) fn add(all: &mut Candidates) {
    types(all);
    device(all);
    request(all);
    empty(all);
}

fn nothing() -> Value {
    Value::Map(Vec::new())
}

fn types(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.type-of-the-document",
        &M11a,
        GENUINE,
        text!(
            "the document states that it is a driving licence, and the signed object that it is not; the device has signed the \
             document's type",
            "文書は運転免許証と述べ、署名されたオブジェクトは異なる種類を述べている。機器は文書の種類に署名している"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            put(answer.document()?, "docType", LICENCE.into())?;
            answer.sign_device(&nothing(), &phone.session, &phone.device)?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.type-not-asked-for",
        &M11b,
        GENUINE,
        text!(
            "a driving licence of the same issuer answers the request for this document",
            "この文書の要求に、同じ発行者の運転免許証が応答している"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            put(answer.document()?, "docType", LICENCE.into())?;
            answer.change_object(Some(phone.signer_key()), |object| {
                put(object, "docType", LICENCE.into())
            })?;
            answer.sign_device(&nothing(), &phone.session, &phone.device)?;
            phone.subject(&answer)
        },
    ));
}

fn device(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.signed-by-another-device",
        &M12a,
        GENUINE,
        text!(
            "another device's key than the one in the signed object has signed",
            "署名されたオブジェクトの鍵ではなく、別の機器の鍵が署名している"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            let other = key(workshop, "mdoc/device/forger");
            answer.sign_device(&nothing(), &phone.session, &other)?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.without-device",
        &M12b,
        GENUINE,
        text!("the document has no deviceSigned", "文書にdeviceSignedがない"),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            remove(answer.document()?, "deviceSigned")?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.without-device-signature",
        &M12b,
        GENUINE,
        text!("the document's deviceAuth is empty", "文書のdeviceAuthが空である"),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            *at(at(answer.document()?, "deviceSigned")?, "deviceAuth")? = nothing();
            phone.subject(&answer)
        },
    ));
    all.add(
        wrong(
            "mdoc.of-another-session",
            &M13,
            GENUINE,
            text!(
                "the device has answered in another session",
                "機器が別のセッションで応答している"
            ),
            |workshop| {
                let phone = Phone::new(workshop)?;
                let answer = phone.answer_in(&session(workshop, "2"), &phone.asked)?;
                phone.subject(&answer)
            },
        )
        .with_also(&["M12a"]),
    );
}

fn request(all: &mut Candidates) {
    all.add(notable(
        "mdoc.birth-date-withheld",
        &M16,
        text!(
            "the birth date was asked for and is withheld",
            "要求した生年月日が提示されていない"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let released: Vec<_> = ASKED
                .into_iter()
                .filter(|name| ![BIRTH, BIRTH_WORDS].contains(name))
                .collect();
            let answer = phone.answer_in(&phone.session, &released)?;
            phone.subject(&answer)
        },
    ));
    all.add(
        notable(
            "mdoc.my-number-unasked",
            &M17,
            text!(
                "the My Number was not asked for and is released",
                "要求していない個人番号が提示されている"
            ),
            |workshop| {
                let phone = Phone::new(workshop)?;
                let released = [&phone.asked[..], &[MY_NUMBER]].concat();
                let answer = phone.answer_in(&phone.session, &released)?;
                phone.subject(&answer)
            },
        )
        .with_duties(vec![Duty::NoMyNumberInOutput]),
    );
    all.add(notable(
        "mdoc.of-two-people",
        &M20,
        text!(
            "the answer has two documents, of two people, each genuine",
            "応答に二人分の文書が一つずつある。それぞれは本物"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            let other = Phone::of(workshop, Person::B)?.answer()?.document()?.clone();
            let documents = at(&mut answer.0, "documents")?.as_array_mut();
            documents.ok_or(MakeError::Form("an answer has documents"))?.push(other);
            phone.subject(&answer)
        },
    ));
}

fn empty(all: &mut Candidates) {
    let errors = || Value::Array(vec![Value::Map(vec![(DOC_TYPE.into(), 0.into())])]);
    all.add(wrong(
        "mdoc.without-documents",
        &M18a,
        GENUINE,
        text!("the answer has no document", "応答に文書がない"),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            remove(&mut answer.0, "documents")?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.errors-only",
        &M18a,
        GENUINE,
        text!(
            "the answer has an error in the place of the document",
            "応答に、文書の代わりにエラーがある"
        ),
        move |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            remove(&mut answer.0, "documents")?;
            put(&mut answer.0, "documentErrors", errors())?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.status-of-an-error",
        &M18b,
        "mdoc.status-of-an-error.twin",
        text!(
            "the answer has a genuine document and the status 10 (general error)",
            "応答に本物の文書があり、statusは10（一般エラー）である"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            put(&mut answer.0, "status", 10.into())?;
            phone.subject(&answer)
        },
    ));
    all.add(twin(
        "mdoc.status-of-an-error.twin",
        &M18b,
        text!(
            "the answer has a genuine document, the status 0, and an error for another document",
            "応答に本物の文書とstatus 0があり、別の文書についてのエラーがある"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer: Answer = phone.answer()?;
            let errors = Value::Array(vec![Value::Map(vec![(LICENCE.into(), 0.into())])]);
            put(&mut answer.0, "documentErrors", errors)?;
            phone.subject(&answer)
        },
    ));
}

//! Elements and their digests: what the issuer has signed and what it has not.

use ciborium::Value;
use vmyna_apdu::text;
use vmyna_mdoc::{NAMESPACE, NAMESPACE_JP};

use super::answer::{Answer, Name, at, embedded, inside, put};
use super::phone::{ADDRESS, BIRTH_WORDS, MY_NUMBER, OVER_20, Phone, SEX_WORDS};
use super::{GENUINE, M01, M03, M04, M05, M14, M19, notable, twin, wrong};
use crate::candidate::Candidates;
use crate::{MakeError, Person, Workshop};

/// A number that no digest of an issued mdoc has.
const FREE: u64 = 1000;
/// An element that the mdoc does not have.
const OVER_65: Name = (NAMESPACE, "age_over_65");
/// The place that an element is moved to.
const MOVED: Name = (NAMESPACE_JP, "age_over_20");

pub(super) fn add(all: &mut Candidates) {
    of_digests(all);
    of_the_object(all);
    contradictions(all);
}

fn of_digests(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.address-replaced",
        &M01,
        "mdoc.address-replaced.twin",
        text!(
            "the address is another one than the issuer has signed",
            "住所が、発行者が署名したものと異なる"
        ),
        |workshop| {
            let (phone, answer) = with_another_address(workshop)?;
            phone.subject(&answer)
        },
    ));
    all.add(twin(
        "mdoc.address-replaced.twin",
        &M01,
        text!(
            "the same address, signed by the issuer",
            "同じ住所に、発行者の署名がある"
        ),
        |workshop| {
            let (phone, mut answer) = with_another_address(workshop)?;
            answer.digest(phone.signer_key(), ADDRESS)?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.element-without-digest",
        &M03,
        "mdoc.element-without-digest.twin",
        text!(
            "one more element has a digestID that the signed object does not have",
            "署名されたオブジェクトにないdigestIDの要素が一つ加わっている"
        ),
        |workshop| {
            let (phone, answer) = with_one_more(workshop)?;
            phone.subject(&answer)
        },
    ));
    all.add(twin(
        "mdoc.element-without-digest.twin",
        &M03,
        text!(
            "the same element, with a digest that the issuer has signed",
            "同じ要素に、発行者が署名したダイジェストがある"
        ),
        |workshop| {
            let (phone, mut answer) = with_one_more(workshop)?;
            answer.digest(phone.signer_key(), OVER_65)?;
            phone.subject(&answer)
        },
    ));
    let moved = wrong(
        "mdoc.element-in-other-namespace",
        &M04,
        "mdoc.element-in-other-namespace.twin",
        text!(
            "an element is in the other namespace, where its digestID has another digest",
            "要素が別の名前空間にあり、そこでは同じdigestIDのダイジェストが異なる"
        ),
        |workshop| {
            let (phone, mut answer) = with_a_number_twice(workshop)?;
            let item = answer.take(OVER_20)?;
            answer.items(MOVED.0)?.push(item);
            phone.subject(&answer)
        },
    );
    all.add(moved.with_also(&["M01"]));
    all.add(twin(
        "mdoc.element-in-other-namespace.twin",
        &M04,
        text!(
            "the same element in its own namespace; the other one has a digest of the same number",
            "同じ要素が本来の名前空間にあり、同じ番号のダイジェストが別の名前空間にもある"
        ),
        |workshop| {
            let (phone, answer) = with_a_number_twice(workshop)?;
            phone.subject(&answer)
        },
    ));
}

fn of_the_object(all: &mut Candidates) {
    all.add(wrong(
        "mdoc.object-changed",
        &M05,
        GENUINE,
        text!(
            "one bit of the signed object is changed, in the digest of an element that is not released",
            "署名されたオブジェクトの1ビットが、提示されない要素のダイジェストの中で変わっている"
        ),
        |workshop| {
            let phone = Phone::new(workshop)?;
            let mut answer = phone.answer()?;
            // The number of the My Number's digest is known from an answer that releases it.
            let mut releasing = phone.answer_in(&phone.session, &[MY_NUMBER])?;
            let mut item = inside(releasing.items(MY_NUMBER.0)?.first().ok_or(ISSUED)?)?;
            let id = at(&mut item, "digestID")?.clone();
            answer.change_object(None, |object| {
                let digests = at(at(object, "valueDigests")?, MY_NUMBER.0)?;
                let mut digests = digests.as_map_mut().ok_or(ISSUED)?.iter_mut();
                let digest = digests.find(|(known, _)| *known == id).ok_or(ISSUED)?;
                let first = digest.1.as_bytes_mut().and_then(|bytes| bytes.first_mut());
                *first.ok_or(ISSUED)? ^= 1;
                Ok(())
            })?;
            phone.subject(&answer)
        },
    ));
    all.add(wrong(
        "mdoc.stated-by-the-device",
        &M14,
        "mdoc.stated-by-the-device.twin",
        text!(
            "the device itself states a My Number, without an authorisation of the issuer",
            "発行者の許可なしに、機器自身が個人番号を述べている"
        ),
        |workshop| {
            let mut phone = asked_for_the_number(workshop)?;
            phone.attributes.individual_number = None;
            let mut answer = phone.answer()?;
            let number = workshop.card(Person::B).summary.person.my_number.digits();
            let number = String::from_utf8_lossy(number).into_owned();
            let stated = Value::Map(vec![(MY_NUMBER.1.into(), number.into())]);
            let spaces = Value::Map(vec![(MY_NUMBER.0.into(), stated)]);
            answer.sign_device(&spaces, &phone.session, &phone.device)?;
            phone.subject(&answer)
        },
    ));
    all.add(twin(
        "mdoc.stated-by-the-device.twin",
        &M14,
        text!(
            "the My Number was asked for, and the issuer has signed it",
            "個人番号が要求され、発行者の署名がある"
        ),
        |workshop| {
            let phone = asked_for_the_number(workshop)?;
            phone.subject(&phone.answer()?)
        },
    ));
}

fn contradictions(all: &mut Candidates) {
    all.add(notable(
        "mdoc.birth-dates-differ",
        &M19,
        text!(
            "birth_date and birth_date_unicode differ, both signed by the issuer",
            "birth_dateとbirth_date_unicodeが異なる。どちらにも発行者の署名がある"
        ),
        |workshop| {
            let born = workshop.order(Person::B).person.birth;
            let (year, month, day) = (born.year(), born.month(), born.day());
            let words = format!("{year}年{month}月{day}日");
            signed(workshop, BIRTH_WORDS, words.into())
        },
    ));
    all.add(notable(
        "mdoc.sexes-differ",
        &M19,
        text!(
            "sex and sex_unicode differ, both signed by the issuer",
            "sexとsex_unicodeが異なる。どちらにも発行者の署名がある"
        ),
        |workshop| {
            let other = match workshop.order(Person::A).person.sex {
                vmyna_applets::person::Sex::Female => "男",
                _ => "女",
            };
            signed(workshop, SEX_WORDS, other.into())
        },
    ));
    all.add(notable(
        "mdoc.age-contradicts",
        &M19,
        text!(
            "age_over_20 is false and the birth date is that of an adult, both signed by the issuer",
            "age_over_20が偽なのに生年月日は成人のもの。どちらにも発行者の署名がある"
        ),
        |workshop| signed(workshop, OVER_20, false.into()),
    ));
}

const ISSUED: MakeError = MakeError::Form("an mdoc has a digest of the My Number");

/// An answer with another value, signed by the issuer.
fn signed(workshop: &Workshop, name: Name, value: Value) -> Result<crate::Subject, MakeError> {
    let phone = Phone::new(workshop)?;
    let mut answer = phone.answer()?;
    answer.set_value(name, value)?;
    answer.digest(phone.signer_key(), name)?;
    phone.subject(&answer)
}

/// The address of A is replaced by that of B, or by one like it if they are the same. The digest stays.
fn with_another_address(workshop: &Workshop) -> Result<(Phone<'_>, Answer), MakeError> {
    let phone = Phone::new(workshop)?;
    let mut answer = phone.answer()?;
    let [own, other] = [Person::A, Person::B].map(|person| workshop.order(person).person.address.clone());
    let other = if own == other { format!("{own}１") } else { other };
    answer.set_value(ADDRESS, other.into())?;
    Ok((phone, answer))
}

/// One more element, which is asked for. It has a number that no digest has.
fn with_one_more(workshop: &Workshop) -> Result<(Phone<'_>, Answer), MakeError> {
    let mut phone = Phone::new(workshop)?;
    let mut answer = phone.answer()?;
    phone.asked.push(OVER_65);
    let mut item = inside(answer.items(OVER_65.0)?.first().ok_or(ISSUED)?)?;
    put(&mut item, "elementIdentifier", OVER_65.1.into())?;
    put(&mut item, "elementValue", true.into())?;
    put(&mut item, "digestID", FREE.into())?;
    answer.items(OVER_65.0)?.push(embedded(&item)?);
    Ok((phone, answer))
}

/// `age_over_20` has the number of a digest in the other namespace that belongs to no element. It is asked for in both.
fn with_a_number_twice(workshop: &Workshop) -> Result<(Phone<'_>, Answer), MakeError> {
    let mut phone = Phone::new(workshop)?;
    let mut answer = phone.answer()?;
    phone.asked.push(MOVED);
    answer.change_item(OVER_20, |item| put(item, "digestID", FREE.into()))?;
    answer.digest(phone.signer_key(), OVER_20)?;
    let decoy = *workshop.seed("mdoc/decoy");
    answer.set_digest(phone.signer_key(), MOVED.0, FREE.into(), decoy.to_vec())?;
    Ok((phone, answer))
}

fn asked_for_the_number(workshop: &Workshop) -> Result<Phone<'_>, MakeError> {
    let mut phone = Phone::new(workshop)?;
    phone.asked.push(MY_NUMBER);
    Ok(phone)
}

//! The expected structures below were written by hand from the certificates of the published test card, with the replaced
//! texts put in. The holder is fictional and has texts as long as the test card's holder, so the totals must be equal too.

mod outline;

use vmyna_applets::calendar::Date;
use vmyna_applets::person::{MyNumber, Sex};

use super::*;
use crate::characters::{Substitutes, is_carried};
use crate::keys;
use proptest::prelude::*;

const SIGN_CA: &str = vmyna_test_vectors::specimens::keys::SIGN_CA;
const AUTH_CA: &str = vmyna_test_vectors::specimens::keys::AUTH_CA;
const HOLDER: &str = vmyna_test_vectors::specimens::keys::TERMINAL;

const SIGN_NAME: &str = "[C/13=JP, O/0C=JPKI-TEST, OU/0C=JPKI for digital signature, \
                         OU/0C=vmyna virtual card for testing - not issued by J-LIS]";
const AUTH_NAME: &str = "[C/13=JP, O/0C=JPKI-TEST, OU/0C=JPKI for user authentication, \
                         OU/0C=vmyna virtual card for testing - not issued by J-LIS]";
const SIGN_JAPANESE: &str = "[C/13=JP, O/0C=試験用仮認証サービス, OU/0C=試験用仮認証サービス署名用, \
                             OU/0C=試験用であり機構発行ではない]";
const AUTH_JAPANESE: &str = "[C/13=JP, O/0C=試験用仮認証サービス, OU/0C=試験用仮認証サービス利用者証明用, \
                             OU/0C=試験用であり機構発行ではない]";
const SHA256_RSA: &str = "30{1.2.840.113549.1.1.11 05:}";
const RSA_2048: &str = "30{30{1.2.840.113549.1.1.1 05:} 03#271}";
const SUBJECT_KEY: &str = "30{2.5.29.14 04{04#20}}";

fn authority(hierarchy: Hierarchy) -> Authority {
    let (pem, serial, begins) = match hierarchy {
        Hierarchy::Signature => (SIGN_CA, 0x1E_0001, "2024-08-28T22:23:39Z"),
        Hierarchy::Authentication => (AUTH_CA, 0x21_0002, "2023-03-23T02:05:02Z"),
    };
    Authority::establish(hierarchy, keys::from_pem(pem).unwrap(), serial, begins.parse().unwrap()).unwrap()
}

/// Fictional. 5 characters of name and 18 of address, Tokyo-to and Kiyose-shi, as on the test card.
fn holder() -> Person {
    Person::new(
        "見本　太郎".to_owned(),
        "東京都清瀬市見本町南１２－７－２０２".to_owned(),
        Date::from_digits(b"19800217").unwrap(),
        Sex::Male,
        MyNumber::from_digits(*b"123456789018").unwrap(),
        Municipality {
            code: MunicipalityCode::from_digits(*b"13221").unwrap(),
            prefecture: "Tokyo-to".to_owned(),
            name: "Kiyose-shi".to_owned(),
            title: "架空区".to_owned(),
        },
    )
}

/// That person, changed.
fn with(change: impl FnOnce(&mut Person)) -> Person {
    let mut person = holder();
    change(&mut person);
    person
}

fn issue_sign(person: &Person) -> Result<Vec<u8>, IssuanceError> {
    issue_with(person, &CertificateText::of(person, &Substitutes::default()).unwrap())
}

fn issue_with(person: &Person, text: &CertificateText) -> Result<Vec<u8>, IssuanceError> {
    let code = person.municipality.code;
    let common_name = signature_common_name("2025-10-16T17:26:00Z".parse().unwrap(), 134, code)?;
    authority(Hierarchy::Signature).issue(&Request {
        serial: 0x1E_0003,
        not_before: "2025-10-27T01:35:57Z".parse().unwrap(),
        not_after: "2030-02-17T14:59:59Z".parse().unwrap(),
        public_key: &keys::from_pem(HOLDER)?.to_public_key(),
        holder: Holder::Signature {
            common_name: &common_name,
            person,
            text,
        },
        token: Token::Card,
    })
}

fn auth_request<'a>(common_name: &'a str, key: &'a RsaPublicKey, municipality: &'a Municipality) -> Request<'a> {
    Request {
        serial: 0x22_0004,
        not_before: "2025-10-27T01:35:42Z".parse().unwrap(),
        not_after: "2030-02-17T14:59:59Z".parse().unwrap(),
        public_key: key,
        holder: Holder::Authentication {
            common_name,
            municipality,
        },
        token: Token::Card,
    }
}

fn issue_auth() -> Vec<u8> {
    let (person, key) = (holder(), keys::from_pem(HOLDER).unwrap().to_public_key());
    let common_name = authentication_common_name("VMYNA00TEST001", person.municipality.code).unwrap();
    authority(Hierarchy::Authentication)
        .issue(&auth_request(&common_name, &key, &person.municipality))
        .unwrap()
}

#[test]
fn a_certificate_for_texts_as_long_as_the_test_cards_has_the_test_cards_size() {
    assert_eq!(authority(Hierarchy::Signature).certificate().len(), 1318);
    assert_eq!(authority(Hierarchy::Authentication).certificate().len(), 1333);
    assert_eq!(issue_sign(&holder()).unwrap().len(), 1758);
    assert_eq!(issue_auth().len(), 1590);
}

#[test]
fn a_replacing_text_has_the_length_of_the_text_it_replaces() {
    let service = ServiceUrl::default();
    assert_eq!(
        (
            names::OPERATOR.len(),
            service.ocsp().len(),
            service.practice_statement().len()
        ),
        (52, 35, 30)
    );
    for (name, length) in [(SIGN_JAPANESE, 39), (AUTH_JAPANESE, 48)] {
        let texts: Vec<usize> = name
            .split(['=', ',', ']'])
            .skip(3)
            .step_by(2)
            .map(str::len)
            .take(3)
            .collect();
        assert_eq!(texts, [30, length, 42], "{name}");
    }
}

#[test]
fn the_signature_authority_has_the_structure_of_the_test_cards() {
    let lines = outline::of_certificate(authority(Hierarchy::Signature).certificate());
    assert_eq!(
        lines,
        [
            "A0{02:02}",
            "02:1e0001",
            SHA256_RSA,
            SIGN_NAME,
            "30{17:240828222339Z 17:340828145959Z}",
            SIGN_NAME,
            RSA_2048,
            "30{2.5.29.15 01:ff 04{03:0106}}",
            &format!("30{{2.5.29.17 04{{30{{A4{{{SIGN_JAPANESE}}}}}}}}}"),
            "30{2.5.29.19 01:ff 04{30{01:ff}}}",
            &format!("30{{2.5.29.31 04{{30{{30{{A0{{A0{{A4{{{SIGN_NAME}}}}}}}}}}}}}}}"),
            SUBJECT_KEY,
            SHA256_RSA,
            "03#257",
        ]
    );
}

#[test]
fn the_authentication_authority_has_the_structure_of_the_test_cards() {
    let lines = outline::of_certificate(authority(Hierarchy::Authentication).certificate());
    assert_eq!(
        lines,
        [
            "A0{02:02}",
            "02:210002",
            SHA256_RSA,
            AUTH_NAME,
            "30{17:230323020502Z 17:330322145959Z}",
            AUTH_NAME,
            RSA_2048,
            "30{2.5.29.15 01:ff 04{03:0106}}",
            &format!("30{{2.5.29.17 04{{30{{A4{{{AUTH_JAPANESE}}}}}}}}}"),
            "30{2.5.29.19 01:ff 04{30{01:ff}}}",
            &format!("30{{2.5.29.31 04{{30{{30{{A0{{A0{{A4{{{AUTH_NAME}}}}}}}}}}}}}}}"),
            SUBJECT_KEY,
            SHA256_RSA,
            "03#257",
        ]
    );
}

#[test]
fn the_signature_certificate_has_the_structure_of_the_test_cards() {
    assert_eq!(
        outline::of_certificate(&issue_sign(&holder()).unwrap()),
        [
            "A0{02:02}",
            "02:1e0003",
            SHA256_RSA,
            SIGN_NAME,
            "30{17:251027013557Z 17:300217145959Z}",
            "[C/13=JP, L/0C=Tokyo-to, L/0C=Kiyose-shi, CN/0C=202510161726000013413221003A]",
            RSA_2048,
            "30{2.5.29.15 01:ff 04{03:06c0}}",
            "30{2.5.29.17 04{30{\
             A0{1.2.392.200149.8.5.5.1 A0{0C:見本　太郎}} \
             A0{1.2.392.200149.8.5.5.4 A0{0C:319800217}} \
             A0{1.2.392.200149.8.5.5.3 A0{0C:1}} \
             A0{1.2.392.200149.8.5.5.5 A0{0C:東京都清瀬市見本町南１２－７－２０２}} \
             A0{1.2.392.200149.8.5.5.2 A0{0C:00000}} \
             A0{1.2.392.200149.8.5.5.6 A0{0C:000000000000000000}}}}}",
            "30{2.5.29.32 01:ff 04{30{30{1.2.392.200149.8.5.1.0.20 \
             30{30{1.3.6.1.5.5.7.2.1 16:http://localhost:47910/cps.txt}}}}}}",
            &format!("30{{2.5.29.18 04{{30{{A4{{{SIGN_JAPANESE}}}}}}}}}"),
            "30{2.5.29.31 04{30{30{A0{A0{A4{[C/13=JP, O/0C=JPKI-TEST, OU/0C=JPKI for digital signature, \
             OU/0C=CRL Distribution Points, OU/0C=Tokyo-to, CN/0C=Kiyose-shi CRLDP]}}}}}}}",
            &format!("30{{2.5.29.35 04{{30{{80#20 A1{{A4{{{SIGN_NAME}}}}} 82:1e0001}}}}}}"),
            SUBJECT_KEY,
            SHA256_RSA,
            "03#257",
        ]
    );
}

#[test]
fn the_authentication_certificate_has_the_structure_of_the_test_cards() {
    assert_eq!(
        outline::of_certificate(&issue_auth()),
        [
            "A0{02:02}",
            "02:220004",
            SHA256_RSA,
            AUTH_NAME,
            "30{17:251027013542Z 17:300217145959Z}",
            "[C/13=JP, CN/0C=VMYNA00TEST00113221003A]",
            RSA_2048,
            "30{2.5.29.15 01:ff 04{03:0780}}",
            "30{2.5.29.37 04{30{1.3.6.1.5.5.7.3.2}}}",
            "30{2.5.29.32 01:ff 04{30{30{1.2.392.200149.8.5.1.0.30 \
             30{30{1.3.6.1.5.5.7.2.1 16:http://localhost:47910/cps.txt}}}}}}",
            &format!("30{{2.5.29.18 04{{30{{A4{{{AUTH_JAPANESE}}}}}}}}}"),
            "30{2.5.29.31 04{30{30{A0{A0{A4{[C/13=JP, O/0C=JPKI-TEST, OU/0C=JPKI for user authentication, \
             OU/0C=CRL Distribution Points, OU/0C=Tokyo-to, CN/0C=Kiyose-shi CRLDP]}}}}}}}",
            "30{1.3.6.1.5.5.7.1.1 04{30{30{1.3.6.1.5.5.7.48.1 86:http://localhost:47910/ocsp/auth-ca}}}}",
            &format!("30{{2.5.29.35 04{{30{{80#20 A1{{A4{{{AUTH_NAME}}}}} 82:210002}}}}}}"),
            SUBJECT_KEY,
            SHA256_RSA,
            "03#257",
        ]
    );
}

#[test]
fn no_certificate_contains_a_name_or_an_address_of_the_real_service() {
    let certificates = [
        authority(Hierarchy::Signature).certificate().to_vec(),
        authority(Hierarchy::Authentication).certificate().to_vec(),
        issue_sign(&holder()).unwrap(),
        issue_auth(),
    ];
    for certificate in certificates {
        let text = outline::of_certificate(&certificate).join("\n");
        for real in ["Japan Agency", "公的個人認証", "地方公共団体", "go.jp", "O/0C=JPKI,"] {
            assert!(!text.contains(real), "{real}");
        }
    }
}

#[test]
fn replaced_characters_other_sexes_and_long_texts_reach_the_certificate() {
    let person = with(|person| {
        person.name = "髙橋　太𠮷".to_owned();
        person.address = "あ".repeat(199) + "①";
        person.sex = Sex::Unknown;
    });
    let mut substitutes = Substitutes::default();
    substitutes.insert("①", "1").unwrap();
    let text = CertificateText::of(&person, &substitutes).unwrap();
    let lines = outline::of_certificate(&issue_with(&person, &text).unwrap());
    let names = lines.iter().find(|line| line.starts_with("30{2.5.29.17 ")).unwrap();
    for part in [
        "5.5.1 A0{0C:高橋　太吉}}",
        "5.5.3 A0{0C:3}}",
        "5.5.2 A0{0C:10001}}",
        &format!("5.5.6 A0{{0C:{}1}}}}", "0".repeat(199)),
    ] {
        assert!(names.contains(part), "{part} in {names}");
    }
}

#[test]
fn a_certificate_ending_after_2049_has_a_generalized_time_there() {
    let (person, key) = (holder(), keys::from_pem(HOLDER).unwrap().to_public_key());
    let mut request = auth_request("X", &key, &person.municipality);
    request.not_after = "2051-02-17T14:59:59Z".parse().unwrap();
    let lines = outline::of_certificate(&authority(Hierarchy::Authentication).issue(&request).unwrap());
    assert_eq!(lines[4], "30{17:251027013542Z 18:20510217145959Z}");
}

#[test]
fn an_authority_resumed_from_its_certificate_issues_the_same_bytes() {
    let first = authority(Hierarchy::Authentication);
    let der = first.certificate().to_vec();
    let resumed = Authority::resume(Hierarchy::Authentication, keys::from_pem(AUTH_CA).unwrap(), &der).unwrap();
    let (person, key) = (holder(), keys::from_pem(HOLDER).unwrap().to_public_key());
    let request = auth_request("X", &key, &person.municipality);
    assert_eq!(resumed.issue(&request).unwrap(), first.issue(&request).unwrap());
    assert_eq!(resumed.certificate().to_vec(), der);
}

#[test]
fn an_authority_is_not_resumed_with_another_key_or_as_the_other_hierarchy() {
    let der = authority(Hierarchy::Authentication).certificate().to_vec();
    let resume = |hierarchy, pem| Authority::resume(hierarchy, keys::from_pem(pem).unwrap(), &der).err();
    assert!(matches!(
        resume(Hierarchy::Authentication, SIGN_CA),
        Some(IssuanceError::Mismatch(_))
    ));
    assert!(matches!(
        resume(Hierarchy::Signature, AUTH_CA),
        Some(IssuanceError::Mismatch(_))
    ));
}

#[test]
fn an_authority_does_not_issue_the_other_kind_nor_a_certificate_that_never_holds() {
    let (person, key) = (holder(), keys::from_pem(HOLDER).unwrap().to_public_key());
    let mut request = auth_request("X", &key, &person.municipality);
    let other = authority(Hierarchy::Signature).issue(&request);
    assert!(matches!(other, Err(IssuanceError::Mismatch(_))));
    request.not_after = request.not_before;
    assert!(matches!(
        authority(Hierarchy::Authentication).issue(&request),
        Err(IssuanceError::Input(_))
    ));
}

#[test]
fn a_signature_certificate_is_not_issued_to_a_person_that_a_card_cannot_carry() {
    let person = with(|person| person.name = String::new());
    assert!(matches!(issue_sign(&person), Err(IssuanceError::Input(_))));
}

#[test]
fn common_names_have_the_layout_of_the_test_card() {
    let code = holder().municipality.code;
    let sign = signature_common_name("2025-10-16T17:26:00Z".parse().unwrap(), 134, code).unwrap();
    assert_eq!(sign, "202510161726000013413221003A");
    assert!(signature_common_name("2025-10-16T17:26:00Z".parse().unwrap(), 100_000, code).is_err());
    assert_eq!(
        authentication_common_name("0123456789ABCZ", code).unwrap(),
        "0123456789ABCZ13221003A"
    );
    for id in [
        "",
        "0123456789ABC",
        "0123456789ABCDE",
        "0123456789abcz",
        "0123456789ABC-",
    ] {
        assert!(authentication_common_name(id, code).is_err(), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn names_of_any_length_give_a_certificate_that_reads_back_to_the_same_bytes(
        name in "[一-龠]{1,40}　[ぁ-ん]{1,40}", address in "[一-龠０-９]{1,200}",
    ) {
        let carried = |text: String| text.replace(|character| !is_carried(character), "見");
        let der = issue_sign(&with(|person| { person.name = carried(name); person.address = carried(address); })).unwrap();
        prop_assert_eq!(Certificate::from_der(&der).unwrap().to_der().unwrap(), der);
    }
}

#[test]
fn another_address_stands_in_both_kinds_of_certificate_and_the_longest_still_fits() {
    let longest = format!("http://{}:65535", [&*"a".repeat(63); 4].join(".").split_at(253).0);
    for url in ["http://[2001:db8::1]:8080", &longest] {
        let service: ServiceUrl = url.parse().unwrap();
        let (person, key) = (holder(), keys::from_pem(HOLDER).unwrap().to_public_key());
        let name = authentication_common_name("VMYNA00TEST001", person.municipality.code).unwrap();
        let issuer = authority(Hierarchy::Authentication).with_service(service);
        let issued = issuer.issue(&auth_request(&name, &key, &person.municipality)).unwrap();
        let before = issue_auth();
        let there = |text: &str| issued.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(there(&format!("{url}/ocsp/auth-ca")) && there(&format!("{url}/cps.txt")));
        assert!(issued.len() - before.len() <= 2 * (url.len() - ServiceUrl::default().to_string().len()) + 40);
    }
}

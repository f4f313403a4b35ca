//! Answers of phones: the steps are tested where they are made; here what names of authorities, lists and other things add.

use rand_core::OsRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::x509::ServiceUrl;
use vmyna_mdoc::{DOC_TYPE, DeviceRequest, IssuerSigned, NAMESPACE, NAMESPACE_JP, Transcript};

use super::rig::*;
use crate::mdoc as signers;
use crate::register::sqlite::SqliteRegister;
use crate::verifier::compare::{Claims, compare};
use crate::verifier::input::{Input, recognise};
use crate::verifier::mdoc::{Session, list_addresses, mdoc};
use crate::verifier::report::{Kind, Report, Verdict};
use crate::verifier::revocation::List;
use crate::verifier::trust::Trust;
use crate::verifier::{Settings, certificate};

const ASKED: [(&str, &str); 4] = [
    (NAMESPACE_JP, "full_name_unicode"),
    (NAMESPACE_JP, "individual_number_unicode"),
    (NAMESPACE, "birth_date"),
    (NAMESPACE, "age_over_20"),
];

fn request(elements: &[(&str, &str)]) -> DeviceRequest {
    DeviceRequest::create(DOC_TYPE, elements, false).unwrap()
}

fn transcript(nonce: &str) -> Transcript {
    Transcript::browser(nonce, "https://reader.example")
}

/// An authority, its register, and a phone that has answered.
struct Rig {
    authority: MdocAuthority,
    register: SqliteRegister,
    response: Vec<u8>,
}

impl Rig {
    fn new(authority: MdocAuthority, card: &IssuedCard) -> Self {
        let register = SqliteRegister::in_memory().unwrap();
        let signer = signers::signer(&authority, &register, now()).unwrap();
        let key = vmyna_issuance::mdoc::device_key(&mut OsRng).unwrap();
        let issued = vmyna_issuance::mdoc::issue(&signer, card, &key, now(), &mut OsRng).unwrap();
        let key = p256::pkcs8::DecodePrivateKey::from_pkcs8_der(key.as_pkcs8_der()).unwrap();
        let issued = IssuerSigned::parse(&issued.issuer_signed).unwrap();
        let presented = vmyna_mdoc::present(&issued, &key, &request(&ASKED), &transcript("1"), |_| true).unwrap();
        Self {
            authority,
            register,
            response: presented.response,
        }
    }

    fn built_in() -> Self {
        Self::new(
            vmyna_issuance::specimen::mdoc().unwrap(),
            &vmyna_applets::specimen::find("hanako").unwrap().unwrap(),
        )
    }

    /// The root is trusted, and its list is there.
    fn settings(&self, public_keys: bool) -> Settings<'static> {
        let mut settings = settings();
        settings.trust = Trust::default();
        let root = self.authority.root(now()).unwrap();
        settings.trust.certificate(root.certificate(), public_keys).unwrap();
        settings.revocation.lists = self.lists();
        settings
    }

    fn lists(&self) -> Vec<List> {
        let lists = signers::lists(&self.authority, &self.register, now()).unwrap();
        let list = |der| List {
            name: "list".to_owned(),
            der,
        };
        lists.into_iter().map(list).collect()
    }

    fn verified(&self, settings: &Settings<'_>) -> Report {
        verified_with(&self.response, &transcript("1"), Some(&request(&ASKED)), settings)
    }
}

fn verified_with(
    response: &[u8],
    transcript: &Transcript,
    request: Option<&DeviceRequest>,
    settings: &Settings<'_>,
) -> Report {
    mdoc(
        response,
        Session { transcript, request },
        "file",
        settings,
        &mut Claims::default(),
    )
}

#[test]
fn an_answer_is_valid_and_states_its_elements_but_for_the_my_number() {
    let rig = Rig::built_in();
    let report = rig.verified(&rig.settings(true));
    assert_valid(&report);
    assert!(report.kind == Kind::Mdoc && report.public_keys);
    let facts: Vec<_> = report.facts.iter().map(|fact| (&*fact.id, &*fact.value)).collect();
    assert_eq!(
        facts,
        [
            ("birth_date", "1989-10-25"),
            ("age_over_20", "true"),
            ("full_name_unicode", "見本　花子")
        ]
    );
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.id == "elements.my-number" && step.verdict == Verdict::Note)
    );
    let card = vmyna_applets::specimen::find("hanako").unwrap().unwrap();
    let number = str::from_utf8(card.summary.person.my_number.digits()).unwrap();
    assert!(!format!("{report:?}").contains(number));
    assert!(!rig.verified(&rig.settings(false)).public_keys);
}

#[test]
fn without_the_root_or_its_list_nothing_is_verified() {
    let rig = Rig::built_in();
    let mut settings = rig.settings(true);
    settings.revocation.lists.clear();
    assert_only(&rig.verified(&settings), &["signer.revocation"], Verdict::NotVerified);
    let mut settings = rig.settings(true);
    settings.trust = super::rig::settings().trust;
    assert_only(
        &rig.verified(&settings),
        &["signer.chain", "signer.revocation"],
        Verdict::NotVerified,
    );
    // The same names, other keys.
    let other = MdocAuthority::establish(&[9; 32], time("2024-11-01T01:00:00Z"), &ServiceUrl::default()).unwrap();
    let card = vmyna_applets::specimen::find("hanako").unwrap().unwrap();
    let forged = Rig::new(other, &card);
    let report = forged.verified(&rig.settings(true));
    assert_eq!(report.verdict(), Verdict::NotVerified);
    assert!(!report.public_keys);
}

#[test]
fn a_revoked_signer_invalidates_what_it_has_signed() {
    let mut rig = Rig::built_in();
    signers::revoke_signer(&rig.authority, &mut rig.register, now()).unwrap();
    assert_only(
        &rig.verified(&rig.settings(true)),
        &["signer.revocation"],
        Verdict::Invalid,
    );
}

#[test]
fn another_session_another_request_and_another_time_are_refused() {
    let rig = Rig::built_in();
    let settings = rig.settings(true);
    let asked = request(&ASKED);
    let report = verified_with(&rig.response, &transcript("2"), Some(&asked), &settings);
    assert_only(&report, &["device.authentication"], Verdict::Invalid);
    let less = request(&ASKED[..1]);
    let report = verified_with(&rig.response, &transcript("1"), Some(&less), &settings);
    assert_only(&report, &["request.elements"], Verdict::Invalid);
    let report = verified_with(&rig.response, &transcript("1"), None, &settings);
    assert_valid(&report);
    assert!(
        report
            .steps
            .iter()
            .any(|step| step.id == "request.elements" && step.verdict == Verdict::Note)
    );
    let mut later = rig.settings(true);
    later.at = time("2026-12-31T00:00:00Z");
    let report = rig.verified(&later);
    assert!(report.verdict() == Verdict::Invalid, "{report:?}");
}

#[test]
fn every_byte_that_is_cut_or_changed_makes_the_answer_invalid() {
    let rig = Rig::built_in();
    let settings = rig.settings(true);
    for cut in (0..rig.response.len()).step_by(97) {
        let report = verified_with(&rig.response[..cut], &transcript("1"), None, &settings);
        assert!(report.verdict() > Verdict::Note, "{cut}");
    }
    for at in (0..rig.response.len()).step_by(41) {
        let mut changed = rig.response.clone();
        changed[at] ^= 1 << (at % 8);
        let report = verified_with(&changed, &transcript("1"), Some(&request(&ASKED)), &settings);
        assert!(report.verdict() > Verdict::Note, "{at}");
    }
}

#[test]
fn an_answer_is_recognised_and_names_the_address_of_its_list() {
    let rig = Rig::built_in();
    assert_eq!(recognise(rig.response.clone()), [Input::Mdoc(rig.response.clone())]);
    let root = crate::revocation_list::root_id(&rig.authority.root(now()).unwrap()).unwrap();
    let trust = rig.settings(true).trust;
    let addresses = |response: &[u8], trust: &Trust| list_addresses(response, &transcript("1"), trust, now());
    let own = [format!("http://localhost:47910/crl/{root}.crl")];
    assert_eq!(addresses(&rig.response, &trust), own);
    // A stranger's response does not choose what is fetched.
    assert_eq!(addresses(&rig.response, &Trust::default()), <[String; 0]>::default());
    for other in [&rig.response[1..], &[0xA3][..], &[][..]] {
        assert_eq!(addresses(other, &trust), <[String; 0]>::default());
        assert!(!matches!(&*recognise(other.to_vec()), [Input::Mdoc(_)]));
    }
}

#[test]
fn an_answer_and_the_certificate_of_another_person_are_of_two_people() {
    let rig = Rig::built_in();
    let settings = rig.settings(true);
    for (name, verdict) in [("hanako", Verdict::Ok), ("heisei", Verdict::Invalid)] {
        let mut claims = Claims::default();
        let (transcript, asked) = (transcript("1"), request(&ASKED));
        let session = Session {
            transcript: &transcript,
            request: Some(&asked),
        };
        assert_valid(&mdoc(&rig.response, session, "file", &settings, &mut claims));
        let card = vmyna_applets::specimen::find(name).unwrap().unwrap();
        let _ = certificate(&card.jpki.sign.unwrap().certificate, "file", &settings, &mut claims);
        let compared = compare(&claims).unwrap();
        let step = compared.steps.iter().find(|step| step.id == "compare.mdoc-certificate");
        assert_eq!(step.unwrap().verdict, verdict, "{name}");
    }
}

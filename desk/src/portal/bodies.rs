//! Invented bodies, and what they have asked each other about a person.

use vmyna_apdu::{Text, text};

use super::day::Day;
use super::linkage::{Network, Person};

/// A body that asks or answers. All are invented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// The name under which the network knows it.
    pub(super) id: &'static str,
    en: &'static str,
    ja: &'static str,
}

impl Body {
    pub(super) fn title(self) -> Text {
        let (en, ja) = (self.en, self.ja);
        text!("{en}", "{ja}")
    }
}

const fn body(id: &'static str, en: &'static str, ja: &'static str) -> Body {
    Body { id, en, ja }
}

const TOWN: Body = body("town", "Town of Mihon (invented)", "見本町（架空）");
const CITY: Body = body("city", "City of Tonari (invented)", "となり市（架空）");
const PENSION: Body = body("pension", "Invented Pension Office", "架空年金事務所");
const HEALTH: Body = body("health", "Invented Health Insurance Society", "架空健康保険組合");
const STUDENTS: Body = body("students", "Invented Scholarship Foundation", "架空奨学金財団");
const WELFARE: Body = body(
    "welfare",
    "Welfare office of Mihon Prefecture (invented)",
    "見本県福祉事務所（架空）",
);

/// All of them.
pub(super) const BODIES: [Body; 6] = [TOWN, CITY, PENSION, HEALTH, STUDENTS, WELFARE];

/// A question that was answered.
pub(super) struct Exchange {
    pub(super) day: Day,
    pub(super) asked: Body,
    pub(super) answered: Body,
    pub(super) what: (&'static str, &'static str),
    pub(super) why: (&'static str, &'static str),
}

type Known = (Body, Body, (&'static str, &'static str), (&'static str, &'static str));

/// What can have happened.
const POOL: [Known; 9] = [
    (
        TOWN,
        PENSION,
        ("pension that you pay into", "加入している年金"),
        ("child allowance: your application", "児童手当の申請"),
    ),
    (
        STUDENTS,
        TOWN,
        ("income of the household", "世帯の所得"),
        ("scholarship: your application", "奨学金の申込み"),
    ),
    (
        PENSION,
        CITY,
        ("record of residence", "住民票の情報"),
        ("pension: your claim", "年金の請求"),
    ),
    (
        HEALTH,
        TOWN,
        ("local tax", "住民税の課税情報"),
        ("upper limit of medical costs", "高額療養費の区分の判定"),
    ),
    (
        WELFARE,
        PENSION,
        ("amount of the pension", "年金額"),
        ("help with medical costs: your application", "医療費助成の申請"),
    ),
    (
        TOWN,
        CITY,
        ("local tax before you moved", "転入前の住民税の課税情報"),
        ("health insurance premium", "国民健康保険料の計算"),
    ),
    (
        CITY,
        HEALTH,
        ("health insurance", "健康保険の資格"),
        ("place in a nursery: your application", "保育所の申込み"),
    ),
    (
        WELFARE,
        TOWN,
        ("members of the household", "世帯の構成"),
        ("disability allowance: your application", "障害者手当の申請"),
    ),
    (
        STUDENTS,
        WELFARE,
        ("help that the household receives", "世帯が受けている手当"),
        ("reduced repayment", "返還の減額の審査"),
    ),
];
/// The fewest exchanges of a person.
const FEWEST: u64 = 4;

/// The exchanges about a person, the latest first. They follow from the person, so that two people have different ones.
pub(super) fn exchanges(network: &Network, person: &Person) -> Vec<Exchange> {
    let mut drawn: Vec<(u64, &Known)> = (0..)
        .zip(&POOL)
        .map(|(number, known): (usize, _)| (network.invented(person, &format!("exchange {number}")), known))
        .collect();
    drawn.sort_by_key(|(number, _)| *number);
    let spare = POOL.len() as u64 - FEWEST + 1;
    let count = FEWEST + network.invented(person, "exchanges") % spare;
    let mut exchanges: Vec<Exchange> = drawn
        .into_iter()
        .take(usize::try_from(count).unwrap_or(POOL.len()))
        .map(|(number, (asked, answered, what, why))| Exchange {
            day: Day::ago(3 + number % 700),
            asked: *asked,
            answered: *answered,
            what: *what,
            why: *why,
        })
        .collect();
    exchanges.sort_by_key(|one| std::cmp::Reverse(one.day));
    exchanges
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn every_body_has_a_name_of_its_own_and_says_that_it_is_invented() {
        let ids: BTreeSet<&str> = BODIES.iter().map(|body| body.id).collect();
        assert_eq!(ids.len(), BODIES.len());
        for body in BODIES {
            let Text { en, ja } = body.title();
            assert!(en.to_lowercase().contains("invented") && ja.contains("架空"), "{en}");
        }
        assert!(POOL.iter().all(|(asked, answered, ..)| asked != answered));
    }

    #[test]
    fn the_exchanges_of_a_person_stay_and_differ_from_another_ones() {
        let network = Network::new(Zeroizing::new([3; 32]));
        let of = |subject: &str| {
            let list = exchanges(&network, &network.person("issuer", subject));
            let days = list.windows(2).all(|pair| pair[0].day >= pair[1].day);
            assert!(days && (4..=9).contains(&list.len()));
            list.iter().map(|one| one.what.0.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("a"), of("a"));
        let different: BTreeSet<Vec<String>> = (0..20).map(|number| of(&number.to_string())).collect();
        assert!(different.len() > 15, "only {} of 20", different.len());
    }
}

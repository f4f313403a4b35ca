//! Finds applications by their names (AIDs), in a time that hardly grows with their number.

use crate::declaration::Application;
use vmyna_apdu::Aid;

/// The AIDs of a card's applications in the order of their bytes, each with the place of its application. The number before
/// an AID is its bytes, with zeros behind them: numbers are compared faster than bytes.
pub(crate) struct Names(Vec<(u128, Aid, usize)>);

impl Names {
    pub(crate) fn of(applications: &[Application]) -> Self {
        let places = applications.iter().map(|application| application.aid).zip(0..);
        let mut names: Vec<_> = places
            .map(|(aid, place)| (number(aid.as_bytes(), 0), aid, place))
            .collect();
        names.sort_unstable();
        Self(names)
    }

    /// The first application from the place `from` on that has this name, or one that begins with it.
    pub(crate) fn find(&self, name: &[u8], from: usize) -> Option<usize> {
        let (least, greatest) = (number(name, 0), number(name, 0xFF));
        // Names with the same beginning are neighbours.
        let begin = self.0.partition_point(|(number, ..)| *number < least);
        let named = self.0.iter().skip(begin).take_while(|(number, ..)| *number <= greatest);
        let named = named.filter(|(_, aid, place)| *place >= from && aid.matches(name));
        named.map(|(.., place)| *place).min()
    }
}

/// The first 16 bytes of a name as a number, with this byte for those that it lacks.
fn number(name: &[u8], missing: u8) -> u128 {
    let mut bytes = [missing; Aid::MAX];
    for (to, byte) in bytes.iter_mut().zip(name) {
        *to = *byte;
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Basis, Certainty};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_application_is_found_as_by_looking_at_one_after_the_other(
            aids in prop::collection::vec(prop::collection::vec(0..3_u8, 1..5), 1..12),
            name in prop::collection::vec(0..3_u8, 0..5),
            from in 0..13_usize,
        ) {
            let basis = || Basis::new(Certainty::Assumed, "test");
            let applications: Vec<Application> = aids
                .iter()
                .map(|aid| Application::new(Aid::new(aid).unwrap(), "test", "", basis()))
                .collect();
            let mut places = (0..).zip(&applications).skip(from);
            let expected = places.find(|(_, application)| application.aid.matches(&name)).map(|(place, _)| place);
            prop_assert_eq!(Names::of(&applications).find(&name, from), expected);
        }
    }
}

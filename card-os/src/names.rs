//! Finds applications by their names (AIDs), in a time that hardly grows with their number.

use crate::declaration::Application;
use vmyna_apdu::Aid;

/// The AIDs of a card's applications, in the order of their bytes, each with the place of its application.
pub(crate) struct Names(Vec<(Aid, usize)>);

impl Names {
    pub(crate) fn of(applications: &[Application]) -> Self {
        let places = applications.iter().map(|application| application.aid).zip(0..);
        let mut names: Vec<(Aid, usize)> = places.collect();
        names.sort_unstable_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        Self(names)
    }

    /// The first application from the place `from` on that has this name, or one that begins with it.
    pub(crate) fn find(&self, name: &[u8], from: usize) -> Option<usize> {
        // Names with the same beginning are neighbours.
        let begin = self.0.partition_point(|(aid, _)| aid.as_bytes() < name);
        let named = self.0.iter().skip(begin).take_while(|(aid, _)| aid.matches(name));
        named.map(|(_, place)| *place).filter(|place| *place >= from).min()
    }
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

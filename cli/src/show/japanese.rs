//! Dates as people in Japan write them. The card itself has digits.

use vmyna_applets::calendar::Date;

/// Returns e.g. `平成元年10月25日`, or `None` before Meiji.
pub(super) fn in_era(date: Date) -> Option<String> {
    let japanese = date.japanese()?;
    let era = japanese.era.title();
    let year = match japanese.year {
        1 => "元".to_owned(),
        year => year.to_string(),
    };
    Some(format!("{era}{year}年{}月{}日", japanese.month, japanese.day))
}

/// Returns e.g. `2036年10月25日`.
pub(super) fn in_gregorian_years(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_year_of_an_era_is_gannen() {
        let date = |year, month, day| Date::new(year, month, day).unwrap();
        assert_eq!(in_era(date(1989, 10, 25)).unwrap(), "平成元年10月25日");
        assert_eq!(in_era(date(1989, 1, 7)).unwrap(), "昭和64年1月7日");
        assert_eq!(in_era(date(2020, 2, 29)).unwrap(), "令和2年2月29日");
        assert_eq!(in_era(date(1868, 1, 24)), None);
        assert_eq!(in_gregorian_years(date(2036, 10, 5)), "2036年10月5日");
    }
}

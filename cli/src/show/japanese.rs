//! Dates as people in Japan write them. The card itself has digits.

use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::Date;

/// Returns e.g. `平成元年10月25日`, with 不詳 for what is not known, or `None` before Meiji.
pub(super) fn in_era(birth: impl Into<BirthDate>) -> Option<String> {
    let birth = birth.into();
    if birth.year() == 0 {
        return Some("不詳".to_owned());
    }
    let japanese = birth.japanese()?;
    let era = japanese.era.title();
    let year = match japanese.year {
        1 => "元".to_owned(),
        year => year.to_string(),
    };
    Some(match (japanese.month, japanese.day) {
        (0, _) => format!("{era}{year}年月日不詳"),
        (month, 0) => format!("{era}{year}年{month}月日不詳"),
        (month, day) => format!("{era}{year}年{month}月{day}日"),
    })
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
        for (digits, words) in [
            ("19450000", "昭和20年月日不詳"),
            ("19450600", "昭和20年6月日不詳"),
            ("00000000", "不詳"),
        ] {
            assert_eq!(
                in_era(BirthDate::from_digits(digits.as_bytes()).unwrap()).unwrap(),
                words
            );
        }
        assert_eq!(in_gregorian_years(date(2036, 10, 5)), "2036年10月5日");
    }
}

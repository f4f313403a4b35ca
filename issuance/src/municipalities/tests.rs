use super::*;

fn code(digits: &[u8; 5]) -> MunicipalityCode {
    MunicipalityCode::from_digits(*digits).unwrap()
}

/// The codes of the 20 designated cities.
fn designated() -> impl Iterator<Item = &'static Entry> {
    all().iter().filter(|entry| entry.residents() == 0)
}

#[test]
fn the_table_ascends_by_code_so_that_every_row_is_found_by_its_own() {
    assert_eq!(all().len(), table::LINES.lines().count(), "a line that is no row");
    assert!(all().is_sorted_by(|one, next| one.code().number() < next.code().number()));
    for row in all() {
        assert_eq!(entry(row.code()), Some(row));
        assert_eq!(find(row.code()).unwrap(), row.municipality());
        assert_eq!(prefecture(row.code()), (row.prefecture_title(), row.prefecture()));
    }
    assert_eq!(find(code(b"13199")), None);
    assert_eq!(prefecture(code(b"47999")).1, "Okinawa-ken");
}

#[test]
fn a_municipality_has_the_names_that_published_certificates_show() {
    let kiyose = find(code(b"13221")).unwrap();
    assert_eq!(
        (kiyose.prefecture.as_str(), kiyose.name.as_str()),
        ("Tokyo-to", "Kiyose-shi")
    );
    let chiyoda = find(code(b"13101")).unwrap();
    assert_eq!(
        (chiyoda.title.as_str(), chiyoda.name.as_str()),
        ("千代田区", "Chiyoda-ku")
    );
}

#[test]
fn a_roman_name_says_what_the_japanese_name_says_the_municipality_is() {
    for row in all() {
        let endings: &[&str] = match row.title().chars().last().unwrap() {
            '市' => &["-shi"],
            '区' => &["-ku"],
            '町' => &["-machi", "-cho"],
            '村' => &["-mura", "-son"],
            other => panic!("{other}"),
        };
        let name = row.name();
        assert!(endings.iter().any(|ending| name.ends_with(ending)), "{name}");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b' '),
            "{name}"
        );
        assert!(
            name.split(' ')
                .all(|word| word.starts_with(|first: char| first.is_ascii_uppercase())),
            "{name}"
        );
        assert!(row.district().is_empty() || row.district().ends_with('郡'), "{name}");
    }
}

#[test]
fn a_code_says_by_its_third_digit_what_the_municipality_is() {
    for row in all() {
        let (third, title) = (row.code().digits()[2], row.title());
        let expected = match title.chars().last().unwrap() {
            // Designated cities and their wards, Tokyo's wards.
            '区' => third == b'1',
            '市' => (third == b'1') == (row.residents() == 0) && third <= b'2',
            _ => third >= b'3',
        };
        assert!(expected, "{} {title}", row.code());
    }
}

#[test]
fn a_ward_of_a_designated_city_is_named_after_its_city_and_lies_in_its_prefecture() {
    assert_eq!(designated().count(), 20);
    let mut wards = 0;
    for ward in all()
        .iter()
        .filter(|row| row.title().contains('市') && row.title().ends_with('区'))
    {
        let city = designated()
            .filter(|city| city.code().number() < ward.code().number())
            .last()
            .unwrap();
        assert!(ward.title().starts_with(city.title()), "{}", ward.title());
        assert!(ward.name().starts_with(&format!("{} ", city.name())), "{}", ward.name());
        assert_eq!(ward.prefecture(), city.prefecture());
        wards += 1;
    }
    assert_eq!(wards, 171);
    let tokyo = all()
        .iter()
        .filter(|row| row.prefecture() == "Tokyo-to" && row.title().ends_with('区'));
    assert_eq!(tokyo.count(), 23);
}

#[test]
fn every_prefecture_has_an_own_name_and_a_municipality() {
    for (at, (title, name)) in PREFECTURES.into_iter().enumerate() {
        let ending = match title.chars().last().unwrap() {
            '都' => "-to",
            '府' => "-fu",
            '県' => "-ken",
            _ => "Hokkaido",
        };
        assert!(name.ends_with(ending), "{title} {name}");
        assert!(all().iter().any(|row| row.prefecture() == name), "{title}");
        assert!(
            PREFECTURES[..at]
                .iter()
                .all(|other| other.0 != title && other.1 != name)
        );
    }
    assert_eq!(PREFECTURES[0], ("北海道", "Hokkaido"));
    assert_eq!(PREFECTURES[46], ("沖縄県", "Okinawa-ken"));
}

#[test]
fn an_address_begins_with_prefecture_district_and_municipality() {
    for (digits, address) in [
        (b"13303", "東京都西多摩郡瑞穂町"),
        (b"13221", "東京都清瀬市"),
        (b"01101", "北海道札幌市中央区"),
    ] {
        assert_eq!(entry(code(digits)).unwrap().address(), address);
    }
}

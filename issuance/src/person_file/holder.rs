//! The person in a person file: texts, numbers, municipality.

use vmyna_apdu::foreign::is_variation_selector;
use vmyna_apdu::{Text, text};
use vmyna_applets::person::{
    Municipality, MunicipalityCode, MyNumber, ResidenceCode, SecurityCode, Sex, my_number_check_digit,
    residence_code_check_digit,
};

use super::source::{Place, Reported, Section, Source};
use crate::characters::{self, BadCharacter, Lacking, SubstituteError, Substitutes};
use crate::municipalities::{self, wrong_check_digit};
use crate::order::{LONGEST_TEXT, TextForm};
use crate::pictures;

/// The longest name of a municipality, in characters: a part of a certificate's name has at most 64, and one ends in
/// ` CRLDP`.
const LONGEST_MUNICIPALITY: usize = 58;

/// A text of the register, and where it stands.
type Placed = (String, Place);

/// 氏名.
pub(super) fn name(source: &mut Source<'_>, top: Section<'_>) -> Result<Placed, Reported> {
    let name = register(source, (top, "name"), characters::name)?;
    name.ok_or_else(|| {
        let what = text!(
            "the name, family name and given name separated by a blank",
            "氏名（姓と名の間は空白で区切ります）"
        );
        source.missing(top, "name", what)
    })
}

/// 住所.
pub(super) fn address(source: &mut Source<'_>, top: Section<'_>) -> Result<Placed, Reported> {
    let address = register(source, (top, "address"), characters::address)?;
    address.ok_or_else(|| {
        let what = text!(
            "the address, from the prefecture on, without post code",
            "住所（都道府県から書き、郵便番号は含めません）"
        );
        source.missing(top, "address", what)
    })
}

/// 旧氏.
pub(super) fn former_name(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<Placed>, Reported> {
    register(source, (top, "former-name"), characters::name)
}

/// The name in Roman letters (ローマ字).
pub(super) fn roman_name(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<Placed>, Reported> {
    let Some((text, place)) = source.text(top, "roman-name")? else {
        return Ok(None);
    };
    if !is_roman(text, LONGEST_TEXT) {
        let message = text!(
            "is written in Roman letters, e.g. \"MIHON HANAKO\", with at most {LONGEST_TEXT}",
            "ローマ字で書きます（例: \"MIHON HANAKO\"）。{LONGEST_TEXT}文字までです"
        );
        return Err(source.error(place, message));
    }
    Ok(Some((text.to_owned(), place)))
}

/// A text in the register's characters.
fn register(
    source: &mut Source<'_>,
    (section, key): (Section<'_>, &'static str),
    form: fn(&str) -> Result<String, BadCharacter>,
) -> Result<Option<Placed>, Reported> {
    let Some((text, place)) = source.text(section, key)? else {
        return Ok(None);
    };
    let text = form(text).map_err(|bad| source.error(place.clone(), leave_out(&bad)))?;
    length(source, place.clone(), &text, LONGEST_TEXT)?;
    Ok(Some((text, place)))
}

fn leave_out(bad: &BadCharacter) -> Text {
    let Text { en, ja } = bad.text();
    text!("{en}: leave it out", "{ja}。取り除いてください")
}

fn length(source: &mut Source<'_>, place: Place, text: &str, longest: usize) -> Result<(), Reported> {
    match text
        .chars()
        .filter(|character| !is_variation_selector(*character))
        .count()
    {
        0 => Err(source.error(place, text!("is empty", "空です"))),
        count if count > longest => {
            let message = text!(
                "has {count} characters; a certificate carries at most {longest}",
                "{count}文字あります。電子証明書に記録できるのは{longest}文字までです"
            );
            Err(source.error(place, message))
        }
        _ => Ok(()),
    }
}

/// 氏名の振り仮名, empty if there is none.
pub(super) fn kana(source: &mut Source<'_>, top: Section<'_>) -> Result<String, Reported> {
    let Some((text, place)) = source.text(top, "kana")? else {
        return Ok(String::new());
    };
    characters::check(text).map_err(|bad| source.error(place.clone(), leave_out(&bad)))?;
    let kana = characters::kana(text).map_err(|other| {
        let shown = characters::shown(other);
        let message = text!(
            "has {shown}, which is no kana: write the reading in katakana",
            "{shown}は仮名ではありません。振り仮名はカタカナで書きます"
        );
        source.error(place.clone(), message)
    })?;
    length(source, place, &kana, LONGEST_TEXT)?;
    Ok(kana)
}

/// 代替文字. An error shows nothing but one character of a key.
pub(super) fn substitutes(source: &mut Source<'_>, top: Section<'_>) -> Result<Substitutes, Reported> {
    let mut substitutes = Substitutes::default();
    let mut result = Ok(());
    for (key, substitute, place) in source.entries(top, "substitutes")? {
        if let Err(rule) = substitutes.insert(key, substitute) {
            let message = match (rule, key.chars().next()) {
                (SubstituteError::Needless, Some(character)) => rule.text().at(&characters::shown(character)),
                _ => rule.text(),
            };
            result = Err(source.error(place, message));
        }
    }
    result.map(|()| substitutes)
}

/// The form of name and address in the input-assist application.
pub(super) fn text_form(source: &mut Source<'_>, top: Section<'_>) -> Result<TextForm, Reported> {
    match source.text(top, "input-assist-text")? {
        None | Some(("register", _)) => Ok(TextForm::Register),
        Some(("certificate", _)) => Ok(TextForm::Certificate),
        Some((_, place)) => Err(source.error(place, super::one_of(&["register", "certificate"]))),
    }
}

/// What the remarks field (追記欄) of the card's face has: what `remarks` lists, or else former name and Roman name if there
/// are any. The words before them are `assumed`.
pub(super) fn printed(
    source: &mut Source<'_>,
    top: Section<'_>,
    kana: &str,
    former_name: Option<&Placed>,
    roman_name: Option<&Placed>,
) -> Result<Vec<String>, Reported> {
    let line = |key: &str| match key {
        "kana" => (!kana.is_empty()).then(|| format!("振り仮名 {kana}")),
        "former-name" => former_name.map(|(name, _)| format!("旧氏［{name}］")),
        "roman-name" => roman_name.map(|(name, _)| name.clone()),
        _ => None,
    };
    let Some(wanted) = source.texts(top, "remarks")? else {
        return Ok(["former-name", "roman-name"].into_iter().filter_map(line).collect());
    };
    let mut lines = Vec::new();
    for (key, place) in wanted {
        if !["kana", "former-name", "roman-name"].contains(&key) {
            let message = text!(
                "lists some of: kana, former-name, roman-name",
                "次の中から並べます: kana, former-name, roman-name"
            );
            return Err(source.error(place, message));
        }
        match line(key) {
            Some(line) if !lines.contains(&line) => lines.push(line),
            Some(_) => {}
            None => {
                let message = text!(
                    "lists {key}, which the file doesn't give",
                    "{key}がありますが、ファイルにその項目がありません"
                );
                return Err(source.error(place, message));
            }
        }
    }
    Ok(lines)
}

/// Notes on how the certificate and the pictures have the texts.
pub(super) fn certified(
    source: &mut Source<'_>,
    (name, address): (&Placed, &Placed),
    kana: &str,
    substitutes: &Substitutes,
    remarks: &mut Vec<String>,
) -> Result<(), Reported> {
    let carried = [
        ("name", name, substitutes.name(&name.0, kana)),
        ("address", address, substitutes.address(&address.0)),
    ];
    let mut result = Ok(());
    for (key, (_, place), carried) in carried {
        match carried {
            Ok(carried) => {
                if let Err(reported) = length(source, place.clone(), &carried.text, LONGEST_TEXT) {
                    result = Err(reported);
                }
                remarks.extend(carried.remarks.iter().map(|remark| {
                    format!("{key}: {remark}, because its characters are those of JIS X 0208 and JIS X 0212")
                }));
            }
            Err(lacking) => {
                let message = without_substitute(&lacking, substitutes, (key == "name").then_some(kana));
                result = Err(source.error(place.clone(), message));
            }
        }
    }
    result
}

/// What to do about characters without a substitute. The reading helps only a name.
fn without_substitute(lacking: &Lacking, substitutes: &Substitutes, kana: Option<&str>) -> Text {
    let (shown, entries) = (lacking.shown(), lacking.entries());
    let line = match substitutes.is_empty() {
        true => text!(
            "add the line `substitutes = {{ {entries} }}` above the first [section]",
            "最初の[section]より前に`substitutes = {{ {entries} }}`の行を加え"
        ),
        false => text!("add `{entries}` to `substitutes`", "`substitutes`に`{entries}`を加え"),
    };
    let kana = match kana {
        Some("") => text!(", or give `kana`", "。または`kana`を書いてください"),
        Some(_) => text!(
            ", or give `kana` as many parts as `name`",
            "。または`kana`を`name`と同じ数に区切ってください"
        ),
        None => Text::same(""),
    };
    Text {
        en: format!(
            "has {shown}, which no certificate carries and for which no substitute is known: {}, with a kanji or katakana \
             for …{}",
            line.en, kana.en
        ),
        ja: format!(
            "{}。{}、…に漢字かカタカナを書いてください{}",
            lacking.text().ja,
            line.ja,
            kana.ja
        ),
    }
}

/// Notes on what the pictures of a text can't show.
pub(super) fn drawn(key: &str, text: &str, remarks: &mut Vec<String>) {
    let mut lacking: Vec<char> = text
        .chars()
        .filter(|character| pictures::is_lacking(*character))
        .collect();
    lacking.sort_unstable();
    lacking.dedup();
    remarks.extend(lacking.into_iter().map(|character| {
        let character = characters::shown(character);
        format!("{key}: WARNING: the font of the card's pictures lacks {character}: they show 〓 there")
    }));
    if text.chars().any(pictures::is_left_out) {
        remarks.push(format!(
            "{key}: the card's pictures show the usual form of a character with a variation selector or an accent"
        ));
    }
}

/// 性別.
pub(super) fn sex(source: &mut Source<'_>, top: Section<'_>) -> Result<Sex, Reported> {
    let form = || {
        text!(
            "male, female, other or unknown (or 男, 女)",
            "male、female、other、unknown（または男、女）のどれか"
        )
    };
    match source.text(top, "sex")? {
        None => Err(source.missing(top, "sex", form())),
        Some(("male" | "男", _)) => Ok(Sex::Male),
        Some(("female" | "女", _)) => Ok(Sex::Female),
        Some(("other", _)) => Ok(Sex::Other),
        Some(("unknown", _)) => Ok(Sex::Unknown),
        Some((_, place)) => {
            let Text { en, ja } = form();
            Err(source.error(place, text!("is one of: {en}", "{ja}です")))
        }
    }
}

/// 個人番号.
pub(super) fn my_number(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<MyNumber>, Reported> {
    let Some((digits, place)) = digits::<12>(source, top, "my-number")? else {
        return Ok(None);
    };
    let [base @ .., _] = digits;
    let checked = MyNumber::from_digits(digits).ok_or_else(|| wrong_check(source, place, my_number_check_digit(base)));
    checked.map(Some)
}

/// 住民票コード.
pub(super) fn residence_code(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<ResidenceCode>, Reported> {
    let Some((digits, place)) = digits::<11>(source, top, "residence-code")? else {
        return Ok(None);
    };
    let [base @ .., _] = digits;
    let right = || residence_code_check_digit(base);
    let checked = ResidenceCode::from_digits(digits).ok_or_else(|| wrong_check(source, place, right()));
    checked.map(Some)
}

/// セキュリティコード.
pub(super) fn security_code(source: &mut Source<'_>, top: Section<'_>) -> Result<Option<SecurityCode>, Reported> {
    let code = digits::<4>(source, top, "security-code")?;
    Ok(code.and_then(|(digits, _)| SecurityCode::from_digits(digits)))
}

fn wrong_check(source: &mut Source<'_>, place: Place, right: Option<u8>) -> Reported {
    source.error(place, wrong_check_digit(right))
}

/// Exactly so many digits; blanks and hyphens between groups don't count.
fn digits<const COUNT: usize>(
    source: &mut Source<'_>,
    section: Section<'_>,
    key: &str,
) -> Result<Option<([u8; COUNT], Place)>, Reported> {
    let Some((text, place)) = source.text(section, key)? else {
        return Ok(None);
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| !b" -".contains(byte)).collect();
    match <[u8; COUNT]>::try_from(digits) {
        Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Some((digits, place))),
        _ => Err(source.error(place, text!("has {COUNT} digits 0-9", "数字{COUNT}桁です"))),
    }
}

/// The municipality that issues the card. What the file does not say of it comes from the table of municipalities.
pub(super) fn municipality(source: &mut Source<'_>, top: Section<'_>) -> Result<Municipality, Reported> {
    let section = source.section(top, "municipality")?;
    let code = municipality_code(source, section);
    let prefecture = roman(source, section, "prefecture");
    let name = roman(source, section, "name");
    let title = title(source, section);
    let (code, prefecture, name, title) = (code?, prefecture?, name?, title?);
    let known = municipalities::find(code);
    let mut known = |key, example: &str, part: fn(&Municipality) -> &String| match &known {
        Some(known) => Ok(part(known).clone()),
        None => {
            let what = text!(
                "e.g. \"{example}\"; only well-known codes need none",
                "例 \"{example}\"。省けるのは、よく知られたコードだけです"
            );
            Err(source.missing(section, key, what))
        }
    };
    let name = name.map_or_else(|| known("name", "Chiyoda-ku", |known| &known.name), Ok);
    let title = title.map_or_else(|| known("title", "千代田区", |known| &known.title), Ok);
    Ok(Municipality {
        code,
        // A code contains its prefecture, even if the municipality is not in the table.
        prefecture: prefecture.unwrap_or_else(|| municipalities::prefecture(code).1.to_owned()),
        name: name?,
        title: title?,
    })
}

/// 全国地方公共団体コード, with or without its check digit.
fn municipality_code(source: &mut Source<'_>, section: Section<'_>) -> Result<MunicipalityCode, Reported> {
    let Some((text, place)) = source.text(section, "code")? else {
        let what = text!(
            "the municipality's code, e.g. \"13101\" or \"131016\"",
            "全国地方公共団体コード（例: \"13101\"、\"131016\"）"
        );
        return Err(source.missing(section, "code", what));
    };
    municipalities::read_code(text).map_err(|error| source.error(place, error.text()))
}

/// A name in Roman letters.
fn roman(source: &mut Source<'_>, section: Section<'_>, key: &str) -> Result<Option<String>, Reported> {
    let Some((text, place)) = source.text(section, key)? else {
        return Ok(None);
    };
    if !is_roman(text, LONGEST_MUNICIPALITY) {
        let message = text!(
            "is written in Roman letters, e.g. \"Tokyo-to\", with at most {LONGEST_MUNICIPALITY}",
            "ローマ字で書きます（例: \"Tokyo-to\"）。{LONGEST_MUNICIPALITY}文字までです"
        );
        return Err(source.error(place, message));
    }
    Ok(Some(text.to_owned()))
}

fn is_roman(text: &str, longest: usize) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphabetic() || b" -'.".contains(byte);
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let bytes = text.as_bytes();
    bytes.iter().all(allowed) && ends(bytes.first()) && bytes.len() <= longest
}

/// The municipality in Japanese. Only pictures have it.
fn title(source: &mut Source<'_>, section: Section<'_>) -> Result<Option<String>, Reported> {
    let Some((text, place)) = source.text(section, "title")? else {
        return Ok(None);
    };
    let title = characters::name(text).map_err(|bad| source.error(place.clone(), leave_out(&bad)))?;
    length(source, place, &title, LONGEST_MUNICIPALITY)?;
    Ok(Some(title))
}

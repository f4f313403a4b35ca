//! What stands where on the two sides. All coordinates are dots.

use vmyna_applets::calendar::{self, Date};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::CertifiedKey;
use vmyna_applets::person::{Person, Sex};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::CardPictureError;
use super::canvas::Area;
use super::side::{MARGIN, Side, VALUE};

/// Draws the content of the side with the photo.
pub(super) fn front(side: &mut Side, card: &IssuedCard) -> Result<(), CardPictureError> {
    let person = &card.summary.person;
    side.photo(card, Area::new(703.0, 106.0, 268.0, 335.0));
    side.stamp();
    names(side, card);
    side.field(
        ("生年月日", "Date of birth"),
        &birth(person),
        Area::new(MARGIN, 312.0, 455.0, 66.0),
        VALUE,
    );
    side.field(
        ("性別", "Sex"),
        sex(person.sex),
        Area::new(530.0, 312.0, 150.0, 66.0),
        VALUE,
    );
    validity(side, card)?;
    issue(side, card)?;
    side.foot(card);
    Ok(())
}

/// Name and address, and the remarks field of a card that has one.
fn names(side: &mut Side, card: &IssuedCard) {
    let person = &card.summary.person;
    let wide = 620.0;
    side.field(
        ("氏名", "Name"),
        &person.name,
        Area::new(MARGIN, 98.0, wide, 82.0),
        46.0,
    );
    // The remarks field takes a part of the address' place.
    let printed: Vec<&str> = card.summary.printed().collect();
    let (address, remarks_field) = match printed.is_empty() {
        true => (114.0, None),
        false => (66.0, Some(printed.join("　"))),
    };
    side.field(
        ("住所", "Address"),
        &person.address,
        Area::new(MARGIN, 188.0, wide, address),
        VALUE,
    );
    if let Some(text) = remarks_field {
        side.field(("追記欄", "Remarks"), &text, Area::new(MARGIN, 256.0, wide, 50.0), 24.0);
    }
}

fn validity(side: &mut Side, card: &IssuedCard) -> Result<(), CardPictureError> {
    side.field(
        ("有効期限", "Card valid until"),
        &format!("{}まで", card.summary.expiry.in_words()),
        Area::new(MARGIN, 388.0, 300.0, 66.0),
        VALUE,
    );
    let sign = last_day(card.jpki.sign.as_ref(), "sign certificate")?;
    let auth = last_day(card.jpki.auth.as_ref(), "auth certificate")?;
    side.field(
        ("電子証明書の有効期限", "Certificates until"),
        &certificates_until(sign, auth),
        Area::new(365.0, 388.0, 315.0, 66.0),
        VALUE,
    );
    Ok(())
}

fn issue(side: &mut Side, card: &IssuedCard) -> Result<(), CardPictureError> {
    let summary = &card.summary;
    side.field(
        ("発行者", "Issued by"),
        &format!("{}長", summary.person.municipality.title),
        Area::new(MARGIN, 464.0, 300.0, 66.0),
        VALUE,
    );
    let issued = calendar::day_in_japan(summary.issued).ok_or(CardPictureError::OutOfCalendar("the card's issue"))?;
    side.field(
        ("発行日", "Issued on"),
        &issued.in_words(),
        Area::new(365.0, 464.0, 315.0, 66.0),
        VALUE,
    );
    side.field(
        ("セキュリティコード", "Security code"),
        summary.security_code.as_str(),
        Area::new(703.0, 464.0, 268.0, 66.0),
        VALUE,
    );
    Ok(())
}

/// Draws the content of the side with the My Number.
pub(super) fn back(side: &mut Side, card: &IssuedCard) {
    let person = &card.summary.person;
    let serial = card.card_info.as_ref().map(|info| info.serial.to_string());
    let serial = serial.unwrap_or_default();
    side.chip(Area::new(760.0, 130.0, 180.0, 150.0));
    side.stamp();
    let digits = person.my_number.digits();
    let number: Vec<_> = digits.chunks(4).map(String::from_utf8_lossy).collect();
    side.field(
        ("個人番号", "My Number"),
        &number.join(" "),
        Area::new(MARGIN, 106.0, 640.0, 112.0),
        72.0,
    );
    side.field(
        ("氏名", "Name"),
        &person.name,
        Area::new(MARGIN, 246.0, 640.0, 84.0),
        44.0,
    );
    side.field(
        ("生年月日", "Date of birth"),
        &birth(person),
        Area::new(MARGIN, 350.0, 640.0, 70.0),
        36.0,
    );
    side.field(
        ("製造番号", "Serial number"),
        &serial,
        Area::new(MARGIN, 440.0, 640.0, 66.0),
        VALUE,
    );
    side.foot(card);
}

/// Returns e.g. `平成元年10月25日 (1989-10-25)`.
fn birth(person: &Person) -> String {
    format!("{} ({})", person.birth.in_words().unwrap_or_default(), person.birth)
}

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "男 M",
        Sex::Female => "女 F",
        Sex::Other => "その他 X",
        Sex::Unknown => "不明 —",
    }
}

/// The last day in Japan on which a certificate of the card is valid; `None` if the card does not have it.
fn last_day(key: Option<&CertifiedKey>, name: &'static str) -> Result<Option<Date>, CardPictureError> {
    let Some(key) = key else { return Ok(None) };
    let certificate =
        Certificate::from_der(&key.certificate).map_err(|error| CardPictureError::Certificate(name, error))?;
    let end = certificate.tbs_certificate.validity.not_after.to_date_time();
    let day = calendar::day_in_japan(end);
    day.map(Some)
        .ok_or(CardPictureError::OutOfCalendar("the end of a certificate"))
}

/// Returns the last days of the two certificates, or one day if both are the same.
fn certificates_until(sign: Option<Date>, auth: Option<Date>) -> String {
    match [sign, auth].map(|day| day.map(Date::in_words)) {
        [None, None] => "なし none".to_owned(),
        [Some(sign), Some(auth)] if sign == auth => format!("{sign}まで"),
        [Some(sign), Some(auth)] => format!("署名 {sign}\n認証 {auth}"),
        [Some(sign), None] => format!("署名のみ {sign}"),
        [None, Some(auth)] => format!("認証のみ {auth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_end_on_different_days_show_both() {
        let day = |digits: &str| Date::from_digits(digits.as_bytes());
        let (early, late) = (day("20300102"), day("20311025"));
        assert!(early.is_some() && late.is_some());
        assert_eq!(certificates_until(late, late), "2031年10月25日まで");
        assert_eq!(
            certificates_until(early, late),
            "署名 2030年1月2日\n認証 2031年10月25日"
        );
        assert_eq!(certificates_until(late, None), "署名のみ 2031年10月25日");
        assert_eq!(certificates_until(None, late), "認証のみ 2031年10月25日");
        assert_eq!(certificates_until(None, None), "なし none");
    }
}

//! The operations that are offered, and how each is made of its form.

use vmyna::counter::{NewPins, Operation, Which};
use vmyna_apdu::{Text, text};
use vmyna_applets::person::Municipality;
use vmyna_applets::pins::{self, CardPin};
use vmyna_authority::register::{Hierarchy, Reason};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::municipalities;

use super::Values;
use super::fields::{Field, Kind, field, needed, optional, wrong};
use crate::desk::answer::Refusal;

/// An operation with its form.
pub(super) struct Offered {
    pub(super) id: &'static str,
    en: &'static str,
    ja: &'static str,
    /// Whether it can't be undone.
    pub(super) is_final: bool,
    pub(super) fields: &'static [Field],
}

impl Offered {
    pub(super) fn title(&self) -> Text {
        Text {
            en: self.en.to_owned(),
            ja: self.ja.to_owned(),
        }
    }
}

const fn offered(
    id: &'static str,
    (en, ja): (&'static str, &'static str),
    is_final: bool,
    fields: &'static [Field],
) -> Offered {
    Offered {
        id,
        en,
        ja,
        is_final,
        fields,
    }
}

const KIND: Field = optional("kind", "which certificate", "対象の証明書", Kind::WhichCertificate);
const SUBSTITUTES: Field = optional(
    "substitutes",
    "substitutes for characters that certificates lack, e.g. 𩸽=タ",
    "代替文字（証明書で使えない文字）。例 𩸽=タ",
    Kind::Text,
);
const AUTH: Field = field(
    "auth",
    "auth PIN, 4 digits",
    "利用者証明用暗証番号（数字4桁）",
    Kind::Pin,
);
const SIGN: Field = field(
    "sign",
    "sign password, 6 to 16 capital letters and digits",
    "署名用パスワード（英大文字と数字6～16文字）",
    Kind::Pin,
);
const INPUT_ASSIST: Field = field(
    "input-assist",
    "input-assist PIN, 4 digits",
    "券面事項入力補助用暗証番号（数字4桁）",
    Kind::Pin,
);
const RESIDENCE: Field = field(
    "residence",
    "residence PIN, 4 digits",
    "住民基本台帳用暗証番号（数字4桁）",
    Kind::Pin,
);

/// The counter's.
pub(super) const COUNTER: [Offered; 14] = [
    offered(
        "reset-pin",
        ("reset a PIN", "暗証番号の再設定・初期化"),
        false,
        &[
            field("pin", "PIN", "暗証番号", Kind::WhichPin),
            optional(
                "value",
                "new value; a verification code and the birth PIN take none",
                "新しい値（照合番号と生年月日は不要）",
                Kind::Pin,
            ),
        ],
    ),
    offered(
        "renew",
        ("renew certificates", "電子証明書の更新"),
        false,
        &[KIND, SUBSTITUTES],
    ),
    offered(
        "sign-certificate",
        ("issue the sign certificate", "署名用電子証明書の発行"),
        false,
        &[SIGN.may_lack(), SUBSTITUTES],
    ),
    offered(
        "hold",
        ("put certificates on hold", "電子証明書の一時保留"),
        true,
        &[KIND],
    ),
    offered(
        "revoke",
        ("revoke certificates", "電子証明書の失効"),
        true,
        &[KIND, field("reason", "reason", "理由", Kind::Reason)],
    ),
    offered("move-out", ("notice of moving out", "転出届"), true, &[]),
    offered(
        "move-in",
        ("notice of moving in, or within the municipality", "転入届・転居届"),
        false,
        &[
            field(
                "address",
                "new address, from the prefecture on",
                "新しい住所（都道府県から）",
                Kind::Text,
            ),
            optional(
                "municipality",
                "code of the new municipality, if it is another one",
                "新しい市区町村の全国地方公共団体コード（変わる場合）",
                Kind::Municipality,
            ),
            SUBSTITUTES,
        ],
    ),
    offered(
        "rename",
        ("new name", "氏名の変更"),
        false,
        &[
            field(
                "name",
                "new name, parts separated by a blank",
                "新しい氏名（姓と名の間を空ける）",
                Kind::Text,
            ),
            field("kana", "its reading in katakana", "振り仮名（カタカナ）", Kind::Text),
            SUBSTITUTES,
        ],
    ),
    offered(
        "furigana",
        ("print the reading of the name", "振り仮名の追記"),
        false,
        &[optional(
            "kana",
            "the reading, if it is another one",
            "振り仮名（変わる場合）",
            Kind::Text,
        )],
    ),
    offered("lost", ("the card is lost", "紛失届（一時停止）"), true, &[]),
    offered("death", ("the cardholder died", "死亡届"), true, &[]),
    offered(
        "reissue",
        ("issue a new card", "再交付"),
        true,
        &[
            SIGN.may_lack(),
            AUTH.may_lack(),
            INPUT_ASSIST.may_lack(),
            RESIDENCE.may_lack(),
        ],
    ),
    offered(
        "no-pin",
        ("make it a card without PINs", "顔認証マイナンバーカードへの切替"),
        true,
        &[],
    ),
    offered(
        "with-pin",
        ("make it a card with PINs again", "暗証番号ありのカードへの切替"),
        false,
        &[SIGN.may_lack(), AUTH, INPUT_ASSIST, RESIDENCE, SUBSTITUTES],
    ),
];

/// The kiosk's.
pub(super) const KIOSK: [Offered; 2] = [
    offered(
        "apply",
        (
            "apply for a reset of the sign password",
            "署名用パスワード再設定の申込み",
        ),
        false,
        &[AUTH],
    ),
    offered(
        "reset-sign",
        ("reset the sign password", "署名用パスワードの再設定"),
        false,
        &[
            field("code", "one-time code", "ワンタイムコード", Kind::Pin),
            AUTH,
            SIGN,
        ],
    ),
];

/// The operation of the counter with this id.
pub(super) fn operation(id: &str, values: &Values) -> Result<Operation, Refusal> {
    let given = |field: &str| values.get(field);
    let text = |field: &str, missing: Text| needed(values, field, missing).map(|text| text.trim().to_owned());
    Ok(match id {
        "reset-pin" => Operation::ResetPins(vec![reset_pin(values)?]),
        "renew" => Operation::Renew(which(values)?),
        "sign-certificate" => Operation::SignCertificate(given("sign").map(|value| value_of(value))),
        "hold" => Operation::Hold(which(values)?),
        "revoke" => {
            let reason = text("reason", text!("choose the reason", "理由を選ぶ"))?;
            let reason: Result<Reason, _> = reason.parse();
            let reason = reason.map_err(|_| wrong(Some("reason"), text!("choose the reason", "理由を選ぶ")))?;
            Operation::Revoke(which(values)?, reason)
        }
        "move-out" => Operation::MoveOut,
        "move-in" => {
            let address = text("address", text!("type the new address", "新しい住所を入れる"))?;
            Operation::MoveIn(address, municipality(values)?)
        }
        "rename" => Operation::Rename(
            text("name", text!("type the new name", "新しい氏名を入れる"))?,
            text("kana", text!("type its reading", "振り仮名を入れる"))?,
        ),
        "furigana" => Operation::Furigana(given("kana").map(|kana| kana.trim().to_owned())),
        "lost" => Operation::Lost,
        "death" => Operation::Death,
        "reissue" => Operation::Reissue(new_pins(values)),
        "no-pin" => Operation::WithoutPins,
        "with-pin" => Operation::WithPins(new_pins(values)),
        _ => {
            return Err(Refusal::not_found(text!(
                "there is no such operation",
                "その手続きはない"
            )));
        }
    })
}

fn value_of(value: &str) -> ReferenceData {
    ReferenceData::new(value.as_bytes())
}

fn reset_pin(values: &Values) -> Result<(CardPin, Option<ReferenceData>), Refusal> {
    let choose = || text!("choose the PIN", "暗証番号を選ぶ");
    let name = needed(values, "pin", choose())?;
    let pin = CardPin::find(name).ok_or_else(|| wrong(Some("pin"), choose()))?;
    Ok((pin, values.get("value").map(|value| value_of(value))))
}

fn which(values: &Values) -> Result<Which, Refusal> {
    match values.get("kind").map(|kind| kind.as_str()) {
        None | Some("all") => Ok(Which::All),
        Some("sign") => Ok(Which::Only(Hierarchy::Signature)),
        Some("auth") => Ok(Which::Only(Hierarchy::Authentication)),
        Some(_) => Err(wrong(Some("kind"), text!("choose a certificate", "証明書を選ぶ"))),
    }
}

/// The PINs that were typed.
fn new_pins(values: &Values) -> NewPins {
    let chosen = [pins::SIGN, pins::AUTH, pins::INPUT_ASSIST, pins::RESIDENCE];
    let typed = |pin: CardPin| Some((pin, value_of(values.get(pin.name)?)));
    chosen.into_iter().filter_map(typed).collect()
}

fn municipality(values: &Values) -> Result<Option<Municipality>, Refusal> {
    let Some(code) = values.get("municipality") else {
        return Ok(None);
    };
    let wrong = |text: Text| wrong(Some("municipality"), text);
    let code = municipalities::read_code(code.trim()).map_err(|error| wrong(error.text()))?;
    let known = municipalities::find(code);
    known.map(Some).ok_or_else(|| {
        wrong(text!(
            "this municipality is not known here; the command `counter` takes its names too",
            "この市区町村は登録がない。コマンドcounterなら名称も指定できる"
        ))
    })
}

/// The substitutes: `CHARACTER=SUBSTITUTE`, several with blanks between.
pub(super) fn substitutes(values: &Values) -> Result<Substitutes, Refusal> {
    let mut substitutes = Substitutes::default();
    let given = values.get("substitutes").map_or("", |given| given.as_str());
    for one in given.split([' ', '　', ',', '、']).filter(|one| !one.is_empty()) {
        let wrong = |why: Text| {
            let Text { en, ja } = why;
            wrong(
                Some("substitutes"),
                text!(
                    "write CHARACTER=SUBSTITUTE: {en}",
                    "「文字=代替文字」の形で書く（{ja}）"
                ),
            )
        };
        let (character, substitute) = one.split_once('=').ok_or_else(|| wrong(Text::same(one)))?;
        let inserted = substitutes.insert(character, substitute);
        inserted.map_err(|error| wrong(error.text()))?;
    }
    Ok(substitutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::counter::Place;
    use zeroize::Zeroizing;

    #[test]
    fn every_operation_is_made_of_its_form() {
        let filled = |offered: &Offered| -> Values {
            let fields = offered.fields.iter();
            fields
                .map(|field| {
                    let value = match field.id {
                        "pin" => "auth",
                        "kind" => "sign",
                        "reason" => "keyCompromise",
                        "municipality" => "271276",
                        "substitutes" => "𩸽=タ",
                        _ => "1357",
                    };
                    (field.id.to_owned(), Zeroizing::new(value.to_owned()))
                })
                .collect()
        };
        for offered in Place::Counter.offered() {
            let values = filled(offered);
            operation(offered.id, &values).unwrap();
            substitutes(&values).unwrap();
            let empty = operation(offered.id, &Values::new());
            let needs = offered
                .fields
                .iter()
                .any(|field| field.is_required() && field.id != "auth")
                && !["with-pin"].contains(&offered.id);
            assert_eq!(empty.is_err(), needs, "{}", offered.id);
        }
        assert!(operation("none", &Values::new()).is_err());
    }

    #[test]
    fn a_wrong_choice_names_its_field() {
        for (id, field, value) in [
            ("reset-pin", "pin", "nonsense"),
            ("renew", "kind", "nonsense"),
            ("revoke", "reason", "nonsense"),
            ("move-in", "municipality", "12"),
            ("move-in", "municipality", "271277"),
        ] {
            let mut values: Values = [("address", "大阪府"), ("reason", "superseded")]
                .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
                .into();
            values.insert(field.to_owned(), Zeroizing::new(value.to_owned()));
            let refusal = operation(id, &values).unwrap_err();
            assert_eq!(refusal.fields[0].field.as_deref(), Some(field), "{id}");
            assert!(!refusal.text.en.contains(value), "{id}: {}", refusal.text.en);
        }
    }
}

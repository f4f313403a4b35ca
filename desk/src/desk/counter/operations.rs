//! The services of counter and kiosk, and how an operation is made of its form.

use vmyna::counter::{NewPins, Operation, OperationKind, Which};
use vmyna::phone::PhoneOrder;
use vmyna_apdu::{Text, text};
use vmyna_applets::PhoneKind;
use vmyna_applets::person::Municipality;
use vmyna_applets::pins::{self, CardPin};
use vmyna_authority::register::{Hierarchy, Reason};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::municipalities;

use super::Values;
use super::fields::{Field, Kind, field, needed, optional, wrong};
use crate::desk::answer::Refusal;

/// Something that a person can ask for at the counter or the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// An operation of the counter.
    Counter(OperationKind),
    /// The kiosk gives a one-time code.
    Apply,
    /// The kiosk resets the sign password.
    ResetSign,
    /// The card is held to a phone, which gets certificates of its own.
    HoldToPhone,
    /// The certificates are taken off a phone.
    TakeOffPhone,
}

impl Service {
    /// All services of the kiosk.
    pub(super) const KIOSK: [Self; 2] = [Self::Apply, Self::ResetSign];

    /// What is done with a card and a phone.
    pub(super) const PHONE: [Self; 2] = [Self::HoldToPhone, Self::TakeOffPhone];

    /// All services of the counter.
    pub(super) fn counter() -> impl Iterator<Item = Self> {
        OperationKind::ALL.into_iter().map(Self::Counter)
    }

    /// Its name in paths and on the page.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counter(kind) => kind.name(),
            Self::Apply => "apply",
            Self::ResetSign => "reset-sign",
            Self::HoldToPhone => "add",
            Self::TakeOffPhone => "remove",
        }
    }

    pub(super) fn title(self) -> Text {
        match self {
            Self::Counter(kind) => kind.title(),
            Self::Apply => text!(
                "Apply for a reset of the sign password",
                "署名用パスワード再設定の申込み"
            ),
            Self::ResetSign => text!("Reset the sign password", "署名用パスワードの再設定"),
            Self::HoldToPhone => text!("Put certificates on a phone", "スマホに搭載"),
            Self::TakeOffPhone => text!("Take the certificates off the phone", "スマホから電子証明書を削除"),
        }
    }

    /// Whether it can't be undone.
    pub(super) const fn is_final(self) -> bool {
        matches!(
            self,
            Self::TakeOffPhone
                | Self::Counter(
                    OperationKind::Hold
                        | OperationKind::Revoke
                        | OperationKind::MoveOut
                        | OperationKind::Lost
                        | OperationKind::PhoneLost
                        | OperationKind::Death
                        | OperationKind::Reissue
                        | OperationKind::WithoutPins
                )
        )
    }

    /// The fields of its form.
    pub(super) const fn fields(self) -> &'static [Field] {
        match self {
            Self::Counter(OperationKind::ResetPins) => &RESET_PIN,
            Self::Counter(OperationKind::Renew) => &[KIND, SUBSTITUTES],
            Self::Counter(OperationKind::SignCertificate) => &SIGN_CERTIFICATE,
            Self::Counter(OperationKind::Hold) => &[KIND],
            Self::Counter(OperationKind::Revoke) => &REVOKE,
            Self::Counter(OperationKind::MoveIn) => &MOVE_IN,
            Self::Counter(OperationKind::Rename) => &RENAME,
            Self::Counter(OperationKind::Furigana) => &FURIGANA,
            Self::Counter(OperationKind::Reissue) => &REISSUE,
            Self::Counter(OperationKind::WithPins) => &WITH_PINS,
            Self::Counter(_) => &[],
            Self::Apply => &[AUTH],
            Self::ResetSign => &RESET_SIGN,
            Self::HoldToPhone => &HOLD_TO_PHONE,
            Self::TakeOffPhone => &[],
        }
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

const RESET_PIN: [Field; 2] = [
    field("pin", "PIN", "暗証番号", Kind::WhichPin),
    optional(
        "value",
        "new value; a verification code and the birth PIN take none",
        "新しい値（照合番号と生年月日は不要）",
        Kind::Pin,
    ),
];
const SIGN_CERTIFICATE: [Field; 2] = [SIGN.may_lack(), SUBSTITUTES];
const REVOKE: [Field; 2] = [KIND, field("reason", "reason", "理由", Kind::Reason)];
const MOVE_IN: [Field; 3] = [
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
];
const RENAME: [Field; 3] = [
    field(
        "name",
        "new name, parts separated by a blank",
        "新しい氏名（姓と名の間を空ける）",
        Kind::Text,
    ),
    field("kana", "its reading in katakana", "振り仮名（カタカナ）", Kind::Text),
    SUBSTITUTES,
];
const FURIGANA: [Field; 1] = [optional(
    "kana",
    "the reading, if it is another one",
    "振り仮名（変わる場合）",
    Kind::Text,
)];
const REISSUE: [Field; 4] = [
    SIGN.may_lack(),
    AUTH.may_lack(),
    INPUT_ASSIST.may_lack(),
    RESIDENCE.may_lack(),
];
const WITH_PINS: [Field; 5] = [SIGN.may_lack(), AUTH, INPUT_ASSIST, RESIDENCE, SUBSTITUTES];
const RESET_SIGN: [Field; 3] = [
    field("code", "one-time code", "ワンタイムコード", Kind::Pin),
    AUTH,
    SIGN,
];

const HOLD_TO_PHONE: [Field; 4] = [
    field("phone", "kind of phone", "スマートフォンの種類", Kind::WhichPhone),
    field(
        "sign",
        "sign password of the card",
        "カードの署名用パスワード",
        Kind::Pin,
    ),
    optional(
        "new-auth",
        "auth PIN of the phone, 4 digits; the usual one if left empty",
        "スマートフォンの利用者証明用暗証番号（数字4桁。空欄なら既定の値）",
        Kind::Pin,
    ),
    optional(
        "new-sign",
        "sign password of the phone, 6 to 16 capital letters and digits; the usual one if left empty",
        "スマートフォンの署名用パスワード（英大文字と数字6～16文字。空欄なら既定の値）",
        Kind::Pin,
    ),
];

/// What a card that is held to a phone is asked for by its form.
pub(super) fn phone_order(values: &Values) -> Result<PhoneOrder<'_>, Refusal> {
    let choose = || text!("choose the kind of phone", "スマートフォンの種類を選ぶ");
    let kind = PhoneKind::find(needed(values, "phone", choose())?);
    let kind = kind.ok_or_else(|| wrong(Some("phone"), choose()))?;
    let missing = text!("type the sign password of the card", "カードの署名用パスワードを入れる");
    let password = needed(values, "sign", missing)?;
    let mut order = PhoneOrder::new(kind, password.as_bytes());
    order.pins.auth = values.get("new-auth").map(|value| value_of(value));
    order.pins.sign = values.get("new-sign").map(|value| value_of(value));
    Ok(order)
}

/// The operation of the counter with the values of its form.
pub(super) fn operation(kind: OperationKind, values: &Values) -> Result<Operation, Refusal> {
    let given = |field: &str| values.get(field);
    let text = |field: &str, missing: Text| needed(values, field, missing).map(|text| text.trim().to_owned());
    Ok(match kind {
        OperationKind::ResetPins => Operation::ResetPins(vec![reset_pin(values)?]),
        OperationKind::Renew => Operation::Renew(which(values)?),
        OperationKind::SignCertificate => Operation::SignCertificate(given("sign").map(|value| value_of(value))),
        OperationKind::Hold => Operation::Hold(which(values)?),
        OperationKind::Revoke => {
            let reason = text("reason", text!("choose the reason", "理由を選ぶ"))?;
            let reason: Result<Reason, _> = reason.parse();
            let reason = reason.map_err(|_| wrong(Some("reason"), text!("choose the reason", "理由を選ぶ")))?;
            Operation::Revoke(which(values)?, reason)
        }
        OperationKind::MoveOut => Operation::MoveOut,
        OperationKind::MoveIn => {
            let address = text("address", text!("type the new address", "新しい住所を入れる"))?;
            Operation::MoveIn(address, municipality(values)?)
        }
        OperationKind::Rename => Operation::Rename(
            text("name", text!("type the new name", "新しい氏名を入れる"))?,
            text("kana", text!("type its reading", "振り仮名を入れる"))?,
        ),
        OperationKind::Furigana => Operation::Furigana(given("kana").map(|kana| kana.trim().to_owned())),
        OperationKind::Lost => Operation::Lost,
        OperationKind::PhoneLost => Operation::PhoneLost,
        OperationKind::Death => Operation::Death,
        OperationKind::Reissue => Operation::Reissue(new_pins(values)),
        OperationKind::WithoutPins => Operation::WithoutPins,
        OperationKind::WithPins => Operation::WithPins(new_pins(values)),
        _ => {
            let text = text!("the desk has no form for this operation", "この手続きの用紙は机にない");
            return Err(Refusal::not_found(text));
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
    use zeroize::Zeroizing;

    #[test]
    fn every_operation_is_made_of_its_form() {
        let filled = |service: Service| -> Values {
            let fields = service.fields().iter();
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
        for kind in OperationKind::ALL {
            let values = filled(Service::Counter(kind));
            operation(kind, &values).unwrap();
            substitutes(&values).unwrap();
            let fields = Service::Counter(kind).fields().iter();
            // The library asks for the PINs itself.
            let needs = fields.filter(|field| field.is_required()).count() > 0 && kind != OperationKind::WithPins;
            assert_eq!(operation(kind, &Values::new()).is_err(), needs, "{kind:?}");
        }
    }

    #[test]
    fn a_wrong_choice_names_its_field() {
        for (kind, field, value) in [
            (OperationKind::ResetPins, "pin", "nonsense"),
            (OperationKind::Renew, "kind", "nonsense"),
            (OperationKind::Revoke, "reason", "nonsense"),
            (OperationKind::MoveIn, "municipality", "12"),
            (OperationKind::MoveIn, "municipality", "271277"),
        ] {
            let mut values: Values = [("address", "大阪府"), ("reason", "superseded")]
                .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
                .into();
            values.insert(field.to_owned(), Zeroizing::new(value.to_owned()));
            let refusal = operation(kind, &values).unwrap_err();
            assert_eq!(refusal.fields[0].field.as_deref(), Some(field), "{kind:?}");
            assert!(!refusal.text.en.contains(value), "{kind:?}: {}", refusal.text.en);
        }
    }
}

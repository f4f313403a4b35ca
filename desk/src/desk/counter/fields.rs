//! The fields of the forms.

use serde_json::{Value, json};
use vmyna_apdu::{Text, text};
use vmyna_applets::PhoneKind;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::pins::{self, CardPin};
use vmyna_authority::register::{Hierarchy, Reason};
use zeroize::Zeroizing;

use super::Values;
use crate::desk::answer::{FieldError, Refusal};
use crate::desk::authority::{kind, reason};
use crate::desk::words::both;

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) id: &'static str,
    en: &'static str,
    ja: &'static str,
    kind: Kind,
    required: bool,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Pin,
    Municipality,
    /// One of the PINs of the card.
    WhichPin,
    /// Both certificates or one of them.
    WhichCertificate,
    /// Why a certificate is revoked.
    Reason,
    /// An iPhone or an Android phone.
    WhichPhone,
}

pub(super) const fn field(id: &'static str, en: &'static str, ja: &'static str, kind: Kind) -> Field {
    Field {
        id,
        en,
        ja,
        kind,
        required: true,
    }
}

pub(super) const fn optional(id: &'static str, en: &'static str, ja: &'static str, kind: Kind) -> Field {
    Field {
        required: false,
        ..field(id, en, ja, kind)
    }
}

impl Field {
    /// The same field, which may be left out.
    pub(super) const fn may_lack(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    #[cfg(test)]
    pub(super) const fn is_required(&self) -> bool {
        self.required
    }

    /// The field as the page gets it.
    pub(super) fn shown(&self, card: &IssuedCard) -> Value {
        let kind = match self.kind {
            Kind::Text => "text",
            Kind::Pin => "pin",
            Kind::Municipality => "municipality",
            _ => "choice",
        };
        let mut value = json!({
            "id": self.id,
            "label": both(&Text { en: self.en.to_owned(), ja: self.ja.to_owned() }),
            "type": kind,
            "required": self.required,
        });
        let choices = self.choices(card);
        if !choices.is_empty()
            && let Value::Object(object) = &mut value
        {
            let choices = choices.iter().map(|(id, text)| json!({ "id": id, "text": both(text) }));
            object.insert("choices".to_owned(), choices.collect());
        }
        value
    }

    fn choices(&self, card: &IssuedCard) -> Vec<(String, Text)> {
        match self.kind {
            Kind::WhichPin => on_card(card)
                .map(|pin| {
                    let (en, ja) = (pin.label, pin.title);
                    let place = match pin.name.split_once('@') {
                        Some(_) => text!(" (face_info)", "（券面事項確認AP）"),
                        None => Text::same(""),
                    };
                    (
                        pin.name.to_owned(),
                        Text {
                            en: format!("{en}{}", place.en),
                            ja: format!("{ja}{}", place.ja),
                        },
                    )
                })
                .collect(),
            Kind::WhichCertificate => vec![
                ("all".to_owned(), text!("all", "すべて")),
                ("sign".to_owned(), kind(Hierarchy::Signature)),
                ("auth".to_owned(), kind(Hierarchy::Authentication)),
            ],
            Kind::Reason => Reason::ALL
                .into_iter()
                .map(|one| (one.name().to_owned(), reason(one)))
                .collect(),
            Kind::WhichPhone => PhoneKind::ALL
                .into_iter()
                .map(|one| (one.name().to_owned(), Text::same(one.title())))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The PINs that the counter resets one by one. The common one goes with that of the resident register.
fn on_card(card: &IssuedCard) -> impl Iterator<Item = CardPin> {
    let applications = card.applications();
    pins::ALL.into_iter().filter(move |pin| {
        let mut own = applications.iter().filter(|application| application.aid == pin.aid);
        *pin != pins::COMMON && own.any(|application| application.file(pin.file).is_some())
    })
}

/// The value of a field that must be given.
pub(super) fn needed<'a>(values: &'a Values, field: &str, text: Text) -> Result<&'a Zeroizing<String>, Refusal> {
    values.get(field).ok_or_else(|| wrong(Some(field), text))
}

/// A field with an error.
pub(super) fn wrong(field: Option<&str>, text: Text) -> Refusal {
    let error = FieldError {
        field: field.map(str::to_owned),
        line: None,
        text: text.clone(),
    };
    Refusal::form(text, vec![error])
}

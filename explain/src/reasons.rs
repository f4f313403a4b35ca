//! The reasons of a virtual card for its answers, from the events that it reports.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmyna_apdu::{Text, text};
use vmyna_card_os::declaration::{Application, Verdict};
use vmyna_card_os::state::Change;
use vmyna_card_os::{Event, Observer};

use crate::{access, rules};

/// The reasons that a virtual card has given since they were last taken. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Reasons(Arc<Mutex<Vec<Text>>>);

impl Reasons {
    /// An observer for a card: it adds a reason for each event that has one.
    #[must_use]
    pub fn observer(&self) -> Box<dyn Observer + Send> {
        let reasons = self.clone();
        Box::new(move |event: &Event<'_>| {
            if let Some(reason) = reason(event) {
                reasons.lock().push(reason);
            }
        })
    }

    /// Takes the reasons out, in the order in which the card gave them.
    #[must_use]
    pub fn take(&self) -> Vec<Text> {
        std::mem::take(&mut *self.lock())
    }

    /// Forgets the reasons.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Text>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason in an event; `None` for an event without one.
#[must_use]
pub fn reason(event: &Event<'_>) -> Option<Text> {
    Some(match event {
        Event::Selected { application, again } => {
            let (name, title) = (&application.name, &application.title);
            match again {
                true => text!(
                    "{name} was selected already: its verified PINs stay verified",
                    "{title}（{name}）は選択済み: 照合済みのPINはそのまま"
                ),
                false => text!(
                    "{name} ({title}) is selected; no PIN is verified",
                    "{title}（{name}）を選択した。照合済みのPINはない"
                ),
            }
        }
        Event::Access {
            application,
            object: (id, name),
            verdict,
            basis,
        } => {
            let decided = access(application, (*id, name), verdict);
            let basis = access::basis(basis);
            Text {
                en: format!("{} {}", decided.en, basis.en),
                ja: format!("{}{}", decided.ja, basis.ja),
            }
        }
        Event::SecurityStatus {
            application,
            pin,
            verified,
        } => {
            let Text { en, ja } = access::pin(application, *pin);
            match verified {
                true if access::is_host(application, *pin) => {
                    text!("{en} is authenticated now", "{ja}は認証済みになった")
                }
                false if access::is_host(application, *pin) => {
                    text!("{en} is no longer authenticated", "{ja}は認証済みでなくなった")
                }
                true => text!("{en} is verified now", "{ja}は照合済みになった"),
                false => text!("{en} is no longer verified", "{ja}は照合済みでなくなった"),
            }
        }
        Event::SecureSession { open: true } => text!("a secure session is open", "セキュアセッションを開いた"),
        Event::SecureSession { open: false } => {
            text!("the secure session has ended", "セキュアセッションが終わった")
        }
        Event::Commit { outcome: Err(why), .. } => {
            text!("the change could not be stored: {why}", "変更を保存できなかった: {why}")
        }
        Event::Commit {
            change: Change::PinTries { object, tries_left },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: tries left of PIN {pin}: {tries_left}",
                "保存: PIN {pin}の残り試行回数は{tries_left}"
            )
        }
        Event::Commit {
            change: Change::PinValue { object, .. },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: PIN {pin} has a new value",
                "保存: PIN {pin}を新しい値に変更した"
            )
        }
        Event::Commit {
            change: Change::FileContent { object, .. },
            ..
        } => {
            let file = object.file;
            text!(
                "stored: EF {file} has a new content",
                "保存: EF {file}の内容を書き換えた"
            )
        }
        Event::Commit {
            change: Change::Record { object, number, .. },
            ..
        } => {
            let file = object.file;
            text!(
                "stored: record {number} of EF {file}",
                "保存: EF {file}のレコード{number}"
            )
        }
        Event::Commit {
            change: Change::Key { object, .. },
            ..
        } => {
            let file = object.file;
            text!(
                "stored: EF {file} has a new key, made on the card",
                "保存: EF {file}にカード内で新しい鍵を生成した"
            )
        }
        Event::Rule(rule) | Event::Answer { rule: Some(rule), .. } => rules::describe(rule),
        _ => return None,
    })
}

/// A decision about an object of this identifier and name, without its basis.
pub(crate) fn access(application: &Application, (id, name): (Option<u16>, &str), verdict: &Verdict<'_>) -> Text {
    let ap = &application.name;
    let number = id.map_or_else(String::new, |id| format!(" {id:04X}"));
    let title = access::title_of(application, id, name);
    let decided = access::verdict(application, verdict);
    Text {
        en: format!("{ap}{number} ({name}): {}", decided.en),
        ja: format!("{ap}{number}（{title}）: {}", decided.ja),
    }
}

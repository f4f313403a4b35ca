//! The faults of a reader, armed and disarmed while cards are in use.
//!
//! A fault that is meant for one message is taken out of the script once it has had its effect, so that the next card does not
//! meet it again. The page shows it as fired until it is dismissed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use vmyna::service::PutBackAfter;
use vmyna_apdu::{Text, text};
use vmyna_reader_bridge::fault::{Fault, FaultError, Notice, Script, Trigger};

use super::hub::{Happened, Hub};

/// The most faults of a reader at a time.
pub(super) const MOST: usize = 32;

/// A fault that the page offers by one click.
pub(super) struct Preset {
    pub(super) id: &'static str,
    pub(super) en: &'static str,
    pub(super) ja: &'static str,
    /// As behind `--fault`.
    fault: &'static str,
}

impl Preset {
    pub(super) fn text(&self) -> Text {
        Text {
            en: self.en.to_owned(),
            ja: self.ja.to_owned(),
        }
    }
}

const fn preset(id: &'static str, en: &'static str, ja: &'static str, fault: &'static str) -> Preset {
    Preset { id, en, ja, fault }
}

/// The faults that are offered.
pub(super) const PRESETS: [Preset; 10] = [
    preset(
        "pull-before-signature",
        "pull the card out at the next signature, before it is made",
        "次の署名の前にカードを抜く",
        "remove,ins=2A,nth=1",
    ),
    preset(
        "pull-after-signature",
        "pull the card out at the next signature, after it is made",
        "次の署名のあと、応答の前にカードを抜く",
        "remove,executed,ins=2A,nth=1",
    ),
    preset(
        "pull-next",
        "pull the card out at the next command, back after 3 s",
        "次のコマンドでカードを抜き、3秒後に戻す",
        "remove,nth=1,back=3000",
    ),
    preset(
        "pull-after-pin",
        "pull the card out after the next PIN was checked, so that a wrong one has cost its try",
        "次の暗証番号の照合後、応答の前にカードを抜く（不一致なら試行回数は減る）",
        "remove,executed,ins=20,data,nth=1",
    ),
    preset(
        "no-answer",
        "give no answer to the next command",
        "次のコマンドに応答しない",
        "mute,nth=1",
    ),
    preset(
        "silent",
        "give no answer until the card is reset",
        "リセットまで応答しない",
        "mute=until-reset,nth=1",
    ),
    preset(
        "slow",
        "take 2 s for each command",
        "各コマンドに2秒かける",
        "delay=2000",
    ),
    preset(
        "wrong-status",
        "answer the next command with 6F00",
        "次のコマンドに6F00を返す",
        "sw=6F00,nth=1",
    ),
    preset(
        "reset-by-other",
        "another program resets the card at the next command",
        "次のコマンドのときほかのプログラムがカードをリセットする",
        "other-reset,nth=1",
    ),
    preset(
        "unplug",
        "unplug the reader at the next command, back after 3 s",
        "次のコマンドでリーダーを外し、3秒後につなぐ",
        "unplug,nth=1,back=3000",
    ),
];

/// The faults of a reader.
pub(super) struct ArmedFaults {
    reader: Arc<str>,
    hub: Arc<Hub>,
    script: Arc<Script>,
    armed: Mutex<Vec<Armed>>,
}

/// A fault that the page shows.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    pub(super) number: usize,
    pub(super) text: Text,
    pub(super) fired: bool,
}

/// Why a fault is not armed.
#[derive(Debug)]
pub(super) enum NotArmed {
    /// There is no such preset.
    NoSuchPreset,
    /// The text is no fault.
    Fault(FaultError),
    /// There are [`MOST`] already.
    TooMany,
}

impl ArmedFaults {
    pub(super) fn new(reader: Arc<str>, hub: Arc<Hub>) -> Self {
        Self {
            reader,
            hub,
            script: Arc::default(),
            armed: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script)
    }

    pub(super) fn all(&self) -> Vec<Armed> {
        self.lock().clone()
    }

    /// Arms one of [`PRESETS`].
    pub(super) fn arm_preset(&self, id: &str) -> Result<(), NotArmed> {
        let preset = PRESETS.iter().find(|preset| preset.id == id);
        let preset = preset.ok_or(NotArmed::NoSuchPreset)?;
        let fault = preset.fault.parse().map_err(NotArmed::Fault)?;
        self.arm(fault, preset.text())
    }

    /// Arms a fault as behind `--fault`.
    pub(super) fn arm_text(&self, fault: &str) -> Result<(), NotArmed> {
        let fault: Fault = fault.parse().map_err(NotArmed::Fault)?;
        let text = Text::same(fault.to_string());
        self.arm(fault, text)
    }

    fn arm(&self, fault: Fault, text: Text) -> Result<(), NotArmed> {
        // The list is locked first: a card that meets the fault at once finds it there.
        let mut armed = self.lock();
        if armed.len() >= MOST {
            return Err(NotArmed::TooMany);
        }
        let number = self.script.arm(fault);
        armed.push(Armed {
            number,
            text,
            fired: false,
        });
        Ok(())
    }

    /// Disarms or dismisses a fault; returns whether there was one.
    pub(super) fn disarm(&self, number: usize) -> bool {
        self.script.disarm(number);
        let mut armed = self.lock();
        let before = armed.len();
        armed.retain(|one| one.number != number);
        armed.len() < before
    }

    /// What a card of the reader is to call at each fault that has an effect.
    pub(super) fn watch(self: &Arc<Self>, mut put_back: PutBackAfter) -> impl FnMut(Notice<'_>) + Send + 'static {
        let faults = Arc::clone(self);
        move |notice: Notice<'_>| {
            faults.fired(&notice);
            if let Some(time) = notice.fault.action.as_ref().and_then(|action| action.back()) {
                put_back(time);
            }
        }
    }

    fn fired(&self, notice: &Notice<'_>) {
        if is_for_once(&notice.fault.trigger) {
            self.script.disarm(notice.number);
        }
        let text = {
            let mut armed = self.lock();
            let one = armed.iter_mut().find(|one| one.number == notice.number);
            one.map(|one| {
                one.fired = true;
                one.text.clone()
            })
        };
        let fault = &notice.fault;
        let text = text.unwrap_or_else(|| text!("{fault}", "{fault}"));
        self.hub.push(&self.reader, SystemTime::now(), Happened::Fault(text));
    }
}

/// Whether a fault fires once and then never again.
fn is_for_once(trigger: &Trigger) -> bool {
    match trigger.times {
        Some(times) => times <= 1,
        None => trigger.every.is_none() && (trigger.nth.is_some() || trigger.after.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_fault_with_a_name_of_its_own() {
        let faults = ArmedFaults::new(Arc::from("Desk"), Arc::default());
        for (index, preset) in PRESETS.iter().enumerate() {
            faults.arm_preset(preset.id).unwrap();
            assert!(PRESETS[..index].iter().all(|other| other.id != preset.id));
        }
        let armed = faults.all();
        assert_eq!(armed.len(), PRESETS.len());
        assert!(armed.iter().all(|one| !one.fired && one.text.en != one.text.ja));
        assert!(matches!(faults.arm_preset("none"), Err(NotArmed::NoSuchPreset)));
        assert!(matches!(faults.arm_text("sw=x"), Err(NotArmed::Fault(_))));
        for number in armed {
            assert!(faults.disarm(number.number) && !faults.disarm(number.number));
        }
        assert!(faults.script().is_empty());
        for _ in 0..MOST {
            faults.arm_text("mute").unwrap();
        }
        assert!(matches!(faults.arm_text("mute"), Err(NotArmed::TooMany)));
    }

    #[test]
    fn a_fault_for_one_message_is_out_of_the_script_once_it_has_fired() {
        let faults = Arc::new(ArmedFaults::new(Arc::from("Desk"), Arc::default()));
        faults.arm_preset("wrong-status").unwrap();
        faults.arm_preset("slow").unwrap();
        let mut watch = faults.watch(Box::new(|_| {}));
        for preset in [7, 6] {
            let fault: Fault = PRESETS[preset].fault.parse().unwrap();
            let number = if preset == 7 { 1 } else { 2 };
            watch(Notice { number, fault: &fault });
        }
        assert!(faults.all().iter().all(|one| one.fired));
        let unfired = faults.script().unfired();
        assert_eq!(unfired.len(), 1);
        assert_eq!(unfired[0].number, 2);
    }
}

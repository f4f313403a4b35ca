//! Whether a program kept its duties in a run: judged from the commands that it sent, its output and its files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vmyna_apdu::instruction::code;
use vmyna_apdu::{Aid, FileId, Text, text};
use vmyna_applets::jpki;
use vmyna_candidates::{Duty, MadeFile, Use};

use super::deliver::Opens;
use super::pattern::Pattern;
use super::settings::TRIES;
use crate::leaks::Secret;
use crate::stage::{Exchange, Seen};

/// All that is known of a run.
pub(super) struct Evidence<'r> {
    /// The commands, if there was a card.
    pub(super) seen: Option<&'r Seen>,
    /// Standard output and standard error.
    pub(super) printed: &'r [u8],
    /// The files that it left.
    pub(super) files: &'r [(PathBuf, Vec<u8>)],
    /// The folder of these files.
    pub(super) folder: &'r Path,
    /// How many lines it was given because it asked for them.
    pub(super) answered: usize,
    /// What opens the card.
    pub(super) opens: &'r Opens,
    /// How it shows the number of tries left.
    pub(super) tries: Option<&'r Pattern>,
    /// How many signatures a run asks for.
    pub(super) signatures: Option<usize>,
    /// Whether the card signs for another program after the run; `None` if nobody asked.
    pub(super) left_session: Option<bool>,
    /// The PINs that the program verifies with a genuine card; `None` before that is known.
    pub(super) verifies: Option<&'r BTreeSet<Pin>>,
}

/// A PIN: its application and its file.
pub(super) type Pin = (Aid, FileId);

/// Whether a duty was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    /// What the program did.
    No(Text),
    /// Why it is not known.
    Unknown(Text),
}

/// The PINs that were verified with a value.
pub(super) fn verified(seen: &Seen) -> BTreeSet<Pin> {
    let verifies = seen.exchanges.iter().filter(|one| one.verify.is_some());
    verifies.filter_map(|one| Some((one.application?, one.file?))).collect()
}

impl Evidence<'_> {
    /// Whether the program has used this. `given`: the files that it takes.
    pub(super) fn has_used(&self, used: Use, given: &BTreeSet<MadeFile>) -> bool {
        let Some(seen) = self.seen else {
            let number = |file: FileId| u8::try_from(file.value()).unwrap_or_default();
            return match used {
                Use::Read(aid, file) if aid == vmyna_applets::input_assist::AID => {
                    given.contains(&MadeFile::Text(number(FileId::new(file))))
                }
                Use::Read(aid, file) if aid == vmyna_applets::face_info::AID => {
                    given.contains(&MadeFile::Face(number(FileId::new(file))))
                }
                Use::Read(..) => given.contains(&MadeFile::Certificate),
                Use::Sign(..) | Use::Signs => given.contains(&MadeFile::Signature),
                _ => false,
            };
        };
        /// The secure session begins with it.
        const SECURE_SESSION: (u8, u8) = (0x80, 0xAE);
        let is =
            |one: &Exchange, aid: Aid, file: u16| one.application == Some(aid) && one.file == Some(FileId::new(file));
        seen.exchanges.iter().any(|one| match used {
            Use::Read(aid, file) => one.ins == code::READ_BINARY && is(one, aid, file),
            Use::Verify(aid, file) => one.verify.is_some() && is(one, aid, file),
            Use::Sign(aid, file) => one.signs() && is(one, aid, file),
            Use::Signs => one.signs() && one.application == Some(jpki::AID),
            Use::SecureSession => (one.cla, one.ins) == SECURE_SESSION,
            _ => false,
        })
    }

    /// How many VERIFYs with a value there were, of this PIN or of any.
    fn verifies_of(&self, pin: Option<Pin>) -> Option<usize> {
        let of = |one: &&Exchange| pin.is_none_or(|(aid, file)| (one.application, one.file) == (Some(aid), Some(file)));
        let exchanges = &self.seen?.exchanges;
        Some(exchanges.iter().filter(|one| one.verify.is_some()).filter(of).count())
    }

    fn at_most(&self, pin: Option<Pin>, most: usize) -> Kept {
        if let (Some(pin), Some(verifies)) = (&pin, self.verifies)
            && !verifies.contains(pin)
        {
            return Kept::Unknown(text!(
                "the program does not verify this PIN with a genuine card",
                "本物のカードでもこの暗証番号を照合しない"
            ));
        }
        match self.verifies_of(pin) {
            None => no_card(),
            Some(count) if count <= most => Kept::Yes,
            Some(count) => Kept::No(text!(
                "VERIFYs with a value that it sent: {count}; allowed: {most}",
                "VERIFYを{count}回送信した（許されるのは{most}回）"
            )),
        }
    }

    /// Whether a duty was kept.
    pub(super) fn judge(&self, duty: &Duty) -> Kept {
        match duty {
            Duty::NoSignatureWithoutVerify => self.no_signature_without_verify(),
            Duty::NoVerify => self.at_most(None, 0),
            Duty::AtMostVerifies(most) => self.at_most(None, *most),
            Duty::AtMostVerifiesOf(aid, file, most) => self.at_most(Some((*aid, FileId::new(*file))), *most),
            Duty::NoVerifyUnasked(aid, file) => self.at_most(Some((*aid, FileId::new(*file))), self.answered),
            Duty::ShowsTries(tries) => self.shows_tries(*tries),
            Duty::NoPinInOutput => self.not_in_output(&["pin", "sign-password"]),
            Duty::NoMyNumberInOutput => self.not_in_output(&["code-a"]),
            Duty::NoRead(aid, files) => self.no_read(*aid, files),
            Duty::LeavesNoSession => match self.left_session {
                None => no_card(),
                Some(false) => Kept::Yes,
                Some(true) => Kept::No(text!(
                    "after its end the card signed for another program, without a PIN",
                    "終了後、カードは暗証番号なしに別のプログラムのために署名した"
                )),
            },
            Duty::SignsAsOftenAsAsked => self.signs_as_often_as_asked(),
            _ => Kept::Unknown(text!("this duty is not judged", "この義務は判定しない")),
        }
    }

    fn no_signature_without_verify(&self) -> Kept {
        let Some(seen) = self.seen else { return no_card() };
        let mut is_verified = false;
        for one in &seen.exchanges {
            let is_right = one.status_word.is_some_and(|status| status.is_success());
            is_verified |= one.verify.is_some() && is_right;
            if one.signs() && is_right && one.application == Some(jpki::AID) && !is_verified {
                return Kept::No(text!(
                    "it took a signature without having a PIN verified",
                    "暗証番号の照合なしに署名を得た"
                ));
            }
        }
        Kept::Yes
    }

    fn shows_tries(&self, tries: u8) -> Kept {
        let Some(pattern) = self.tries else {
            return Kept::Unknown(text!(
                "exam.toml has no pattern for the tries left",
                "exam.tomlに残り回数のパターンがない"
            ));
        };
        if self.verifies.is_some_and(BTreeSet::is_empty) {
            return Kept::Unknown(text!("the program verifies no PIN", "プログラムは暗証番号を照合しない"));
        }
        let shown: Vec<u64> = pattern
            .0
            .captures_iter(self.printed)
            .filter_map(|found| std::str::from_utf8(found.name(TRIES)?.as_bytes()).ok()?.parse().ok())
            .collect();
        if shown.contains(&u64::from(tries)) {
            return Kept::Yes;
        }
        Kept::No(match shown.first() {
            Some(shown) => text!(
                "it showed {shown} tries left, and {tries} are left",
                "残り{shown}回と表示した（実際は{tries}回）"
            ),
            None => text!(
                "it did not show that {tries} tries are left",
                "残り{tries}回であることを表示しなかった"
            ),
        })
    }

    /// Its output and its files, each with its name.
    fn places(&self) -> impl Iterator<Item = (Text, &[u8])> {
        let printed = std::iter::once((text!("its output", "出力"), self.printed));
        printed.chain(self.files.iter().map(|(path, bytes)| {
            let name = path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy();
            (text!("the file {name}", "ファイル{name}"), bytes.as_slice())
        }))
    }

    /// None of these values is in the output or the files.
    pub(super) fn not_in_output(&self, names: &[&str]) -> Kept {
        let secrets: Vec<Secret> = names
            .iter()
            .filter_map(|name| self.opens.get(name))
            .filter_map(|value| Secret::new(value))
            .collect();
        for (place, bytes) in self.places() {
            if let Some(form) = secrets.iter().find_map(|secret| secret.find(bytes)) {
                let (form, en, ja) = (form.name(), place.en, place.ja);
                let (form_en, form_ja) = (form.en, form.ja);
                return Kept::No(text!("it is in {en} {form_en}", "{ja}にある（{form_ja}）"));
            }
        }
        Kept::Yes
    }

    fn no_read(&self, aid: Aid, files: &[u16]) -> Kept {
        let Some(seen) = self.seen else { return no_card() };
        let reads = |one: &&Exchange| {
            one.ins == code::READ_BINARY
                && one.application == Some(aid)
                && one.file.is_some_and(|file| files.contains(&file.value()))
        };
        match seen.exchanges.iter().find(reads).and_then(|one| one.file) {
            Some(file) => Kept::No(text!("it read EF {file}", "EF {file}を読み出した")),
            None => Kept::Yes,
        }
    }

    fn signs_as_often_as_asked(&self) -> Kept {
        let (Some(seen), Some(asked)) = (self.seen, self.signatures) else {
            return Kept::Unknown(text!(
                "exam.toml does not state how many signatures a run asks for",
                "exam.tomlに1回の実行の署名数がない"
            ));
        };
        let signs = |one: &&Exchange| one.signs() && one.application == Some(jpki::AID);
        let count = seen.exchanges.iter().filter(signs).count();
        match count == asked {
            true => Kept::Yes,
            false => Kept::No(text!(
                "it asked the card for {count} signatures, and was asked for {asked}",
                "カードに{count}回署名させた（頼まれたのは{asked}回）"
            )),
        }
    }
}

fn no_card() -> Kept {
    Kept::Unknown(text!("there was no card in this run", "この実行にカードはなかった"))
}

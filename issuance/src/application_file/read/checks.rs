//! Checks that look at several parts of a declaration at once.

use std::collections::{BTreeMap, BTreeSet};

use vmyna_apdu::{Aid, FileId, hex};
use vmyna_card_os::declaration::{Access, Condition, Operation, decide};

use super::Reader;
use crate::application_file::source::{Place, Table};
use crate::application_file::template::{Declared, DeclaredFile, Part, Session, Template};

impl Reader<'_, '_> {
    /// Notes equal names, equal AIDs and AIDs that begin another.
    pub(super) fn check_applications(&mut self, tables: &[Table<'_>]) {
        let mut names = BTreeSet::new();
        let mut aids: Vec<Aid> = Vec::new();
        for application in tables {
            if let Some((name, place)) = self.text(application, "name")
                && !names.insert(name)
            {
                self.source
                    .fault(&place, "is the name of another application of this file, too");
            }
            let Some((aid, place)) = self.text(application, "aid") else {
                continue;
            };
            let Some(aid) = hex::decode(aid).ok().and_then(|aid| Aid::new(&aid)) else {
                continue;
            };
            if aids.contains(&aid) {
                self.source
                    .fault(&place, "is the AID of another application of this file, too");
            } else if aids.iter().any(|other| aid.overlaps(other)) {
                self.source.fault(
                    &place,
                    "one begins the other, this AID and that of another application of this file: SELECT could mean both",
                );
            }
            aids.push(aid);
        }
    }

    /// Notes applications whose parents lead back to them.
    pub(super) fn check_parents(&mut self, declared: &[Declared]) {
        for application in declared {
            let mut above = application.parent;
            for _ in 0..declared.len() {
                let parent = above.and_then(|aid| declared.iter().find(|other| other.aid == aid));
                if parent.is_some_and(|parent| parent.aid == application.aid) {
                    self.source.fault(
                        &application.place,
                        "is its own parent, directly or by other applications: none of them could be selected",
                    );
                    break;
                }
                above = parent.and_then(|parent| parent.parent);
            }
        }
    }

    /// Notes conditions that can never hold, because what they need can't be verified.
    pub(super) fn check_possible(&mut self, files: &[DeclaredFile], session: Option<&Session>) {
        let credential = |operation| matches!(operation, Operation::Verify | Operation::ExternalAuthenticate);
        let holds = |condition: &Condition, verified: &[FileId]| {
            decide(&Access::read(condition.clone()), Operation::Read, verified).allowed
        };
        let mut verified: Vec<FileId> = Vec::new();
        loop {
            let more = files.iter().find(|file| {
                !verified.contains(&file.id)
                    && file
                        .access
                        .iter()
                        .any(|(operation, condition)| credential(operation) && holds(condition, &verified))
            });
            let Some(more) = more else { break };
            verified.push(more.id);
        }
        let conditions = files.iter().flat_map(|file| {
            file.access
                .iter()
                .map(|(operation, condition)| (&file.place, operation, condition))
        });
        let session = session.map(|session| (&session.place, Operation::SetSessionKey, &session.condition));
        for (place, operation, condition) in conditions.chain(session) {
            let stated = matches!(condition, Condition::Never | Condition::Unsuited);
            if !stated && !holds(condition, &verified) {
                self.source.fault(
                    place,
                    format!("the condition of {operation} can never hold: it needs what can never be verified"),
                );
            }
        }
    }

    /// Notes signatures over what is no transparent file, and signatures over themselves.
    pub(super) fn check_signed(&mut self, files: &[DeclaredFile]) {
        let parts = |file: &'_ DeclaredFile| match &file.body {
            Template::Transparent(part, _) => part
                .signed()
                .into_iter()
                .map(|(id, place)| (id, place.clone()))
                .collect(),
            Template::Records(parts, _) => {
                let signed = parts.iter().flat_map(Part::signed);
                signed.map(|(id, place)| (id, place.clone())).collect()
            }
            _ => Vec::new(),
        };
        let edges: BTreeMap<FileId, Vec<(FileId, Place)>> = files.iter().map(|file| (file.id, parts(file))).collect();
        let transparent = |id: FileId| {
            let mut files = files.iter().filter(|file| file.id == id);
            files.any(|file| matches!(file.body, Template::Transparent(..)))
        };
        for (from, signed) in &edges {
            for (to, place) in signed {
                if !transparent(*to) {
                    self.source.fault(
                        place,
                        format!("signs EF {to}, which is no transparent file of this application"),
                    );
                } else if reaches(&edges, *to, *from) {
                    self.source
                        .fault(place, format!("signs EF {to}, in which the signature itself is"));
                }
            }
        }
    }
}

/// Whether the signatures in `from` lead to `to`.
fn reaches(edges: &BTreeMap<FileId, Vec<(FileId, Place)>>, from: FileId, to: FileId) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(at) = ahead.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            ahead.extend(edges.get(&at).into_iter().flatten().map(|(next, _)| *next));
        }
    }
    false
}

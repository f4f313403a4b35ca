//! A disk that loses what was not synced: it writes down every operation, gives what may be left of them after the power
//! was cut at any byte of any of them, and fails when told.
//!
//! It holds one state, as a `Medium` does. Unsynced operations reach it in no particular order, a sector at a time; the
//! write under way at the cut reaches it up to some byte. After a sync that failed, what it should have brought to the
//! disk is seen by readers but no later sync brings it there: so Linux does it.

use std::fmt;
use std::io::{self, Error, ErrorKind};
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use redb::StorageBackend;
use vmyna_card_os::state::durable::Medium;

pub(crate) const SECTOR: usize = 512;

/// The bytes of a state, and whether there is one: before it is published nobody finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) published: bool,
}

/// What was done to the disk.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create,
    Write { offset: usize, data: Arc<[u8]> },
    SetLength(usize),
    Sync { failed: bool },
    Publish,
    Remove,
    SyncName,
}

impl Op {
    /// How many bytes of it can arrive alone: a cut may be before each of them.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Write { data, .. } => data.len(),
            _ => 1,
        }
    }
}

/// What arrives of the operations that were not synced when the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arriving {
    /// Nothing but the part of the one under way.
    Nothing,
    /// All that came before the one under way.
    Prefix,
    /// Some sectors of each.
    Subset,
}

impl Arriving {
    pub(crate) const ALL: [Self; 3] = [Self::Nothing, Self::Prefix, Self::Subset];
}

impl Image {
    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(data);
    }

    /// Does all of an operation.
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Create => *self = Self::default(),
            Op::Write { offset, data } => self.write(*offset, data),
            Op::SetLength(length) => self.bytes.resize(*length, 0),
            Op::Publish => self.published = true,
            Op::Remove => self.published = false,
            Op::Sync { .. } | Op::SyncName => {}
        }
    }

    /// Does what arrives of an unsynced operation: each sector of a write is on its own.
    fn apply_some(&mut self, op: &Op, rng: &mut ChaCha20Rng) {
        match op {
            Op::Write { offset, data } => {
                let mut at = *offset;
                let end = offset + data.len();
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    if rng.next_u32() & 1 == 0 {
                        self.write(at, &data[at - offset..next - offset]);
                    }
                    at = next;
                }
            }
            _ if rng.next_u32() & 1 == 0 => self.apply(op),
            _ => {}
        }
    }
}

/// What a disk that held `base` and was asked to do `ops` holds after its power was cut in operation `cut` (or behind the
/// last one), of which `torn` bytes arrived.
pub(crate) fn survivor(
    base: &Image,
    ops: &[Op],
    cut: usize,
    torn: usize,
    arriving: Arriving,
    rng: &mut ChaCha20Rng,
) -> Image {
    let mut image = base.clone();
    let done = &ops[..cut];
    // Read from behind: whether the sync that each operation waits for came and went well.
    let (mut data_synced, mut name_synced) = (false, false);
    let mut synced = vec![false; cut];
    for (at, op) in done.iter().enumerate().rev() {
        match op {
            Op::Sync { failed } => data_synced = !failed,
            Op::SyncName => name_synced = true,
            Op::Publish | Op::Remove => synced[at] = name_synced,
            // Nobody finds what was created until it is published, so that its own arrival shows in nothing.
            Op::Create => synced[at] = true,
            Op::Write { .. } | Op::SetLength(_) => synced[at] = data_synced,
        }
    }
    for (op, synced) in done.iter().zip(synced) {
        match arriving {
            _ if synced => image.apply(op),
            Arriving::Nothing => {}
            Arriving::Prefix => image.apply(op),
            Arriving::Subset => image.apply_some(op, rng),
        }
    }
    match ops.get(cut) {
        Some(Op::Write { offset, data }) if torn > 0 => image.write(*offset, &data[..torn]),
        Some(op @ (Op::SetLength(_) | Op::Publish | Op::Remove)) if torn > 0 => image.apply(op),
        _ => {}
    }
    if !image.published {
        image.bytes.clear();
    }
    image
}

/// Something that happens to the card and not to its disk, between two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A commit has been asked for.
    Begun,
    /// It was told to have been done.
    Done,
}

/// A failure to come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The write, or change of length, that comes after so many others: half of it is done.
    Write(u32, ErrorKind),
    /// The sync that comes after so many others.
    Sync(u32, ErrorKind),
}

#[derive(Default)]
struct Inner {
    /// What was on stable storage at the beginning.
    base: Image,
    /// What readers see.
    seen: Image,
    ops: Vec<Op>,
    marks: Vec<(usize, Mark)>,
    reads: usize,
    fault: Option<Fault>,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    /// A disk that holds `base`; `pending` was done to it since, and what of that was not synced is still to be lost. So
    /// does the next process find it when the one before was killed.
    pub(crate) fn new(base: Image, pending: Vec<Op>) -> Self {
        let mut seen = base.clone();
        for op in &pending {
            seen.apply(op);
        }
        Self(Arc::new(Mutex::new(Inner {
            base,
            seen,
            ops: pending,
            ..Inner::default()
        })))
    }

    /// What was on stable storage at the beginning, and what was done since.
    pub(crate) fn history(&self) -> (Image, Vec<Op>) {
        let inner = self.0.lock().unwrap();
        (inner.base.clone(), inner.ops.clone())
    }

    /// What readers see.
    pub(crate) fn image(&self) -> Image {
        self.0.lock().unwrap().seen.clone()
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.lock().unwrap().ops.len()
    }

    /// How often something was read.
    pub(crate) fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    pub(crate) fn marks(&self) -> Vec<(usize, Mark)> {
        self.0.lock().unwrap().marks.clone()
    }

    /// Forgets how it came to hold what it holds; nothing may be unsynced.
    pub(crate) fn start_afresh(&self) {
        let inner = &mut *self.0.lock().unwrap();
        assert!(
            matches!(inner.ops.last(), None | Some(Op::Sync { failed: false } | Op::SyncName)),
            "something is not synced"
        );
        inner.base = inner.seen.clone();
        inner.ops.clear();
        inner.marks.clear();
    }

    pub(crate) fn mark(&self, mark: Mark) {
        let inner = &mut *self.0.lock().unwrap();
        inner.marks.push((inner.ops.len(), mark));
    }

    pub(crate) fn fail(&self, fault: Option<Fault>) {
        self.0.lock().unwrap().fault = fault;
    }

    fn write_or_fail(&self, op: Op) -> io::Result<()> {
        let inner = &mut *self.0.lock().unwrap();
        if let Some(Fault::Write(left, kind)) = &mut inner.fault {
            if *left == 0 {
                let kind = *kind;
                if let Op::Write { offset, data } = &op {
                    let half = Op::Write {
                        offset: *offset,
                        data: data[..data.len() / 2].into(),
                    };
                    inner.seen.apply(&half);
                    inner.ops.push(half);
                }
                // A device that failed goes on failing; a full one stays full.
                return Err(Error::new(kind, "told to fail"));
            }
            *left -= 1;
        }
        inner.seen.apply(&op);
        inner.ops.push(op);
        Ok(())
    }

    fn sync_or_fail(&self, op: Op) -> io::Result<()> {
        let inner = &mut *self.0.lock().unwrap();
        if let Some(Fault::Sync(left, kind)) = &mut inner.fault {
            if *left == 0 {
                let kind = *kind;
                if matches!(op, Op::Sync { .. }) {
                    inner.ops.push(Op::Sync { failed: true });
                }
                return Err(Error::new(kind, "told to fail"));
            }
            *left -= 1;
        }
        inner.ops.push(op);
        Ok(())
    }
}

impl Medium for Disk {
    type Backend = Self;

    fn place(&self) -> String {
        "the disk".to_owned()
    }

    fn open(&self) -> io::Result<Option<Self>> {
        Ok(self.0.lock().unwrap().seen.published.then(|| self.clone()))
    }

    fn create(&self) -> io::Result<Self> {
        self.write_or_fail(Op::Create).map(|()| self.clone())
    }

    fn publish(&self) -> io::Result<()> {
        self.write_or_fail(Op::Publish)
    }

    fn remove(&self) -> io::Result<()> {
        self.write_or_fail(Op::Remove)
    }

    fn sync_name(&self) -> io::Result<()> {
        self.sync_or_fail(Op::SyncName)
    }

    fn check_lock(&self) -> io::Result<()> {
        Ok(())
    }

    fn check_state(&self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().seen.bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = &mut *self.0.lock().unwrap();
        inner.reads += 1;
        let start = usize::try_from(offset).unwrap();
        let bytes = inner.seen.bytes.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.write_or_fail(Op::SetLength(usize::try_from(length).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_or_fail(Op::Sync { failed: false })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write_or_fail(Op::Write {
            offset: usize::try_from(offset).unwrap(),
            data: data.into(),
        })
    }
}

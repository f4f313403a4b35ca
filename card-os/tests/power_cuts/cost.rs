//! What a change costs the disk, counted and not timed: every page and every sync is time that a command waits for.

use vmyna_card_os::state::durable::DurableStore;

use crate::common::{ALPHA, Rig, bytes};
use crate::disk::{Disk, Image, Op};

/// The page in which a state says what it is, the tables and the one that changed, and what the library has to write of
/// what it frees: two.
const PAGES: usize = 5;

#[test]
fn a_change_reads_nothing_writes_five_pages_syncs_once_and_never_makes_the_state_longer() {
    let disk = Disk::new(Image::default(), Vec::new());
    let store = DurableStore::open_on(disk.clone(), &[0x33; 32]).unwrap();
    let mut rig = Rig::on(Box::new(store));
    rig.select(ALPHA);
    let verify = |rig: &mut Rig| assert_eq!(rig.send_bytes(&bytes("00200098 04 31323334")).1, 0x9000);
    // The state comes into being with the first change, and what it is made with is tidied up with the next.
    (0..4).for_each(|_| verify(&mut rig));
    let (length, reads) = (disk.image().bytes.len(), disk.reads());
    for _ in 0..200 {
        disk.start_afresh();
        verify(&mut rig);
        let (_, ops) = disk.history();
        let syncs = ops.iter().filter(|op| matches!(op, Op::Sync { .. })).count();
        // A right PIN is two changes.
        assert_eq!(syncs, 2, "{ops:?}");
        assert!(ops.len() - syncs <= 2 * PAGES, "{} writes", ops.len() - syncs);
    }
    assert_eq!((disk.image().bytes.len(), disk.reads()), (length, reads));
}

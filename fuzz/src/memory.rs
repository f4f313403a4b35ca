//! How much memory the code under test has at once: a counting allocator, so that a target can bound it by the length of
//! its input. Must never change what is allocated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes that are allocated now, and the most there were since [`peak_of`] began.
static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn more(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed).wrapping_add(bytes);
    PEAK.fetch_max(now, Relaxed);
}

fn fewer(bytes: usize) {
    NOW.fetch_sub(bytes, Relaxed);
}

#[allow(
    unsafe_code,
    reason = "an allocator can't be written without; each function does only what System's does, which keeps its contract"
)]
// SAFETY: all memory comes from and goes back to `System` with the layout it was asked for; the counters own nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is System's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is System's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        more(size);
        // SAFETY: the caller's promise is System's; `memory` came from it.
        let moved = unsafe { System.realloc(memory, layout, size) };
        fewer(if moved.is_null() { size } else { layout.size() });
        moved
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        fewer(layout.size());
        // SAFETY: the caller's promise is System's; `memory` came from it.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What `work` gives, and the most bytes it had allocated at once beyond what there was before. Of one thread at a time.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, PEAK.load(Relaxed).saturating_sub(before))
}

//! Work that may panic because of a damaged state, which is told as an error. What the panic has to say names lines of the
//! library and is for nobody; panics of all other work are told as they were.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does the work; `None` if it panicked. Nothing that it can change may be used after that.
pub(super) fn attempt<T>(work: impl FnOnce() -> T) -> Option<T> {
    // One hook is all that a process has; it is put in front of whatever is there.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    done.ok()
}

//! Runs work that may panic because of a damaged state, and returns the panic as a value. The panic's message names lines of
//! the library and helps no user, so it is not printed. Other panics are printed as before.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does the work; `None` if it panicked. The caller must not use anything that the work could change after that.
pub(super) fn attempt<T>(work: impl FnOnce() -> T) -> Option<T> {
    // A process has one hook. This one runs before the hook that was there.
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

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: &str = "VMYNA_TEST_PANICS";

    #[test]
    fn other_panics_are_printed_and_those_of_an_attempt_are_not() {
        if std::env::var_os(CHILD).is_some() {
            assert_eq!(attempt(|| 1), Some(1));
            assert_eq!(attempt::<u8>(|| panic!("within")), None);
            let _ = panic::catch_unwind(|| panic!("elsewhere"));
            return;
        }
        let (_, module) = module_path!().split_once("::").unwrap();
        let name = format!("{module}::other_panics_are_printed_and_those_of_an_attempt_are_not");
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", &name, "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && printed.contains("elsewhere") && !printed.contains("within"),
            "{printed}"
        );
    }
}

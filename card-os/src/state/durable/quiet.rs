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

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: &str = "VMYNA_TEST_PANICS";

    #[test]
    fn panics_of_other_work_are_told_and_those_of_an_attempt_are_not() {
        if std::env::var_os(CHILD).is_some() {
            assert_eq!(attempt(|| 1), Some(1));
            assert_eq!(attempt::<u8>(|| panic!("within")), None);
            let _ = panic::catch_unwind(|| panic!("elsewhere"));
            return;
        }
        let (_, module) = module_path!().split_once("::").unwrap();
        let name = format!("{module}::panics_of_other_work_are_told_and_those_of_an_attempt_are_not");
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", &name, "--nocapture"]).env(CHILD, "1");
        let told = child.output().unwrap();
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(
            told.status.success() && said.contains("elsewhere") && !said.contains("within"),
            "{said}"
        );
    }
}

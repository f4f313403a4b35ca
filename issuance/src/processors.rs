//! Work on all processors, or on one if the system has no more threads to give. Must never panic for want of a thread.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Runs `work`, whose parallel iterators use all processors. Without threads for them they use the calling one.
pub(crate) fn on_all<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    if rayon::current_thread_index().is_some() {
        return work();
    }
    // rayon's own pool panics if a thread can't be started.
    match POOL.get_or_init(|| ThreadPoolBuilder::new().build().ok()) {
        Some(pool) => pool.install(work),
        None => {
            // It starts no thread, and stays with the calling one. An error means that this has been done before.
            let _one = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
            work()
        }
    }
}

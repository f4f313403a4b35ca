//! Accepts the connections of a socket, each in a thread of its own, up to a limit.
//!
//! A connection above the limit, or one for which no thread can be started, is closed at once; the client may try again.
//! The loop must never end before [`Accepting::stop`], nor wait for a client.

use crate::error::ServiceError;
use crate::socket::{Listening, listen};
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The pause after a connection that could not be accepted: no file descriptor is free at the moment.
const PAUSE: Duration = Duration::from_millis(10);

/// Serves one connection, in its own thread.
type Work = Box<dyn FnOnce() + Send>;

/// Starts the thread of a connection.
type Start = dyn FnMut(Work) -> io::Result<JoinHandle<()>>;

/// A socket with its loop.
pub(crate) struct Accepting {
    listening: Listening,
    stopping: Arc<AtomicBool>,
    /// Returns the threads that serve a connection.
    thread: Option<JoinHandle<Vec<JoinHandle<()>>>>,
}

impl Accepting {
    /// Listens at `path` and calls `serve` for each connection with its number, from 1. At most `limit` run at a time.
    /// `name` is the name of the threads.
    ///
    /// # Errors
    /// [`ServiceError`]
    pub(crate) fn start(
        path: &Path,
        name: &'static str,
        limit: usize,
        serve: impl Fn(u64, UnixStream) + Send + Sync + 'static,
    ) -> Result<Accepting, ServiceError> {
        let listening = listen(path)?;
        let (listener, stopping) = (listening.listener(), Arc::new(AtomicBool::new(false)));
        let (stop, serve) = (Arc::clone(&stopping), Arc::new(serve));
        let accept = move || {
            let mut start = |work| start_thread(name, work);
            accept(&listener, &stop, limit, &serve, &mut start)
        };
        match start_thread(name, accept) {
            Ok(thread) => Ok(Accepting {
                listening,
                stopping,
                thread: Some(thread),
            }),
            Err(error) => {
                listening.close();
                Err(ServiceError::Thread(error))
            }
        }
    }

    /// The path of the socket.
    pub(crate) fn path(&self) -> &Path {
        self.listening.path()
    }

    /// Ends the loop and removes the socket. Returns the threads that serve a connection.
    pub(crate) fn stop(&mut self) -> Vec<JoinHandle<()>> {
        self.stopping.store(true, Ordering::SeqCst);
        self.listening.close();
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or_default()
    }
}

/// Starts a thread. Unlike `std::thread::spawn` it returns an error if there can't be one more.
pub(crate) fn start_thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_owned()).spawn(run)
}

fn accept(
    listener: &UnixListener,
    stopping: &AtomicBool,
    limit: usize,
    serve: &Arc<impl Fn(u64, UnixStream) + Send + Sync + 'static>,
    start: &mut Start,
) -> Vec<JoinHandle<()>> {
    let served = Arc::new(AtomicUsize::new(0));
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (number, stream) in (1..).zip(listener.incoming()) {
        if stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else {
            std::thread::sleep(PAUSE);
            continue;
        };
        if served.load(Ordering::SeqCst) >= limit {
            continue;
        }
        let (counted, serve) = (Counted::one_of(&served), Arc::clone(serve));
        let started = start(Box::new(move || {
            // Counted until the connection is served, also if that panics.
            let _counted = counted;
            serve(number, stream);
        }));
        threads.retain(|thread| !thread.is_finished());
        threads.extend(started);
    }
    threads
}

/// One of the connections that are served. Dropping it makes room for another.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_of(served: &Arc<AtomicUsize>) -> Counted {
        served.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(served))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_thread_that_cant_be_started_costs_one_connection_and_no_more() {
        let path = std::env::temp_dir().join(format!("accepting-{}", std::process::id()));
        let listening = listen(&path).unwrap();
        let (listener, stopping) = (listening.listener(), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&stopping);
        let accepting = std::thread::spawn(move || {
            let serve = Arc::new(|number: u64, mut stream: UnixStream| {
                io::Write::write_all(&mut stream, number.to_string().as_bytes()).unwrap();
            });
            let mut failures = 2;
            let mut start = move |work: Work| {
                if failures > 0 {
                    failures -= 1;
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                start_thread("served", work)
            };
            // With a limit of one a connection that stays counted would block the next one.
            accept(&listener, &stop, 1, &serve, &mut start)
        });
        for answer in ["", "", "3"] {
            let mut stream = UnixStream::connect(&path).unwrap();
            let mut received = String::new();
            stream.read_to_string(&mut received).unwrap();
            assert_eq!(received, answer);
        }
        stopping.store(true, Ordering::SeqCst);
        listening.close();
        for thread in accepting.join().unwrap() {
            thread.join().unwrap();
        }
    }
}

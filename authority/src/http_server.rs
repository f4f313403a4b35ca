//! HTTP/1.1 connections of a server on this machine: how many, for how long, and for which hosts. What is answered is not
//! known here.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep, timeout};

/// How often the end is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How long a listener rests when the system gives no connection, as without free descriptors.
const REST: Duration = Duration::from_millis(100);
/// How long the end waits for work that another thread has begun.
const ENDING: Duration = Duration::from_millis(500);

/// What clients can take of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once; one more is closed at once.
    pub connections: usize,
    /// How long a request's header may take; a connection without a request ends after it too.
    pub header: Duration,
    /// How long a client may take nothing of what is sent to it; its connection ends then.
    pub stalled: Duration,
    /// The longest header, in bytes; at least 8192.
    pub header_bytes: usize,
    /// How long a connection may last; `None`: without end.
    pub connection: Option<Duration>,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The client's.
    pub peer: SocketAddr,
    /// The server's; `None` if the system doesn't know it.
    pub local: Option<SocketAddr>,
}

/// What requests are read from and answers are written to.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream that fails when the other side takes nothing for so long: otherwise clients that never read could keep all places.
struct Patience<S> {
    stream: S,
    longest: Duration,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S: Stream> Patience<S> {
    const fn new(stream: S, longest: Duration) -> Self {
        Self {
            stream,
            longest,
            waiting: None,
        }
    }

    fn attempt<T>(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = act(Pin::new(&mut self.stream), context) {
            self.waiting = None;
            return Poll::Ready(done);
        }
        let longest = self.longest;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(longest)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: Stream> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Stream> AsyncWrite for Patience<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.attempt(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.attempt(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |stream, context| stream.poll_shutdown(context))
    }
}

/// What comes of a handshake.
pub type Secured = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;
/// Makes a connection secure before its first request. It may take as long as a header may.
pub type Handshake = Arc<dyn Fn(TcpStream) -> Secured + Send + Sync>;

/// Serves until `stop` is set, with so many threads. `answer` answers a request; `full` is called with each client that is
/// closed because there are too many. With a `handshake` all connections are secured by it.
///
/// # Errors
/// The system gives no threads or takes no listener.
pub fn serve<A, F>(
    listeners: &[StdListener],
    threads: usize,
    limits: ConnectionLimits,
    handshake: Option<&Handshake>,
    stop: &AtomicBool,
    full: impl Fn(SocketAddr) + Clone + Send + 'static,
    answer: A,
) -> io::Result<()>
where
    A: Fn(Request<Incoming>, Ends) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        let places = Arc::new(Semaphore::new(limits.connections));
        for listener in listeners {
            let listener = listener.try_clone()?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(accept(
                listener,
                limits,
                handshake.cloned(),
                Arc::clone(&places),
                full.clone(),
                answer.clone(),
            ));
        }
        while !stop.load(Ordering::Relaxed) {
            sleep(POLL).await;
        }
        Ok(())
    });
    runtime.shutdown_timeout(ENDING);
    served
}

async fn accept<A, F>(
    listener: TcpListener,
    limits: ConnectionLimits,
    handshake: Option<Handshake>,
    places: Arc<Semaphore>,
    full: impl Fn(SocketAddr) + Send,
    answer: A,
) where
    A: Fn(Request<Incoming>, Ends) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let local = listener.local_addr().ok();
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            full(peer);
            continue;
        };
        let served = connection(stream, Ends { peer, local }, limits, handshake.clone(), answer.clone());
        tokio::spawn(async move {
            match limits.connection {
                // One that is not over by then is dropped, which closes it.
                Some(life) => {
                    let _ = timeout(life, served).await;
                }
                None => served.await,
            }
            drop(place);
        });
    }
}

async fn connection<A, F>(
    stream: TcpStream,
    ends: Ends,
    limits: ConnectionLimits,
    handshake: Option<Handshake>,
    answer: A,
) where
    A: Fn(Request<Incoming>, Ends) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Small answers: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    match handshake {
        None => requests(stream, ends, limits, answer).await,
        Some(handshake) => {
            if let Ok(Ok(stream)) = timeout(limits.header, handshake(stream)).await {
                requests(stream, ends, limits, answer).await;
            }
        }
    }
}

async fn requests<A, F>(stream: impl Stream, ends: Ends, limits: ConnectionLimits, answer: A)
where
    A: Fn(Request<Incoming>, Ends) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answered = answer(request, ends);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    // That the other side went away or sent no HTTP is its own affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes.max(8192))
        .serve_connection(TokioIo::new(Patience::new(stream, limits.stalled)), service)
        .await;
}

/// The names under which a server may be asked at this address: `localhost`, the loopback addresses, the address itself and
/// further ones.
pub fn own_names<'a>(local: SocketAddr, further: &'a [String]) -> impl Iterator<Item = String> + use<'a> {
    let address = match local {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    ["localhost", "127.0.0.1", "[::1]"]
        .map(str::to_owned)
        .into_iter()
        .chain([address])
        .chain(further.iter().cloned())
}

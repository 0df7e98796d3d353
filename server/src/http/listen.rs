//! Accepts connections, limits the time for each request's head, and shuts connections down gracefully.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::address::PeerAddress;
use super::connection_state::{ConnectionState, ResponseBody};
use super::drain::{Drains, LingeringClose};
use super::guarded_stream::GuardedStream;
use super::return_on_drop::return_on_drop;
use super::router::{operations_router, router};
use crate::app::App;
use crate::config::{Config, Times};

/// The sockets that the server listens on.
pub(crate) struct Listeners {
    public: TcpListener,
    /// For health and metrics alone.
    operations: Option<TcpListener>,
}

impl Listeners {
    /// Opens the sockets that the configuration names.
    pub(crate) fn bind(config: &Config) -> Result<Self, String> {
        let bound = |address: SocketAddr| bind(address).map_err(|error| format!("{address}: {error}"));
        Ok(Self { public: bound(config.listen)?, operations: config.operations_listen.map(bound).transpose()? })
    }

    /// The public address, and that for operations.
    pub(crate) fn addresses(&self) -> io::Result<(SocketAddr, Option<SocketAddr>)> {
        let operations = self.operations.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok((self.public.local_addr()?, operations))
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections inherit it. It bounds what the kernel holds of answers, and how long it takes to see that a client reads.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `app.stopping` is set, then waits for requests in progress, for at most `stop_ms`.
pub(crate) async fn serve(app: &Arc<App>, listeners: Listeners) {
    let drains = Arc::new(Drains::new(&app.config));
    let public = Endpoint {
        router: router(app, &drains),
        drains: Arc::clone(&drains),
        times: app.config.times.clone(),
        most: app.config.work.connections,
    };
    let operations = listeners.operations.map(|listener| {
        let router = operations_router(app, &drains);
        let endpoint = Endpoint { router, drains, times: app.config.times.clone(), most: OPERATIONS_CONNECTIONS };
        endpoint.serve(listener, app.stopping.subscribe())
    });
    let operations = async {
        if let Some(operations) = operations {
            operations.await;
        }
    };
    join(public.serve(listeners.public, app.stopping.subscribe()), operations).await;
}

/// What is served on one listener.
struct Endpoint {
    router: Router,
    drains: Arc<Drains>,
    times: Times,
    /// The most connections.
    most: usize,
}

impl Endpoint {
    async fn serve(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let connections = Arc::new(Semaphore::new(self.most));
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(async move { drop(stopping.wait_for(|stopping| *stopping).await) });
        loop {
            // Beyond the limit, connections wait in the kernel's queue.
            let permit = tokio::select! {
                permit = Arc::clone(&connections).acquire_owned() => permit,
                () = &mut stop => break,
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let connection = self.connection(stream, peer.ip(), &graceful);
                    tokio::spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // The usual cause is a lack of file descriptors, which become free when connections end.
                    tracing::error!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        let ended = async {
            graceful.shutdown().await;
            // Each connection holds its permit until the client has its answer.
            let _ = connections.acquire_many(u32::try_from(self.most).unwrap_or(u32::MAX)).await;
        };
        if tokio::time::timeout(Times::of(self.times.stop_ms), ended).await.is_err() {
            tracing::warn!("connections were open when the time to stop was over");
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        graceful: &GracefulShutdown,
    ) -> impl Future<Output = ()> + use<> {
        // Answers are small and written at once, so waiting to fill a TCP segment would only delay them.
        let _ = stream.set_nodelay(true);
        let (end, state) = (LingeringClose::default(), Arc::new(ConnectionState::default()));
        let router = TowerToHyperService::new(self.router.clone());
        let service =
            ConnectionService { router, peer: PeerAddress(peer), end: end.clone(), state: Arc::clone(&state) };
        let (stream, slot) = return_on_drop(stream);
        let stream = GuardedStream::new(stream, Arc::clone(&state), &self.times);
        let connection = http1::Builder::new().max_buf_size(READ_BYTES).serve_connection(TokioIo::new(stream), service);
        let (watched, drains) = (graceful.watch(connection), Arc::clone(&self.drains));
        async move {
            // An error here is a client that disconnected or did not send HTTP: it ends this connection only.
            let _ = watched.await;
            if let Some(stream) = slot.take() {
                drains.linger(stream, &end, state.is_refused()).await;
            }
        }
    }
}

/// Adds to each request what is known of its connection.
#[derive(Debug, Clone)]
struct ConnectionService {
    router: TowerToHyperService<Router>,
    peer: PeerAddress,
    end: LingeringClose,
    state: Arc<ConnectionState>,
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ResponseBody>;
    type Error = <TowerToHyperService<Router> as Service<Request<Body>>>::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let state = Arc::clone(&self.state);
        state.begin_answer();
        let mut request = request.map(Body::new);
        let extensions = request.extensions_mut();
        extensions.insert(self.peer);
        extensions.insert(self.end.clone());
        extensions.insert(Arc::clone(&state));
        let response = self.router.call(request);
        async move { Ok(response.await?.map(|body| ResponseBody::new(body, &state))) }.boxed()
    }
}

/// The size of the read buffer. With half of it, an upload that is only hashed costs a third more CPU time.
const READ_BYTES: usize = 128 * 1024;

/// What the kernel keeps of an answer that the client has not taken; Linux doubles it for its own needs.
const SEND_BYTES: u32 = 128 * 1024;

const BACKLOG: u32 = 1024;

/// The most connections for operations.
const OPERATIONS_CONNECTIONS: usize = 64;

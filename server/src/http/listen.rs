//! Accepts connections, limits the time for each request's head, and shuts connections down gracefully.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::drain::{Drains, LingeringClose};
use super::return_on_drop::return_on_drop;
use super::router::router;
use crate::app::App;
use crate::config::Times;

/// Serves until `stop` ends, then waits for requests in progress, for at most `stop_ms`.
pub(crate) async fn serve(app: &Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let drains = Arc::new(Drains::new(&app.config));
    let router = router(app, &drains);
    let most = app.config.work.connections;
    let connections = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    let head = Times::of(app.config.times.header_ms);
    let mut stop = std::pin::pin!(stop);
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
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), Arc::clone(&drains), head, &graceful);
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
    let timeout = Times::of(app.config.times.stop_ms);
    let ended = async {
        graceful.shutdown().await;
        // Each connection holds its permit until the client has its answer.
        let _ = connections.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    };
    if tokio::time::timeout(timeout, ended).await.is_err() {
        tracing::warn!("connections were open when the time to stop was over");
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
    drains: Arc<Drains>,
    head: Duration,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    // Answers are small and written at once, so waiting to fill a TCP segment would only delay them.
    let _ = stream.set_nodelay(true);
    let end = LingeringClose::default();
    let service = ConnectionService { router: TowerToHyperService::new(router), end: end.clone() };
    let (stream, slot) = return_on_drop(stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(READ_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        // An error here is a client that disconnected or did not send HTTP: it ends this connection only.
        let _ = watched.await;
        if let Some(stream) = slot.take() {
            drains.linger(stream, &end).await;
        }
    }
}

/// Adds to each request the state of its connection's lingering close.
#[derive(Debug, Clone)]
struct ConnectionService {
    router: TowerToHyperService<Router>,
    end: LingeringClose,
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.end.clone());
        self.router.call(request)
    }
}

/// The size of the read buffer, and so the most bytes of a request's head. With half of it, an upload that is only
/// hashed costs a third more CPU time.
const READ_BYTES: usize = 128 * 1024;

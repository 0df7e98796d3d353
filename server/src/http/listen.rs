//! Accepts connections, with a time limit on each request's head, and ends them in order when told to stop.

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

use super::drain::{ConnectionEnd, Drains};
use super::lent::lend;
use super::router;
use crate::app::App;
use crate::config::Times;

/// Serves until `stop` ends, then lets requests in work finish within their time.
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
                // Out of file descriptors, most likely: they come back when connections end.
                tracing::error!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let patience = Times::of(app.config.times.stop_ms);
    let ended = async {
        graceful.shutdown().await;
        // Each holds its permit until the client has its answer.
        let _ = connections.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    };
    if tokio::time::timeout(patience, ended).await.is_err() {
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
    // Answers are small and whole; waiting to fill a segment only delays them.
    let _ = stream.set_nodelay(true);
    let end = ConnectionEnd::default();
    let service = Marked { router: TowerToHyperService::new(router), end: end.clone() };
    let (stream, returned) = lend(stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(READ_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    async move {
        // A client that leaves, or writes what is no HTTP, ends its connection and nothing else.
        let _ = watched.await;
        if let Some(stream) = returned.take() {
            drains.linger(stream, &end).await;
        }
    }
}

/// Tells each request how its connection ends.
#[derive(Debug, Clone)]
struct Marked {
    router: TowerToHyperService<Router>,
    end: ConnectionEnd,
}

impl Service<Request<Incoming>> for Marked {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.end.clone());
        self.router.call(request)
    }
}

/// Bytes read at once, and the most that a request's head may have. Half as many cost a third more CPU for an upload that
/// is only hashed.
const READ_BYTES: usize = 128 * 1024;

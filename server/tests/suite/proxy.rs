//! A TCP proxy that counts round trips and can delay them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    trips: Arc<AtomicUsize>,
    target: Arc<Mutex<SocketAddr>>,
}

impl Proxy {
    /// A proxy to `target` that keeps back what a client sends for `delay`.
    pub(crate) fn start(target: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, trips) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let target = Arc::new(Mutex::new(target));
        let (counted, led_to) = (Arc::clone(&trips), Arc::clone(&target));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                let target = *led_to.lock().unwrap();
                std::thread::spawn(move || pass(client, target, delay, &counted));
            }
        });
        Self { address, trips, target }
    }

    /// Leads connections to `target` from now on.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }

    /// Round trips since the start: how often a client sent after an answer.
    pub(crate) fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

fn pass(mut client: TcpStream, target: SocketAddr, delay: Duration, trips: &AtomicUsize) {
    let Ok(mut server) = TcpStream::connect(target) else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answered = Arc::new(AtomicBool::new(true));
    let noted = Arc::clone(&answered);
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(n @ 1..) = back.read(&mut buffer) {
            noted.store(true, Ordering::SeqCst);
            if to_client.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 64 * 1024];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        if answered.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(delay);
        }
        if server.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

//! Asks a running server whether it works, for containers that have no other program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::StartError;
use crate::config::Config;

/// Within the usual time limit of containers' health checks.
const TIME: Duration = Duration::from_secs(5);

/// Asks the server at `address`, or else the one that `config` starts, for `/healthz` or `/readyz`.
pub(crate) async fn ask(config: &Config, address: Option<SocketAddr>, what: &str) -> Result<ExitCode, StartError> {
    let address = address.unwrap_or_else(|| reachable(listener(config)));
    let answer = tokio::time::timeout(TIME, status_line(address, what)).await;
    match answer.map_err(|_| format!("{address} does not answer"))?.map_err(|e| format!("{address}: {e}"))? {
        line if line.starts_with("HTTP/1.1 200 ") => Ok(ExitCode::SUCCESS),
        line => Err(format!("{address} answers {line}").into()),
    }
}

async fn status_line(address: SocketAddr, what: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// Where the server has `/healthz` and `/readyz`.
fn listener(config: &Config) -> SocketAddr {
    config.operations_listen.unwrap_or(config.listen)
}

/// The address by which this machine reaches what listens on `listen`.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let loopback = |ip: IpAddr| match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(loopback(listen.ip()), listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_asked_on_this_machine() {
        for (listen, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:81", "[::1]:81"), ("192.0.2.1:82", "192.0.2.1:82")]
        {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn the_listener_for_operations_is_asked_where_there_is_one() {
        let mut config = Config::default();
        assert_eq!(listener(&config), config.listen);
        config.operations_listen = Some("127.0.0.1:9090".parse().unwrap());
        assert_eq!(listener(&config).port(), 9090);
    }
}

//! The node's ports: taken all together, before anything is made, opened or dialled, and answered last.

use crate::config::{Config, Fault};
use crate::gate::Gate;
use crate::identity::LocalIncoming;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::{TcpListener, TcpSocket};

/// Callers that may wait for a port to answer.
const BACKLOG: u32 = 1024;

/// A port that is taken, and answers nobody yet.
struct Taken {
    key: &'static str,
    address: SocketAddr,
    socket: TcpSocket,
}

/// The ports of a configuration, taken.
pub(super) struct Ports {
    federation: Option<Taken>,
    operator: Option<Taken>,
    http: Option<Taken>,
    socket: PathBuf,
}

/// The same, with callers waiting until they are served.
pub(super) struct Listeners {
    /// For children.
    pub federation: Option<TcpListener>,
    /// For people with certificates.
    pub operator: Option<TcpListener>,
    /// For monitors.
    pub http: Option<TcpListener>,
    /// For people of this machine.
    pub local: LocalIncoming,
}

impl Ports {
    /// Takes every port that the configuration names. Nobody is answered, and nothing is made.
    pub(super) fn take(config: &Config, faults: &mut Vec<Fault>) -> Self {
        let mut known = Vec::new();
        let mut take = |key: &'static str, listen: Option<&String>| {
            let address = listen?.parse().ok()?;
            let other = known.iter().find(|(_, other)| clashes(address, *other));
            if let Some((other, _)) = other {
                let message = format!("{address} 与 {other} 是同一个端口；请改其中一个");
                faults.push(fault(key, message));
                return None;
            }
            known.push((key, address));
            match bind(address) {
                Ok(socket) => Some(Taken {
                    key,
                    address,
                    socket,
                }),
                Err(error) => {
                    faults.push(fault(key, words(address, &error)));
                    None
                }
            }
        };
        let federation = take("links.listen", config.links.listen.as_ref());
        let operator = take("operator.listen", config.operator.listen.as_ref());
        let http = take("http.listen", config.http.listen.as_ref());
        let socket = config.operator.socket.clone();
        if let Err(error) = LocalIncoming::look(&socket) {
            faults.push(fault("operator.socket", error.to_string()));
        }
        Self {
            federation,
            operator,
            http,
            socket,
        }
    }

    /// From now on callers wait to be served instead of being turned away.
    ///
    /// # Errors
    /// Another process began to listen meanwhile; says where.
    pub(super) fn listen(self, local: Gate) -> anyhow::Result<Listeners> {
        let listen = |taken: Option<Taken>| {
            taken.map(|taken| {
                let Taken {
                    key,
                    address,
                    socket,
                } = taken;
                let listening = socket.listen(BACKLOG);
                listening.map_err(|error| anyhow::anyhow!("{key}：{}", words(address, &error)))
            })
        };
        Ok(Listeners {
            federation: listen(self.federation).transpose()?,
            operator: listen(self.operator).transpose()?,
            http: listen(self.http).transpose()?,
            local: LocalIncoming::bind(&self.socket, local).context("operator.socket")?,
        })
    }
}

fn fault(key: &str, message: String) -> Fault {
    Fault {
        key: key.to_owned(),
        message,
    }
}

fn clashes(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (any || one.ip() == other.ip())
}

fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port whose last connections are still closing may be taken again; one on which somebody listens may not.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn words(address: SocketAddr, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "不能监听 {address}：端口已被另一个进程占用；查明是谁（ss -ltnp），停掉它或换一个端口"
        ),
        ErrorKind::AddrNotAvailable => {
            format!("不能监听 {address}：本机没有这个地址；请写本机的地址，或 0.0.0.0")
        }
        ErrorKind::PermissionDenied => format!(
            "不能监听 {address}：没有权限；1024 以下的端口要有 CAP_NET_BIND_SERVICE，请换一个端口"
        ),
        _ => format!("不能监听 {address}：{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_clash_where_one_address_takes_the_other_in() {
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert!(clashes(at("127.0.0.1:7443"), at("127.0.0.1:7443")));
        assert!(clashes(at("0.0.0.0:7443"), at("127.0.0.1:7443")));
        assert!(!clashes(at("127.0.0.1:7443"), at("127.0.0.2:7443")));
        assert!(!clashes(at("127.0.0.1:0"), at("127.0.0.1:0")));
    }
}

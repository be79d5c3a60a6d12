//! Network addresses of nodes, as the federation file writes them: `主机名:端口`.

use std::fmt;
use std::str::FromStr;

/// Where a node listens for its children.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Host name or IPv4 address.
    pub host: String,
    /// TCP port, never 0.
    pub port: u16,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        let wrong = || {
            format!("“{text}”不是地址；请写成 主机名:端口，如 r210000000000.hotline.internal:7443")
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if host.len() > 253 || !host.split('.').all(label_ok) {
            return Err(wrong());
        }
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(wrong)?;
        Ok(Endpoint {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port() {
        for good in [
            "r210000000000.hotline.internal:7443",
            "10.0.0.1:1",
            "a-b:65535",
        ] {
            assert_eq!(good.parse::<Endpoint>().unwrap().to_string(), good);
        }
        for bad in [
            "", "a", "a:", "a:0", "a:65536", ":1", "-a:1", "a-:1", "a b:1", "a..b:1", "[::1]:1",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }
}

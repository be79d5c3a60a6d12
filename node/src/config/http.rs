//! `[http]`: health and metrics, without personal data.

use super::Check;
use serde::Deserialize;
use std::net::SocketAddr;
use std::str::FromStr;

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where `/healthz`, `/readyz` and `/metrics` are served, as `127.0.0.1:7480`; left out: nowhere.
    #[serde(default)]
    pub listen: Option<String>,
}

impl Http {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if let Some(listen) = &self.listen
            && SocketAddr::from_str(listen).is_err()
        {
            check.fault(
                "http.listen",
                format!("“{listen}”不是地址；请写成 127.0.0.1:7480"),
            );
        }
    }
}

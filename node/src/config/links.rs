//! `[links]`: where this node listens for its children and how it reaches its parent.

use super::Check;
use hotline_topology::Endpoint;
use serde::Deserialize;
use std::net::SocketAddr;
use std::str::FromStr;

/// `[links]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Where children call, as `0.0.0.0:7443`; left out where no child has a node.
    #[serde(default)]
    pub listen: Option<String>,
    /// Where to reach the parent, in place of the federation file's endpoint (a tunnel, a proxy).
    #[serde(default)]
    pub parent: Option<String>,
}

impl Links {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        if let Some(listen) = &self.listen
            && SocketAddr::from_str(listen).is_err()
        {
            check.fault(
                "links.listen",
                format!("“{listen}”不是地址；请写成 0.0.0.0:7443"),
            );
        }
        if let Some(parent) = &self.parent
            && let Err(error) = Endpoint::from_str(parent)
        {
            check.fault("links.parent", error);
        }
    }
}

//! What a restore could not bring back, and whose answers are awaited.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::unwell;
use hotline_domain::body::Actor;
use hotline_domain::policy::reading::What;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use hotline_proto::operator::v1 as pb;
use hotline_topology::RegionKey;
use tonic::Status;

/// More than the tree has nodes.
const EXCHANGES_MAX: usize = 100_000;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListMissingRequest,
) -> Result<pb::ListMissingResponse, Status> {
    permit(node, actor, What::Missing)?;
    let rows = node.shared().rows();
    let from = RowKey::Missing(request.after.saturating_add(1));
    let to = RowKey::Missing(u64::MAX);
    let page = rows.scan(&from, &to, name::page(request.limit));
    let things = page
        .map_err(unwell)?
        .into_iter()
        .filter_map(|(_, row)| match row {
            Row::Missing(missing) => Some(pb::MissingThing {
                no: missing.no,
                at_ms: missing.at.0,
                kind: missing.kind.as_str().to_owned(),
                matter: missing.matter.map_or_else(String::new, |id| id.to_string()),
                number: missing.number,
                words: missing.words,
            }),
            _ => None,
        })
        .collect();
    Ok(pb::ListMissingResponse { things })
}

/// Whose answers are awaited.
pub(super) fn exchanging(rows: &dyn View) -> Result<Vec<String>, ViewFailed> {
    const LOWEST: RegionKey = RegionKey::literal("000000000000");
    const HIGHEST: RegionKey = RegionKey::literal("zzzzzzzzzzzz");
    let (from, to) = (RowKey::Exchange(LOWEST), RowKey::Exchange(HIGHEST));
    let rows = rows.scan(&from, &to, EXCHANGES_MAX)?;
    let peers = rows.into_iter().filter_map(|(key, _)| match key {
        RowKey::Exchange(peer) => Some(peer.to_string()),
        _ => None,
    });
    Ok(peers.collect())
}

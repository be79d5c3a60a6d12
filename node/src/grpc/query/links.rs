//! How links stand, and what waits on them.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::unwell;
use crate::link::{Links, Side};
use hotline_domain::body::Actor;
use hotline_domain::leg::Lane;
use hotline_domain::link::Count;
use hotline_domain::policy::reading::What;
use hotline_domain::row::{Row, RowKey};
use hotline_proto::operator::v1 as pb;
use tonic::Status;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    links: &Links<NodeHandle>,
) -> Result<pb::ListLinksResponse, Status> {
    permit(node, actor, What::Links)?;
    let known = node.shared().surroundings.known();
    let now = node.shared().clock.now();
    let links = links
        .status()
        .map_err(unwell)?
        .into_iter()
        .map(|link| pb::Link {
            misconduct: link
                .conduct
                .iter()
                .flat_map(|it| &it.counts)
                .map(count)
                .collect(),
            misconduct_score: link.conduct.as_ref().map_or(0, |it| it.score_at(now)),
            quarantines: link.conduct.as_ref().map_or(0, |it| it.quarantines),
            quarantined_until_ms: link
                .conduct
                .as_ref()
                .filter(|it| it.quarantined(now))
                .and_then(|it| it.until)
                .map_or(0, |until| until.0),
            kept: link.kept,
            kept_bytes: link.kept_bytes,
            name: known
                .federation
                .region(link.peer)
                .map_or_else(String::new, |region| region.name.clone()),
            region: link.peer.to_string(),
            side: match link.side {
                Side::Parent => "parent",
                Side::Child => "child",
            }
            .to_owned(),
            connected: link.connected_since.is_some(),
            heard_at_ms: link.heard_at.map_or(0, |at| at.0),
            failures: link.failures,
            last_error: link.last_error.unwrap_or_default(),
            blocked: link.blocked.unwrap_or_default(),
            wire: link.wire,
            topology_version: link.peer_topology.unwrap_or_default(),
            lanes: link
                .lanes
                .iter()
                .map(|lane| pb::Lane {
                    lane: word(lane.lane).to_owned(),
                    sent: lane.sent,
                    acknowledged: lane.acked,
                    received: lane.received,
                })
                .collect(),
        });
    Ok(pb::ListLinksResponse {
        links: links.collect(),
        waiting: super::keys::waiting(&*node.shared().rows(), &known.federation)?,
    })
}

pub(in crate::grpc) fn queue(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListQueueRequest,
) -> Result<pb::ListQueueResponse, Status> {
    permit(node, actor, What::Links)?;
    let peer = name::region(&request.region)?;
    let (rows, limit) = (node.shared().rows(), name::page(request.limit));
    let mut envelopes = Vec::new();
    for lane in Lane::ALL {
        let (from, to) = (
            RowKey::Outbox(peer, lane, 0),
            RowKey::Outbox(peer, lane, u64::MAX),
        );
        for (key, row) in rows
            .scan(&from, &to, limit - envelopes.len().min(limit))
            .map_err(unwell)?
        {
            let (RowKey::Outbox(_, _, seq), Row::Outbox(envelope, _)) = (key, row) else {
                continue;
            };
            envelopes.push(pb::QueuedEnvelope {
                lane: word(lane).to_owned(),
                seq,
                id: envelope.id.to_string(),
                addressee: envelope.addressee.to_string(),
                matter: envelope
                    .matter
                    .map_or_else(String::new, |matter| matter.to_string()),
                leg: envelope.leg.map_or_else(String::new, |leg| leg.to_string()),
                kind: envelope.kind,
                written_at_ms: envelope.written_at.0,
                payload_bytes: u32::try_from(envelope.payload.len()).unwrap_or(u32::MAX),
            });
        }
    }
    Ok(pb::ListQueueResponse { envelopes })
}

fn count(count: &Count) -> pb::Misconduct {
    pb::Misconduct {
        offence: count.offence.name().to_owned(),
        times: count.times,
        last_ms: count.last.0,
        what: count.what.clone(),
    }
}

fn word(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "urgent",
        Lane::Ordinary => "ordinary",
        Lane::Bulk => "bulk",
    }
}

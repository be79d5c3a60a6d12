//! How links stand, and what waits on them.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{refused, unwell};
use crate::link::{Dialling, Links, Side};
use hotline_domain::body::{Actor, Role};
use hotline_domain::leg::Lane;
use hotline_domain::link::Count;
use hotline_domain::policy::reading::What;
use hotline_domain::refusal::{Class, Refusal};
use hotline_domain::row::{Row, RowKey};
use hotline_proto::operator::v1 as pb;
use tonic::Status;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    links: &Links<NodeHandle>,
) -> Result<pb::ListLinksResponse, Status> {
    permit(node, actor, What::Links)?;
    Ok(pb::ListLinksResponse {
        links: all(node, links)?,
        waiting: super::keys::waiting(
            &*node.shared().rows(),
            &node.shared().surroundings.known().federation,
        )?,
    })
}

fn all(node: &NodeHandle, links: &Links<NodeHandle>) -> Result<Vec<pb::Link>, Status> {
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
    Ok(links.collect())
}

/// Dials the parent now.
pub(in crate::grpc) fn dial(
    node: &NodeHandle,
    links: &Links<NodeHandle>,
    actor: &Actor,
    request: &pb::DialLinkRequest,
) -> Result<pb::DialLinkResponse, Status> {
    let peer = name::region(node, &request.region)?;
    let refuse = |class, rule, words: String| Err(refused(&Refusal::new(class, rule, words)));
    if !actor.roles.contains(&Role::Operator) {
        let words = "拨号由运维（operator）执行".to_owned();
        return refuse(Class::Forbidden, "authority.role", words);
    }
    match links.dial_now(peer) {
        Dialling::Now => Ok(pb::DialLinkResponse {}),
        Dialling::Stands => refuse(
            Class::State,
            "link.connected",
            format!("与 {peer} 的链路是通的，不用拨号"),
        ),
        Dialling::FromBelow => refuse(
            Class::State,
            "link.from-below",
            format!("{peer} 是下级，由它拨进来；请在它那里执行 hotline link dial"),
        ),
        Dialling::Stranger => refuse(
            Class::NotFound,
            "link.stranger",
            format!("{peer} 不是本节点的上级；用 hotline link list 查看有哪些链路"),
        ),
    }
}

/// Every link in one line: how it stands, for everybody, and why, for those who may list links.
pub(super) fn brief(
    node: &NodeHandle,
    actor: &Actor,
    links: &Links<NodeHandle>,
) -> Result<Vec<pb::LinkBrief>, Status> {
    let permitted = permit(node, actor, What::Links).is_ok();
    Ok(all(node, links)?
        .into_iter()
        .map(|link| {
            let (state, why) = if !link.blocked.is_empty() {
                ("blocked", link.blocked)
            } else if link.quarantined_until_ms != 0 {
                ("quarantined", String::new())
            } else if link.connected {
                ("connected", String::new())
            } else {
                ("disconnected", link.last_error)
            };
            pb::LinkBrief {
                region: link.region,
                name: link.name,
                side: link.side,
                state: state.to_owned(),
                why: if permitted { why } else { String::new() },
                heard_at_ms: link.heard_at_ms,
            }
        })
        .collect())
}

pub(in crate::grpc) fn queue(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListQueueRequest,
) -> Result<pb::ListQueueResponse, Status> {
    permit(node, actor, What::Links)?;
    let peer = name::region(node, &request.region)?;
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

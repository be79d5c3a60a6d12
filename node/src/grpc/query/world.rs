//! Signed documents: which are here, since when, and how far the neighbours are.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::refusal::unwell;
use crate::link::{NodePort as _, Place};
use hotline_domain::body::Actor;
use hotline_domain::id::MatterId;
use hotline_domain::kernel::documents;
use hotline_domain::policy::reading::What;
use hotline_domain::row::{IndexKey, RowKey};
use hotline_domain::ticket::TicketStage;
use hotline_domain::view::Rows as _;
use hotline_domain::world::{Document, DocumentKind, PART_BYTES};
use hotline_proto::operator::v1 as pb;
use hotline_topology::{RegionKey, Time};
use std::time::Duration;
use tonic::Status;

/// Tickets counted at most.
const COUNTED_MAX: usize = 1000;

pub(in crate::grpc) fn get(node: &NodeHandle, actor: &Actor) -> Result<pb::World, Status> {
    permit(node, actor, What::Documents)?;
    let shared = node.shared();
    let known = shared.surroundings.known();
    let pack = shared.surroundings.world(&known).pack();
    let here = documents(&*shared.rows()).map_err(unwell)?;
    let place = node.place();
    let neighbours = place.parent.iter().chain(&place.children);
    Ok(pb::World {
        topology_version: known.federation.version(),
        pack: pack.id.clone(),
        pack_version: pack.version,
        neighbours: neighbours
            .map(|peer| neighbour(node, &place, *peer, &here))
            .collect::<Result<_, _>>()?,
        documents: here.iter().map(document).collect(),
        lists: shared
            .lists()
            .into_iter()
            .map(|list| pb::RevocationList {
                issuer: list.issuer,
                signed_at_ms: list.signed_at.0,
                overdue_ms: list.overdue.map_or(0, millis),
            })
            .collect(),
        time_ms: shared.clock.now().0,
        succeeded_by: known
            .federation
            .successor(place.me, None)
            .map_or_else(String::new, |heir| heir.to_string()),
        open_tickets: open_tickets(node)?,
    })
}

/// Tickets that are not closed: a dissolved node is empty when there are none.
fn open_tickets(node: &NodeHandle) -> Result<u32, Status> {
    let nobody = MatterId([0; 16]);
    let key = |stage| RowKey::Index(IndexKey::Stage(stage, Time(i64::MIN), nobody));
    let (from, to) = (key(TicketStage::Open), key(TicketStage::Closed));
    let rows = node.shared().rows();
    let open = rows.scan(&from, &to, COUNTED_MAX).map_err(unwell)?;
    Ok(u32::try_from(open.len()).unwrap_or(u32::MAX))
}

fn document(document: &Document) -> pb::WorldDocument {
    let header = &document.header;
    pb::WorldDocument {
        kind: kind(header.series.kind).to_owned(),
        scope: header.series.scope.to_string(),
        name: header.series.name.clone(),
        version: header.version,
        effective_at_ms: header.effective_at.0,
        accepted_at_ms: document.accepted_at.0,
        from: document
            .from
            .map_or_else(String::new, |from| from.to_string()),
        in_force_at_ms: document.in_force_at.map_or(0, |at| at.0),
        // As parts count them: the last one is seldom full.
        bytes: u64::from(document.parts) * PART_BYTES as u64,
    }
}

fn neighbour(
    node: &NodeHandle,
    place: &Place,
    peer: RegionKey,
    here: &[Document],
) -> Result<pb::WorldNeighbour, Status> {
    let shared = node.shared();
    let heard = shared.rows().peer_world(peer).map_err(unwell)?;
    let known = shared.surroundings.known();
    let have = heard.have.unwrap_or_default();
    let lacks = |document: &&Document| {
        let header = &document.header;
        header.version > have.version_of(&header.series)
    };
    // The node above is not served from here.
    let behind = match place.children.contains(&peer) {
        true => here.iter().filter(lacks).count(),
        false => 0,
    };
    Ok(pb::WorldNeighbour {
        region: peer.to_string(),
        name: known
            .federation
            .region(peer)
            .map_or_else(String::new, |region| region.name.clone()),
        heard_at_ms: heard.heard_at.map_or(0, |at| at.0),
        topology_version: have.topology,
        lists_at_ms: have.lists_at.map_or(0, |at| at.0),
        behind: u32::try_from(behind).unwrap_or(u32::MAX),
    })
}

fn kind(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Topology => "topology",
        DocumentKind::Calendar => "calendar",
        DocumentKind::Pack => "pack",
        DocumentKind::Trust => "trust",
        DocumentKind::Revocations => "revocations",
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

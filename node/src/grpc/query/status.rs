//! Who and where the node is, and how it is.

use super::missing;
use crate::app::NodeHandle;
use crate::grpc::refusal::unwell;
use crate::link::Links;
use hotline_domain::body::Actor;
use hotline_domain::view::Rows;
use hotline_proto::operator::v1 as pb;
use std::sync::atomic::Ordering;
use tonic::Status;

pub(in crate::grpc) fn get(
    node: &NodeHandle,
    actor: &Actor,
    links: &Links<NodeHandle>,
) -> Result<pb::NodeStatus, Status> {
    let shared = node.shared();
    let known = shared.surroundings.known();
    let me = shared.surroundings.me();
    let region = known.federation.region(me);
    let row = shared.rows().node().map_err(unwell)?;
    let failure = shared.failure();
    let pack = shared.surroundings.world(&known).pack();
    let rows = shared.rows();
    let exchanging = missing::exchanging(&*rows).map_err(unwell)?;
    let applied = shared.applied.load(Ordering::Relaxed);
    Ok(pb::NodeStatus {
        region: me.to_string(),
        name: region.map_or_else(String::new, |region| region.name.clone()),
        level: region.map_or_else(String::new, |region| region.level.as_str().to_owned()),
        time_ms: shared.clock.now().0,
        epoch: row.epoch,
        topology_version: known.federation.version(),
        pack: pack.id.clone(),
        pack_version: pack.version,
        ready: failure.is_none(),
        not_ready_because: failure.unwrap_or_default(),
        clock_held: row.clock_held.unwrap_or_default(),
        accepted: shared.accepted.load(Ordering::Relaxed).max(applied),
        applied,
        exchanging,
        missing: row.missing,
        links: super::links::brief(node, actor, links)?,
        alarms: shared.alarms.load(Ordering::Relaxed),
        open_limits: pack
            .open_limits()
            .map(|open| {
                let whom = open.left_to.as_deref().unwrap_or("本级主管部门");
                format!(
                    "{}/{}：{}，由{whom}定",
                    open.kind.label(),
                    open.urgency.label(),
                    open.article
                )
            })
            .collect(),
    })
}

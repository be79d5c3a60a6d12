//! Bodies that a new tree dissolves. A node that another succeeds takes no new work and drains; what it holds passes on
//! by its givers' own acts, signed and receipted like all others, in one commit each:
//!
//! | open leg | what its giver does once the version is in force |
//! | --- | --- |
//! | to the dissolved node, the successor elsewhere below | recalls it, and gives it to the successor as a new leg that names the old, with the due date in force |
//! | to the dissolved node, the successor is the giver, or not below it | recalls it: the work is its own again, and a person is told |
//! | with a result that waits for review | nothing: the ruling comes first |
//! | upward, or given by the dissolved node | nothing: it goes on to its end, as its own matters do |
//!
//! One taker for ever: no leg changes hands, a new one follows it. The dissolved node stays in the tree until it has
//! nothing open any more; the version after that may leave it out.

use crate::body::{Actor, Body, Role};
use crate::command::{Command, Verb};
use crate::id::LegId;
use crate::kernel::draft::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::{Act, Leg, LegKind, Party, RecallGround, RequestKind};
use crate::row::{IndexKey, RowKey};
use crate::ticket;
use crate::view::View;
use hotline_topology::RegionKey;

/// Rows read at a time.
const PAGE: usize = 256;

/// Passes on what dissolved nodes hold of this node's legs.
pub(super) fn pass_on(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let federation = draft.world.federation;
    for (old, _) in federation.dissolved() {
        if old == draft.me() {
            continue;
        }
        for leg in open_legs(draft, old)? {
            if !passes(draft, &leg) {
                continue;
            }
            let id = leg.id;
            let Some(heir) = federation.successor(old, leg.offer.place) else {
                continue;
            };
            if let Err(refusal) = draft.attempt(|inner| pass(inner, &leg, heir))? {
                draft.alarm(format!(
                    "{old} 已并入 {heir},交办 {id} 未能转交,请人工改派:{refusal}"
                ));
            }
        }
    }
    Ok(())
}

/// Whether it is this node's to pass on, and nothing has to be ruled on first.
fn passes(draft: &Draft<'_>, leg: &Leg) -> bool {
    let waits = leg
        .open_request()
        .is_some_and(|request| request.asking.kind() == RequestKind::Result);
    leg.giver() == draft.me() && leg.offer.kind == LegKind::Downward && !waits
}

fn pass(draft: &mut Draft<'_>, leg: &Leg, heir: RegionKey) -> Result<(), Stop> {
    let (old, version) = (leg.taker().region(), draft.world.federation.version());
    let basis = format!("拓扑第 {version} 版:{old} 并入 {heir}");
    let actor = Actor {
        name: format!("拓扑第 {version} 版"),
        roles: vec![Role::Dispatcher],
        unit: None,
    };
    let ground = RecallGround::Recalled;
    draft.act(
        leg.id,
        Party::Giver,
        Act::Recall { ground },
        Some(&actor),
        Vec::new(),
    )?;
    if !draft.world.federation.is_below(heir, draft.me()) {
        draft.alarm(format!(
            "{basis};工单 {} 已收回,请另行转办",
            leg.offer.number
        ));
        return Ok(());
    }
    let command = Command {
        actor,
        key: None,
        digest: [0; 32],
        seen: None,
        verb: Verb::Reassign {
            leg: leg.id,
            taker: Body::Node(heir),
            basis: basis.clone(),
        },
        fields: Vec::new(),
    };
    ticket::follow_on(draft, &command, leg, &Body::Node(heir), &basis)
}

/// The open legs that a node takes.
fn open_legs(draft: &Draft<'_>, taker: RegionKey) -> Result<Vec<Leg>, Stop> {
    let key = |leg: [u8; 16]| RowKey::Index(IndexKey::OpenLeg(Body::Node(taker), LegId(leg)));
    let (mut from, to) = (key([0; 16]), key([0xff; 16]));
    let mut legs = Vec::new();
    loop {
        let page = draft.scan(&from, &to, PAGE)?;
        for (key, _) in &page {
            if let RowKey::Index(IndexKey::OpenLeg(_, id)) = key {
                legs.push(draft.leg(*id)?);
            }
        }
        match page.last() {
            Some((RowKey::Index(IndexKey::OpenLeg(_, last)), _)) if page.len() == PAGE => {
                from = key(u128::from_be_bytes(last.0).saturating_add(1).to_be_bytes());
            }
            _ => return Ok(legs),
        }
    }
}

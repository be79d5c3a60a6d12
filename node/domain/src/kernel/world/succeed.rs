//! Bodies that a new tree dissolves. A node that another succeeds takes no new work and drains; what it holds passes on
//! by its givers' own acts, signed and receipted like all others, recall and new offer in one commit:
//!
//! | open leg | what its giver does once the version is in force |
//! | --- | --- |
//! | to the dissolved node, the successor elsewhere below | recalls it, and gives it to the successor as a new leg that names the old, in the same role and due on the same day, passed or not |
//! | to the dissolved node, the successor is the giver, or not below it | recalls it: the work is its own again, and a person is told |
//! | with a result that waits for review | nothing: the ruling comes first; sent back, the leg passes on then |
//! | upward, or given by the dissolved node | nothing: it goes on to its end, as its own matters do |
//!
//! One taker for ever: no leg changes hands, a new one follows it. What the dissolved node had given down for a leg that
//! it lost is taken back like after every recall; it tells the successor so ([`tell_successor`]), who gives the work to
//! the same body again, where it stands below it now ([`adopt`]). A result that crosses the recall is kept as late, and
//! the giver's people are told. The dissolved node stays in the tree until it has nothing open any more; the version
//! after that may leave it out.

use crate::body::{Actor, Body, Role};
use crate::command::{Command, Verb};
use crate::id::{LegId, MatterId};
use crate::kernel::draft::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::{self, Act, Leg, LegKind, Party, RecallGround, RequestKind};
use crate::link::Message;
use crate::row::{IndexKey, RowKey};
use crate::ticket::{self, Sight, Ticket, TicketStage};
use crate::view::{Rows, View};
use hotline_topology::RegionKey;

/// Rows read at a time.
const PAGE: usize = 256;

/// Passes on what dissolved nodes hold of this node's legs.
pub(super) fn pass_on(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let federation = draft.world.federation;
    for (old, _) in federation.dissolved() {
        for leg in open_legs(draft, old)? {
            pass_leg_on(draft, &leg)?;
        }
    }
    Ok(())
}

/// Passes one leg on, if its taker is dissolved and nothing has to be ruled on first.
///
/// # Errors
/// The view failed.
pub(in crate::kernel) fn pass_leg_on(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let (old, federation) = (leg.taker().region(), draft.world.federation);
    if old == draft.me() || leg.giver() != draft.me() || !passes(leg) {
        return Ok(());
    }
    let Some(heir) = federation.successor(old, leg.offer.place) else {
        return Ok(());
    };
    if let Err(refusal) = draft.attempt(|inner| pass(inner, leg, heir))? {
        let id = leg.id;
        draft.alarm(format!(
            "{old} 已并入 {heir}，交办 {id} 未能转交，请人工改派：{refusal}"
        ));
    }
    Ok(())
}

fn passes(leg: &Leg) -> bool {
    let reported = leg
        .open_request()
        .is_some_and(|request| request.asking.kind() == RequestKind::Result);
    leg.is_open() && leg.offer.kind == LegKind::Downward && !reported
}

fn pass(draft: &mut Draft<'_>, leg: &Leg, heir: RegionKey) -> Result<(), Stop> {
    let version = draft.world.federation.version();
    let basis = format!("拓扑第 {version} 版：{} 并入 {heir}", leg.taker().region());
    let ground = RecallGround::Recalled;
    let (actor, act) = (actor(draft), Act::Recall { ground });
    draft.act(leg.id, Party::Giver, act, Some(&actor), Vec::new())?;
    if !draft.world.federation.is_below(heir, draft.me()) {
        draft.alarm(format!(
            "{basis}；工单 {} 已收回，请另行转办",
            leg.offer.number
        ));
        return Ok(());
    }
    let command = command(draft, leg.id, heir, &basis);
    ticket::follow_on(draft, &command, leg, &Body::Node(heir), &basis)
}

/// Something came late on a leg that this node closed: of a result of a dissolved node, people are told.
///
/// # Errors
/// The view failed.
pub(in crate::kernel) fn came_late(
    draft: &mut Draft<'_>,
    leg: &Leg,
    act: &Act,
) -> Result<(), Stop> {
    let result = matches!(act, Act::Request { asking, .. } if asking.kind() == RequestKind::Result);
    let old = leg.taker().region();
    let heir = draft.world.federation.successor(old, leg.offer.place);
    if let (true, Some(heir)) = (result && leg.giver() == draft.me(), heir) {
        draft.alarm(format!(
            "工单 {}：{old} 的办理结果在转交 {heir} 之后才到，已留存；可据此办结并收回转交件，或请 {heir} 参考",
            leg.offer.number
        ));
    }
    Ok(())
}

/// What a dissolved node gave down for a leg that it lost is taken back: its successor hears of it. A matter that
/// several bodies shared is left to people.
///
/// # Errors
/// The view failed.
pub(in crate::kernel) fn tell_successor(
    draft: &mut Draft<'_>,
    recalled: &[Leg],
) -> Result<(), Stop> {
    let [before] = recalled else {
        return Ok(());
    };
    let place = before.offer.place;
    let Some(heir) = draft.world.federation.successor(draft.me(), place) else {
        return Ok(());
    };
    let (leg, matter) = (draft.leg(before.id)?, before.matter());
    let sight = Sight {
        leg: leg.id,
        giver: leg.giver(),
        taker: leg.taker().clone(),
        stage: leg::stage_word(&leg).to_owned(),
        offered_at: leg.offered_at,
        due: leg.due.at,
        since: draft.now(),
        open: leg.is_open(),
        version: leg.version,
    };
    let message = Message::Sight { matter, sight };
    let lane = leg.offer.lane;
    if let Err(refusal) = draft.attempt(|inner| inner.send(heir, lane, &message, Vec::new()))? {
        draft.alarm(format!("未能告知 {heir} 本节点收回的交办：{refusal}"));
    }
    Ok(())
}

/// Whether a node was dissolved into this one, wholly or in part.
pub(in crate::kernel) fn may_succeed(draft: &Draft<'_>, old: RegionKey) -> bool {
    let dissolved = draft.world.federation.dissolved();
    dissolved
        .get(&old)
        .is_some_and(|heirs| heirs.contains(&draft.me()))
}

/// Whether a node was dissolved into this one, as far as that ticket goes.
pub(in crate::kernel) fn succeeds(draft: &Draft<'_>, old: RegionKey, ticket: &Ticket) -> bool {
    draft.world.federation.successor(old, ticket.place) == Some(draft.me())
}

/// A dissolved node told what it had given down: the same body gets the same work from this node, due on the same day,
/// where that is its to give and nobody has decided otherwise meanwhile.
///
/// # Errors
/// The view failed.
pub(in crate::kernel) fn adopt(
    draft: &mut Draft<'_>,
    matter: MatterId,
    sight: &Sight,
) -> Result<(), Stop> {
    let ticket = draft.ticket(matter)?;
    let idle = ticket.stage == TicketStage::Open && !sight.open;
    if !idle || !came_from(draft, &ticket, sight.giver)? {
        return Ok(());
    }
    let Body::Node(taker) = sight.taker else {
        return Ok(());
    };
    let version = draft.world.federation.version();
    let basis = format!("拓扑第 {version} 版：{} 并入本节点", sight.giver);
    let command = command(draft, sight.leg, taker, &basis);
    let given =
        draft.attempt(|inner| ticket::take_over(inner, &command, &ticket, sight, &basis))?;
    if let Err(refusal) = given {
        draft.alarm(format!(
            "{} 原交 {taker} 的工单 {} 未能接着交办，请人工转办：{refusal}",
            sight.giver, ticket.number
        ));
    }
    Ok(())
}

/// Whether the work in hand is what the dissolved node had: it came by a leg that follows one, or was taken back from
/// that node itself.
fn came_from(draft: &Draft<'_>, ticket: &Ticket, old: RegionKey) -> Result<bool, Stop> {
    let incoming = ticket::given_from_above(draft, ticket)?;
    if incoming.is_some_and(|leg| leg.offer.replaces.is_some()) {
        return Ok(true);
    }
    for id in ticket.outgoing.iter().rev() {
        if Rows::leg(draft, *id)?.is_some_and(|leg| leg.taker().region() == old) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who acts: the version of the tree itself.
fn actor(draft: &Draft<'_>) -> Actor {
    Actor {
        name: format!("拓扑第 {} 版", draft.world.federation.version()),
        roles: vec![Role::Dispatcher],
        unit: None,
    }
}

fn command(draft: &Draft<'_>, leg: LegId, taker: RegionKey, basis: &str) -> Command {
    let (taker, basis) = (Body::Node(taker), basis.to_owned());
    Command {
        actor: actor(draft),
        key: None,
        digest: [0; 32],
        seen: None,
        verb: Verb::Reassign { leg, taker, basis },
        fields: Vec::new(),
    }
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

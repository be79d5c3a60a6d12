//! The leg that an order or a notice is about, as far as this node knows it.

use super::{Notice, NoticeReason};
use crate::body::Body;
use crate::id::{LegId, MatterId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Lane, Leg, LegKind, Side};
use crate::policy::way::Ends;
use crate::refusal::{Class, Refusal};
use crate::row::{IndexKey, Row, RowKey};
use crate::ticket::Ticket;
use crate::view::{Rows, View};
use hotline_topology::{Kind, RegionKey, Time};

/// Notices read at once.
const NOTICES_PAGE: usize = 256;

/// What may be said of a leg at every level: no content, no person.
pub(super) struct Subject {
    pub matter: MatterId,
    pub number: String,
    pub leg: Option<LegId>,
    pub giver: RegionKey,
    pub taker: Body,
    pub kind: Kind,
    pub category: String,
    pub lane: Lane,
    /// This node's record of the leg, where it gave it.
    pub given: Option<Leg>,
}

impl Subject {
    /// A leg that this node holds.
    pub(super) fn of_leg(leg: &Leg) -> Self {
        Self {
            matter: leg.matter(),
            number: leg.offer.number.clone(),
            leg: Some(leg.id),
            giver: leg.giver(),
            taker: leg.taker().clone(),
            kind: leg.offer.request_kind,
            category: leg.offer.category.clone(),
            lane: leg.offer.lane,
            given: (leg.side != Side::Taker).then(|| leg.clone()),
        }
    }

    /// A matter that the node handled itself.
    pub(super) fn of_ticket(me: RegionKey, ticket: &Ticket) -> Self {
        Self {
            matter: ticket.matter,
            number: ticket.number.clone(),
            leg: None,
            giver: me,
            taker: Body::Node(me),
            kind: ticket.kind,
            category: ticket.category.clone(),
            lane: Lane::Ordinary,
            given: None,
        }
    }

    fn of_notice(notice: Notice) -> Self {
        Self {
            matter: notice.matter,
            number: notice.number,
            leg: notice.leg,
            giver: notice.giver,
            taker: notice.taker,
            kind: notice.kind,
            category: notice.category,
            lane: Lane::Ordinary,
            given: None,
        }
    }
}

/// The leg: one this node gave, or one below that a notice named, or of which the origin of the matter has sight.
///
/// # Errors
/// Refuses as `supervise.upward` where the superior took it, as `supervise.leg` where this node knows nothing of it.
pub(super) fn find(draft: &Draft<'_>, leg: LegId) -> Result<Subject, Stop> {
    let known = Rows::leg(draft, leg)?;
    if let Some(given) = known.filter(|known| known.side != Side::Taker) {
        if given.offer.kind == LegKind::Upward {
            let words = "提级给上级的事项不受下级督办".to_owned();
            return Err(Refusal::new(Class::Forbidden, "supervise.upward", words).into());
        }
        return Ok(Subject::of_leg(&given));
    }
    below(draft, leg)?.ok_or_else(|| {
        let words = format!("本节点没有交出 {leg}，也没有收到过它的异常通报，无从督办");
        Refusal::new(Class::NotFound, "supervise.leg", words).into()
    })
}

/// A leg between others whose taker stands below this node, where a notice or a sight says whose it is.
pub(super) fn below(draft: &Draft<'_>, leg: LegId) -> Result<Option<Subject>, Stop> {
    let (me, tree) = (draft.me(), draft.world.federation);
    let found = match noticed(draft, leg)? {
        Some(notice) => Some(Subject::of_notice(notice)),
        None => sighted(draft, leg)?,
    };
    Ok(found.filter(|subject| tree.is_below(subject.taker.region(), me)))
}

/// The two ends of a leg between others, where anything says whose it is.
///
/// # Errors
/// The view failed.
pub fn ends(draft: &Draft<'_>, leg: LegId) -> Result<Option<Ends>, Stop> {
    let tree = draft.world.federation;
    Ok(below(draft, leg)?.map(|subject| {
        let taker = subject.taker.region();
        Ends::between(tree, subject.giver, taker)
    }))
}

/// A leg of which the matter's origin was told where it stands.
fn sighted(draft: &Draft<'_>, leg: LegId) -> Result<Option<Subject>, Stop> {
    let matter = draft.get(&RowKey::Index(IndexKey::Sighted(leg)))?;
    let ticket = match matter {
        Some(Row::Matter(matter)) => Rows::ticket(draft, matter)?,
        _ => None,
    };
    Ok(ticket.and_then(|ticket| {
        let sight = ticket.sights.iter().find(|sight| sight.leg == leg)?;
        Some(Subject {
            leg: Some(leg),
            giver: sight.giver,
            taker: sight.taker.clone(),
            ..Subject::of_ticket(draft.me(), &ticket)
        })
    }))
}

/// Whether a leg came back, since the taker's node did not take it: nobody there can answer for it.
///
/// # Errors
/// The view failed.
pub(super) fn came_back_undelivered(draft: &Draft<'_>, leg: LegId) -> Result<bool, Stop> {
    let bounced =
        |notice: &Notice| notice.leg == Some(leg) && notice.reason == NoticeReason::Bounced;
    Ok(first_notice(draft, bounced)?.is_some())
}

/// The oldest notice about a leg.
fn noticed(draft: &Draft<'_>, leg: LegId) -> Result<Option<Notice>, Stop> {
    first_notice(draft, |notice| notice.leg == Some(leg))
}

/// The oldest notice about a leg that this node raised.
///
/// # Errors
/// The view failed.
pub fn noticed_by(
    draft: &Draft<'_>,
    leg: LegId,
    raiser: RegionKey,
) -> Result<Option<Notice>, Stop> {
    first_notice(draft, |notice| {
        notice.leg == Some(leg) && notice.raised_by == raiser
    })
}

fn first_notice(
    draft: &Draft<'_>,
    wanted: impl Fn(&Notice) -> bool,
) -> Result<Option<Notice>, Stop> {
    let key =
        |at, byte, reason| RowKey::Notice(at, MatterId([byte; 16]), LegId([byte; 16]), reason);
    let (mut from, last) = (
        key(Time(i64::MIN), 0, 0),
        key(Time(i64::MAX), u8::MAX, u8::MAX),
    );
    loop {
        let page = draft.scan(&from, &last, NOTICES_PAGE)?;
        let Some((end, _)) = page.last() else {
            return Ok(None);
        };
        from = after(end);
        for (_, row) in page {
            if let Row::Notice(notice) = row
                && wanted(&notice)
            {
                return Ok(Some(*notice));
            }
        }
    }
}

/// A key above this one, and above none of the others that are.
fn after(key: &RowKey) -> RowKey {
    match key {
        RowKey::Notice(at, matter, leg, reason) if *reason < u8::MAX => {
            RowKey::Notice(*at, *matter, *leg, reason + 1)
        }
        RowKey::Notice(at, matter, leg, _) if leg.0 != [u8::MAX; 16] => {
            let next = u128::from_be_bytes(leg.0) + 1;
            RowKey::Notice(*at, *matter, LegId(next.to_be_bytes()), 0)
        }
        RowKey::Notice(at, ..) => {
            RowKey::Notice(at.plus_millis(1), MatterId([0; 16]), LegId([0; 16]), 0)
        }
        other => other.clone(),
    }
}

//! A leg's contract, and what others learn of it.

use super::form::{
    Coded, Form, all_from, all_to, bad_code, coded, exactly, maybe_exactly, maybe_region,
    need_from, region, region_text,
};
use super::malformed::Malformed;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::{Closure, Lane, LegKind, LegRole, Offer, RecallGround, RequestKind};
use hotline_domain::supervision::{Notice, NoticeReason};
use hotline_domain::ticket::Sight;
use hotline_proto::leg::v1 as pb;
use hotline_topology::{Kind, Time, Urgency};

coded!(NoticeReason => pb::NoticeReason {
    Overdue, RefusedPastBound, Bounced, UnsatisfactoryAgain, OrderUnanswered,
});

coded!(RequestKind => pb::RequestKind { Return, Extension, Escalation, Result });

impl Coded for Closure {
    fn code(self) -> i32 {
        let closure = match self {
            Closure::Done => pb::Closure::Done,
            Closure::Returned => pb::Closure::Returned,
            Closure::Escalated => pb::Closure::Escalated,
            Closure::Recalled(RecallGround::Recalled) => pb::Closure::Recalled,
            Closure::Recalled(RecallGround::Withdrawn) => pb::Closure::Withdrawn,
            Closure::Recalled(RecallGround::Released) => pb::Closure::Released,
        };
        closure as i32
    }

    fn from_code(code: i32, at: &'static str) -> Result<Self, Malformed> {
        Ok(match pb::Closure::try_from(code) {
            Ok(pb::Closure::Done) => Closure::Done,
            Ok(pb::Closure::Returned) => Closure::Returned,
            Ok(pb::Closure::Escalated) => Closure::Escalated,
            Ok(pb::Closure::Recalled) => Closure::Recalled(RecallGround::Recalled),
            Ok(pb::Closure::Withdrawn) => Closure::Recalled(RecallGround::Withdrawn),
            Ok(pb::Closure::Released) => Closure::Recalled(RecallGround::Released),
            Ok(pb::Closure::Unspecified) | Err(_) => return Err(bad_code(code, at)),
        })
    }
}

impl Form for Offer {
    type Proto = pb::Offer;

    fn to_proto(&self) -> pb::Offer {
        let Offer {
            matter,
            number,
            origin,
            taken_in_at,
            serial,
            giver,
            taker,
            role,
            kind,
            replaces,
            redo,
            rules,
            due,
            lane,
            hops,
            request_kind,
            place,
            category,
            urgency,
            determined,
            basis,
            content,
        } = self;
        pb::Offer {
            matter: matter.0.to_vec(),
            number: number.clone(),
            origin: region_text(*origin),
            taken_in_at_ms: taken_in_at.0,
            serial: *serial,
            giver: region_text(*giver),
            taker: Some(taker.to_proto()),
            role: role.code(),
            kind: kind.code(),
            replaces: replaces.map(|leg| leg.0.to_vec()),
            redo: *redo,
            rules: Some(rules.to_proto()),
            due: Some(due.to_proto()),
            lane: lane.code(),
            hops: *hops,
            request_kind: request_kind.code(),
            place: place.map(region_text),
            category: category.clone(),
            urgency: urgency.code(),
            determined: *determined,
            basis: basis.clone(),
            content: all_to(content),
        }
    }

    fn from_proto(proto: pb::Offer) -> Result<Self, Malformed> {
        let pb::Offer {
            matter,
            number,
            origin,
            taken_in_at_ms,
            serial,
            giver,
            taker,
            role,
            kind,
            replaces,
            redo,
            rules,
            due,
            lane,
            hops,
            request_kind,
            place,
            category,
            urgency,
            determined,
            basis,
            content,
        } = proto;
        Ok(Offer {
            matter: MatterId(exactly(&matter, "Offer.matter")?),
            number,
            origin: region(&origin, "Offer.origin")?,
            taken_in_at: Time(taken_in_at_ms),
            serial,
            giver: region(&giver, "Offer.giver")?,
            taker: need_from(taker, "Offer.taker")?,
            role: LegRole::from_code(role, "Offer.role")?,
            kind: LegKind::from_code(kind, "Offer.kind")?,
            replaces: maybe_exactly(replaces, "Offer.replaces")?.map(LegId),
            redo,
            rules: need_from(rules, "Offer.rules")?,
            due: need_from(due, "Offer.due")?,
            lane: Lane::from_code(lane, "Offer.lane")?,
            hops,
            request_kind: Kind::from_code(request_kind, "Offer.request_kind")?,
            place: maybe_region(place, "Offer.place")?,
            category,
            urgency: Urgency::from_code(urgency, "Offer.urgency")?,
            determined,
            basis,
            content: all_from(content)?,
        })
    }
}

impl Form for Sight {
    type Proto = pb::Sight;

    fn to_proto(&self) -> pb::Sight {
        let Sight {
            leg,
            giver,
            taker,
            stage,
            offered_at,
            due,
            since,
            open,
            version,
        } = self;
        pb::Sight {
            leg: leg.0.to_vec(),
            giver: region_text(*giver),
            taker: Some(taker.to_proto()),
            stage: stage.clone(),
            offered_at_ms: offered_at.0,
            due_ms: due.0,
            since_ms: since.0,
            open: *open,
            version: *version,
        }
    }

    fn from_proto(proto: pb::Sight) -> Result<Self, Malformed> {
        let pb::Sight {
            leg,
            giver,
            taker,
            stage,
            offered_at_ms,
            due_ms,
            since_ms,
            open,
            version,
        } = proto;
        Ok(Sight {
            leg: LegId(exactly(&leg, "Sight.leg")?),
            giver: region(&giver, "Sight.giver")?,
            taker: need_from(taker, "Sight.taker")?,
            stage,
            offered_at: Time(offered_at_ms),
            due: Time(due_ms),
            since: Time(since_ms),
            open,
            version,
        })
    }
}

impl Form for Notice {
    type Proto = pb::Notice;

    fn to_proto(&self) -> pb::Notice {
        let Notice {
            matter,
            number,
            leg,
            giver,
            taker,
            reason,
            kind,
            category,
            raised_by,
            raised_at,
            due,
        } = self;
        pb::Notice {
            matter: matter.0.to_vec(),
            number: number.clone(),
            leg: leg.map(|leg| leg.0.to_vec()),
            giver: region_text(*giver),
            taker: Some(taker.to_proto()),
            reason: reason.code(),
            kind: kind.code(),
            category: category.clone(),
            raised_by: region_text(*raised_by),
            raised_at_ms: raised_at.0,
            due_ms: due.map(|due| due.0),
        }
    }

    fn from_proto(proto: pb::Notice) -> Result<Self, Malformed> {
        let pb::Notice {
            matter,
            number,
            leg,
            giver,
            taker,
            reason,
            kind,
            category,
            raised_by,
            raised_at_ms,
            due_ms,
        } = proto;
        Ok(Notice {
            matter: MatterId(exactly(&matter, "Notice.matter")?),
            number,
            leg: maybe_exactly(leg, "Notice.leg")?.map(LegId),
            giver: region(&giver, "Notice.giver")?,
            taker: need_from(taker, "Notice.taker")?,
            reason: NoticeReason::from_code(reason, "Notice.reason")?,
            kind: Kind::from_code(kind, "Notice.kind")?,
            category,
            raised_by: region(&raised_by, "Notice.raised_by")?,
            raised_at: Time(raised_at_ms),
            due: due_ms.map(Time),
        })
    }
}

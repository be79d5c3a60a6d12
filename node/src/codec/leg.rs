//! Acts on legs and what others learn of a leg: the contents of payloads, recorded as they travelled.

use super::form::{
    Coded, Form, all_from, all_to, bad_code, coded, exactly, maybe_exactly, need, need_from,
    region, region_text,
};
use super::malformed::Malformed;
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::{
    Act, Asking, Closure, Lane, LegKind, LegRole, Offer, RecallGround, RequestKind,
};
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
            category,
            urgency: Urgency::from_code(urgency, "Offer.urgency")?,
            determined,
            basis,
            content: all_from(content)?,
        })
    }
}

impl Form for Asking {
    type Proto = pb::Asking;

    fn to_proto(&self) -> pb::Asking {
        use pb::asking::{Asking as Choice, Escalation, Extension, Result, Return};
        let choice = match self {
            Asking::Return { ground, basis } => Choice::Return(Return {
                ground: ground.clone(),
                basis: basis.clone(),
            }),
            Asking::Extension { until } => Choice::Extension(Extension {
                until: Some(until.to_proto()),
            }),
            Asking::Escalation { ground } => Choice::Escalation(Escalation {
                ground: ground.clone(),
            }),
            Asking::Result { ground } => Choice::Result(Result {
                ground: ground.clone(),
            }),
        };
        pb::Asking {
            asking: Some(choice),
        }
    }

    fn from_proto(proto: pb::Asking) -> Result<Self, Malformed> {
        use pb::asking::{self, Asking as Choice};
        let pb::Asking { asking } = proto;
        Ok(match need(asking, "Asking.asking")? {
            Choice::Return(asking::Return { ground, basis }) => Asking::Return { ground, basis },
            Choice::Extension(asking::Extension { until }) => Asking::Extension {
                until: need_from(until, "Asking.Extension.until")?,
            },
            Choice::Escalation(asking::Escalation { ground }) => Asking::Escalation { ground },
            Choice::Result(asking::Result { ground }) => Asking::Result { ground },
        })
    }
}

impl Form for Act {
    type Proto = pb::Act;

    fn to_proto(&self) -> pb::Act {
        use pb::act::Act as Choice;
        let choice = match self {
            Act::Offer(offer) => Choice::Offer(offer.to_proto()),
            Act::Receipt => Choice::Receipt(pb::act::Receipt {}),
            Act::Sign { deemed } => Choice::Sign(pb::act::Sign { deemed: *deemed }),
            Act::Progress { stage } => Choice::Progress(pb::act::Progress {
                stage: stage.clone(),
            }),
            Act::Request { no, asking } => Choice::Request(pb::act::Request {
                no: *no,
                asking: Some(asking.to_proto()),
            }),
            Act::WithdrawRequest { no } => {
                Choice::WithdrawRequest(pb::act::WithdrawRequest { no: *no })
            }
            Act::Ruling {
                request,
                of,
                granted,
                basis,
                due,
            } => Choice::Ruling(pb::act::Ruling {
                request: *request,
                of: of.code(),
                granted: *granted,
                basis: basis.clone(),
                due: due.as_ref().map(|(no, due)| pb::act::NewDue {
                    no: *no,
                    due: Some(due.to_proto()),
                }),
            }),
            Act::Recall { ground } => Choice::Recall(pb::act::Recall {
                ground: ground.code(),
            }),
            Act::NewDue { no, due } => Choice::NewDue(pb::act::NewDue {
                no: *no,
                due: Some(due.to_proto()),
            }),
            Act::NameLead { term, lead } => Choice::NameLead(pb::act::NameLead {
                term: *term,
                lead: lead.0.to_vec(),
            }),
            Act::ClosedSince { at, how } => Choice::ClosedSince(pb::act::ClosedSince {
                at_ms: at.0,
                how: how.code(),
            }),
            Act::Supervise {
                order,
                issuer,
                trigger,
                reply_by,
            } => Choice::Supervise(pb::act::Supervise {
                order: order.0.to_vec(),
                issuer: region_text(*issuer),
                trigger: trigger.clone(),
                reply_by_ms: reply_by.0,
            }),
            Act::Remind { order } => Choice::Remind(pb::act::Remind {
                order: order.0.to_vec(),
            }),
            Act::ReplyOrder { order } => Choice::ReplyOrder(pb::act::ReplyOrder {
                order: order.0.to_vec(),
            }),
            Act::EndOrder { order } => Choice::EndOrder(pb::act::EndOrder {
                order: order.0.to_vec(),
            }),
            Act::Overdue { due } => Choice::Overdue(pb::act::Overdue { due_ms: due.0 }),
        };
        pb::Act { act: Some(choice) }
    }

    fn from_proto(proto: pb::Act) -> Result<Self, Malformed> {
        use pb::act::{self, Act as Choice};
        let pb::Act { act } = proto;
        Ok(match need(act, "Act.act")? {
            Choice::Offer(offer) => Act::Offer(Box::new(Offer::from_proto(offer)?)),
            Choice::Receipt(act::Receipt {}) => Act::Receipt,
            Choice::Sign(act::Sign { deemed }) => Act::Sign { deemed },
            Choice::Progress(act::Progress { stage }) => Act::Progress { stage },
            Choice::Request(act::Request { no, asking }) => Act::Request {
                no,
                asking: need_from(asking, "Act.Request.asking")?,
            },
            Choice::WithdrawRequest(act::WithdrawRequest { no }) => Act::WithdrawRequest { no },
            Choice::Ruling(act::Ruling {
                request,
                of,
                granted,
                basis,
                due,
            }) => Act::Ruling {
                request,
                of: RequestKind::from_code(of, "Act.Ruling.of")?,
                granted,
                basis,
                due: due
                    .map(|act::NewDue { no, due }| Ok((no, need_from(due, "Act.Ruling.due")?)))
                    .transpose()?,
            },
            Choice::Recall(act::Recall { ground }) => Act::Recall {
                ground: RecallGround::from_code(ground, "Act.Recall.ground")?,
            },
            Choice::NewDue(act::NewDue { no, due }) => Act::NewDue {
                no,
                due: need_from(due, "Act.NewDue.due")?,
            },
            Choice::NameLead(act::NameLead { term, lead }) => Act::NameLead {
                term,
                lead: LegId(exactly(&lead, "Act.NameLead.lead")?),
            },
            Choice::ClosedSince(act::ClosedSince { at_ms, how }) => Act::ClosedSince {
                at: Time(at_ms),
                how: Closure::from_code(how, "Act.ClosedSince.how")?,
            },
            Choice::Supervise(act::Supervise {
                order,
                issuer,
                trigger,
                reply_by_ms,
            }) => Act::Supervise {
                order: OrderId(exactly(&order, "Act.Supervise.order")?),
                issuer: region(&issuer, "Act.Supervise.issuer")?,
                trigger,
                reply_by: Time(reply_by_ms),
            },
            Choice::Remind(act::Remind { order }) => Act::Remind {
                order: OrderId(exactly(&order, "Act.Remind.order")?),
            },
            Choice::ReplyOrder(act::ReplyOrder { order }) => Act::ReplyOrder {
                order: OrderId(exactly(&order, "Act.ReplyOrder.order")?),
            },
            Choice::EndOrder(act::EndOrder { order }) => Act::EndOrder {
                order: OrderId(exactly(&order, "Act.EndOrder.order")?),
            },
            Choice::Overdue(act::Overdue { due_ms }) => Act::Overdue { due: Time(due_ms) },
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

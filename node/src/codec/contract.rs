//! Rows about legs: one side's record of the contract, its request and the supervision orders on it.

use super::form::{
    Coded, Form, all_from, all_to, bad_code, coded, exactly, maybe_exactly, need_from, region,
    region_text,
};
use super::malformed::Malformed;
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::{Closure, Leg, Order, Outcome, RecallGround, Request, Side, Stage};
use hotline_domain::supervision::IssuedOrder;
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;

coded!(Side => pb::Side { Giver, Taker, Both });
coded!(Outcome => pb::RequestOutcome { Open, Granted, Denied, Withdrawn, Late });

impl Coded for Stage {
    fn code(self) -> i32 {
        let stage = match self {
            Stage::Offered => pb::LegStage::Offered,
            Stage::Delivered => pb::LegStage::Delivered,
            Stage::Signed => pb::LegStage::Signed,
            Stage::Closed(Closure::Done) => pb::LegStage::ClosedDone,
            Stage::Closed(Closure::Returned) => pb::LegStage::ClosedReturned,
            Stage::Closed(Closure::Escalated) => pb::LegStage::ClosedEscalated,
            Stage::Closed(Closure::Recalled(ground)) => match ground {
                RecallGround::Recalled => pb::LegStage::ClosedRecalled,
                RecallGround::Withdrawn => pb::LegStage::ClosedWithdrawn,
                RecallGround::Released => pb::LegStage::ClosedReleased,
            },
        };
        stage as i32
    }

    fn from_code(code: i32, at: &'static str) -> Result<Self, Malformed> {
        let recalled = |ground| Stage::Closed(Closure::Recalled(ground));
        Ok(match pb::LegStage::try_from(code) {
            Ok(pb::LegStage::Offered) => Stage::Offered,
            Ok(pb::LegStage::Delivered) => Stage::Delivered,
            Ok(pb::LegStage::Signed) => Stage::Signed,
            Ok(pb::LegStage::ClosedDone) => Stage::Closed(Closure::Done),
            Ok(pb::LegStage::ClosedReturned) => Stage::Closed(Closure::Returned),
            Ok(pb::LegStage::ClosedEscalated) => Stage::Closed(Closure::Escalated),
            Ok(pb::LegStage::ClosedRecalled) => recalled(RecallGround::Recalled),
            Ok(pb::LegStage::ClosedWithdrawn) => recalled(RecallGround::Withdrawn),
            Ok(pb::LegStage::ClosedReleased) => recalled(RecallGround::Released),
            Ok(pb::LegStage::Unspecified) | Err(_) => return Err(bad_code(code, at)),
        })
    }
}

impl Form for Order {
    type Proto = pb::Order;

    fn to_proto(&self) -> pb::Order {
        let Order {
            id,
            issuer,
            trigger,
            at,
            reply_by,
            reminders,
            replied_at,
            ended_at,
        } = self;
        pb::Order {
            id: id.0.to_vec(),
            issuer: region_text(*issuer),
            trigger: trigger.clone(),
            at_ms: at.0,
            reply_by_ms: reply_by.0,
            reminders: *reminders,
            replied_at_ms: replied_at.map(|at| at.0),
            ended_at_ms: ended_at.map(|at| at.0),
        }
    }

    fn from_proto(proto: pb::Order) -> Result<Self, Malformed> {
        let pb::Order {
            id,
            issuer,
            trigger,
            at_ms,
            reply_by_ms,
            reminders,
            replied_at_ms,
            ended_at_ms,
        } = proto;
        Ok(Order {
            id: OrderId(exactly(&id, "Order.id")?),
            issuer: region(&issuer, "Order.issuer")?,
            trigger,
            at: Time(at_ms),
            reply_by: Time(reply_by_ms),
            reminders,
            replied_at: replied_at_ms.map(Time),
            ended_at: ended_at_ms.map(Time),
        })
    }
}

impl Form for IssuedOrder {
    type Proto = pb::IssuedOrder;

    fn to_proto(&self) -> pb::IssuedOrder {
        let IssuedOrder {
            order,
            leg,
            matter,
            taker,
        } = self;
        pb::IssuedOrder {
            order: Some(order.to_proto()),
            leg: leg.0.to_vec(),
            matter: matter.0.to_vec(),
            taker: Some(taker.to_proto()),
        }
    }

    fn from_proto(proto: pb::IssuedOrder) -> Result<Self, Malformed> {
        let pb::IssuedOrder {
            order,
            leg,
            matter,
            taker,
        } = proto;
        Ok(IssuedOrder {
            order: need_from(order, "IssuedOrder.order")?,
            leg: LegId(exactly(&leg, "IssuedOrder.leg")?),
            matter: MatterId(exactly(&matter, "IssuedOrder.matter")?),
            taker: need_from(taker, "IssuedOrder.taker")?,
        })
    }
}

impl Form for Request {
    type Proto = pb::Request;

    fn to_proto(&self) -> pb::Request {
        let Request {
            no,
            at,
            asking,
            outcome,
        } = self;
        pb::Request {
            no: *no,
            at_ms: at.0,
            asking: Some(asking.to_proto()),
            outcome: outcome.code(),
        }
    }

    fn from_proto(proto: pb::Request) -> Result<Self, Malformed> {
        let pb::Request {
            no,
            at_ms,
            asking,
            outcome,
        } = proto;
        Ok(Request {
            no,
            at: Time(at_ms),
            asking: need_from(asking, "Request.asking")?,
            outcome: Outcome::from_code(outcome, "Request.outcome")?,
        })
    }
}

impl Form for Leg {
    type Proto = pb::Leg;

    fn to_proto(&self) -> pb::Leg {
        let Leg {
            id,
            side,
            offer,
            offered_at,
            stage,
            delivered_at,
            signed_at,
            deemed,
            due,
            due_no,
            request,
            returns_denied,
            extensions,
            sent_back,
            term,
            lead,
            progress,
            orders,
            overdue_since,
            closed_at,
            heard_at,
            version,
        } = self;
        pb::Leg {
            id: id.0.to_vec(),
            side: side.code(),
            offer: Some(offer.to_proto()),
            offered_at_ms: offered_at.0,
            stage: stage.code(),
            delivered_at_ms: delivered_at.map(|at| at.0),
            signed_at_ms: signed_at.map(|at| at.0),
            deemed: *deemed,
            due: Some(due.to_proto()),
            due_no: *due_no,
            request: request.as_ref().map(Form::to_proto),
            returns_denied: *returns_denied,
            extensions: *extensions,
            sent_back: *sent_back,
            term: *term,
            lead: lead.map(|id| id.0.to_vec()),
            progress: progress.as_ref().map(|(at, stage)| pb::Progress {
                at_ms: at.0,
                stage: stage.clone(),
            }),
            orders: all_to(orders),
            overdue_since_ms: overdue_since.map(|at| at.0),
            closed_at_ms: closed_at.map(|at| at.0),
            heard_at_ms: heard_at.map(|at| at.0),
            version: *version,
        }
    }

    fn from_proto(proto: pb::Leg) -> Result<Self, Malformed> {
        let pb::Leg {
            id,
            side,
            offer,
            offered_at_ms,
            stage,
            delivered_at_ms,
            signed_at_ms,
            deemed,
            due,
            due_no,
            request,
            returns_denied,
            extensions,
            sent_back,
            term,
            lead,
            progress,
            orders,
            overdue_since_ms,
            closed_at_ms,
            heard_at_ms,
            version,
        } = proto;
        Ok(Leg {
            id: LegId(exactly(&id, "Leg.id")?),
            side: Side::from_code(side, "Leg.side")?,
            offer: need_from(offer, "Leg.offer")?,
            offered_at: Time(offered_at_ms),
            stage: Stage::from_code(stage, "Leg.stage")?,
            delivered_at: delivered_at_ms.map(Time),
            signed_at: signed_at_ms.map(Time),
            deemed,
            due: need_from(due, "Leg.due")?,
            due_no,
            request: request.map(Form::from_proto).transpose()?,
            returns_denied,
            extensions,
            sent_back,
            term,
            lead: maybe_exactly(lead, "Leg.lead")?.map(LegId),
            progress: progress.map(|pb::Progress { at_ms, stage }| (Time(at_ms), stage)),
            orders: all_from(orders)?,
            overdue_since: overdue_since_ms.map(Time),
            closed_at: closed_at_ms.map(Time),
            heard_at: heard_at_ms.map(Time),
            version,
        })
    }
}

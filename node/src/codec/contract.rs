//! Rows about legs: one side's record of the contract, its request and the supervision orders on it.

use super::field::{Field, noun, put};
use super::form::{Coded, bad_code, coded, number};
use super::malformed::Malformed;
use hotline_domain::leg::{Closure, Leg, Order, Outcome, RecallGround, Request, Side, Stage};
use hotline_domain::supervision::{IssuedOrder, OrderStep, OrderWord};
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

number!(Stage);

noun!(Order => pb::Order {
    id, issuer, trigger, at: at_ms, reply_by: reply_by_ms, reminders, replied_at: replied_at_ms, ended_at: ended_at_ms,
});
noun!(IssuedOrder => pb::IssuedOrder { order, leg, matter, taker, number });
coded!(OrderStep => pb::OrderStep { Issued, Reminded, Replied, Ended });
noun!(OrderWord => pb::OrderWord { order, matter, no, step, by, actor, at: at_ms, fields });
noun!(Request => pb::Request { no, at: at_ms, asking, outcome });

/// The latest progress word.
impl Field<pb::Progress> for (Time, String) {
    fn put(&self) -> pb::Progress {
        let (at, stage) = self;
        put!(pb::Progress { at: at_ms, stage })
    }

    fn take(content: pb::Progress, _: &'static str) -> Result<Self, Malformed> {
        let pb::Progress { at_ms, stage } = content;
        Ok((Time(at_ms), stage))
    }
}

noun!(Leg => pb::Leg {
    id, side, offer, offered_at: offered_at_ms, stage, delivered_at: delivered_at_ms, signed_at: signed_at_ms, deemed,
    due, due_no, due_by_calendar, request, returns_denied, extensions, sent_back, term, lead, progress, orders,
    overdue_since: overdue_since_ms, closed_at: closed_at_ms, heard_at: heard_at_ms, version,
});

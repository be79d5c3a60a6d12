//! What a party does on a leg: recorded as it travelled.

use super::form::{Coded, Form, exactly, need, need_from, region, region_text};
use super::malformed::Malformed;
use hotline_domain::id::{LegId, OrderId};
use hotline_domain::leg::{Act, Asking, Closure, Offer, RecallGround, RequestKind};
use hotline_proto::leg::v1 as pb;
use hotline_topology::Time;

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

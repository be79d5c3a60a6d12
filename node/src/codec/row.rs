//! Rows of the view as bytes.

use super::form::{
    Form, exactly, legs_from, legs_to, maybe_exactly, need, need_from, region, region_text,
};
use super::malformed::{Malformed, Why};
use hotline_domain::fact::Fact;
use hotline_domain::figures::{Cell, CellKey, Known};
use hotline_domain::id::LegId;
use hotline_domain::id::{MatterId, OrderId};
use hotline_domain::leg::Leg;
use hotline_domain::link::{Envelope, LinkState};
use hotline_domain::row::{Done, Kept, NodeRow, Row, TimerKey};
use hotline_domain::supervision::{IssuedOrder, Notice};
use hotline_domain::ticket::Ticket;
use hotline_proto::Bytes as _;
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;

/// The bytes of a row's value; deterministic.
#[must_use]
pub fn encode(row: &Row) -> Vec<u8> {
    row.to_proto().to_bytes()
}

/// The row of bytes that stood in the view.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn decode(bytes: &[u8]) -> Result<Row, Malformed> {
    let proto =
        pb::Row::from_bytes(bytes).map_err(|error| Malformed::new("Row", Why::Bytes(error)))?;
    Row::from_proto(proto)
}

impl Form for TimerKey {
    type Proto = pb::TimerKey;

    fn to_proto(&self) -> pb::TimerKey {
        use pb::timer_key::{Key as Choice, ReportFigures};
        let choice = match self {
            TimerKey::TicketDue(matter) => Choice::TicketDue(matter.0.to_vec()),
            TimerKey::LegDue(leg) => Choice::LegDue(leg.0.to_vec()),
            TimerKey::SignDue(leg) => Choice::SignDue(leg.0.to_vec()),
            TimerKey::OrderReply(order) => Choice::OrderReply(order.0.to_vec()),
            TimerKey::CallBackDue(matter) => Choice::CallBackDue(matter.0.to_vec()),
            TimerKey::ReportFigures => Choice::ReportFigures(ReportFigures {}),
            TimerKey::KeptBound(no) => Choice::KeptBound(*no),
        };
        pb::TimerKey { key: Some(choice) }
    }

    fn from_proto(proto: pb::TimerKey) -> Result<Self, Malformed> {
        use pb::timer_key::{Key as Choice, ReportFigures};
        let pb::TimerKey { key } = proto;
        let id = |bytes: &[u8], at| exactly::<16>(bytes, at);
        Ok(match need(key, "TimerKey.key")? {
            Choice::TicketDue(b) => TimerKey::TicketDue(MatterId(id(&b, "TimerKey.ticket_due")?)),
            Choice::LegDue(b) => TimerKey::LegDue(LegId(id(&b, "TimerKey.leg_due")?)),
            Choice::SignDue(b) => TimerKey::SignDue(LegId(id(&b, "TimerKey.sign_due")?)),
            Choice::OrderReply(b) => TimerKey::OrderReply(OrderId(id(&b, "TimerKey.order_reply")?)),
            Choice::CallBackDue(b) => {
                TimerKey::CallBackDue(MatterId(id(&b, "TimerKey.call_back_due")?))
            }
            Choice::ReportFigures(ReportFigures {}) => TimerKey::ReportFigures,
            Choice::KeptBound(no) => TimerKey::KeptBound(no),
        })
    }
}

impl Form for Done {
    type Proto = pb::Done;

    fn to_proto(&self) -> pb::Done {
        let Done {
            matter,
            number,
            legs,
            order,
            version,
        } = self;
        pb::Done {
            matter: matter.map(|id| id.0.to_vec()),
            number: number.clone(),
            legs: legs_to(legs),
            order: order.map(|id| id.0.to_vec()),
            version: *version,
        }
    }

    fn from_proto(proto: pb::Done) -> Result<Self, Malformed> {
        let pb::Done {
            matter,
            number,
            legs,
            order,
            version,
        } = proto;
        Ok(Done {
            matter: maybe_exactly(matter, "Done.matter")?.map(MatterId),
            number,
            legs: legs_from(&legs, "Done.legs")?,
            order: maybe_exactly(order, "Done.order")?.map(OrderId),
            version,
        })
    }
}

impl Form for NodeRow {
    type Proto = pb::NodeRow;

    fn to_proto(&self) -> pb::NodeRow {
        let NodeRow {
            epoch,
            mark,
            issued,
            time,
            figures_version,
            figures_reported,
            reported_at,
            report_due,
            reported_to,
            kept,
            clock_held,
        } = self;
        pb::NodeRow {
            epoch: *epoch,
            mark: mark.to_vec(),
            issued: *issued,
            time_ms: time.0,
            figures_version: *figures_version,
            figures_reported: *figures_reported,
            reported_at_ms: reported_at.map(|at| at.0),
            report_due_ms: report_due.map(|at| at.0),
            reported_to: reported_to.as_ref().map(|(parent, epoch)| pb::ReportedTo {
                parent: region_text(*parent),
                epoch: *epoch,
            }),
            kept: *kept,
            clock_held: clock_held.clone(),
        }
    }

    fn from_proto(proto: pb::NodeRow) -> Result<Self, Malformed> {
        let pb::NodeRow {
            epoch,
            mark,
            issued,
            time_ms,
            figures_version,
            figures_reported,
            reported_at_ms,
            report_due_ms,
            reported_to,
            kept,
            clock_held,
        } = proto;
        Ok(NodeRow {
            epoch,
            mark: exactly(&mark, "NodeRow.mark")?,
            issued,
            time: Time(time_ms),
            figures_version,
            figures_reported,
            reported_at: reported_at_ms.map(Time),
            report_due: report_due_ms.map(Time),
            reported_to: reported_to
                .map(|pb::ReportedTo { parent, epoch }| {
                    Ok((region(&parent, "ReportedTo.parent")?, epoch))
                })
                .transpose()?,
            kept,
            clock_held,
        })
    }
}

impl Form for Known {
    type Proto = pb::Known;

    fn to_proto(&self) -> pb::Known {
        let Known { mark, forwarded } = self;
        pb::Known {
            mark: Some(mark.to_proto()),
            forwarded: forwarded.as_ref().map(Form::to_proto),
        }
    }

    fn from_proto(proto: pb::Known) -> Result<Self, Malformed> {
        let pb::Known { mark, forwarded } = proto;
        Ok(Known {
            mark: need_from(mark, "Known.mark")?,
            forwarded: forwarded.map(Form::from_proto).transpose()?,
        })
    }
}

impl Form for Row {
    type Proto = pb::Row;

    fn to_proto(&self) -> pb::Row {
        use pb::row::{self as p, Row as Choice};
        let choice = match self {
            Row::Ticket(ticket) => Choice::Ticket(ticket.to_proto()),
            Row::Leg(leg) => Choice::Leg(leg.to_proto()),
            Row::Order(order) => Choice::Order(order.to_proto()),
            Row::Timeline(fact) => Choice::Timeline(fact.to_proto()),
            Row::Outbox(envelope, hash) => Choice::Outbox(p::Outbox {
                envelope: Some(envelope.to_proto()),
                hash: hash.to_vec(),
            }),
            Row::Link(link) => Choice::Link(link.to_proto()),
            Row::Kept(kept) => Choice::Kept(kept.to_proto()),
            Row::Mark => Choice::Mark(p::Mark {}),
            Row::Matter(matter) => Choice::Matter(p::Matter {
                matter: matter.0.to_vec(),
            }),
            Row::Notice(notice) => Choice::Notice(notice.to_proto()),
            Row::Cell(cell) => Choice::Cell(cell.to_proto()),
            Row::CellKey(key) => Choice::CellKey(key.to_proto()),
            Row::Watermark(known) => Choice::Watermark(known.to_proto()),
            Row::Answer(digest, done) => Choice::Answer(p::Answer {
                digest: digest.to_vec(),
                done: Some(done.to_proto()),
            }),
            Row::Node(node) => Choice::Node(node.to_proto()),
        };
        pb::Row { row: Some(choice) }
    }

    fn from_proto(proto: pb::Row) -> Result<Self, Malformed> {
        use pb::row::{self as p, Row as Choice};
        let pb::Row { row } = proto;
        Ok(match need(row, "Row.row")? {
            Choice::Ticket(ticket) => Row::Ticket(Box::new(Ticket::from_proto(ticket)?)),
            Choice::Leg(leg) => Row::Leg(Box::new(Leg::from_proto(leg)?)),
            Choice::Order(order) => Row::Order(Box::new(IssuedOrder::from_proto(order)?)),
            Choice::Timeline(fact) => Row::Timeline(Box::new(Fact::from_proto(fact)?)),
            Choice::Outbox(p::Outbox { envelope, hash }) => Row::Outbox(
                Box::new(need_from::<Envelope>(envelope, "Row.Outbox.envelope")?),
                exactly(&hash, "Row.Outbox.hash")?,
            ),
            Choice::Link(link) => Row::Link(Box::new(LinkState::from_proto(link)?)),
            Choice::Kept(kept) => Row::Kept(Box::new(Kept::from_proto(kept)?)),
            Choice::Mark(p::Mark {}) => Row::Mark,
            Choice::Matter(p::Matter { matter }) => {
                Row::Matter(MatterId(exactly(&matter, "Row.Matter.matter")?))
            }
            Choice::Notice(notice) => Row::Notice(Box::new(Notice::from_proto(notice)?)),
            Choice::Cell(cell) => Row::Cell(Box::new(Cell::from_proto(cell)?)),
            Choice::CellKey(key) => Row::CellKey(Box::new(CellKey::from_proto(key)?)),
            Choice::Watermark(known) => Row::Watermark(Box::new(Known::from_proto(known)?)),
            Choice::Answer(p::Answer { digest, done }) => Row::Answer(
                exactly(&digest, "Row.Answer.digest")?,
                Box::new(need_from::<Done>(done, "Row.Answer.done")?),
            ),
            Choice::Node(node) => Row::Node(Box::new(NodeRow::from_proto(node)?)),
        })
    }
}

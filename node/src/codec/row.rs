//! Rows of the view as bytes.

use super::field::{Field, choice, noun, put};
use super::form::need;
use super::malformed::{Malformed, Why};
use hotline_domain::row::{Done, NodeRow, Row, TimerKey};
use hotline_proto::Bytes as _;
use hotline_proto::record::v1 as pb;
use hotline_topology::RegionKey;
use pb::{row, timer_key};

/// The bytes of a row's value; deterministic.
#[must_use]
pub fn encode(row: &Row) -> Vec<u8> {
    row.put().to_bytes()
}

/// The row of bytes that stood in the view.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn decode(bytes: &[u8]) -> Result<Row, Malformed> {
    let row =
        pb::Row::from_bytes(bytes).map_err(|error| Malformed::new("Row", Why::Bytes(error)))?;
    Field::take(row, "Row")
}

choice!(TimerKey => pb::TimerKey [key: timer_key::Key] {
    TicketDue(matter),
    LegDue(leg),
    SignDue(leg),
    OrderReply(order),
    CallBackDue(matter),
    ReportFigures: timer_key::ReportFigures {},
    KeptBound(no),
    RetireKey(no),
    AwaitKey(region),
    TellArrivals: timer_key::TellArrivals {},
    WorldDue: timer_key::WorldDue {},
    WorldCheck: timer_key::WorldCheck {},
    AssignDue(matter),
    CloseDay: timer_key::CloseDay {},
});

noun!(Done => pb::Done { matter, number, legs, order, version });

noun!(NodeRow => pb::NodeRow {
    epoch, mark, issued, time: time_ms, figures_version, figures_reported, reported_at: reported_at_ms, reported_to,
    report_due: report_due_ms, kept, clock_held, restore, missing, topology,
    log_no,
});

/// The parent that figures were reported to, and its epoch.
impl Field<pb::ReportedTo> for (RegionKey, u64) {
    fn put(&self) -> pb::ReportedTo {
        let (parent, epoch) = self;
        put!(pb::ReportedTo { parent, epoch })
    }

    fn take(content: pb::ReportedTo, _: &'static str) -> Result<Self, Malformed> {
        let pb::ReportedTo { parent, epoch } = content;
        Ok((Field::take(parent, "ReportedTo.parent")?, epoch))
    }
}

impl Field<pb::Row> for Row {
    fn put(&self) -> pb::Row {
        use row::Row as Choice;
        let choice = match self {
            Row::Ticket(ticket) => Choice::Ticket(ticket.put()),
            Row::Leg(leg) => Choice::Leg(leg.put()),
            Row::Order(order) => Choice::Order(order.put()),
            Row::OrderWord(word) => Choice::OrderWord(word.put()),
            Row::Timeline(fact) => Choice::Timeline(fact.put()),
            Row::Outbox(envelope, hash) => Choice::Outbox(put!(row::Outbox { envelope, hash })),
            Row::Link(link) => Choice::Link(link.put()),
            Row::Kept(kept) => Choice::Kept(kept.put()),
            Row::Mark => Choice::Mark(row::Mark {}),
            Row::Matter(matter) => Choice::Matter(put!(row::Matter { matter })),
            Row::Notice(notice) => Choice::Notice(notice.put()),
            Row::Cell(cell) => Choice::Cell(cell.put()),
            Row::CellKey(key) => Choice::CellKey(key.put()),
            Row::Watermark(known) => Choice::Watermark(known.put()),
            Row::Answer(digest, done) => Choice::Answer(put!(row::Answer { digest, done })),
            Row::Node(node) => Choice::Node(node.put()),
            Row::Starts(starts) => Choice::Starts(starts.put()),
            Row::Certificate(region, chain) => {
                Choice::Certificate(put!(row::Certificate { region, chain }))
            }
            Row::SealingKey(key) => Choice::SealingKey(key.put()),
            Row::OwnKey(key) => Choice::OwnKey(key.put()),
            Row::Destroyed(record) => Choice::Destroyed(record.put()),
            Row::Exchange(exchange) => Choice::Exchange(exchange.put()),
            Row::Missing(missing) => Choice::Missing(missing.put()),
            Row::Asked(question) => Choice::Asked(question.put()),
            Row::Document(document) => Choice::Document(document.put()),
            Row::DocumentPart(bytes) => Choice::DocumentPart(put!(row::DocumentPart { bytes })),
            Row::PeerWorld(known) => Choice::PeerWorld(known.put()),
            Row::Attachment(attached) => Choice::Attachment(attached.put()),
            Row::Provisional(reckoned) => Choice::Provisional(reckoned.put()),
            Row::Reading(reading) => Choice::Reading(reading.put()),
            Row::Count(count) => Choice::Count(put!(row::Count { count })),
            Row::Diary(diary) => Choice::Diary(diary.put()),
            Row::Day(digest, value) => Choice::Day(put!(row::Day { digest, value })),
            Row::Account(account) => Choice::Account(account.put()),
        };
        pb::Row { row: Some(choice) }
    }

    fn take(content: pb::Row, _: &'static str) -> Result<Self, Malformed> {
        use row::Row as Choice;
        let pb::Row { row } = content;
        Ok(match need(row, "Row.row")? {
            Choice::Ticket(ticket) => Row::Ticket(Field::take(ticket, "Row.ticket")?),
            Choice::Leg(leg) => Row::Leg(Field::take(leg, "Row.leg")?),
            Choice::Order(order) => Row::Order(Field::take(order, "Row.order")?),
            Choice::OrderWord(word) => Row::OrderWord(Field::take(word, "Row.order_word")?),
            Choice::Timeline(fact) => Row::Timeline(Field::take(fact, "Row.timeline")?),
            Choice::Outbox(row::Outbox { envelope, hash }) => Row::Outbox(
                Field::take(envelope, "Row.Outbox.envelope")?,
                Field::take(hash, "Row.Outbox.hash")?,
            ),
            Choice::Link(link) => Row::Link(Field::take(link, "Row.link")?),
            Choice::Kept(kept) => Row::Kept(Field::take(kept, "Row.kept")?),
            Choice::Mark(row::Mark {}) => Row::Mark,
            Choice::Matter(row::Matter { matter }) => {
                Row::Matter(Field::take(matter, "Row.Matter.matter")?)
            }
            Choice::Notice(notice) => Row::Notice(Field::take(notice, "Row.notice")?),
            Choice::Cell(cell) => Row::Cell(Field::take(cell, "Row.cell")?),
            Choice::CellKey(key) => Row::CellKey(Field::take(key, "Row.cell_key")?),
            Choice::Watermark(known) => Row::Watermark(Field::take(known, "Row.watermark")?),
            Choice::Answer(row::Answer { digest, done }) => Row::Answer(
                Field::take(digest, "Row.Answer.digest")?,
                Field::take(done, "Row.Answer.done")?,
            ),
            Choice::Node(node) => Row::Node(Field::take(node, "Row.node")?),
            Choice::Starts(starts) => Row::Starts(Field::take(starts, "Row.starts")?),
            Choice::Certificate(row::Certificate { region, chain }) => Row::Certificate(
                Field::take(region, "Row.Certificate.region")?,
                Field::take(chain, "Row.Certificate.chain")?,
            ),
            Choice::SealingKey(key) => Row::SealingKey(Field::take(key, "Row.sealing_key")?),
            Choice::OwnKey(key) => Row::OwnKey(Field::take(key, "Row.own_key")?),
            Choice::Destroyed(record) => Row::Destroyed(Field::take(record, "Row.destroyed")?),
            Choice::Exchange(exchange) => Row::Exchange(Field::take(exchange, "Row.exchange")?),
            Choice::Missing(missing) => Row::Missing(Field::take(missing, "Row.missing")?),
            Choice::Asked(question) => Row::Asked(Field::take(question, "Row.asked")?),
            Choice::Document(document) => Row::Document(Field::take(document, "Row.document")?),
            Choice::DocumentPart(row::DocumentPart { bytes }) => {
                Row::DocumentPart(Field::take(bytes, "Row.DocumentPart.bytes")?)
            }
            Choice::PeerWorld(known) => Row::PeerWorld(Field::take(known, "Row.peer_world")?),
            Choice::Attachment(attached) => {
                Row::Attachment(Field::take(attached, "Row.attachment")?)
            }
            Choice::Provisional(reckoned) => {
                Row::Provisional(Field::take(reckoned, "Row.provisional")?)
            }
            Choice::Reading(reading) => Row::Reading(Field::take(reading, "Row.reading")?),
            Choice::Count(row::Count { count }) => {
                Row::Count(Field::take(count, "Row.Count.count")?)
            }
            Choice::Diary(diary) => Row::Diary(Field::take(diary, "Row.diary")?),
            Choice::Day(row::Day { digest, value }) => Row::Day(
                Field::take(digest, "Row.Day.digest")?,
                Field::take(value, "Row.Day.value")?,
            ),
            Choice::Account(account) => Row::Account(Field::take(account, "Row.account")?),
        })
    }
}

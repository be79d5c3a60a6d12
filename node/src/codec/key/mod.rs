//! Keys of rows as bytes: within each kind of row the bytes order exactly as [`RowKey`] orders.
//!
//! ```text
//! key                 tag u8 | the parts of that kind of row, in their order
//! ids, regions        as they are, of fixed length
//! unsigned numbers    big-endian
//! signed numbers      big-endian with the sign bit turned over, so that negative ones come first
//! enumerations        one byte, rising as the variants do
//! texts               bytes with 0x00 written 0x00 0xFF, then 0x00 0x00, so that a text orders before its extensions
//! ```
//!
//! A kind's tag rises as the variants of [`RowKey`] do, is unique over all trees and never changes its meaning. To
//! add a kind of row you add its line to `KINDS`, its arms to `tag`, `encode` and `decode`, and its row to `codec/row.rs`.

mod parts;
#[cfg(test)]
mod tests;

use self::parts::{Reader, Writer};
use super::malformed::{Malformed, Why};
use crate::store::Tree;
use hotline_domain::attachment::AttachmentId;
use hotline_domain::body::Body;
use hotline_domain::clock::DueOf;
use hotline_domain::figures::{CellKey, Table};
use hotline_domain::id::{EnvelopeId, LegId, MatterId, OrderId};
use hotline_domain::leg::{Lane, RuleVersion};
use hotline_domain::row::{IndexKey, RowKey, TimerKey};
use hotline_domain::ticket::TicketStage;
use hotline_domain::world::DocumentKind;
use hotline_topology::UnitKey;

/// Tag, tree and name of each kind of row, in the order of [`RowKey`]'s variants.
const KINDS: [(u8, Tree, &str); 39] = [
    (1, Tree::Ticket, "RowKey.Ticket"),
    (2, Tree::Leg, "RowKey.Leg"),
    (3, Tree::Leg, "RowKey.Order"),
    (4, Tree::Timeline, "RowKey.Timeline"),
    (5, Tree::Outbox, "RowKey.Outbox"),
    (6, Tree::Link, "RowKey.Link"),
    (7, Tree::Link, "RowKey.Kept"),
    (8, Tree::Timer, "RowKey.Timer"),
    (9, Tree::Index, "RowKey.Index"),
    (10, Tree::Index, "RowKey.Notice"),
    (11, Tree::Figure, "RowKey.Cell"),
    (12, Tree::Figure, "RowKey.CellVersion"),
    (13, Tree::Figure, "RowKey.Watermark"),
    (14, Tree::Meta, "RowKey.Answer"),
    (15, Tree::Meta, "RowKey.Node"),
    (16, Tree::Meta, "RowKey.Starts"),
    (30, Tree::Meta, "RowKey.Certificate"),
    (40, Tree::Link, "RowKey.SealingKey"),
    (41, Tree::Meta, "RowKey.OwnKey"),
    (42, Tree::Link, "RowKey.SealingAsked"),
    (43, Tree::Outbox, "RowKey.Awaiting"),
    (44, Tree::Outbox, "RowKey.InFlight"),
    (45, Tree::Link, "RowKey.Arrived"),
    (46, Tree::Meta, "RowKey.Destroyed"),
    (47, Tree::Link, "RowKey.Taken"),
    (50, Tree::Meta, "RowKey.Exchange"),
    (51, Tree::Meta, "RowKey.Missing"),
    (52, Tree::Meta, "RowKey.Asked"),
    (60, Tree::Meta, "RowKey.Document"),
    (61, Tree::Meta, "RowKey.DocumentPart"),
    (62, Tree::Meta, "RowKey.PeerWorld"),
    (80, Tree::Ticket, "RowKey.Attachment"),
    (100, Tree::Meta, "RowKey.Provisional"),
    (120, Tree::Timeline, "RowKey.Reading"),
    (121, Tree::Timeline, "RowKey.Readings"),
    (122, Tree::Timeline, "RowKey.OrderWord"),
    (130, Tree::Meta, "RowKey.Diary"),
    (131, Tree::Meta, "RowKey.Day"),
    (132, Tree::Link, "RowKey.Account"),
];

/// The tag of the key's kind.
fn tag(key: &RowKey) -> u8 {
    match key {
        RowKey::Ticket(..) => 1,
        RowKey::Leg(..) => 2,
        RowKey::Order(..) => 3,
        RowKey::Timeline(..) => 4,
        RowKey::Outbox(..) => 5,
        RowKey::Link(..) => 6,
        RowKey::Kept(..) => 7,
        RowKey::Timer(..) => 8,
        RowKey::Index(..) => 9,
        RowKey::Notice(..) => 10,
        RowKey::Cell(..) => 11,
        RowKey::CellVersion(..) => 12,
        RowKey::Watermark(..) => 13,
        RowKey::Answer(..) => 14,
        RowKey::Node => 15,
        RowKey::Starts => 16,
        RowKey::Certificate(..) => 30,
        RowKey::SealingKey(..) => 40,
        RowKey::OwnKey(..) => 41,
        RowKey::SealingAsked(..) => 42,
        RowKey::Awaiting(..) => 43,
        RowKey::InFlight(..) => 44,
        RowKey::Arrived(..) => 45,
        RowKey::Destroyed(..) => 46,
        RowKey::Taken(..) => 47,
        RowKey::Exchange(..) => 50,
        RowKey::Missing(..) => 51,
        RowKey::Asked(..) => 52,
        RowKey::Document(..) => 60,
        RowKey::DocumentPart(..) => 61,
        RowKey::PeerWorld(..) => 62,
        RowKey::Attachment(..) => 80,
        RowKey::Provisional(..) => 100,
        RowKey::Reading(..) => 120,
        RowKey::Readings(..) => 121,
        RowKey::OrderWord(..) => 122,
        RowKey::Diary => 130,
        RowKey::Day(..) => 131,
        RowKey::Account(..) => 132,
    }
}

/// Position of the key's kind in [`KINDS`].
fn kind(key: &RowKey) -> usize {
    let tag = tag(key);
    // Every tag stands in the table, which a test sees to.
    KINDS.partition_point(|(known, _, _)| *known < tag)
}

/// The tree that rows of this kind stand in.
#[must_use]
pub fn tree(key: &RowKey) -> Tree {
    KINDS[kind(key)].1
}

/// The key's bytes in its tree.
///
/// Engines refuse keys of over [`crate::store::view::KEY_BYTES_MAX`] bytes; the bounds on codes in
/// [`super::payload`] keep what peers send below that, the door what people send.
#[must_use]
pub fn encode(key: &RowKey) -> Vec<u8> {
    let mut out = Writer::new(KINDS[kind(key)].0);
    match key {
        RowKey::Ticket(MatterId(id))
        | RowKey::Leg(LegId(id))
        | RowKey::Order(OrderId(id))
        | RowKey::Readings(MatterId(id)) => {
            out.raw(id);
        }
        RowKey::Timeline(matter, no) | RowKey::Reading(matter, no) => {
            out.raw(&matter.0);
            out.u32(*no);
        }
        RowKey::Outbox(peer, lane, seq) => {
            out.raw(peer.as_bytes());
            out.u8(lane_byte(*lane));
            out.u64(*seq);
        }
        RowKey::Link(peer) => out.raw(peer.as_bytes()),
        RowKey::Kept(no) => out.u64(*no),
        RowKey::Timer(at, timer) => {
            out.time(*at);
            write_timer(&mut out, *timer);
        }
        RowKey::Index(index) => write_index(&mut out, index),
        RowKey::Notice(at, matter, leg, reason) => {
            out.time(*at);
            out.raw(&matter.0);
            out.raw(&leg.0);
            out.u8(*reason);
        }
        RowKey::Cell(cell) => write_cell(&mut out, cell),
        RowKey::CellVersion(author, version) => {
            out.raw(author.as_bytes());
            out.u64(*version);
        }
        RowKey::Watermark(author) => out.raw(author.as_bytes()),
        RowKey::Answer(operator, key) => {
            out.text(operator);
            out.text(key);
        }
        RowKey::Node | RowKey::Starts | RowKey::Diary => {}
        RowKey::Certificate(id) => out.raw(id),
        RowKey::SealingKey(region) => out.raw(region.as_bytes()),
        RowKey::OwnKey(no) => out.u32(*no),
        RowKey::SealingAsked(region, asker) => {
            out.raw(region.as_bytes());
            out.raw(asker.as_bytes());
        }
        RowKey::Awaiting(region, no) | RowKey::Asked(region, no) => {
            out.raw(region.as_bytes());
            out.u64(*no);
        }
        RowKey::InFlight(EnvelopeId(id)) | RowKey::Taken(EnvelopeId(id)) => out.raw(id),
        RowKey::Arrived(author, EnvelopeId(id)) => {
            out.raw(author.as_bytes());
            out.raw(id);
        }
        RowKey::Destroyed(slot) => out.u64(*slot),
        RowKey::Exchange(peer) => out.raw(peer.as_bytes()),
        RowKey::Missing(no) => out.u64(*no),
        RowKey::Document(kind, scope, name, version) => {
            out.u8(document_byte(*kind));
            out.raw(scope.as_bytes());
            out.text(name);
            out.u32(*version);
        }
        RowKey::DocumentPart(digest, no) => {
            out.raw(digest);
            out.u32(*no);
        }
        RowKey::PeerWorld(peer) | RowKey::Account(peer) => out.raw(peer.as_bytes()),
        RowKey::Day(no) => out.u64(*no),
        RowKey::Attachment(matter, id) => {
            out.raw(&matter.0);
            out.raw(&id.0);
        }
        RowKey::Provisional(of) => match of {
            DueOf::Ticket(MatterId(id)) => out.tagged(0, id),
            DueOf::Leg(LegId(id)) => out.tagged(1, id),
            DueOf::Order(OrderId(id)) => out.tagged(2, id),
        },
        RowKey::OrderWord(matter, order, no) => {
            out.raw(&matter.0);
            out.raw(&order.0);
            out.u32(*no);
        }
    }
    out.finish()
}

/// The key of bytes that stood in a tree.
///
/// # Errors
/// Bytes that [`encode`] does not write, or not in that tree.
pub fn decode(tree: Tree, bytes: &[u8]) -> Result<RowKey, Malformed> {
    let tag = bytes.first().copied().unwrap_or_default();
    let known = KINDS.iter().find(|(at, of, _)| *at == tag && *of == tree);
    let Some((_, _, name)) = known else {
        return Err(Malformed::new("RowKey", Why::UnknownValue(i32::from(tag))));
    };
    let mut from = Reader::new(&bytes[1..], name);
    let key = match tag {
        1 => RowKey::Ticket(MatterId(from.raw()?)),
        2 => RowKey::Leg(LegId(from.raw()?)),
        3 => RowKey::Order(OrderId(from.raw()?)),
        4 => RowKey::Timeline(MatterId(from.raw()?), from.u32()?),
        5 => RowKey::Outbox(from.region()?, read_lane(&mut from)?, from.u64()?),
        6 => RowKey::Link(from.region()?),
        7 => RowKey::Kept(from.u64()?),
        8 => RowKey::Timer(from.time()?, read_timer(&mut from)?),
        9 => RowKey::Index(read_index(&mut from)?),
        10 => RowKey::Notice(
            from.time()?,
            MatterId(from.raw()?),
            LegId(from.raw()?),
            from.u8()?,
        ),
        11 => RowKey::Cell(read_cell(&mut from)?),
        12 => RowKey::CellVersion(from.region()?, from.u64()?),
        13 => RowKey::Watermark(from.region()?),
        14 => RowKey::Answer(from.text()?, from.text()?),
        15 => RowKey::Node,
        16 => RowKey::Starts,
        30 => RowKey::Certificate(from.raw()?),
        40 => RowKey::SealingKey(from.region()?),
        41 => RowKey::OwnKey(from.u32()?),
        42 => RowKey::SealingAsked(from.region()?, from.region()?),
        43 => RowKey::Awaiting(from.region()?, from.u64()?),
        44 => RowKey::InFlight(EnvelopeId(from.raw()?)),
        45 => RowKey::Arrived(from.region()?, EnvelopeId(from.raw()?)),
        46 => RowKey::Destroyed(from.u64()?),
        47 => RowKey::Taken(EnvelopeId(from.raw()?)),
        50 => RowKey::Exchange(from.region()?),
        51 => RowKey::Missing(from.u64()?),
        52 => RowKey::Asked(from.region()?, from.u64()?),
        60 => RowKey::Document(
            from.one_of(&DocumentKind::ALL)?,
            from.region()?,
            from.text()?,
            from.u32()?,
        ),
        61 => RowKey::DocumentPart(from.raw()?, from.u32()?),
        62 => RowKey::PeerWorld(from.region()?),
        80 => RowKey::Attachment(MatterId(from.raw()?), AttachmentId(from.raw()?)),
        100 => RowKey::Provisional(match from.u8()? {
            0 => DueOf::Ticket(MatterId(from.raw()?)),
            1 => DueOf::Leg(LegId(from.raw()?)),
            2 => DueOf::Order(OrderId(from.raw()?)),
            other => return Err(from.unknown(other)),
        }),
        130 => RowKey::Diary,
        131 => RowKey::Day(from.u64()?),
        132 => RowKey::Account(from.region()?),
        120 => RowKey::Reading(MatterId(from.raw()?), from.u32()?),
        121 => RowKey::Readings(MatterId(from.raw()?)),
        122 => RowKey::OrderWord(MatterId(from.raw()?), OrderId(from.raw()?), from.u32()?),
        other => return Err(from.unknown(other)),
    };
    from.end()?;
    Ok(key)
}

/// A part of one tree: keys from `from` (included) to `to` (excluded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The tree.
    pub tree: Tree,
    /// The first key.
    pub from: Vec<u8>,
    /// The key to stop before.
    pub to: Vec<u8>,
}

/// The parts of trees that hold the keys in `from..to`, in the order of [`RowKey`]; one where both are of one kind.
#[must_use]
pub fn ranges(from: &RowKey, to: &RowKey) -> Vec<Range> {
    if from >= to {
        return Vec::new();
    }
    let (first, last) = (kind(from), kind(to));
    (first..=last)
        .map(|at| {
            let (tag, tree, _) = KINDS[at];
            Range {
                tree,
                from: if at == first { encode(from) } else { vec![tag] },
                to: if at == last {
                    encode(to)
                } else {
                    vec![tag + 1]
                },
            }
        })
        .collect()
}

fn lane_byte(lane: Lane) -> u8 {
    match lane {
        Lane::Urgent => 0,
        Lane::Ordinary => 1,
        Lane::Bulk => 2,
    }
}

fn read_lane(from: &mut Reader<'_>) -> Result<Lane, Malformed> {
    from.one_of(&Lane::ALL)
}

fn write_timer(out: &mut Writer, timer: TimerKey) {
    match timer {
        TimerKey::TicketDue(MatterId(id)) => out.tagged(0, &id),
        TimerKey::LegDue(LegId(id)) => out.tagged(1, &id),
        TimerKey::SignDue(LegId(id)) => out.tagged(2, &id),
        TimerKey::OrderReply(OrderId(id)) => out.tagged(3, &id),
        TimerKey::CallBackDue(MatterId(id)) => out.tagged(4, &id),
        TimerKey::ReportFigures => out.u8(5),
        TimerKey::KeptBound(no) => out.tagged(6, &no.to_be_bytes()),
        TimerKey::RetireKey(no) => out.tagged(40, &no.to_be_bytes()),
        TimerKey::AwaitKey(region) => out.tagged(41, region.as_bytes()),
        TimerKey::TellArrivals => out.u8(42),
        TimerKey::WorldDue => out.u8(60),
        TimerKey::WorldCheck => out.u8(61),
        TimerKey::AssignDue(MatterId(id)) => out.tagged(120, &id),
        TimerKey::CloseDay => out.u8(130),
    }
}

fn read_timer(from: &mut Reader<'_>) -> Result<TimerKey, Malformed> {
    Ok(match from.u8()? {
        0 => TimerKey::TicketDue(MatterId(from.raw()?)),
        1 => TimerKey::LegDue(LegId(from.raw()?)),
        2 => TimerKey::SignDue(LegId(from.raw()?)),
        3 => TimerKey::OrderReply(OrderId(from.raw()?)),
        4 => TimerKey::CallBackDue(MatterId(from.raw()?)),
        5 => TimerKey::ReportFigures,
        6 => TimerKey::KeptBound(from.u64()?),
        40 => TimerKey::RetireKey(from.u32()?),
        41 => TimerKey::AwaitKey(from.region()?),
        42 => TimerKey::TellArrivals,
        60 => TimerKey::WorldDue,
        61 => TimerKey::WorldCheck,
        120 => TimerKey::AssignDue(MatterId(from.raw()?)),
        130 => TimerKey::CloseDay,
        other => return Err(from.unknown(other)),
    })
}

fn document_byte(kind: DocumentKind) -> u8 {
    match kind {
        DocumentKind::Topology => 0,
        DocumentKind::Calendar => 1,
        DocumentKind::Pack => 2,
        DocumentKind::Trust => 3,
        DocumentKind::Revocations => 4,
    }
}

const STAGES: [TicketStage; 4] = [
    TicketStage::Open,
    TicketStage::Assigned,
    TicketStage::Reviewing,
    TicketStage::Closed,
];

fn stage_byte(stage: TicketStage) -> u8 {
    match stage {
        TicketStage::Open => 0,
        TicketStage::Assigned => 1,
        TicketStage::Reviewing => 2,
        TicketStage::Closed => 3,
    }
}

fn write_index(out: &mut Writer, index: &IndexKey) {
    match index {
        IndexKey::Number(number) => {
            out.u8(0);
            out.text(number);
        }
        IndexKey::Stage(stage, at, matter) => {
            out.u8(1);
            out.u8(stage_byte(*stage));
            out.time(*at);
            out.raw(&matter.0);
        }
        IndexKey::OpenLeg(body, leg) => {
            out.u8(2);
            match body {
                Body::Node(region) => out.tagged(0, region.as_bytes()),
                Body::Unit(region, unit) => {
                    out.tagged(1, region.as_bytes());
                    out.text(unit.as_str());
                }
            }
            out.raw(&leg.0);
        }
        IndexKey::Sighted(leg) => out.tagged(120, &leg.0),
        IndexKey::Order(at, order, leg) => {
            out.u8(121);
            out.time(*at);
            out.raw(&order.0);
            out.raw(&leg.0);
        }
    }
}

fn read_index(from: &mut Reader<'_>) -> Result<IndexKey, Malformed> {
    Ok(match from.u8()? {
        0 => IndexKey::Number(from.text()?),
        1 => IndexKey::Stage(from.one_of(&STAGES)?, from.time()?, MatterId(from.raw()?)),
        2 => {
            let body = match from.u8()? {
                0 => Body::Node(from.region()?),
                1 => {
                    let region = from.region()?;
                    let unit = UnitKey::new(&from.text()?);
                    Body::Unit(region, unit.map_err(|error| from.error(Why::Unit(error)))?)
                }
                other => return Err(from.unknown(other)),
            };
            IndexKey::OpenLeg(body, LegId(from.raw()?))
        }
        120 => IndexKey::Sighted(LegId(from.raw()?)),
        121 => IndexKey::Order(from.time()?, OrderId(from.raw()?), LegId(from.raw()?)),
        other => return Err(from.unknown(other)),
    })
}

fn table_byte(table: Table) -> u8 {
    match table {
        Table::MattersByKindChannel => 0,
        Table::MattersByCategory => 1,
        Table::LegsByKindGiver => 2,
        Table::LegsByCategory => 3,
        Table::LegsByUnit => 4,
    }
}

fn write_cell(out: &mut Writer, cell: &CellKey) {
    let CellKey {
        author,
        table,
        day,
        first,
        second,
        rules: RuleVersion { pack, version },
    } = cell;
    out.raw(author.as_bytes());
    out.u8(table_byte(*table));
    out.i32(*day);
    out.text(first);
    out.text(second);
    out.text(pack);
    out.u32(*version);
}

fn read_cell(from: &mut Reader<'_>) -> Result<CellKey, Malformed> {
    Ok(CellKey {
        author: from.region()?,
        table: from.one_of(&Table::ALL)?,
        day: from.i32()?,
        first: from.text()?,
        second: from.text()?,
        rules: RuleVersion {
            pack: from.text()?,
            version: from.u32()?,
        },
    })
}

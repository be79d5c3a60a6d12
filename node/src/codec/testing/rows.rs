//! Rows of the view and their keys.

use super::Draw;
use super::facts;
use hotline_domain::attachment::{Attached, AttachmentId};
use hotline_domain::clock::{Basis, DueOf, Reckoned};
use hotline_domain::exchange::{
    Exchange, Inventory, LegNote, Letter, Missing, MissingKind, Restore,
};
use hotline_domain::figures::Known;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::{Closure, Leg, Order, Outcome, Request, Side, Stage};
use hotline_domain::link::{
    Conduct, Consumption, Count, Envelope, LaneState, LinkState, LogHead, Offence, Proof, Shown,
    Start, Starts, Trace,
};
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Entrance, Opened, Reading};
use hotline_domain::row::{Done, IndexKey, Kept, NodeRow, Row, RowKey, TimerKey};
use hotline_domain::sealing::{Destroyed, Destruction, OwnKey, SealingKey, SignedKey};
use hotline_domain::supervision::{IssuedOrder, OrderStep, OrderWord};
use hotline_domain::ticket::{Rating, Ticket, TicketStage};
use hotline_topology::{FieldName, UnitKey};

pub(super) const STAGES: [TicketStage; 4] = [
    TicketStage::Open,
    TicketStage::Assigned,
    TicketStage::Reviewing,
    TicketStage::Closed,
];

impl Draw {
    pub(crate) fn envelope(&mut self) -> Envelope {
        let sealed = self.maybe(Draw::bytes);
        Envelope {
            id: EnvelopeId(self.bytes()),
            kind: self.u32(),
            matter: self.maybe(Draw::matter),
            leg: self.maybe(Draw::leg),
            author: self.region(),
            addressee: self.region(),
            route: self.some(Draw::region),
            lane: self.lane(),
            written_at: self.time(),
            topology: self.u32(),
            key_id: sealed.map_or(0, |_| 1 + self.u32() / 2),
            payload: self.some(|draw| draw.below(256) as u8),
            fields: sealed.map_or_else(|| self.some(Draw::sealed), |_| Vec::new()),
            sealed,
            proof: self.maybe(Draw::proof),
            trace: self.maybe(Draw::trace),
        }
    }

    fn proof(&mut self) -> Proof {
        Proof {
            certificate: self.bytes(),
            algorithm: self.u32(),
            signature: self.some(|draw| draw.below(256) as u8),
            leaves: self.u32(),
            index: self.u32(),
            path: self.some(Draw::bytes),
            head: self.maybe(|draw| LogHead {
                epoch: draw.number(),
                commit: draw.number(),
                hash: draw.bytes(),
            }),
        }
    }

    fn trace(&mut self) -> Trace {
        Trace {
            trace: self.bytes(),
            span: self.bytes(),
            sampled: self.bool(),
        }
    }

    pub(crate) fn signed_key(&mut self) -> SignedKey {
        let bytes = |draw: &mut Draw| draw.some(|draw| draw.below(256) as u8);
        SignedKey {
            key: SealingKey {
                region: self.region(),
                no: self.u32(),
                public: self.bytes(),
                not_before: self.time(),
                not_after: self.time(),
                previous: self.u32(),
                revoked: self.u32(),
            },
            algorithm: self.u32(),
            signature: bytes(self),
            chain: self.some(bytes),
        }
    }

    pub(crate) fn destruction(&mut self) -> Destruction {
        let of = [
            Destroyed::Matter(self.matter()),
            Destroyed::SealingKey(self.u32()),
        ];
        Destruction {
            slots: self.some(Draw::number),
            of: self.one_of(&of),
            at: self.time(),
            actor: self.maybe(Draw::text),
            reason: self.text(),
            oldest_backup: self.maybe(Draw::time),
        }
    }

    pub(crate) fn consumption(&mut self) -> Consumption {
        match self.below(5) {
            0 => Consumption::Applied,
            1 => Consumption::Refused { rule: self.code() },
            2 => Consumption::Relayed,
            3 => Consumption::Parked,
            _ => Consumption::SetAside { why: self.text() },
        }
    }

    pub(crate) fn order_row(&mut self) -> Order {
        Order {
            id: self.order(),
            issuer: self.region(),
            trigger: self.code(),
            at: self.time(),
            reply_by: self.time(),
            reminders: self.u32(),
            replied_at: self.maybe(Draw::time),
            ended_at: self.maybe(Draw::time),
        }
    }

    pub(crate) fn order_word(&mut self) -> OrderWord {
        let steps = [
            OrderStep::Issued,
            OrderStep::Reminded,
            OrderStep::Replied,
            OrderStep::Ended,
        ];
        OrderWord {
            order: self.order(),
            matter: self.matter(),
            no: self.u32(),
            step: self.one_of(&steps),
            by: self.region(),
            actor: self.maybe(Draw::text),
            at: self.time(),
            fields: self.some(Draw::sealed),
        }
    }

    pub(crate) fn issued(&mut self) -> IssuedOrder {
        IssuedOrder {
            order: self.order_row(),
            leg: self.leg(),
            matter: self.matter(),
            number: self.code(),
            taker: self.body(),
        }
    }

    pub(crate) fn done(&mut self) -> Done {
        Done {
            matter: self.maybe(Draw::matter),
            number: self.code(),
            legs: self.some(Draw::leg),
            order: self.maybe(Draw::order),
            version: self.u32(),
        }
    }

    pub(crate) fn kept(&mut self) -> Kept {
        Kept {
            no: self.number(),
            peer: self.region(),
            until: self.maybe(Draw::time),
            envelope: self.envelope(),
        }
    }

    pub(crate) fn due_of(&mut self) -> DueOf {
        match self.below(3) {
            0 => DueOf::Ticket(self.matter()),
            1 => DueOf::Leg(self.leg()),
            _ => DueOf::Order(self.order()),
        }
    }

    pub(crate) fn reckoned(&mut self) -> Reckoned {
        Reckoned {
            at: self.time(),
            calendar: self.u32(),
            basis: match self.below(3) {
                0 => Basis::Rules {
                    from: self.time(),
                    days: self.u32(),
                },
                1 => Basis::Incoming,
                _ => Basis::Offered { from: self.time() },
            },
            more: self.u32(),
        }
    }

    pub(crate) fn timer(&mut self) -> TimerKey {
        match self.below(14) {
            0 => TimerKey::TicketDue(self.matter()),
            1 => TimerKey::LegDue(self.leg()),
            2 => TimerKey::SignDue(self.leg()),
            3 => TimerKey::OrderReply(self.order()),
            4 => TimerKey::CallBackDue(self.matter()),
            5 => TimerKey::ReportFigures,
            6 => TimerKey::KeptBound(self.number()),
            7 => TimerKey::RetireKey(self.u32()),
            8 => TimerKey::AwaitKey(self.region()),
            9 => TimerKey::WorldDue,
            10 => TimerKey::WorldCheck,
            11 => TimerKey::AssignDue(self.matter()),
            12 => TimerKey::CloseDay,
            _ => TimerKey::TellArrivals,
        }
    }

    fn attached(&mut self) -> Attached {
        Attached {
            attachment: self.attachment(),
            cover: self.sealed(),
            at: self.time(),
            actor: self.maybe(Draw::text),
            local: self.bool(),
            source: self.maybe(Draw::region),
            given_on: self.some(Draw::leg),
            came_on: self.some(Draw::leg),
            fetched_by: self.some(Draw::region),
        }
    }

    pub(crate) fn reading(&mut self) -> Reading {
        let units = ["住建局", "a_1"];
        let fields = self.some(|draw| draw.one_of(&FieldName::ALL));
        let file = Opened::File(AttachmentId(self.bytes()));
        let order = Opened::Order(self.order());
        Reading {
            matter: self.matter(),
            at: self.time(),
            who: self.text(),
            unit: self.maybe(|draw| UnitKey::new(draw.one_of(&units)).expect("a unit key")),
            opened: self.one_of(&[Opened::Texts { fields }, file, order]),
            purpose: self.one_of(&Purpose::ALL),
            entrance: self.one_of(&[Entrance::Local, Entrance::FrontEnd, Entrance::Remote]),
        }
    }

    fn lane_state(&mut self) -> LaneState {
        LaneState {
            sent: self.number(),
            sent_hash: self.bytes(),
            acked: self.number(),
            acked_hash: self.bytes(),
            received: self.number(),
            received_hash: self.bytes(),
        }
    }

    pub(super) fn conduct(&mut self) -> Box<Conduct> {
        Box::new(Conduct {
            counts: self.some(|draw| Count {
                offence: draw.one_of(&Offence::ALL),
                times: draw.number(),
                last: draw.time(),
                what: draw.text(),
            }),
            score: self.u32(),
            scored_at: self.time(),
            quarantines: self.u32(),
            until: self.maybe(Draw::time),
        })
    }

    fn link(&mut self) -> LinkState {
        LinkState {
            peer: self.region(),
            peer_epoch: self.number(),
            lanes: std::array::from_fn(|_| self.lane_state()),
            failures: self.u32(),
            heard_at: self.maybe(Draw::time),
            blocked: self.maybe(Draw::text),
            peer_wire: self.u32(),
            restarting: self.bool(),
            conduct: self.maybe(Draw::conduct),
            kept: self.u32(),
            kept_bytes: self.number(),
            shown: self.maybe(Draw::shown),
            restarts: self.number(),
        }
    }

    pub(crate) fn shown(&mut self) -> Shown {
        Shown {
            log_no: self.number(),
            starts: self.number(),
            mark: self.bytes(),
        }
    }

    pub(crate) fn starts(&mut self) -> Starts {
        Starts {
            count: self.number(),
            last: self.some(|draw| Start {
                mark: draw.bytes(),
                log_no: draw.number(),
            }),
        }
    }

    pub(crate) fn restore(&mut self) -> Restore {
        Restore {
            id: self.bytes(),
            at: self.time(),
            until: self.time(),
            epoch: self.number(),
        }
    }

    pub(crate) fn exchange(&mut self) -> Exchange {
        Exchange {
            peer: self.region(),
            ask: self.number(),
            since: self.time(),
            urgent: self.bool(),
            ordinary: self.bool(),
        }
    }

    pub(crate) fn inventory(&mut self) -> Inventory {
        Inventory {
            ask: self.number(),
            answer: self.bool(),
            lost: self.bool(),
            since: self.time(),
            lane: self.lane(),
            from: self.leg(),
            to: self.leg(),
            last: self.bool(),
            legs: self.some(|draw| LegNote {
                leg: draw.leg(),
                hash: draw.bytes(),
                heard: draw.bytes(),
            }),
        }
    }

    pub(crate) fn letter(&mut self) -> Letter {
        let envelope = self.envelope();
        let envelope = Envelope {
            route: Vec::new(),
            key_id: 0,
            fields: envelope.fields.iter().map(|field| field.erased()).collect(),
            sealed: None,
            trace: None,
            ..envelope
        };
        let chain = self.some(|draw| draw.some(|draw| draw.below(256) as u8));
        Letter { envelope, chain }
    }

    pub(crate) fn missing(&mut self) -> Missing {
        Missing {
            no: self.number(),
            at: self.time(),
            kind: self.one_of(&MissingKind::ALL),
            matter: self.maybe(Draw::matter),
            number: self.code(),
            words: self.text(),
        }
    }

    fn node(&mut self) -> NodeRow {
        NodeRow {
            epoch: self.number(),
            mark: self.bytes(),
            issued: self.u32(),
            time: self.time(),
            figures_version: self.number(),
            figures_reported: self.number(),
            reported_at: self.maybe(Draw::time),
            report_due: self.maybe(Draw::time),
            reported_to: self.maybe(|draw| (draw.region(), draw.number())),
            kept: self.number(),
            clock_held: self.maybe(Draw::text),
            restore: self.maybe(Draw::restore),
            missing: self.number(),
            topology: self.u32(),
            log_no: self.number(),
        }
    }

    fn ticket(&mut self) -> Ticket {
        Ticket {
            matter: self.matter(),
            number: self.code(),
            origin: self.region(),
            taken_in_at: self.time(),
            since: self.time(),
            channel: self.code(),
            kind: self.kind(),
            category: self.code(),
            urgency: self.urgency(),
            rules: self.rules(),
            fields: self.some(Draw::sealed),
            stage: self.one_of(&STAGES),
            closed_ground: self.maybe(Draw::code),
            closed_at: self.maybe(Draw::time),
            due: self.maybe(Draw::time),
            overdue: self.bool(),
            incoming: self.maybe(Draw::leg),
            incoming_all: self.some(Draw::leg),
            outgoing: self.some(Draw::leg),
            round: self.u32(),
            sights: self.some(Draw::sight),
            returns: self.u32(),
            hops: self.u32(),
            determined: self.bool(),
            term: self.u32(),
            lead: self.maybe(Draw::leg),
            lead_fixed: self.bool(),
            ratings: self.some(|draw| Rating {
                at: draw.time(),
                code: draw.maybe(Draw::code),
                satisfied: draw.maybe(Draw::bool),
            }),
            redos: self.u32(),
            withdrawn_at: self.maybe(Draw::time),
            handled_by: self.some(Draw::text),
            place: self.maybe(Draw::region),
            entries: self.u32(),
            version: self.u32(),
        }
    }

    fn leg_row(&mut self) -> Leg {
        let how: Closure = self.closure();
        let outcomes = [
            Outcome::Open,
            Outcome::Granted,
            Outcome::Denied,
            Outcome::Withdrawn,
            Outcome::Late,
        ];
        Leg {
            id: self.leg(),
            side: self.one_of(&[Side::Giver, Side::Taker, Side::Both]),
            offer: self.offer(),
            offered_at: self.time(),
            stage: self.one_of(&[
                Stage::Offered,
                Stage::Delivered,
                Stage::Signed,
                Stage::Closed(how),
            ]),
            delivered_at: self.maybe(Draw::time),
            signed_at: self.maybe(Draw::time),
            deemed: self.bool(),
            due: self.due(),
            due_no: self.u32(),
            due_by_calendar: self.u32(),
            request: self.maybe(|draw| Request {
                no: draw.u32(),
                at: draw.time(),
                asking: draw.asking(),
                outcome: draw.one_of(&outcomes),
            }),
            returns_denied: self.u32(),
            extensions: self.u32(),
            sent_back: self.u32(),
            term: self.u32(),
            lead: self.maybe(Draw::leg),
            progress: self.maybe(|draw| (draw.time(), draw.code())),
            orders: self.some(Draw::order_row),
            overdue_since: self.maybe(Draw::time),
            closed_at: self.maybe(Draw::time),
            heard_at: self.maybe(Draw::time),
            version: self.u32(),
        }
    }
}

/// One of each row.
pub(crate) fn rows(draw: &mut Draw) -> Vec<Row> {
    let fact = {
        let facts = facts(draw);
        draw.one_of(&facts)
    };
    let mut rows = vec![
        Row::Ticket(Box::new(draw.ticket())),
        Row::Leg(Box::new(draw.leg_row())),
        Row::Order(Box::new(draw.issued())),
        Row::OrderWord(Box::new(draw.order_word())),
        Row::Timeline(Box::new(fact)),
        Row::Outbox(Box::new(draw.envelope()), draw.bytes()),
        Row::Link(Box::new(draw.link())),
        Row::Kept(Box::new(draw.kept())),
        Row::Mark,
        Row::Matter(draw.matter()),
        Row::Notice(Box::new(draw.notice())),
        Row::Cell(Box::new(draw.cell())),
        Row::CellKey(Box::new(draw.cell_key())),
        Row::Watermark(Box::new(Known {
            mark: draw.watermark(),
            forwarded: draw.maybe(Draw::watermark),
        })),
        Row::Answer(draw.bytes(), Box::new(draw.done())),
        Row::Node(Box::new(draw.node())),
        Row::Starts(Box::new(draw.starts())),
        Row::Certificate(draw.region(), draw.some(|draw| draw.bytes::<7>().to_vec())),
        Row::SealingKey(Box::new(draw.signed_key())),
        Row::OwnKey(Box::new(OwnKey {
            no: draw.u32(),
            slot: draw.number(),
            made_at: draw.time(),
            retire_at: draw.maybe(Draw::time),
        })),
        Row::Destroyed(Box::new(draw.destruction())),
        Row::Exchange(Box::new(draw.exchange())),
        Row::Missing(Box::new(draw.missing())),
        Row::Asked(Box::new(draw.inventory())),
        Row::Attachment(Box::new(draw.attached())),
        Row::Provisional(Box::new(draw.reckoned())),
        Row::Reading(Box::new(draw.reading())),
        Row::Count(draw.u32()),
    ];
    rows.extend(super::world::rows(draw));
    rows.extend(super::tally::rows(draw));
    rows
}

/// One of each key, and of each index and timer in one.
pub(crate) fn keys(draw: &mut Draw) -> Vec<RowKey> {
    let mut keys = vec![
        RowKey::Ticket(draw.matter()),
        RowKey::Leg(draw.leg()),
        RowKey::Order(draw.order()),
        RowKey::OrderWord(draw.matter(), draw.order(), draw.u32()),
        RowKey::Timeline(draw.matter(), draw.u32()),
        RowKey::Outbox(draw.region(), draw.lane(), draw.number()),
        RowKey::Link(draw.region()),
        RowKey::Kept(draw.number()),
        RowKey::Index(IndexKey::Number(draw.text())),
        RowKey::Index(IndexKey::Stage(
            draw.one_of(&STAGES),
            draw.time(),
            draw.matter(),
        )),
        RowKey::Index(IndexKey::OpenLeg(draw.body(), draw.leg())),
        RowKey::Index(IndexKey::Sighted(draw.leg())),
        RowKey::Index(IndexKey::Order(draw.time(), draw.order(), draw.leg())),
        RowKey::Notice(
            draw.time(),
            draw.matter(),
            draw.leg(),
            draw.below(256) as u8,
        ),
        RowKey::CellVersion(draw.region(), draw.number()),
        RowKey::Watermark(draw.region()),
        RowKey::Answer(draw.text(), draw.text()),
        RowKey::Node,
        RowKey::Starts,
        RowKey::Certificate(draw.bytes()),
        RowKey::SealingKey(draw.region()),
        RowKey::OwnKey(draw.u32()),
        RowKey::SealingAsked(draw.region(), draw.region()),
        RowKey::Awaiting(draw.region(), draw.number()),
        RowKey::InFlight(EnvelopeId(draw.bytes())),
        RowKey::Arrived(draw.region(), EnvelopeId(draw.bytes())),
        RowKey::Destroyed(draw.number()),
        RowKey::Taken(EnvelopeId(draw.bytes())),
        RowKey::Exchange(draw.region()),
        RowKey::Missing(draw.number()),
        RowKey::Asked(draw.region(), draw.number()),
        RowKey::Attachment(draw.matter(), AttachmentId(draw.bytes())),
        RowKey::Provisional(draw.due_of()),
        RowKey::Reading(draw.matter(), draw.u32()),
        RowKey::Readings(draw.matter()),
    ];
    keys.extend(super::world::keys(draw));
    keys.extend(super::tally::keys(draw));
    keys.extend((0..8).map(|_| RowKey::Timer(draw.time(), draw.timer())));
    keys.extend((0..4).map(|_| {
        let mut cell = draw.cell_key();
        (cell.first, cell.second) = (draw.text(), draw.text());
        RowKey::Cell(cell)
    }));
    keys
}

//! Nouns and what travels.

use super::Draw;
use hotline_domain::attachment::{Attachment, AttachmentId};
use hotline_domain::body::Body;
use hotline_domain::evidence::{Effect, Receipted};
use hotline_domain::exchange::PastAct;
use hotline_domain::field::{FieldMark, SealedField};
use hotline_domain::figures::{Cell, CellKey, Measure, Report, Table, Watermark};
use hotline_domain::id::{EnvelopeId, LegId, MatterId, OrderId};
use hotline_domain::leg::{
    Act, Asking, Closure, Due, Lane, LegKind, LegRole, Offer, Party, RecallGround, RequestKind,
    RuleVersion,
};
use hotline_domain::link::Message;
use hotline_domain::supervision::{Notice, NoticeReason};
use hotline_domain::ticket::Sight;
use hotline_topology::policy::Media;
use hotline_topology::{FieldName, Kind, RegionKey, UnitKey, Urgency};

pub(crate) const GROUNDS: [RecallGround; 3] = [
    RecallGround::Recalled,
    RecallGround::Withdrawn,
    RecallGround::Released,
];

const REASONS: [NoticeReason; 5] = [
    NoticeReason::Overdue,
    NoticeReason::RefusedPastBound,
    NoticeReason::Bounced,
    NoticeReason::UnsatisfactoryAgain,
    NoticeReason::OrderUnanswered,
];

impl Draw {
    pub(crate) fn matter(&mut self) -> MatterId {
        MatterId(self.bytes())
    }

    pub(crate) fn leg(&mut self) -> LegId {
        LegId(self.bytes())
    }

    pub(crate) fn order(&mut self) -> OrderId {
        OrderId(self.bytes())
    }

    pub(crate) fn region(&mut self) -> RegionKey {
        let last = self.one_of(b"012ABxyz");
        let mut key = *b"210100000000";
        key[11] = last;
        RegionKey::from_bytes(key).expect("letters and digits")
    }

    pub(crate) fn body(&mut self) -> Body {
        let region = self.region();
        let units = ["住建局", "住建局-2", "a", "a_1"];
        match self.maybe(|draw| UnitKey::new(draw.one_of(&units)).expect("a unit key")) {
            Some(unit) => Body::Unit(region, unit),
            None => Body::Node(region),
        }
    }

    pub(crate) fn lane(&mut self) -> Lane {
        self.one_of(&Lane::ALL)
    }

    pub(crate) fn kind(&mut self) -> Kind {
        self.one_of(&Kind::ALL)
    }

    pub(crate) fn urgency(&mut self) -> Urgency {
        self.one_of(&Urgency::ALL)
    }

    pub(crate) fn closure(&mut self) -> Closure {
        let ground = self.one_of(&GROUNDS);
        self.one_of(&[
            Closure::Done,
            Closure::Returned,
            Closure::Escalated,
            Closure::Recalled(ground),
        ])
    }

    pub(crate) fn rules(&mut self) -> RuleVersion {
        RuleVersion {
            pack: self.code(),
            version: self.u32(),
        }
    }

    pub(crate) fn due(&mut self) -> Due {
        Due {
            at: self.time(),
            calendar: self.u32(),
            provisional: self.bool(),
        }
    }

    pub(crate) fn mark(&mut self) -> FieldMark {
        FieldMark {
            name: self.one_of(&FieldName::ALL),
            hash: self.bytes(),
        }
    }

    pub(crate) fn sealed(&mut self) -> SealedField {
        SealedField {
            name: self.one_of(&FieldName::ALL),
            slot: self.number(),
            ciphertext: self.some(|draw| draw.below(256) as u8),
            hash: self.bytes(),
        }
    }

    pub(crate) fn attachment(&mut self) -> Attachment {
        Attachment {
            id: AttachmentId(self.bytes()),
            size: self.number(),
            media: self.one_of(&Media::ALL),
        }
    }

    pub(crate) fn offer(&mut self) -> Offer {
        Offer {
            matter: self.matter(),
            number: self.code(),
            origin: self.region(),
            taken_in_at: self.time(),
            serial: self.u32(),
            giver: self.region(),
            taker: self.body(),
            role: self.one_of(&[LegRole::Sole, LegRole::Lead, LegRole::CoHandler]),
            kind: self.one_of(&[LegKind::Downward, LegKind::Upward]),
            replaces: self.maybe(Draw::leg),
            redo: self.bool(),
            rules: self.rules(),
            due: self.due(),
            lane: self.lane(),
            hops: self.u32(),
            request_kind: self.kind(),
            category: self.code(),
            place: self.maybe(Draw::region),
            urgency: self.urgency(),
            determined: self.bool(),
            basis: self.text(),
            content: self.some(Draw::mark),
        }
    }

    pub(crate) fn asking(&mut self) -> Asking {
        match self.below(4) {
            0 => Asking::Return {
                ground: self.code(),
                basis: self.text(),
            },
            1 => Asking::Extension { until: self.due() },
            2 => Asking::Escalation {
                ground: self.code(),
            },
            _ => Asking::Result {
                ground: self.code(),
            },
        }
    }

    pub(crate) fn sight(&mut self) -> Sight {
        Sight {
            leg: self.leg(),
            giver: self.region(),
            taker: self.body(),
            stage: self.code(),
            offered_at: self.time(),
            due: self.time(),
            since: self.time(),
            open: self.bool(),
            version: self.u32(),
        }
    }

    pub(crate) fn notice(&mut self) -> Notice {
        Notice {
            matter: self.matter(),
            number: self.code(),
            leg: self.maybe(Draw::leg),
            giver: self.region(),
            taker: self.body(),
            reason: self.one_of(&REASONS),
            kind: self.kind(),
            category: self.code(),
            raised_by: self.region(),
            raised_at: self.time(),
            due: self.maybe(Draw::time),
        }
    }

    pub(crate) fn counts(&mut self) -> [i64; Measure::ALL.len()] {
        std::array::from_fn(|_| self.i64())
    }

    pub(crate) fn cell_key(&mut self) -> CellKey {
        CellKey {
            author: self.region(),
            table: self.one_of(&Table::ALL),
            day: self.u32().cast_signed(),
            first: self.code(),
            second: self.code(),
            rules: self.rules(),
        }
    }

    pub(crate) fn cell(&mut self) -> Cell {
        Cell {
            key: self.cell_key(),
            epoch: self.number(),
            version: self.number(),
            counts: self.counts(),
        }
    }

    pub(crate) fn watermark(&mut self) -> Watermark {
        Watermark {
            author: self.region(),
            epoch: self.number(),
            version: self.number(),
            as_of: self.time(),
        }
    }

    pub(crate) fn report(&mut self) -> Report {
        Report {
            cells: self.some(Draw::cell),
            watermarks: self.some(Draw::watermark),
        }
    }
}

/// One of each act.
pub(super) fn acts(draw: &mut Draw) -> Vec<Act> {
    let kinds = RequestKind::ALL;
    vec![
        Act::Offer(Box::new(draw.offer())),
        Act::Receipt,
        Act::Sign {
            deemed: draw.bool(),
        },
        Act::Progress { stage: draw.code() },
        Act::Request {
            no: draw.u32(),
            asking: draw.asking(),
        },
        Act::WithdrawRequest { no: draw.u32() },
        Act::Ruling {
            request: draw.u32(),
            of: draw.one_of(&kinds),
            granted: draw.bool(),
            basis: draw.text(),
            due: draw.maybe(|draw| (draw.u32(), draw.due())),
        },
        Act::Recall {
            ground: draw.one_of(&GROUNDS),
        },
        Act::NewDue {
            no: draw.u32(),
            due: draw.due(),
        },
        Act::NameLead {
            term: draw.u32(),
            lead: draw.leg(),
        },
        Act::Forwarded { from: draw.leg() },
        Act::ClosedSince {
            at: draw.time(),
            how: draw.closure(),
        },
        Act::Supervise {
            order: draw.order(),
            issuer: draw.region(),
            trigger: draw.code(),
            reply_by: draw.time(),
        },
        Act::Remind {
            order: draw.order(),
        },
        Act::ReplyOrder {
            order: draw.order(),
        },
        Act::EndOrder {
            order: draw.order(),
        },
        Act::Attach {
            attachment: draw.attachment(),
        },
        Act::Overdue { due: draw.time() },
    ]
}

/// One of each message, and of each act in one.
pub(crate) fn messages(draw: &mut Draw) -> Vec<Message> {
    let mut messages = vec![
        Message::Sight {
            matter: draw.matter(),
            sight: draw.sight(),
        },
        Message::Notice(draw.notice()),
        Message::Figures(draw.report()),
        Message::Receipts(draw.some(|draw| Receipted {
            envelope: EnvelopeId(draw.bytes()),
            leg: draw.maybe(Draw::leg),
            statement: draw.bytes(),
            effect: draw.one_of(&Effect::ALL),
            at: draw.time(),
        })),
        Message::Inventory(draw.inventory()),
        Message::Tally(Box::new(draw.tally())),
        Message::Refused {
            about: EnvelopeId(draw.bytes()),
            leg: draw.maybe(Draw::leg),
            rule: draw.code(),
            message: draw.text(),
        },
        Message::SealingKeys {
            keys: draw.some(Draw::signed_key),
        },
        Message::SealingAsk {
            region: draw.region(),
        },
        Message::Reseal {
            about: EnvelopeId(draw.bytes()),
            key: draw.signed_key(),
        },
        Message::Arrived {
            envelopes: draw.some(|draw| EnvelopeId(draw.bytes())),
        },
    ];
    messages.push(Message::Have(draw.have()));
    messages.push(Message::Part {
        digest: draw.bytes(),
        no: draw.u32(),
        of: draw.u32(),
        bytes: draw.text().into_bytes(),
    });
    for act in acts(draw) {
        messages.push(Message::Past(PastAct {
            leg: draw.leg(),
            by: draw.one_of(&[Party::Giver, Party::Taker]),
            at: draw.time(),
            nth: draw.u32(),
            act: act.clone(),
            letter: draw.maybe(Draw::letter).map(Box::new),
        }));
        messages.push(Message::Leg {
            leg: draw.leg(),
            at: draw.time(),
            act,
        });
    }
    messages
}

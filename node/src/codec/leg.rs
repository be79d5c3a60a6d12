//! What giver and taker do on a leg, and what others learn of it: the contents of payloads, recorded as they travelled.

use super::field::{Field, choice, noun, put};
use super::form::{Coded, bad_code, coded, number};
use super::malformed::Malformed;
use hotline_domain::evidence::{Effect, Receipted};
use hotline_domain::exchange::{Inventory, LegNote, Letter, PastAct};
use hotline_domain::field::{FieldMark, SealedField};
use hotline_domain::leg::{Act, Asking, Closure, Due, Offer, RecallGround, RequestKind};
use hotline_domain::link::Envelope;
use hotline_domain::supervision::{Notice, NoticeReason};
use hotline_domain::ticket::Sight;
use hotline_proto::leg::v1 as pb;
use pb::{act, asking};

coded!(NoticeReason => pb::NoticeReason {
    Overdue, RefusedPastBound, Bounced, UnsatisfactoryAgain, OrderUnanswered,
});
coded!(Effect => pb::Effect { Applied, Late, Void, Refused });
noun!(Receipted => pb::Receipted { envelope, leg, statement, effect, at: at_ms });
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
number!(Closure);

noun!(Offer => pb::Offer {
    matter, number, origin, taken_in_at: taken_in_at_ms, serial, giver, taker, role, kind, replaces, redo, rules, due,
    lane, hops, request_kind, category, place, urgency, determined, basis, content,
});

choice!(Asking => pb::Asking [asking: asking::Asking] {
    Return: asking::Return { ground, basis },
    Extension: asking::Extension { until },
    Escalation: asking::Escalation { ground },
    Result: asking::Result { ground },
});

choice!(Act => pb::Act [act: act::Act] {
    Offer(offer),
    Receipt: act::Receipt {},
    Sign: act::Sign { deemed },
    Progress: act::Progress { stage },
    Request: act::Request { no, asking },
    WithdrawRequest: act::WithdrawRequest { no },
    Ruling: act::Ruling { request, of, granted, basis, due },
    Recall: act::Recall { ground },
    NewDue: act::NewDue { no, due },
    NameLead: act::NameLead { term, lead },
    Forwarded: act::Forwarded { from },
    ClosedSince: act::ClosedSince { at: at_ms, how },
    Supervise: act::Supervise { order, issuer, trigger, reply_by: reply_by_ms },
    Remind: act::Remind { order },
    ReplyOrder: act::ReplyOrder { order },
    EndOrder: act::EndOrder { order },
    Attach: act::Attach { attachment },
    Overdue: act::Overdue { due: due_ms },
});

/// A numbered due date, as a ruling carries it.
impl Field<act::NewDue> for (u32, Due) {
    fn put(&self) -> act::NewDue {
        let (no, due) = self;
        put!(act::NewDue { no, due })
    }

    fn take(content: act::NewDue, _: &'static str) -> Result<Self, Malformed> {
        let act::NewDue { no, due } = content;
        Ok((no, Field::take(due, "NewDue.due")?))
    }
}

noun!(Sight => pb::Sight {
    leg, giver, taker, stage, offered_at: offered_at_ms, due: due_ms, since: since_ms, open, version,
});

noun!(Notice => pb::Notice {
    matter, number, leg, giver, taker, reason, kind, category, raised_by, raised_at: raised_at_ms, due: due_ms,
});

noun!(LegNote => pb::LegNote { leg, hash, heard });
noun!(Inventory => pb::Inventory { ask, answer, lost, since: since_ms, lane, from, to, last, legs });
noun!(PastAct => pb::PastAct { leg, by, at: at_ms, nth, act, letter });

impl Field<pb::Letter> for Letter {
    fn put(&self) -> pb::Letter {
        let Letter { envelope, chain } = self;
        let Envelope {
            id,
            kind,
            matter,
            leg,
            author,
            addressee,
            route: _,
            lane,
            written_at,
            topology,
            key_id: _,
            payload,
            fields,
            sealed: _,
            proof,
            trace: _,
        } = envelope;
        let fields: Vec<_> = fields.iter().map(SealedField::mark).collect();
        pb::Letter {
            id: id.put(),
            kind: *kind,
            matter: matter.put(),
            leg: leg.put(),
            author: author.put(),
            addressee: addressee.put(),
            lane: lane.put(),
            written_at_ms: written_at.put(),
            topology: *topology,
            payload: payload.clone(),
            fields: fields.put(),
            proof: proof.put(),
            chain: chain.clone(),
        }
    }

    fn take(content: pb::Letter, _: &'static str) -> Result<Self, Malformed> {
        let pb::Letter {
            id,
            kind,
            matter,
            leg,
            author,
            addressee,
            lane,
            written_at_ms,
            topology,
            payload,
            fields,
            proof,
            chain,
        } = content;
        let marks: Vec<FieldMark> = Field::take(fields, "Letter.fields")?;
        let fields = marks
            .into_iter()
            .map(|FieldMark { name, hash }| SealedField {
                name,
                slot: 0,
                ciphertext: Vec::new(),
                hash,
            });
        let envelope = Envelope {
            id: Field::take(id, "Letter.id")?,
            kind,
            matter: Field::take(matter, "Letter.matter")?,
            leg: Field::take(leg, "Letter.leg")?,
            author: Field::take(author, "Letter.author")?,
            addressee: Field::take(addressee, "Letter.addressee")?,
            route: Vec::new(),
            lane: Field::take(lane, "Letter.lane")?,
            written_at: Field::take(written_at_ms, "Letter.written_at_ms")?,
            topology,
            key_id: 0,
            payload,
            fields: fields.collect(),
            sealed: None,
            proof: Field::take(proof, "Letter.proof")?,
            trace: None,
        };
        Ok(Letter { envelope, chain })
    }
}

//! Facts: the members of a log record's lasting part.

use super::figures::counts;
use super::form::{Coded, Form, all_from, all_to, exactly, need, need_from, region, region_text};
use super::malformed::Malformed;
use hotline_domain::fact::Fact;
use hotline_domain::figures::Report;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::{Lane, Party};
use hotline_domain::link::Envelope;
use hotline_domain::row::Kept;
use hotline_domain::supervision::{IssuedOrder, Notice};
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;
use pb::fact::{self as p, Fact as Choice};

impl Form for Fact {
    type Proto = pb::Fact;

    fn to_proto(&self) -> pb::Fact {
        pb::Fact {
            fact: Some(choice_of(self)),
        }
    }

    fn from_proto(proto: pb::Fact) -> Result<Self, Malformed> {
        let pb::Fact { fact } = proto;
        fact_of(need(fact, "Fact.fact")?)
    }
}

// One arm a fact, however long: split, the compiler could not tell that none is missing.
fn choice_of(fact: &Fact) -> Choice {
    match fact {
        Fact::Started { mark } => Choice::Started(p::Started {
            mark: mark.to_vec(),
        }),
        Fact::Ticket {
            matter,
            at,
            actor,
            act,
            fields,
        } => Choice::Ticket(p::Ticket {
            matter: matter.0.to_vec(),
            at_ms: at.0,
            actor: actor.clone(),
            act: Some(act.to_proto()),
            fields: all_to(fields),
        }),
        Fact::Leg {
            leg,
            matter,
            by,
            at,
            happened_at,
            actor,
            act,
            fields,
        } => Choice::Leg(p::Leg {
            leg: leg.0.to_vec(),
            matter: matter.0.to_vec(),
            by: by.code(),
            at_ms: at.0,
            happened_at_ms: happened_at.0,
            actor: actor.clone(),
            act: Some(act.to_proto()),
            fields: all_to(fields),
        }),
        Fact::Sighted { matter, sight } => Choice::Sighted(p::Sighted {
            matter: matter.0.to_vec(),
            sight: Some(sight.to_proto()),
        }),
        Fact::Noticed(notice) => Choice::Noticed(notice.to_proto()),
        Fact::OrderIssued(order) => Choice::OrderIssued(order.to_proto()),
        Fact::Queued {
            peer,
            seq,
            hash,
            envelope,
        } => Choice::Queued(p::Queued {
            peer: region_text(*peer),
            seq: *seq,
            hash: hash.to_vec(),
            envelope: Some(envelope.to_proto()),
        }),
        Fact::Consumed {
            peer,
            lane,
            seq,
            hash,
            id,
            outcome,
        } => Choice::Consumed(p::Consumed {
            peer: region_text(*peer),
            lane: lane.code(),
            seq: *seq,
            hash: hash.to_vec(),
            id: id.0.to_vec(),
            outcome: Some(outcome.to_proto()),
        }),
        Fact::Acked { peer, lane, upto } => Choice::Acked(p::Acked {
            peer: region_text(*peer),
            lane: lane.code(),
            upto: *upto,
        }),
        // The same members as the row that it makes; taken apart here so that a new one is not forgotten.
        Fact::Kept {
            no,
            peer,
            until,
            envelope,
        } => Choice::Kept(pb::Kept {
            no: *no,
            peer: region_text(*peer),
            until_ms: until.map(|at| at.0),
            envelope: Some(envelope.to_proto()),
        }),
        Fact::Unkept { no } => Choice::Unkept(p::Unkept { no: *no }),
        Fact::LinkChanged {
            peer,
            peer_epoch,
            failures,
            heard_at,
            blocked,
        } => Choice::LinkChanged(p::LinkChanged {
            peer: region_text(*peer),
            peer_epoch: *peer_epoch,
            failures: *failures,
            heard_at_ms: heard_at.map(|at| at.0),
            blocked: blocked.clone(),
        }),
        Fact::EpochRaised { epoch } => Choice::EpochRaised(p::EpochRaised { epoch: *epoch }),
        Fact::TimerSet { at, key } => Choice::TimerSet(p::Timer {
            at_ms: at.0,
            key: Some(key.to_proto()),
        }),
        Fact::TimerGone { at, key } => Choice::TimerGone(p::Timer {
            at_ms: at.0,
            key: Some(key.to_proto()),
        }),
        Fact::Counted { cell, deltas } => Choice::Counted(p::Counted {
            cell: Some(cell.to_proto()),
            deltas: deltas.to_vec(),
        }),
        Fact::Reported { report } => Choice::Reported(report.to_proto()),
        Fact::ReportedUp {
            parent,
            parent_epoch,
            version,
            as_of,
            forwarded,
        } => Choice::ReportedUp(p::ReportedUp {
            parent: region_text(*parent),
            parent_epoch: *parent_epoch,
            version: *version,
            as_of_ms: as_of.0,
            forwarded: all_to(forwarded),
        }),
        Fact::Answered {
            operator,
            key,
            digest,
            done,
        } => Choice::Answered(p::Answered {
            operator: operator.clone(),
            key: key.clone(),
            digest: digest.to_vec(),
            done: Some(done.to_proto()),
        }),
        Fact::ClockHeld { why } => Choice::ClockHeld(p::ClockHeld { why: why.clone() }),
        Fact::ClockConfirmed => Choice::ClockConfirmed(p::ClockConfirmed {}),
    }
}

// As above.
fn fact_of(choice: Choice) -> Result<Fact, Malformed> {
    Ok(match choice {
        Choice::Started(p::Started { mark }) => Fact::Started {
            mark: exactly(&mark, "Fact.Started.mark")?,
        },
        Choice::Ticket(p::Ticket {
            matter,
            at_ms,
            actor,
            act,
            fields,
        }) => Fact::Ticket {
            matter: MatterId(exactly(&matter, "Fact.Ticket.matter")?),
            at: Time(at_ms),
            actor,
            act: need_from(act, "Fact.Ticket.act")?,
            fields: all_from(fields)?,
        },
        Choice::Leg(p::Leg {
            leg,
            matter,
            by,
            at_ms,
            happened_at_ms,
            actor,
            act,
            fields,
        }) => Fact::Leg {
            leg: LegId(exactly(&leg, "Fact.Leg.leg")?),
            matter: MatterId(exactly(&matter, "Fact.Leg.matter")?),
            by: Party::from_code(by, "Fact.Leg.by")?,
            at: Time(at_ms),
            happened_at: Time(happened_at_ms),
            actor,
            act: need_from(act, "Fact.Leg.act")?,
            fields: all_from(fields)?,
        },
        Choice::Sighted(p::Sighted { matter, sight }) => Fact::Sighted {
            matter: MatterId(exactly(&matter, "Fact.Sighted.matter")?),
            sight: need_from(sight, "Fact.Sighted.sight")?,
        },
        Choice::Noticed(notice) => Fact::Noticed(Notice::from_proto(notice)?),
        Choice::OrderIssued(order) => Fact::OrderIssued(IssuedOrder::from_proto(order)?),
        Choice::Queued(p::Queued {
            peer,
            seq,
            hash,
            envelope,
        }) => Fact::Queued {
            peer: region(&peer, "Fact.Queued.peer")?,
            seq,
            hash: exactly(&hash, "Fact.Queued.hash")?,
            envelope: need_from::<Envelope>(envelope, "Fact.Queued.envelope")?,
        },
        Choice::Consumed(p::Consumed {
            peer,
            lane,
            seq,
            hash,
            id,
            outcome,
        }) => Fact::Consumed {
            peer: region(&peer, "Fact.Consumed.peer")?,
            lane: Lane::from_code(lane, "Fact.Consumed.lane")?,
            seq,
            hash: exactly(&hash, "Fact.Consumed.hash")?,
            id: EnvelopeId(exactly(&id, "Fact.Consumed.id")?),
            outcome: need_from(outcome, "Fact.Consumed.outcome")?,
        },
        Choice::Acked(p::Acked { peer, lane, upto }) => Fact::Acked {
            peer: region(&peer, "Fact.Acked.peer")?,
            lane: Lane::from_code(lane, "Fact.Acked.lane")?,
            upto,
        },
        Choice::Kept(kept) => {
            let Kept {
                no,
                peer,
                until,
                envelope,
            } = Kept::from_proto(kept)?;
            Fact::Kept {
                no,
                peer,
                until,
                envelope,
            }
        }
        Choice::Unkept(p::Unkept { no }) => Fact::Unkept { no },
        Choice::LinkChanged(p::LinkChanged {
            peer,
            peer_epoch,
            failures,
            heard_at_ms,
            blocked,
        }) => Fact::LinkChanged {
            peer: region(&peer, "Fact.LinkChanged.peer")?,
            peer_epoch,
            failures,
            heard_at: heard_at_ms.map(Time),
            blocked,
        },
        Choice::EpochRaised(p::EpochRaised { epoch }) => Fact::EpochRaised { epoch },
        Choice::TimerSet(p::Timer { at_ms, key }) => Fact::TimerSet {
            at: Time(at_ms),
            key: need_from(key, "Fact.timer_set.key")?,
        },
        Choice::TimerGone(p::Timer { at_ms, key }) => Fact::TimerGone {
            at: Time(at_ms),
            key: need_from(key, "Fact.timer_gone.key")?,
        },
        Choice::Counted(p::Counted { cell, deltas }) => Fact::Counted {
            cell: need_from(cell, "Fact.Counted.cell")?,
            deltas: counts(&deltas, "Fact.Counted.deltas")?,
        },
        Choice::Reported(report) => Fact::Reported {
            report: Report::from_proto(report)?,
        },
        Choice::ReportedUp(p::ReportedUp {
            version,
            as_of_ms,
            parent,
            parent_epoch,
            forwarded,
        }) => Fact::ReportedUp {
            parent: region(&parent, "Fact.ReportedUp.parent")?,
            parent_epoch,
            version,
            as_of: Time(as_of_ms),
            forwarded: all_from(forwarded)?,
        },
        Choice::Answered(p::Answered {
            operator,
            key,
            digest,
            done,
        }) => Fact::Answered {
            operator,
            key,
            digest: exactly(&digest, "Fact.Answered.digest")?,
            done: need_from(done, "Fact.Answered.done")?,
        },
        Choice::ClockHeld(p::ClockHeld { why }) => Fact::ClockHeld { why },
        Choice::ClockConfirmed(p::ClockConfirmed {}) => Fact::ClockConfirmed,
    })
}

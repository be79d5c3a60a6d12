//! Facts of the log.

use super::Draw;
use super::nouns::acts;
use hotline_domain::attachment::AttachmentId;
use hotline_domain::evidence::Effect;
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Party;
use hotline_domain::sealing::NewKey;
use hotline_domain::ticket::TicketAct;

/// One of each act on a ticket.
fn ticket_acts(draw: &mut Draw) -> Vec<TicketAct> {
    vec![
        TicketAct::TakenIn {
            number: draw.code(),
            channel: draw.code(),
            kind: draw.kind(),
            category: draw.code(),
            place: draw.maybe(Draw::region),
            urgency: draw.urgency(),
            due: draw.time(),
            happened_at: draw.time(),
            rules: draw.rules(),
            content: draw.some(Draw::mark),
        },
        TicketAct::Received {
            leg: draw.leg(),
            due: draw.time(),
        },
        TicketAct::DueChanged { due: draw.time() },
        TicketAct::DueSettled {
            was: draw.time(),
            due: draw.time(),
            calendar: draw.u32(),
        },
        TicketAct::Returned { leg: draw.leg() },
        TicketAct::Mended {
            stage: draw.one_of(&super::rows::STAGES),
            closed_ground: draw.maybe(Draw::text),
            closed_at: draw.maybe(Draw::time),
            incoming: draw.maybe(Draw::leg),
            incoming_all: draw.some(Draw::leg),
            outgoing: draw.some(Draw::leg),
            round: draw.u32(),
        },
        TicketAct::CallBackMissed,
        TicketAct::AnsweredDirectly,
        TicketAct::Refused {
            ground: draw.code(),
            basis: draw.text(),
        },
        TicketAct::Determined { basis: draw.text() },
        TicketAct::Closed {
            ground: draw.code(),
        },
        TicketAct::Reopened {
            reason: draw.code(),
        },
        TicketAct::CalledBack {
            rating: draw.maybe(Draw::code),
            satisfied: draw.maybe(Draw::bool),
        },
        TicketAct::RedoOrdered { due: draw.time() },
        TicketAct::Withdrawn,
        TicketAct::Overdue,
        TicketAct::LeadNamed {
            term: draw.u32(),
            lead: draw.leg(),
            fixed: draw.bool(),
        },
        TicketAct::Noted,
        TicketAct::Attached {
            attachment: draw.attachment(),
            local: draw.bool(),
        },
        TicketAct::AttachmentRead {
            id: AttachmentId(draw.bytes()),
        },
        TicketAct::AttachmentFetched {
            id: AttachmentId(draw.bytes()),
            leg: draw.leg(),
            by: draw.region(),
        },
    ]
}

/// One of each fact, and of each act in one.
pub(crate) fn facts(draw: &mut Draw) -> Vec<Fact> {
    let mut facts = link_facts(draw);
    facts.extend(super::world::facts(draw));
    facts.extend(super::tally::facts(draw));
    facts.extend([
        Fact::Started { mark: draw.bytes() },
        Fact::Sighted {
            matter: draw.matter(),
            sight: draw.sight(),
        },
        Fact::Noticed(draw.notice()),
        Fact::OrderIssued(draw.issued()),
        Fact::OrderSaid(draw.order_word()),
        Fact::OrderStands {
            leg: draw.leg(),
            order: draw.order_row(),
        },
        Fact::TimerSet {
            at: draw.time(),
            key: draw.timer(),
        },
        Fact::TimerGone {
            at: draw.time(),
            key: draw.timer(),
        },
        Fact::Counted {
            cell: draw.cell_key(),
            deltas: draw.counts(),
        },
        Fact::Reported {
            report: draw.report(),
        },
        Fact::ReportedUp {
            parent: draw.region(),
            parent_epoch: draw.number(),
            version: draw.number(),
            as_of: draw.time(),
            forwarded: draw.some(Draw::watermark),
        },
        Fact::Answered {
            operator: draw.text(),
            key: draw.text(),
            digest: draw.bytes(),
            done: draw.done(),
        },
        Fact::ClockHeld { why: draw.text() },
        Fact::ClockConfirmed,
        Fact::LanesRestarted {
            peer: draw.region(),
        },
        Fact::Read(draw.reading()),
    ]);
    facts.extend(sealing_facts(draw));
    for act in ticket_acts(draw) {
        facts.push(Fact::Ticket {
            matter: draw.matter(),
            at: draw.time(),
            actor: draw.maybe(Draw::text),
            act,
            fields: draw.some(Draw::sealed),
        });
    }
    for act in acts(draw) {
        facts.push(Fact::Leg {
            leg: draw.leg(),
            matter: draw.matter(),
            by: draw.one_of(&[Party::Giver, Party::Taker]),
            at: draw.time(),
            happened_at: draw.time(),
            actor: draw.maybe(Draw::text),
            act,
            fields: draw.some(Draw::sealed),
        });
    }
    facts
}

fn link_facts(draw: &mut Draw) -> Vec<Fact> {
    vec![
        Fact::Queued {
            peer: draw.region(),
            seq: draw.number(),
            hash: draw.bytes(),
            envelope: draw.envelope(),
        },
        Fact::Consumed {
            peer: draw.region(),
            lane: draw.lane(),
            seq: draw.number(),
            hash: draw.bytes(),
            id: EnvelopeId(draw.bytes()),
            outcome: draw.consumption(),
        },
        Fact::Acked {
            peer: draw.region(),
            lane: draw.lane(),
            upto: draw.number(),
        },
        Fact::Kept {
            no: draw.number(),
            peer: draw.region(),
            until: draw.maybe(Draw::time),
            envelope: draw.envelope(),
        },
        Fact::Unkept { no: draw.number() },
        Fact::LinkChanged {
            peer: draw.region(),
            peer_epoch: draw.number(),
            failures: draw.u32(),
            heard_at: draw.maybe(Draw::time),
            blocked: draw.maybe(Draw::text),
            peer_wire: draw.u32(),
            restarting: draw.bool(),
            shown: draw.maybe(Draw::shown),
        },
        Fact::Restored(draw.restore()),
        Fact::Exchanged {
            peer: draw.region(),
            exchange: draw.maybe(Draw::exchange),
        },
        Fact::Missing(draw.missing()),
        Fact::Asked {
            peer: draw.region(),
            no: draw.number(),
            question: draw.maybe(Draw::inventory),
        },
        Fact::DueProvisional {
            of: draw.due_of(),
            reckoned: draw.maybe(Draw::reckoned),
        },
        Fact::EpochRaised {
            epoch: draw.number(),
        },
        Fact::Received {
            at: draw.time(),
            envelope: draw.envelope(),
            effect: draw.one_of(&Effect::ALL),
        },
        Fact::CertificateKnown {
            region: draw.region(),
            chain: draw.some(|draw| draw.bytes::<7>().to_vec()),
        },
        Fact::Misbehaved {
            peer: draw.region(),
            conduct: draw.maybe(Draw::conduct),
        },
    ]
}

fn sealing_facts(draw: &mut Draw) -> Vec<Fact> {
    let ids = |draw: &mut Draw| draw.some(|draw| EnvelopeId(draw.bytes()));
    vec![
        Fact::SealingKeyMade {
            new: NewKey {
                signed: draw.signed_key(),
                slot: draw.number(),
                retire_at: draw.time(),
            },
            actor: draw.maybe(Draw::text),
            reason: draw.text(),
        },
        Fact::SealingKeyLearned {
            signed: draw.signed_key(),
            peer: draw.region(),
            answered: draw.some(Draw::region),
        },
        Fact::SealingKeyAsked {
            region: draw.region(),
            asker: draw.region(),
        },
        Fact::KeyAwaited {
            no: draw.number(),
            until: draw.time(),
            envelope: draw.envelope(),
        },
        Fact::KeyAwaitEnded {
            region: draw.region(),
            no: draw.number(),
        },
        Fact::SealedSent {
            peer: draw.region(),
            lane: draw.lane(),
            seq: draw.number(),
        },
        Fact::SealedArrived {
            envelopes: ids(draw),
        },
        Fact::ArrivalNoted {
            author: draw.region(),
            envelope: EnvelopeId(draw.bytes()),
        },
        Fact::ArrivalsTold {
            author: draw.region(),
            envelopes: ids(draw),
        },
        Fact::KeyDestroyed(draw.destruction()),
    ]
}

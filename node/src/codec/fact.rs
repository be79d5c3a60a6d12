//! Facts: the members of a log record's lasting part.

use super::field::choice;
use hotline_domain::fact::Fact;
use hotline_proto::record::v1 as pb;
use pb::fact;

choice!(Fact => pb::Fact [fact: fact::Fact] {
    Started: fact::Started { mark },
    Ticket: fact::Ticket { matter, at: at_ms, actor, act, fields },
    Leg: fact::Leg { leg, matter, by, at: at_ms, happened_at: happened_at_ms, actor, act, fields },
    Sighted: fact::Sighted { matter, sight },
    Noticed(notice),
    OrderIssued(order),
    Queued: fact::Queued { peer, seq, hash, envelope },
    Consumed: fact::Consumed { peer, lane, seq, hash, id, outcome },
    Acked: fact::Acked { peer, lane, upto },
    Kept: pb::Kept { no, peer, until: until_ms, envelope },
    Unkept: fact::Unkept { no },
    LinkChanged: fact::LinkChanged { peer, peer_epoch, failures, heard_at: heard_at_ms, blocked, peer_wire },
    LanesRestarted: fact::LanesRestarted { peer },
    EpochRaised: fact::EpochRaised { epoch },
    TimerSet: fact::Timer { at: at_ms, key },
    TimerGone: fact::Timer { at: at_ms, key },
    Counted: fact::Counted { cell, deltas },
    Reported: fact::Reported { report },
    ReportedUp: fact::ReportedUp { parent, parent_epoch, version, as_of: as_of_ms, forwarded },
    Answered: fact::Answered { operator, key, digest, done },
    ClockHeld: fact::ClockHeld { why },
    ClockConfirmed: fact::ClockConfirmed {},
    SealingKeyMade: fact::SealingKeyMade { new, actor, reason },
    SealingKeyLearned: fact::SealingKeyLearned { signed, peer, answered },
    SealingKeyAsked: fact::SealingKeyAsked { region, asker },
    KeyAwaited: fact::KeyAwaited { no, until: until_ms, envelope },
    KeyAwaitEnded: fact::KeyAwaitEnded { region, no },
    SealedSent: fact::SealedSent { peer, lane, seq },
    SealedArrived: fact::SealedArrived { envelopes },
    ArrivalNoted: fact::ArrivalNoted { author, envelope },
    ArrivalsTold: fact::ArrivalsTold { author, envelopes },
    KeyDestroyed(destruction),
});

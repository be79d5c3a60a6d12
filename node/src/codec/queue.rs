//! What lies on a node's links and beside them: envelopes, what became of them, marks.

use super::field::{Field, choice, noun};
use super::form::coded;
use super::malformed::{Malformed, Why};
use hotline_domain::exchange::{Exchange, Missing, MissingKind, Restore};
use hotline_domain::leg::Lane;
use hotline_domain::link::{
    Conduct, Consumption, Count, Envelope, LaneState, LinkState, LogHead, Offence, Proof, Shown,
    Start, Starts, Trace,
};
use hotline_domain::row::Kept;
use hotline_proto::matter::v1 as matter;
use hotline_proto::record::v1 as pb;
use pb::consumption;

noun!(Envelope => pb::Envelope {
    id, kind, matter, leg, author, addressee, route, lane, written_at: written_at_ms, topology, key_id, payload, fields,
    sealed: sealed_statement, proof, trace,
});
noun!(Proof => matter::Proof { certificate, algorithm, signature, leaves, index, path, head });
noun!(LogHead => matter::LogHead { epoch, commit, hash });
noun!(Trace => matter::Trace { trace, span, sampled });
noun!(Kept => pb::Kept { no, peer, until: until_ms, envelope });

choice!(Consumption => pb::Consumption [outcome: consumption::Outcome] {
    Applied: consumption::Applied {},
    Refused: consumption::Refused { rule },
    Relayed: consumption::Relayed {},
    Parked: consumption::Parked {},
    SetAside: consumption::SetAside { why },
});

noun!(LaneState => pb::LaneState { sent, sent_hash, acked, acked_hash, received, received_hash });

/// One for each lane, in the order of [`Lane::ALL`].
impl Field<Vec<pb::LaneState>> for [LaneState; Lane::ALL.len()] {
    fn put(&self) -> Vec<pb::LaneState> {
        self.iter().map(Field::put).collect()
    }

    fn take(content: Vec<pb::LaneState>, at: &'static str) -> Result<Self, Malformed> {
        let lanes: Vec<LaneState> = Field::take(content, at)?;
        let (is, should) = (lanes.len(), Lane::ALL.len());
        lanes
            .try_into()
            .map_err(|_| Malformed::new(at, Why::Length { is, should }))
    }
}

coded!(MissingKind => pb::MissingKind { Span, Number, Petitioner, Giver, Unasked, Forked, Unproven });
noun!(Exchange => pb::Exchange { peer, ask, since: since_ms, urgent, ordinary });
noun!(Restore => pb::Restore { id, at: at_ms, until: until_ms, epoch });
noun!(Missing => pb::Missing { no, at: at_ms, kind, matter, number, words });

noun!(Conduct => pb::Conduct { counts, score, scored_at: scored_at_ms, quarantines, until: until_ms });
noun!(Count => pb::conduct::Count { offence, times, last: last_ms, what });
coded!(Offence => pb::Offence { Garbage, Contradiction, Flood, Forbidden, Unreadable, Refused });

noun!(Shown => pb::Shown { log_no, starts, mark });
noun!(Starts => pb::Starts { count, last });
noun!(Start => pb::Start { mark, log_no });

noun!(LinkState => pb::LinkState {
    peer, peer_epoch, lanes, failures, heard_at: heard_at_ms, blocked, peer_wire, restarting,
    conduct, kept, kept_bytes, shown, restarts,
});

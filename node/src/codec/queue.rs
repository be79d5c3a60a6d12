//! What lies on a node's links and beside them: envelopes, what became of them, marks.

use super::form::{
    Coded, Form, all_from, all_to, exactly, maybe_exactly, need, need_from, region, region_text,
};
use super::malformed::{Malformed, Why};
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::Lane;
use hotline_domain::link::{Consumption, Envelope, LaneState, LinkState};
use hotline_domain::row::Kept;
use hotline_proto::record::v1 as pb;
use hotline_topology::Time;

impl Form for Envelope {
    type Proto = pb::Envelope;

    fn to_proto(&self) -> pb::Envelope {
        let Envelope {
            id,
            kind,
            matter,
            leg,
            author,
            addressee,
            route,
            lane,
            written_at,
            topology,
            key_id,
            payload,
            fields,
        } = self;
        pb::Envelope {
            id: id.0.to_vec(),
            kind: *kind,
            matter: matter.map(|id| id.0.to_vec()),
            leg: leg.map(|id| id.0.to_vec()),
            author: region_text(*author),
            addressee: region_text(*addressee),
            route: route.iter().copied().map(region_text).collect(),
            lane: lane.code(),
            written_at_ms: written_at.0,
            topology: *topology,
            key_id: *key_id,
            payload: payload.clone(),
            fields: all_to(fields),
        }
    }

    fn from_proto(proto: pb::Envelope) -> Result<Self, Malformed> {
        let pb::Envelope {
            id,
            kind,
            matter,
            leg,
            author,
            addressee,
            route,
            lane,
            written_at_ms,
            topology,
            key_id,
            payload,
            fields,
        } = proto;
        Ok(Envelope {
            id: EnvelopeId(exactly(&id, "Envelope.id")?),
            kind,
            matter: maybe_exactly(matter, "Envelope.matter")?.map(MatterId),
            leg: maybe_exactly(leg, "Envelope.leg")?.map(LegId),
            author: region(&author, "Envelope.author")?,
            addressee: region(&addressee, "Envelope.addressee")?,
            route: route
                .iter()
                .map(|text| region(text, "Envelope.route"))
                .collect::<Result<_, _>>()?,
            lane: Lane::from_code(lane, "Envelope.lane")?,
            written_at: Time(written_at_ms),
            topology,
            key_id,
            payload,
            fields: all_from(fields)?,
        })
    }
}

impl Form for Kept {
    type Proto = pb::Kept;

    fn to_proto(&self) -> pb::Kept {
        let Kept {
            no,
            peer,
            until,
            envelope,
        } = self;
        pb::Kept {
            no: *no,
            peer: region_text(*peer),
            until_ms: until.map(|at| at.0),
            envelope: Some(envelope.to_proto()),
        }
    }

    fn from_proto(proto: pb::Kept) -> Result<Self, Malformed> {
        let pb::Kept {
            no,
            peer,
            until_ms,
            envelope,
        } = proto;
        Ok(Kept {
            no,
            peer: region(&peer, "Kept.peer")?,
            until: until_ms.map(Time),
            envelope: need_from(envelope, "Kept.envelope")?,
        })
    }
}

impl Form for Consumption {
    type Proto = pb::Consumption;

    fn to_proto(&self) -> pb::Consumption {
        use pb::consumption::{self as p, Outcome as Choice};
        let choice = match self {
            Consumption::Applied => Choice::Applied(p::Applied {}),
            Consumption::Refused { rule } => Choice::Refused(p::Refused { rule: rule.clone() }),
            Consumption::Relayed => Choice::Relayed(p::Relayed {}),
            Consumption::Parked => Choice::Parked(p::Parked {}),
            Consumption::SetAside { why } => Choice::SetAside(p::SetAside { why: why.clone() }),
        };
        pb::Consumption {
            outcome: Some(choice),
        }
    }

    fn from_proto(proto: pb::Consumption) -> Result<Self, Malformed> {
        use pb::consumption::{self as p, Outcome as Choice};
        let pb::Consumption { outcome } = proto;
        Ok(match need(outcome, "Consumption.outcome")? {
            Choice::Applied(p::Applied {}) => Consumption::Applied,
            Choice::Refused(p::Refused { rule }) => Consumption::Refused { rule },
            Choice::Relayed(p::Relayed {}) => Consumption::Relayed,
            Choice::Parked(p::Parked {}) => Consumption::Parked,
            Choice::SetAside(p::SetAside { why }) => Consumption::SetAside { why },
        })
    }
}

impl Form for LaneState {
    type Proto = pb::LaneState;

    fn to_proto(&self) -> pb::LaneState {
        let LaneState {
            sent,
            sent_hash,
            acked,
            acked_hash,
            received,
            received_hash,
        } = self;
        pb::LaneState {
            sent: *sent,
            sent_hash: sent_hash.to_vec(),
            acked: *acked,
            acked_hash: acked_hash.to_vec(),
            received: *received,
            received_hash: received_hash.to_vec(),
        }
    }

    fn from_proto(proto: pb::LaneState) -> Result<Self, Malformed> {
        let pb::LaneState {
            sent,
            sent_hash,
            acked,
            acked_hash,
            received,
            received_hash,
        } = proto;
        Ok(LaneState {
            sent,
            sent_hash: exactly(&sent_hash, "LaneState.sent_hash")?,
            acked,
            acked_hash: exactly(&acked_hash, "LaneState.acked_hash")?,
            received,
            received_hash: exactly(&received_hash, "LaneState.received_hash")?,
        })
    }
}

impl Form for LinkState {
    type Proto = pb::LinkState;

    fn to_proto(&self) -> pb::LinkState {
        let LinkState {
            peer,
            peer_epoch,
            lanes,
            failures,
            heard_at,
            blocked,
        } = self;
        pb::LinkState {
            peer: region_text(*peer),
            peer_epoch: *peer_epoch,
            lanes: all_to(lanes),
            failures: *failures,
            heard_at_ms: heard_at.map(|at| at.0),
            blocked: blocked.clone(),
        }
    }

    fn from_proto(proto: pb::LinkState) -> Result<Self, Malformed> {
        let pb::LinkState {
            peer,
            peer_epoch,
            lanes,
            failures,
            heard_at_ms,
            blocked,
        } = proto;
        let lanes: Vec<LaneState> = all_from(lanes)?;
        let (is, should) = (lanes.len(), Lane::ALL.len());
        Ok(LinkState {
            peer: region(&peer, "LinkState.peer")?,
            peer_epoch,
            lanes: lanes
                .try_into()
                .map_err(|_| Malformed::new("LinkState.lanes", Why::Length { is, should }))?,
            failures,
            heard_at: heard_at_ms.map(Time),
            blocked,
        })
    }
}

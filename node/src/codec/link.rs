//! Frames of a link and their form on the wire (`link/v1`).
//!
//! A frame is taken apart into what the session judges and, beside it, the personal fields of its envelope in the
//! clear: they are opened before [`encode`] and sealed after [`decode`] (`link/fields`), so no conversion needs a key.

use super::field::Field;
use super::form::{Coded, coded, exactly, maybe_exactly, need, region, region_text};
use super::malformed::{Malformed, Why};
use hotline_domain::figures::Watermark;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::Lane;
use hotline_domain::link::{
    ByeCode, Credit, Envelope, Frame, Hello, LaneState, Past, Proof, STARTS_MAX, Shown, Start,
    Starts,
};
use hotline_proto::Bytes as _;
use hotline_proto::link::v1 as pb;
use hotline_topology::{FieldName, Time};
use zeroize::{Zeroize as _, Zeroizing};

/// Longest route of an envelope, in nodes; a tree of four levels needs seven.
pub const ROUTE_MAX: usize = 32;
/// Most personal fields of an envelope.
pub const FIELDS_MAX: usize = 64;
/// Longest text of a farewell, in bytes; what is longer is cut when it is written.
pub const BYE_TEXT_MAX: usize = 4096;
/// Longest way to the root of statements signed together: a tree of 2^32.
pub const PATH_MAX: usize = 32;
/// Longest signature, in bytes.
pub const SIGNATURE_MAX: usize = 512;
/// Longest sealed payload, in bytes: the longest plain one with as many fields as fit into a frame beside the rest.
pub const SEALED_BYTES_MAX: usize = 6 << 20;
/// Most certificates of a signer, the root not counted.
pub const CHAIN_MAX: usize = crate::identity::chain::CHAIN_LENGTH_MAX;
/// Longest certificate, in bytes of DER.
pub const CERTIFICATE_MAX: usize = 8 << 10;
/// Length of a salt.
pub const SALT_BYTES: usize = 16;

/// A personal field on its way between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireField {
    /// Which field.
    pub name: FieldName,
    /// The salted hash that evidence refers to.
    pub hash: [u8; 32],
    /// What it says; `None` once erased.
    pub content: Option<WireContent>,
}

/// What a personal field says; wiped when dropped, and not shown when debugged.
#[derive(Clone, PartialEq, Eq)]
pub struct WireContent {
    /// The salt drawn when the field was first written.
    pub salt: [u8; SALT_BYTES],
    /// The bytes.
    pub value: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for WireContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WireContent({} bytes)", self.value.len())
    }
}

coded!(ByeCode => pb::bye::Code {
    Shutdown, Replaced, WireVersion, YouRolledBack, IRolledBack, Blocked, NotNeighbour, Gap, HashMismatch, OverCredit,
    Silent, Protocol, Unwell,
});

/// The message of a frame; `fields` are those of its envelope, opened, in order. The stored ciphertexts stay here.
#[must_use]
pub fn encode(frame: Frame, fields: Vec<WireField>) -> pb::Frame {
    use pb::frame::Frame as Choice;
    let choice = match frame {
        Frame::Hello(hello) => Choice::Hello(hello_to(*hello)),
        Frame::Envelope {
            lane,
            seq,
            hash,
            spent,
            envelope,
            chain,
        } => Choice::Numbered(pb::Numbered {
            lane: lane.code(),
            seq,
            hash: hash.to_vec(),
            spent: Some(credit_to(spent)),
            envelope: Some(envelope_to(*envelope, fields)),
            chain,
        }),
        Frame::Ack { lane, upto, hash } => Choice::Ack(pb::Ack {
            lane: lane.code(),
            upto,
            hash: hash.to_vec(),
        }),
        Frame::Credit(lanes) => Choice::Credit(pb::CreditGrant {
            lanes: lanes.map(credit_to).to_vec(),
        }),
        Frame::Heartbeat {
            time,
            watermark,
            log_no,
        } => Choice::Heartbeat(pb::Heartbeat {
            time_ms: time.0,
            watermark: watermark.map(watermark_to),
            log_no,
        }),
        Frame::Bye { code, mut text } => {
            let mut end = text.len().min(BYE_TEXT_MAX);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            Choice::Bye(pb::Bye {
                code: code.code(),
                text,
            })
        }
    };
    pb::Frame {
        frame: Some(choice),
    }
}

/// The frame of a message, its envelope still without fields, and those fields.
///
/// # Errors
/// Names message and field of what is wrong or beyond its bound.
pub fn decode(proto: pb::Frame) -> Result<(Frame, Vec<WireField>), Malformed> {
    use pb::frame::Frame as Choice;
    let frame = match need(proto.frame, "Frame.frame")? {
        Choice::Hello(hello) => Frame::Hello(Box::new(hello_from(hello)?)),
        Choice::Numbered(numbered) => return numbered_from(numbered),
        Choice::Ack(pb::Ack { lane, upto, hash }) => Frame::Ack {
            lane: Lane::from_code(lane, "Ack.lane")?,
            upto,
            hash: exactly(&hash, "Ack.hash")?,
        },
        Choice::Credit(pb::CreditGrant { lanes }) => {
            let lanes: Vec<Credit> = lanes.into_iter().map(credit_from).collect();
            Frame::Credit(per_lane(lanes, "CreditGrant.lanes")?)
        }
        Choice::Heartbeat(pb::Heartbeat {
            time_ms,
            watermark,
            log_no,
        }) => Frame::Heartbeat {
            time: Time(time_ms),
            watermark: watermark.map(watermark_from).transpose()?,
            log_no,
        },
        Choice::Bye(pb::Bye { code, text }) => Frame::Bye {
            code: ByeCode::from_code(code, "Bye.code")?,
            text: within(text.len(), BYE_TEXT_MAX, "Bye.text").map(|()| text)?,
        },
    };
    Ok((frame, Vec::new()))
}

fn numbered_from(proto: pb::Numbered) -> Result<(Frame, Vec<WireField>), Malformed> {
    let pb::Numbered {
        lane,
        seq,
        hash,
        spent,
        envelope,
        chain,
    } = proto;
    within(chain.len(), CHAIN_MAX, "Numbered.chain")?;
    for certificate in &chain {
        within(certificate.len(), CERTIFICATE_MAX, "Numbered.chain")?;
    }
    let (envelope, fields) = envelope_from(need(envelope, "Numbered.envelope")?)?;
    let frame = Frame::Envelope {
        lane: Lane::from_code(lane, "Numbered.lane")?,
        seq,
        hash: exactly(&hash, "Numbered.hash")?,
        spent: credit_from(need(spent, "Numbered.spent")?),
        envelope: Box::new(envelope),
        chain,
    };
    Ok((frame, fields))
}

fn hello_to(hello: Hello) -> pb::Hello {
    let Hello {
        wire_version,
        wire_oldest,
        region,
        epoch,
        peer_epoch,
        topology_version,
        time,
        lanes,
        restarting,
        past: Past { log_no, starts },
        shown,
        refused,
    } = hello;
    pb::Hello {
        wire_version,
        wire_oldest,
        region: region_text(region),
        epoch,
        peer_epoch,
        topology_version,
        time_ms: time.0,
        lanes: lanes.map(marks_to).to_vec(),
        restarting,
        log_no,
        starts: starts.count,
        last_starts: starts.last.into_iter().map(start_to).collect(),
        shown: shown.map(shown_to),
        refused,
    }
}

fn hello_from(proto: pb::Hello) -> Result<Hello, Malformed> {
    let pb::Hello {
        wire_version,
        wire_oldest,
        region: key,
        epoch,
        peer_epoch,
        topology_version,
        time_ms,
        lanes,
        restarting,
        log_no,
        starts,
        last_starts,
        shown,
        refused,
    } = proto;
    within(last_starts.len(), STARTS_MAX, "Hello.last_starts")?;
    let last = last_starts.into_iter().map(start_from);
    let lanes: Vec<LaneState> = lanes
        .into_iter()
        .map(marks_from)
        .collect::<Result<_, _>>()?;
    Ok(Hello {
        wire_version,
        wire_oldest,
        region: region(&key, "Hello.region")?,
        epoch,
        peer_epoch,
        topology_version,
        time: Time(time_ms),
        lanes: per_lane(lanes, "Hello.lanes")?,
        restarting,
        past: Past {
            log_no,
            starts: Starts {
                count: starts,
                last: last.collect::<Result<_, _>>()?,
            },
        },
        shown: shown.map(shown_from).transpose()?,
        refused,
    })
}

fn start_to(Start { mark, log_no }: Start) -> pb::Start {
    let mark = mark.to_vec();
    pb::Start { mark, log_no }
}

fn start_from(pb::Start { mark, log_no }: pb::Start) -> Result<Start, Malformed> {
    let mark = exactly(&mark, "Start.mark")?;
    Ok(Start { mark, log_no })
}

fn shown_to(shown: Shown) -> pb::Shown {
    let Shown {
        log_no,
        starts,
        mark,
    } = shown;
    pb::Shown {
        log_no,
        starts,
        mark: mark.to_vec(),
    }
}

fn shown_from(proto: pb::Shown) -> Result<Shown, Malformed> {
    let pb::Shown {
        log_no,
        starts,
        mark,
    } = proto;
    Ok(Shown {
        log_no,
        starts,
        mark: exactly(&mark, "Shown.mark")?,
    })
}

fn marks_to(marks: LaneState) -> pb::LaneMarks {
    let LaneState {
        sent,
        sent_hash,
        acked,
        acked_hash,
        received,
        received_hash,
    } = marks;
    pb::LaneMarks {
        sent,
        sent_hash: sent_hash.to_vec(),
        acked,
        acked_hash: acked_hash.to_vec(),
        received,
        received_hash: received_hash.to_vec(),
    }
}

fn marks_from(proto: pb::LaneMarks) -> Result<LaneState, Malformed> {
    let pb::LaneMarks {
        sent,
        sent_hash,
        acked,
        acked_hash,
        received,
        received_hash,
    } = proto;
    Ok(LaneState {
        sent,
        sent_hash: exactly(&sent_hash, "LaneMarks.sent_hash")?,
        acked,
        acked_hash: exactly(&acked_hash, "LaneMarks.acked_hash")?,
        received,
        received_hash: exactly(&received_hash, "LaneMarks.received_hash")?,
    })
}

fn credit_to(credit: Credit) -> pb::Credit {
    let Credit { messages, bytes } = credit;
    pb::Credit { messages, bytes }
}

fn credit_from(proto: pb::Credit) -> Credit {
    let pb::Credit { messages, bytes } = proto;
    Credit { messages, bytes }
}

fn watermark_to(watermark: Watermark) -> pb::Watermark {
    let Watermark {
        author,
        epoch,
        version,
        as_of,
    } = watermark;
    pb::Watermark {
        author: region_text(author),
        epoch,
        version,
        as_of_ms: as_of.0,
    }
}

fn watermark_from(proto: pb::Watermark) -> Result<Watermark, Malformed> {
    let pb::Watermark {
        author,
        epoch,
        version,
        as_of_ms,
    } = proto;
    Ok(Watermark {
        author: region(&author, "Watermark.author")?,
        epoch,
        version,
        as_of: Time(as_of_ms),
    })
}

fn envelope_to(envelope: Envelope, opened: Vec<WireField>) -> pb::Envelope {
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
        fields: _, // sealed under this node's keys: they never leave it
        sealed,
        proof,
        trace,
    } = envelope;
    pb::Envelope {
        id: id.0.to_vec(),
        kind,
        matter: matter.map(|id| id.0.to_vec()),
        leg: leg.map(|id| id.0.to_vec()),
        author: region_text(author),
        addressee: region_text(addressee),
        route: route.into_iter().map(region_text).collect(),
        lane: lane.code(),
        written_at_ms: written_at.0,
        topology,
        key_id,
        payload,
        fields: opened.into_iter().map(field_to).collect(),
        sealed_statement: sealed.map(Vec::from),
        proof: proof.put(),
        trace: trace.put(),
    }
}

fn envelope_from(proto: pb::Envelope) -> Result<(Envelope, Vec<WireField>), Malformed> {
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
        sealed_statement,
        proof,
        trace,
    } = proto;
    within(route.len(), ROUTE_MAX, "Envelope.route")?;
    sealed_wholly(key_id, sealed_statement.is_some(), &payload, &fields)?;
    within(fields.len(), FIELDS_MAX, "Envelope.fields")?;
    let envelope = Envelope {
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
        fields: Vec::new(),
        sealed: maybe_exactly(sealed_statement, "Envelope.sealed_statement")?,
        proof: proof_from(proof)?,
        trace: Field::take(trace, "Envelope.trace")?,
    };
    let fields = fields
        .into_iter()
        .map(field_from)
        .collect::<Result<_, _>>()?;
    Ok((envelope, fields))
}

/// A sealed payload says its statement and has its fields inside; a plain one speaks for itself.
fn sealed_wholly(
    key_id: u32,
    stated: bool,
    payload: &[u8],
    fields: &[pb::Field],
) -> Result<(), Malformed> {
    if key_id == 0 {
        return if stated {
            let why = Why::Conflict("未封装的内容另带校验值");
            Err(Malformed::new("Envelope.sealed_statement", why))
        } else {
            Ok(())
        };
    }
    within(payload.len(), SEALED_BYTES_MAX, "Envelope.payload")?;
    if !stated {
        return Err(Malformed::new("Envelope.sealed_statement", Why::Missing));
    }
    if !fields.is_empty() {
        let why = Why::Conflict("封装的内容之外另带字段");
        return Err(Malformed::new("Envelope.fields", why));
    }
    Ok(())
}

/// What is sealed of an envelope: payload and fields; wiped when dropped.
#[must_use]
pub fn content_to(payload: &[u8], fields: Vec<WireField>) -> Zeroizing<Vec<u8>> {
    let mut content = pb::SealedContent {
        payload: payload.to_vec(),
        fields: fields.into_iter().map(field_to).collect(),
    };
    let bytes = Zeroizing::new(content.to_bytes());
    for field in &mut content.fields {
        if let Some(content) = &mut field.content {
            content.value.zeroize();
        }
    }
    bytes
}

/// What was sealed of an envelope.
///
/// # Errors
/// Names message and field of what is wrong or beyond its bound.
pub fn content_from(bytes: &[u8]) -> Result<(Vec<u8>, Vec<WireField>), Malformed> {
    let pb::SealedContent { payload, fields } = pb::SealedContent::from_bytes(bytes)
        .map_err(|error| Malformed::new("SealedContent", Why::Bytes(error)))?;
    within(fields.len(), FIELDS_MAX, "SealedContent.fields")?;
    let fields = fields.into_iter().map(field_from);
    Ok((payload, fields.collect::<Result<_, _>>()?))
}

fn proof_from(proto: Option<hotline_proto::matter::v1::Proof>) -> Result<Option<Proof>, Malformed> {
    if let Some(proof) = &proto {
        within(proof.path.len(), PATH_MAX, "Proof.path")?;
        within(proof.signature.len(), SIGNATURE_MAX, "Proof.signature")?;
    }
    Field::take(proto, "Envelope.proof")
}

fn field_to(field: WireField) -> pb::Field {
    let WireField {
        name,
        hash,
        content,
    } = field;
    pb::Field {
        name: name.code(),
        hash: hash.to_vec(),
        content: content.map(|WireContent { salt, mut value }| pb::FieldContent {
            salt: salt.to_vec(),
            value: std::mem::take(&mut *value),
        }),
    }
}

fn field_from(proto: pb::Field) -> Result<WireField, Malformed> {
    let pb::Field {
        name,
        hash,
        content,
    } = proto;
    let content = content.map(|pb::FieldContent { salt, value }| {
        let value = Zeroizing::new(value);
        exactly(&salt, "FieldContent.salt").map(|salt| WireContent { salt, value })
    });
    Ok(WireField {
        name: FieldName::from_code(name, "Field.name")?,
        hash: exactly(&hash, "Field.hash")?,
        content: content.transpose()?,
    })
}

fn per_lane<T>(lanes: Vec<T>, at: &'static str) -> Result<[T; 3], Malformed> {
    let (is, should) = (lanes.len(), Lane::ALL.len());
    lanes
        .try_into()
        .map_err(|_| Malformed::new(at, Why::Length { is, should }))
}

fn within(is: usize, max: usize, at: &'static str) -> Result<(), Malformed> {
    if is <= max {
        Ok(())
    } else {
        Err(Malformed::new(at, Why::TooLong { is, max }))
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;

//! Parts of records where they stand in other files than the log: in evidence.

use super::field::Field;
use super::malformed::Malformed;
use hotline_domain::link::{Envelope, Proof};
use hotline_proto::matter::v1 as matter;
use hotline_proto::record::v1 as pb;

/// An envelope as a record holds it.
#[must_use]
pub fn envelope_to(envelope: &Envelope) -> pb::Envelope {
    envelope.put()
}

/// The envelope of a record's message.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn envelope_from(proto: pb::Envelope) -> Result<Envelope, Malformed> {
    Field::take(proto, "Envelope")
}

/// A proof as a record holds it.
#[must_use]
pub fn proof_to(proof: &Proof) -> matter::Proof {
    proof.put()
}

/// The proof of a record's message.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn proof_from(proto: matter::Proof) -> Result<Proof, Malformed> {
    Field::take(proto, "Proof")
}

//! Documents of the world, and what neighbours say of theirs.

use super::field::{Field, noun, put};
use super::form::coded;
use super::malformed::{Malformed, Why};
use hotline_domain::world::{Document, DocumentKind, Have, Header, Holding, PeerWorld, Series};
use hotline_proto::Bytes as _;
use hotline_proto::record::v1 as record;
use hotline_proto::world::v1 as pb;

coded!(DocumentKind => pb::DocumentKind { Topology, Calendar, Pack, Trust, Revocations });

noun!(Series => pb::Series { kind, scope, name });
noun!(Header => pb::Header { series, version, effective_at: effective_at_ms });
noun!(Holding => pb::Holding { series, version });
noun!(Have => pb::Have { topology, lists_at: lists_at_ms, holdings });
noun!(Document => record::Document {
    header, digest, parts, accepted_at: accepted_at_ms, from, in_force_at: in_force_at_ms, lists_at: lists_at_ms,
});
noun!(PeerWorld => record::PeerWorld { have, heard_at: heard_at_ms, sent, told, incoming });

/// A document that comes part by part: its digest, and parts so far.
impl Field<record::Incoming> for ([u8; 32], u32) {
    fn put(&self) -> record::Incoming {
        let (digest, parts) = self;
        put!(record::Incoming { digest, parts })
    }

    fn take(content: record::Incoming, _: &'static str) -> Result<Self, Malformed> {
        let record::Incoming { digest, parts } = content;
        Ok((Field::take(digest, "Incoming.digest")?, parts))
    }
}

/// A header as it is signed.
#[must_use]
pub fn header(header: &Header) -> pb::Header {
    header.put()
}

/// A document's header, and the document.
///
/// # Errors
/// Names message and field of what is wrong.
pub fn document(bytes: &[u8]) -> Result<(Header, pb::Document), Malformed> {
    let mut document = pb::Document::from_bytes(bytes)
        .map_err(|error| Malformed::new("Document", Why::Bytes(error)))?;
    let header = Field::take(document.header.take(), "Document.header")?;
    Ok((header, document))
}

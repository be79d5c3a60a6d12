//! Attachments (附件): pictures, recordings and documents of a ticket.
//!
//! A ticket holds references; the file itself lies beside the log, sealed in chunks, and is fetched on a stream of its
//! own. A reference travels with a leg where every edge on the way lets [`FieldName::Attachment`] pass; that field, the
//! cover, holds the file's name and the key that opens it, and is sealed like every other personal field. Whoever has no
//! cover, a relay for one, sees sealed chunks under an id that tells nothing of what is in them.
//!
//! ```text
//! written here        ──▶ on every open leg at once ─────┐
//! came from a giver   ──▶ on what was given on ──────────┼──▶ with each later offer and result ──▶ fetched by the other
//! came from a taker   ───────────────────────────────────┘                    side chunk by chunk, see manifest
//! ```
//!
//! [`FieldName::Attachment`]: hotline_topology::FieldName::Attachment

mod access;
mod limits;
mod manifest;
mod sniff;
#[cfg(test)]
mod tests;

pub use access::{permit_fetch, permit_passing};
pub use limits::{Held, RECEIVED_MAX, permit, permit_received};
pub use manifest::{CHUNK_BYTES, Manifest, SIZE_MAX, TAG_BYTES};
pub use sniff::{looks_like, sniff};

use crate::field::SealedField;
use crate::id::LegId;
use hotline_topology::policy::Media;
use hotline_topology::{RegionKey, Time};
use std::fmt;
use std::str::FromStr;

/// An attachment's id: a hash over its sealed chunks, so that whoever asks for it can check every chunk that comes, and
/// nobody can guess the content from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId(pub [u8; 32]);

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttachmentId({self})")
    }
}

/// Text that is not the 64 hexadecimal digits of an attachment's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("「{0}」不是附件编号：应为 64 位十六进制数字")]
pub struct BadAttachmentId(pub String);

impl FromStr for AttachmentId {
    type Err = BadAttachmentId;

    fn from_str(text: &str) -> Result<Self, BadAttachmentId> {
        let bad = || BadAttachmentId(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut id = [0; 32];
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(id))
    }
}

/// What a reference says; the same at every node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Bytes of the file itself, before sealing.
    pub size: u64,
    /// What it is.
    pub media: Media,
}

/// A reference as one node's ticket holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// The reference.
    pub attachment: Attachment,
    /// File name and key; see the module.
    pub cover: SealedField,
    /// Since when it is known here.
    pub at: Time,
    /// Who attached it here; `None` where it came by a leg.
    pub actor: Option<String>,
    /// Stays at this node.
    pub local: bool,
    /// The node that it first came from; `None` where it was written here.
    pub source: Option<RegionKey>,
    /// Legs that this node sent it along.
    pub given_on: Vec<LegId>,
    /// Legs that it came by.
    pub came_on: Vec<LegId>,
    /// Nodes that have fetched it from here.
    pub fetched_by: Vec<RegionKey>,
}

impl Attached {
    /// Whether the other end of the leg knows of it.
    #[must_use]
    pub fn is_on(&self, leg: LegId) -> bool {
        self.given_on.contains(&leg) || self.came_on.contains(&leg)
    }
}

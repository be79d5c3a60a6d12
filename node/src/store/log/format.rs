//! The bytes of a segment: its header and its records. Numbers are big-endian.

use sha2::{Digest, Sha256};

use crate::store::{ChainHash, CommitNo};

pub(super) const MAGIC: [u8; 8] = *b"HOTLOG\r\n";
/// The version of the segment format that this program writes; it reads this one only, being the first.
pub const FORMAT_VERSION: u16 = 1;
/// Names SHA-256 in headers and as the first byte of what is hashed.
pub const CHAIN_SHA256: u8 = 1;
/// The longest node key that a header holds.
pub const NODE_BYTES_MAX: usize = 60;
/// The longest record, all its parts together.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

pub(super) const HEADER_BYTES: usize = 128;
/// In a header: redo parts were stripped. In a record: this one's was.
pub(super) const FLAG_STRIPPED: u8 = 1;
/// Length and checksum, in front of a record's body.
pub(super) const FRAME_BYTES: usize = 8;
/// What a body holds beside its two parts.
const FIXED_BYTES: usize = 8 + 1 + 4 + 32 + 4 + 4;
pub(super) const RECORD_BYTES_MIN: usize = FRAME_BYTES + FIXED_BYTES;

/// The value of the chain before a node's first commit; differs from node to node.
#[must_use]
pub fn genesis(node: &str) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update([CHAIN_SHA256]);
    hasher.update(b"hotline log");
    hasher.update(node.as_bytes());
    hasher.finalize().into()
}

/// The value of the chain after a commit: SHA-256 over algorithm id, value before, number, lasting part.
/// The redo part stays outside, so it can be stripped.
#[must_use]
pub fn chain(prev: &ChainHash, no: CommitNo, lasting: &[u8]) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update([CHAIN_SHA256]);
    hasher.update(prev);
    hasher.update(no.to_be_bytes());
    hasher.update(lasting);
    hasher.finalize().into()
}

/// The first bytes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether redo parts were stripped.
    pub stripped: bool,
    /// The node's key.
    pub node: String,
    /// The node's epoch when the segment was begun.
    pub epoch: u64,
    /// The number of the first commit.
    pub first: CommitNo,
    /// The value of the chain before the first commit.
    pub prev_hash: ChainHash,
}

/// Why a header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderFault {
    NotASegment,
    UnknownFormat(u16),
    Checksum,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let node = &self.node.as_bytes()[..self.node.len().min(NODE_BYTES_MAX)];
        out[..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&FORMAT_VERSION.to_be_bytes());
        out[11] = if self.stripped { FLAG_STRIPPED } else { 0 };
        out[12] = CHAIN_SHA256;
        out[13] = u8::try_from(node.len()).unwrap_or(0);
        out[16..24].copy_from_slice(&self.epoch.to_be_bytes());
        out[24..32].copy_from_slice(&self.first.to_be_bytes());
        out[32..64].copy_from_slice(&self.prev_hash);
        out[64..64 + node.len()].copy_from_slice(node);
        let crc = crc32fast::hash(&out[..HEADER_BYTES - 4]);
        out[HEADER_BYTES - 4..].copy_from_slice(&crc.to_be_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(HeaderFault::NotASegment);
        };
        if bytes[..8] != MAGIC {
            return Err(HeaderFault::NotASegment);
        }
        let version = u16::from_be_bytes([bytes[8], bytes[9]]);
        if version != FORMAT_VERSION {
            return Err(HeaderFault::UnknownFormat(version));
        }
        let node_len = usize::from(bytes[13]);
        let checked = crc32fast::hash(&bytes[..HEADER_BYTES - 4]) == be32(bytes, HEADER_BYTES - 4);
        if !checked || node_len > NODE_BYTES_MAX || bytes[12] != CHAIN_SHA256 {
            return Err(HeaderFault::Checksum);
        }
        let node =
            std::str::from_utf8(&bytes[64..64 + node_len]).map_err(|_| HeaderFault::Checksum)?;
        let mut prev_hash = [0; 32];
        prev_hash.copy_from_slice(&bytes[32..64]);
        Ok(Self {
            stripped: bytes[11] & FLAG_STRIPPED != 0,
            node: node.to_owned(),
            epoch: be64(bytes, 16),
            first: be64(bytes, 24),
            prev_hash,
        })
    }
}

/// A commit as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The commit's number.
    pub no: CommitNo,
    /// The value of the chain before it.
    pub prev_hash: ChainHash,
    /// The value of the chain after it.
    pub hash: ChainHash,
    /// What is kept for ever.
    pub lasting: Vec<u8>,
    /// The view's changes; `None` once stripped.
    pub redo: Option<Vec<u8>>,
    /// How many commits of the same sync stand before it.
    pub(super) group_pos: u32,
}

/// What a record says before its parts are copied.
pub(super) struct Body<'a> {
    pub no: CommitNo,
    pub group_pos: u32,
    pub prev_hash: ChainHash,
    pub lasting: &'a [u8],
    pub redo: Option<&'a [u8]>,
}

impl Body<'_> {
    /// The value of the chain in front of the first of these records.
    pub fn first_prev_hash(records: &[u8]) -> Option<ChainHash> {
        records.get(FRAME_BYTES + 13..)?.first_chunk().copied()
    }
}

/// Appends a record's bytes to `out`.
pub(super) fn encode_record(out: &mut Vec<u8>, body: &Body<'_>) {
    let start = out.len();
    let redo = body.redo.unwrap_or_default();
    out.extend([0; FRAME_BYTES]);
    out.extend(body.no.to_be_bytes());
    out.push(if body.redo.is_none() {
        FLAG_STRIPPED
    } else {
        0
    });
    out.extend(body.group_pos.to_be_bytes());
    out.extend(body.prev_hash);
    out.extend(len32(body.lasting.len()));
    out.extend(body.lasting);
    out.extend(len32(redo.len()));
    out.extend(redo);
    let len = len32(out.len() - start - FRAME_BYTES);
    out[start..start + 4].copy_from_slice(&len);
    let crc = checksum(&len, &out[start + FRAME_BYTES..]);
    out[start + 4..start + FRAME_BYTES].copy_from_slice(&crc.to_be_bytes());
}

/// The length of the whole record that these first bytes announce, if it can be one.
pub(super) fn announced_bytes(frame: &[u8]) -> Option<usize> {
    let len = u32::from_be_bytes(*frame.first_chunk::<4>()?) as usize;
    let whole = FRAME_BYTES + len;
    (RECORD_BYTES_MIN..=RECORD_BYTES_MAX)
        .contains(&whole)
        .then_some(whole)
}

/// The number that a record claims; says nothing of its being whole.
pub(super) fn claimed_no(record: &[u8]) -> Option<CommitNo> {
    Some(CommitNo::from_be_bytes(
        *record.get(FRAME_BYTES..)?.first_chunk()?,
    ))
}

/// Reads a whole record; `None` where its checksum or its lengths do not fit.
pub(super) fn decode_record(record: &[u8]) -> Option<Body<'_>> {
    if announced_bytes(record)? != record.len() {
        return None;
    }
    let body = &record[FRAME_BYTES..];
    if checksum(record.first_chunk::<4>()?, body) != be32(record, 4) {
        return None;
    }
    let flags = body[8];
    let mut prev_hash = [0; 32];
    prev_hash.copy_from_slice(&body[13..45]);
    let (lasting, rest) = split_counted(&body[45..])?;
    let (redo, rest) = split_counted(rest)?;
    (rest.is_empty() && flags & !FLAG_STRIPPED == 0).then(|| Body {
        no: be64(body, 0),
        group_pos: be32(body, 9),
        prev_hash,
        lasting,
        redo: (flags & FLAG_STRIPPED == 0).then_some(redo),
    })
}

/// How many bytes a record with these parts takes.
pub(super) fn record_bytes(lasting: &[u8], redo: &[u8]) -> usize {
    RECORD_BYTES_MIN + lasting.len() + redo.len()
}

fn split_counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*len) as usize)
}

fn checksum(len: &[u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(len);
    hasher.update(body);
    hasher.finalize()
}

/// Lengths are bounded by [`RECORD_BYTES_MAX`] before they come here.
fn len32(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u32::from_be_bytes(*chunk))
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u64::from_be_bytes(*chunk))
}

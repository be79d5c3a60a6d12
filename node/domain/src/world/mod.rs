//! The world as nodes agree on it: signed documents that come down the links, each taken into force at its instant.
//!
//! ```text
//! published by a person, or part by part from the node above
//!      │ examined as a whole: signature, scope, content, version      refused: says why, goes no further
//!      ▼
//!   accepted, kept for ever ──► offered to the nodes below that have less
//!      │ its instant
//!      ▼
//!   in force ──► the shell takes it up ──► what waited for the version goes on
//! ```
//!
//! | kind | signed by | of what |
//! | --- | --- | --- |
//! | topology, calendar, trust | the root | the whole federation |
//! | pack | the authority of its region, or the root | that region and what lies below it |
//! | revocations | the root, or the authority whose certificates they are | what that authority certifies |
//!
//! Who signs and whether the content is whole is the [`Examiner`]'s to say: it is handed in like time, because rules
//! know no cryptography. The rules of what follows are in `kernel/world`.

use hotline_topology::{Federation, RegionKey, Time};

/// Largest document with its signatures, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 6 << 20;
/// Bytes of a document that travel in one message.
pub const PART_BYTES: usize = 256 << 10;
/// Most parts of a document.
pub const PARTS_MAX: u32 = (DOCUMENT_BYTES_MAX / PART_BYTES) as u32;
/// Most series that a neighbour may say it has; more is no honest list.
pub const HOLDINGS_MAX: usize = 4096;

/// What a document is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DocumentKind {
    /// Tree, units, catalogue, edges.
    Topology,
    /// Notices of working days beyond those of the topology.
    Calendar,
    /// A policy pack.
    Pack,
    /// The roots that certificates must end at.
    Trust,
    /// Revocation lists.
    Revocations,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [DocumentKind; 5] = [
        DocumentKind::Topology,
        DocumentKind::Calendar,
        DocumentKind::Pack,
        DocumentKind::Trust,
        DocumentKind::Revocations,
    ];

    /// The kind for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            DocumentKind::Topology => "拓扑",
            DocumentKind::Calendar => "日历",
            DocumentKind::Pack => "规则包",
            DocumentKind::Trust => "信任根",
            DocumentKind::Revocations => "吊销列表",
        }
    }
}

/// A series of versions of one document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Series {
    /// What it is.
    pub kind: DocumentKind,
    /// The region whose document it is: it holds for that region and what lies below it.
    pub scope: RegionKey,
    /// Name within kind and scope: a pack's id, else empty.
    pub name: String,
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.label(), self.scope)?;
        if self.name.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.name)
        }
    }
}

/// What is signed of a document, beside its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Which series.
    pub series: Series,
    /// Grows within the series.
    pub version: u32,
    /// From when it holds.
    pub effective_at: Time,
}

/// What an examined document turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Examined {
    /// Its header.
    pub header: Header,
    /// When the oldest revocation list in it was signed; of revocations only.
    pub lists_at: Option<Time>,
}

/// Says whether a document is what it claims, from what the node trusts now.
pub trait Examiner {
    /// Checks signatures, the signer's right to the scope, and the content as a whole.
    ///
    /// # Errors
    /// Why it is refused: every fault of the content with file, line and field.
    fn examine(&self, bytes: &[u8], federation: &Federation) -> Result<Examined, String>;

    /// When the oldest revocation list that this node judges by was signed; `None` where it uses none.
    fn lists_at(&self) -> Option<Time>;
}

/// Trusts nobody: for nodes that take no documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDocuments;

impl Examiner for NoDocuments {
    fn examine(&self, _: &[u8], _: &Federation) -> Result<Examined, String> {
        Err("本节点尚不能核验文件".to_owned())
    }

    fn lists_at(&self) -> Option<Time> {
        None
    }
}

/// A document that was accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its header.
    pub header: Header,
    /// SHA-256 of its bytes, signatures included.
    pub digest: [u8; 32],
    /// In how many parts they are kept.
    pub parts: u32,
    /// When it was accepted here.
    pub accepted_at: Time,
    /// Which node sent it; `None`: a person published it here.
    pub from: Option<RegionKey>,
    /// When it came into force here.
    pub in_force_at: Option<Time>,
    /// When the oldest revocation list in it was signed; of revocations only.
    pub lists_at: Option<Time>,
}

/// The latest accepted version of a series.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Which series.
    pub series: Series,
    /// Its version.
    pub version: u32,
}

/// What a node says it has, to its neighbours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Have {
    /// The topology version in force.
    pub topology: u32,
    /// When the oldest revocation list in force was signed.
    pub lists_at: Option<Time>,
    /// The latest accepted version of each series, in their order.
    pub holdings: Vec<Holding>,
}

impl Have {
    /// The version held of a series; 0 for none.
    #[must_use]
    pub fn version_of(&self, series: &Series) -> u32 {
        let held = self.holdings.iter().find(|held| held.series == *series);
        held.map_or(0, |held| held.version)
    }
}

/// What a node knows of a neighbour's world.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PeerWorld {
    /// What it said last; `None` before.
    pub have: Option<Have>,
    /// When it said so.
    pub heard_at: Option<Time>,
    /// What was sent to it since.
    pub sent: Vec<Holding>,
    /// What it was told last.
    pub told: Option<Have>,
    /// The document that comes from it part by part: digest, and parts so far.
    pub incoming: Option<([u8; 32], u32)>,
}

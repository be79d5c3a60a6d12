//! Rows of the view: what the rules read. Keys order like their bytes; values are encoded by the shell.

use crate::attachment::{Attached, AttachmentId};
use crate::body::Body;
use crate::clock::{DueOf, Reckoned};
use crate::exchange::{Exchange, Inventory, Missing, Restore};
use crate::fact::Fact;
use crate::figures::{Cell, CellKey, Known};
use crate::id::{EnvelopeId, LegId, MatterId, OrderId};
use crate::kernel::FIRST_EPOCH;
use crate::leg::{Lane, Leg};
use crate::link::{Envelope, LinkState, Starts};
use crate::reading::Reading;
use crate::sealing::{Destruction, OwnKey, SignedKey};
use crate::supervision::{IssuedOrder, Notice, OrderWord};
use crate::tally::{Account, Diary};
use crate::ticket::{Ticket, TicketStage};
use crate::world::{Document, DocumentKind, PeerWorld};
use hotline_topology::{RegionKey, Time};

/// A deadline or a duty of the node's own, fired by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TimerKey {
    /// The ticket's own due date.
    TicketDue(MatterId),
    /// A leg's due date.
    LegDue(LegId),
    /// End of the window to sign for.
    SignDue(LegId),
    /// A reply to a supervision order is owed.
    OrderReply(OrderId),
    /// The petitioner is to be called back.
    CallBackDue(MatterId),
    /// Figures are to be reported upward.
    ReportFigures,
    /// A kept envelope's bound.
    KeptBound(u64),
    /// An own sealing key of that number is kept no longer.
    RetireKey(u32),
    /// Envelopes wait for the region's key: ask again.
    AwaitKey(RegionKey),
    /// Authors are owed word of what arrived.
    TellArrivals,
    /// An accepted document comes into force.
    WorldDue,
    /// The age of revocation lists is looked at.
    WorldCheck,
    /// An own matter is to be handed on.
    AssignDue(MatterId),
    /// The day's account ends.
    CloseDay,
}

/// Secondary keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IndexKey {
    /// Number for people → matter.
    Number(String),
    /// Tickets by stage, oldest first.
    Stage(TicketStage, Time, MatterId),
    /// Open legs by the body that takes them.
    OpenLeg(Body, LegId),
    /// A leg between others → the matter at whose origin it is seen.
    Sighted(LegId),
    /// Supervision orders given here or received here, by when they were issued, with the leg.
    Order(Time, OrderId, LegId),
}

/// A row's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RowKey {
    /// A ticket.
    Ticket(MatterId),
    /// A leg.
    Leg(LegId),
    /// A supervision order issued here.
    Order(OrderId),
    /// A ticket's timeline, numbered from 0.
    Timeline(MatterId, u32),
    /// An outgoing envelope not acknowledged yet.
    Outbox(RegionKey, Lane, u64),
    /// A link.
    Link(RegionKey),
    /// A parked or set-aside envelope.
    Kept(u64),
    /// A timer.
    Timer(Time, TimerKey),
    /// A secondary key.
    Index(IndexKey),
    /// An exception notice, by time; its leg (zeroes where it names none) and reason.
    Notice(Time, MatterId, LegId, u8),
    /// A figure cell.
    Cell(CellKey),
    /// Every cell by author and version, for reporting what changed; one row a cell.
    CellVersion(RegionKey, u64),
    /// An author's watermark.
    Watermark(RegionKey),
    /// The answer to an operator's keyed command: operator, key.
    Answer(String, String),
    /// The node's own row.
    Node,
    /// The node's starts.
    Starts,
    /// A node's certificate, by the SHA-256 of its DER.
    Certificate([u8; 32]),
    /// The key for sealing that a region stated last.
    SealingKey(RegionKey),
    /// An own key for sealing, by number.
    OwnKey(u32),
    /// A neighbour (second) waits for a region's key (first).
    SealingAsked(RegionKey, RegionKey),
    /// An envelope that waits for its addressee's key; addressee, number.
    Awaiting(RegionKey, u64),
    /// A sealed envelope of this node's own that its addressee has not acknowledged.
    InFlight(EnvelopeId),
    /// An envelope of a far author that arrived; the author is owed word.
    Arrived(RegionKey, EnvelopeId),
    /// A destroyed slot of the key file.
    Destroyed(u64),
    /// An envelope of a far author that was taken here. It stays: a relay may bring it again at any time.
    Taken(EnvelopeId),
    /// An exchange of open legs under way.
    Exchange(RegionKey),
    /// Something that did not come back after a restore.
    Missing(u64),
    /// What is left to answer of a question of a node that forgot: who asks, which of its questions.
    Asked(RegionKey, u64),
    /// An accepted document of the world: kind, scope, name, version.
    Document(DocumentKind, RegionKey, String, u32),
    /// A part of a document, by the digest of the whole.
    DocumentPart([u8; 32], u32),
    /// What is known of a neighbour's documents.
    PeerWorld(RegionKey),
    /// An attachment of a ticket.
    Attachment(MatterId, AttachmentId),
    /// A date that counts through a year which is not announced.
    Provisional(DueOf),
    /// A reading of a ticket, numbered from 0.
    Reading(MatterId, u32),
    /// How many readings of a ticket there are.
    Readings(MatterId),
    /// What was said of an order of this node's on a leg between others, numbered from 0.
    OrderWord(MatterId, OrderId, u32),
    /// The node's own accounts.
    Diary,
    /// A day of them that ended, by number.
    Day(u64),
    /// A neighbour's accounts, as far as this node knows.
    Account(RegionKey),
}

/// What a command made; stored under its idempotency key and shown again for a repeat.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Done {
    /// The matter.
    pub matter: Option<MatterId>,
    /// Its number for people.
    pub number: String,
    /// Legs made or touched.
    pub legs: Vec<LegId>,
    /// The order made or touched.
    pub order: Option<OrderId>,
    /// The ticket's version after it.
    pub version: u32,
}

/// The node's own row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeRow {
    /// The node's epoch, for all lanes; starts at 1.
    pub epoch: u64,
    /// Mark of this start.
    pub mark: [u8; 4],
    /// Numbers issued since this start.
    pub issued: u32,
    /// The latest moment on record: the node's time never runs backwards.
    pub time: Time,
    /// Highest version of an own figure cell.
    pub figures_version: u64,
    /// Own version last reported upward.
    pub figures_reported: u64,
    /// As of when own figures were last reported upward in full.
    pub reported_at: Option<Time>,
    /// The parent, and its epoch, that they were reported to; another one gets everything anew.
    pub reported_to: Option<(RegionKey, u64)>,
    /// When the next report upward is due.
    pub report_due: Option<Time>,
    /// Kept envelopes so far.
    pub kept: u64,
    /// Why business stands still until a person confirms the clock.
    pub clock_held: Option<String>,
    /// The last restore.
    pub restore: Option<Restore>,
    /// Things found missing so far.
    pub missing: u64,
    /// The topology version that links were last fitted to; 0 before the first.
    pub topology: u32,
    /// Number of the last commit: of the last record of the log.
    pub log_no: u64,
}

impl Default for NodeRow {
    fn default() -> Self {
        Self {
            epoch: FIRST_EPOCH,
            mark: [0; 4],
            issued: 0,
            time: Time(0),
            figures_version: 0,
            figures_reported: 0,
            reported_at: None,
            reported_to: None,
            report_due: None,
            kept: 0,
            clock_held: None,
            restore: None,
            missing: 0,
            topology: 0,
            log_no: 0,
        }
    }
}

/// A kept envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its number.
    pub no: u64,
    /// Who brought it.
    pub peer: RegionKey,
    /// Parked until then; `None`: set aside.
    pub until: Option<Time>,
    /// The envelope.
    pub envelope: Envelope,
}

/// A row's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Row {
    /// See [`RowKey::Ticket`].
    Ticket(Box<Ticket>),
    /// See [`RowKey::Leg`].
    Leg(Box<Leg>),
    /// See [`RowKey::Order`].
    Order(Box<IssuedOrder>),
    /// See [`RowKey::OrderWord`].
    OrderWord(Box<OrderWord>),
    /// See [`RowKey::Timeline`]: the fact itself.
    Timeline(Box<Fact>),
    /// See [`RowKey::Outbox`]: the envelope and the running hash up to it.
    Outbox(Box<Envelope>, [u8; 32]),
    /// See [`RowKey::Link`].
    Link(Box<LinkState>),
    /// See [`RowKey::Kept`], [`RowKey::Awaiting`], and [`RowKey::InFlight`], where `no` counts how often it was sent, and the
    /// envelope's `key_id` is the newest key known when it was sent last.
    Kept(Box<Kept>),
    /// See [`RowKey::Timer`], [`RowKey::Index`], [`RowKey::SealingAsked`], [`RowKey::Arrived`],
    /// [`RowKey::Taken`]: the key says all.
    Mark,
    /// See [`IndexKey::Number`], [`IndexKey::Sighted`].
    Matter(MatterId),
    /// See [`RowKey::Notice`].
    Notice(Box<Notice>),
    /// See [`RowKey::Cell`].
    Cell(Box<Cell>),
    /// See [`RowKey::CellVersion`].
    CellKey(Box<CellKey>),
    /// See [`RowKey::Watermark`].
    Watermark(Box<Known>),
    /// See [`RowKey::Answer`]: content hash and answer.
    Answer([u8; 32], Box<Done>),
    /// See [`RowKey::Node`].
    Node(Box<NodeRow>),
    /// See [`RowKey::Starts`].
    Starts(Box<Starts>),
    /// See [`RowKey::Certificate`]: whose node, and the chain in DER without the root.
    Certificate(RegionKey, Vec<Vec<u8>>),
    /// See [`RowKey::SealingKey`].
    SealingKey(Box<SignedKey>),
    /// See [`RowKey::OwnKey`].
    OwnKey(Box<OwnKey>),
    /// See [`RowKey::Destroyed`].
    Destroyed(Box<Destruction>),
    /// See [`RowKey::Exchange`].
    Exchange(Box<Exchange>),
    /// See [`RowKey::Missing`].
    Missing(Box<Missing>),
    /// See [`RowKey::Asked`].
    Asked(Box<Inventory>),
    /// See [`RowKey::Document`].
    Document(Box<Document>),
    /// See [`RowKey::DocumentPart`].
    DocumentPart(Vec<u8>),
    /// See [`RowKey::PeerWorld`].
    PeerWorld(Box<PeerWorld>),
    /// See [`RowKey::Attachment`].
    Attachment(Box<Attached>),
    /// See [`RowKey::Provisional`].
    Provisional(Box<Reckoned>),
    /// See [`RowKey::Reading`].
    Reading(Box<Reading>),
    /// See [`RowKey::Readings`].
    Count(u32),
    /// See [`RowKey::Diary`].
    Diary(Box<Diary>),
    /// See [`RowKey::Day`]: what stands in the chain for the day, and the chain's value after it.
    Day([u8; 32], [u8; 32]),
    /// See [`RowKey::Account`].
    Account(Box<Account>),
}

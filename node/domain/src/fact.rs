//! Facts: what was decided. A record of the log is a list of facts; folding them gives the view, and calls no rule.

use crate::clock::{DueOf, Reckoned};
use crate::evidence::Effect;
use crate::exchange::{Exchange, Inventory, Missing, Restore};
use crate::field::SealedField;
use crate::figures::{CellKey, Counts, Report, Watermark};
use crate::id::{EnvelopeId, LegId, MatterId};
use crate::leg::{Act, Lane, Order, Party};
use crate::link::{Conduct, Consumption, Envelope, Shown};
use crate::reading::Reading;
use crate::row::{Done, TimerKey};
use crate::sealing::{Destruction, NewKey, SignedKey};
use crate::supervision::{IssuedOrder, Notice, OrderWord};
use crate::tally::{Account, Day};
use crate::ticket::{Sight, TicketAct};
use crate::world::{Document, Have, Series};
use hotline_topology::{RegionKey, Time};

/// One decided thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The node started: a new mark for the numbers that people read.
    Started {
        /// Drawn at this start.
        mark: [u8; 4],
    },
    /// A matter was taken in here; always followed by its [`TicketAct::TakenIn`].
    Ticket {
        /// The matter.
        matter: MatterId,
        /// When, by this node's clock.
        at: Time,
        /// Name of the person; `None` for a timer or a peer.
        actor: Option<String>,
        /// What.
        act: TicketAct,
        /// Fields written with it.
        fields: Vec<SealedField>,
    },
    /// An act on a leg, own or of the other side.
    Leg {
        /// The leg.
        leg: LegId,
        /// The matter.
        matter: MatterId,
        /// Who acted.
        by: Party,
        /// When it was recorded here.
        at: Time,
        /// When it happened, by its author's clock.
        happened_at: Time,
        /// Name of the person at this node; `None` for peers and timers.
        actor: Option<String>,
        /// What.
        act: Act,
        /// Fields written with it.
        fields: Vec<SealedField>,
    },
    /// The origin learned where a leg between others stands.
    Sighted {
        /// The matter.
        matter: MatterId,
        /// What is known.
        sight: Sight,
    },
    /// An exception notice was raised or arrived.
    Noticed(Notice),
    /// A supervision order issued by this node was made or changed.
    OrderIssued(IssuedOrder),
    /// Something was said of an order of this node's on a leg between others.
    OrderSaid(OrderWord),
    /// A superior's order came when the leg was closed, and stands on it.
    OrderStands {
        /// The leg.
        leg: LegId,
        /// The order.
        order: Order,
    },
    /// An envelope was queued on a link.
    Queued {
        /// Next hop.
        peer: RegionKey,
        /// Its number on the lane.
        seq: u64,
        /// Running hash of the lane up to it.
        hash: [u8; 32],
        /// The envelope.
        envelope: Envelope,
    },
    /// A numbered envelope of a peer was consumed.
    Consumed {
        /// Which peer.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Number.
        seq: u64,
        /// Running hash up to it.
        hash: [u8; 32],
        /// The envelope's id.
        id: EnvelopeId,
        /// What became of it.
        outcome: Consumption,
    },
    /// The peer acknowledged everything up to a number.
    Acked {
        /// Which peer.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Up to and with this number.
        upto: u64,
    },
    /// An envelope waits for a version, or was set aside.
    Kept {
        /// Number among those kept here.
        no: u64,
        /// Which neighbour brought it.
        peer: RegionKey,
        /// Parked until then; `None`: set aside.
        until: Option<Time>,
        /// The envelope.
        envelope: Envelope,
    },
    /// A kept envelope was taken up or dropped with an answer.
    Unkept {
        /// Its number.
        no: u64,
    },
    /// A hello of the peer was accepted or refused, or dials failed.
    LinkChanged {
        /// Which peer.
        peer: RegionKey,
        /// The peer's epoch.
        peer_epoch: u64,
        /// Failed dials since the last contact.
        failures: u32,
        /// Last heard of.
        heard_at: Option<Time>,
        /// Refused, and why.
        blocked: Option<String>,
        /// The wire version spoken with the peer; 0 where it was never met.
        peer_wire: u32,
        /// Whether the peer has still to learn that this node's lanes started again.
        restarting: bool,
        /// What the peer showed of its own past.
        shown: Option<Shown>,
    },
    /// A neighbour did what no honest one does, or people wiped its ledger.
    Misbehaved {
        /// Which.
        peer: RegionKey,
        /// Its ledger from now on.
        conduct: Option<Box<Conduct>>,
    },
    /// People re-opened a link whose ends disagreed: its lanes start again from number 1, in both directions, and what
    /// was not acknowledged is numbered anew in its order.
    LanesRestarted {
        /// Which peer.
        peer: RegionKey,
    },
    /// The log was put back to an older state, on purpose or as a person confirmed: the node takes a higher epoch and
    /// asks the others what it forgot.
    Restored(Restore),
    /// An exchange of open legs was begun, went on, or ended.
    Exchanged {
        /// With whom.
        peer: RegionKey,
        /// Where it stands; `None`: ended.
        exchange: Option<Exchange>,
    },
    /// Something cannot have come back after a restore.
    Missing(Missing),
    /// A node that forgot asks; it is answered part by part, as its letters are found in the log.
    Asked {
        /// Who asks.
        peer: RegionKey,
        /// Which of its questions.
        no: u64,
        /// What is left to answer; `None`: nothing.
        question: Option<Inventory>,
    },
    /// A date counts through a year that is not announced, or does so no longer.
    DueProvisional {
        /// Whose date.
        of: DueOf,
        /// How it was reckoned; `None`: settled, replaced or over.
        reckoned: Option<Reckoned>,
    },
    /// This node proved rolled back: it takes a higher epoch.
    EpochRaised {
        /// The new epoch.
        epoch: u64,
    },
    /// A timer was set.
    TimerSet {
        /// When it fires.
        at: Time,
        /// Which.
        key: TimerKey,
    },
    /// A timer fired or became pointless.
    TimerGone {
        /// When it was to fire.
        at: Time,
        /// Which.
        key: TimerKey,
    },
    /// This node's own cell changed.
    Counted {
        /// Which cell.
        cell: CellKey,
        /// What to add.
        deltas: Counts,
    },
    /// Cells of nodes below arrived.
    Reported {
        /// Cells and watermarks.
        report: Report,
    },
    /// Cells and watermarks up to here were queued for the parent.
    ReportedUp {
        /// To whom.
        parent: RegionKey,
        /// The parent's epoch as last seen; another parent or epoch starts the reports anew.
        parent_epoch: u64,
        /// Own version reported.
        version: u64,
        /// As of.
        as_of: Time,
        /// Up to where the cells of each author below were forwarded with it.
        forwarded: Vec<Watermark>,
    },
    /// The answer to an operator's keyed command.
    Answered {
        /// Whose.
        operator: String,
        /// The idempotency key.
        key: String,
        /// Hash of the command's content.
        digest: [u8; 32],
        /// The answer.
        done: Done,
    },
    /// The clock is in doubt: business timers wait for a person; intake goes on.
    ClockHeld {
        /// Why.
        why: String,
    },
    /// A person confirmed the clock.
    ClockConfirmed,
    /// This node took a new key for sealing into use.
    SealingKeyMade {
        /// The key; those before it are kept until its bound.
        new: NewKey,
        /// Who decided; `None`: its age.
        actor: Option<String>,
        /// Why.
        reason: String,
    },
    /// Another node's key became known.
    SealingKeyLearned {
        /// The key; its signature was found good.
        signed: SignedKey,
        /// The neighbour that brought it.
        peer: RegionKey,
        /// Neighbours that had asked and are told with this commit.
        answered: Vec<RegionKey>,
    },
    /// A neighbour asked for a key that is not known here.
    SealingKeyAsked {
        /// Whose.
        region: RegionKey,
        /// Who asked.
        asker: RegionKey,
    },
    /// An envelope waits for its addressee's key.
    KeyAwaited {
        /// Number among those kept here.
        no: u64,
        /// Until then; afterwards it comes back.
        until: Time,
        /// The envelope, not yet numbered on a link.
        envelope: Envelope,
    },
    /// It waits no longer: it was queued, or came back.
    KeyAwaitEnded {
        /// The addressee.
        region: RegionKey,
        /// Its number.
        no: u64,
    },
    /// A queued envelope is kept until its addressee has it.
    SealedSent {
        /// Next hop.
        peer: RegionKey,
        /// Lane.
        lane: Lane,
        /// Its number on the lane.
        seq: u64,
    },
    /// The addressee has them, or they are given up: the copies go.
    SealedArrived {
        /// Which.
        envelopes: Vec<EnvelopeId>,
    },
    /// An envelope of a far author was consumed here; its author is owed word.
    ArrivalNoted {
        /// Who wrote it.
        author: RegionKey,
        /// Which.
        envelope: EnvelopeId,
    },
    /// The author was told.
    ArrivalsTold {
        /// Who.
        author: RegionKey,
        /// Of which.
        envelopes: Vec<EnvelopeId>,
    },
    /// A day's account ended, or the accounts were opened.
    DayClosed(Day),
    /// What is known of a neighbour's accounts changed: it told a day, signed for one, or was told one.
    Accounted {
        /// Whose.
        peer: RegionKey,
        /// What is known now.
        account: Account,
    },
    /// Keys are destroyed, and with them what they had sealed.
    KeyDestroyed(Destruction),
    /// A part of a document of the world came, or was handed in.
    DocumentPart {
        /// Which node sent it; `None`: a person.
        from: Option<RegionKey>,
        /// SHA-256 of the whole.
        digest: [u8; 32],
        /// Its number, from 0.
        no: u32,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A document was found whole and newer than what was here.
    DocumentAccepted(Document),
    /// A document that came is not kept.
    DocumentDropped {
        /// Which node sent it.
        from: RegionKey,
        /// SHA-256 of the whole.
        digest: [u8; 32],
        /// How many parts are forgotten; 0 where an accepted document has them.
        parts: u32,
    },
    /// A document's instant came.
    DocumentInForce {
        /// Which series.
        series: Series,
        /// Its version.
        version: u32,
        /// When, by this node's clock.
        at: Time,
    },
    /// A neighbour said what it has.
    PeerWorld {
        /// Which neighbour.
        peer: RegionKey,
        /// What.
        have: Have,
        /// When it was recorded here.
        at: Time,
    },
    /// A document was queued for a node below.
    DocumentSent {
        /// For whom.
        peer: RegionKey,
        /// Which series.
        series: Series,
        /// Its version.
        version: u32,
    },
    /// A neighbour was told what is here.
    WorldTold {
        /// Whom.
        peer: RegionKey,
        /// What.
        have: Have,
    },
    /// Links were fitted to a topology version.
    WorldApplied {
        /// Which.
        version: u32,
    },
    /// Two nodes are no longer neighbours: their link's numbers and what waited on it are forgotten.
    LinkEnded {
        /// The former neighbour.
        peer: RegionKey,
    },
    /// An envelope for this node was opened: what its author signed, kept as it travelled, but without the values of its
    /// fields.
    Received {
        /// When, by this node's clock.
        at: Time,
        /// The envelope, its fields as hashes alone.
        envelope: Envelope,
        /// What came of it.
        effect: Effect,
    },
    /// A certificate was used or seen for the first time: signatures made with it stay verifiable from this log.
    CertificateKnown {
        /// Whose node it certifies.
        region: RegionKey,
        /// In DER: the certificate, then the authorities' up to, but without, the root.
        chain: Vec<Vec<u8>>,
    },
    /// Somebody opens texts or a file of a ticket: on record before anything is shown.
    Read(Reading),
}

//! What really happened, written down at the kernel's border and beside the logs: one row a commit and node.
//!
//! A past is the generator's own number: each copy of a disk on which a node goes on has one, with where it branched off.
//! It is never read from a signature.

use super::place::START;
use hotline::codec::payload::Codec;
use hotline_domain::evidence::Effect;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId, MatterId};
use hotline_domain::leg::Act;
use hotline_domain::link::{Envelope, Message, Wire as _};
use hotline_topology::{RegionKey, Time};

/// A statement: who says what under which id.
pub type Statement = (RegionKey, EnvelopeId, [u8; 32]);

/// A letter that a commit wrote.
#[derive(Clone, Debug)]
pub struct Said {
    /// Author, id and statement.
    pub what: Statement,
    /// To whom.
    pub to: RegionKey,
    /// What it says.
    pub message: Option<Message>,
}

/// A letter that a commit received.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Author, id and statement.
    pub what: Statement,
    /// What came of it.
    pub effect: Effect,
}

/// One commit of one node.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose.
    pub node: RegionKey,
    /// On which copy of its disk.
    pub past: usize,
    /// Its number.
    pub commit: u64,
    /// The node's time of it.
    pub at: Time,
    /// The epoch that it signs under.
    pub epoch: u64,
    /// The value of the log's chain before it.
    pub before: [u8; 32],
    /// What it wrote.
    pub said: Vec<Said>,
    /// What it received.
    pub heard: Vec<Heard>,
    /// Whether it says that the disk went back.
    pub restarted: bool,
    /// The certificate in use.
    pub certificate: [u8; 32],
}

/// A copy of a disk.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Whose.
    pub node: RegionKey,
    /// Which copy it was made of, and up to which commit.
    pub of: Option<(usize, u64)>,
}

/// All rows and pasts.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// In the order in which they happened.
    pub rows: Vec<Row>,
    /// By number.
    pub pasts: Vec<Past>,
    /// Offers, by leg: the matter.
    pub offers: Vec<(LegId, MatterId)>,
}

impl Truth {
    /// A new copy.
    pub fn begin(&mut self, node: RegionKey, of: Option<(usize, u64)>) -> usize {
        self.pasts.push(Past { node, of });
        self.pasts.len() - 1
    }

    /// Writes a commit down, before it goes to the log.
    pub fn note(&mut self, mut row: Row, facts: &[Fact]) {
        for fact in facts {
            match fact {
                Fact::Queued { envelope, .. } if is_first(&row, envelope) => {
                    let message = message(envelope);
                    if let Some(Message::Leg {
                        leg,
                        act: Act::Offer(offer),
                        ..
                    }) = &message
                    {
                        self.offers.push((*leg, offer.matter));
                    }
                    row.said.push(Said {
                        what: what(envelope),
                        to: envelope.addressee,
                        message,
                    });
                }
                Fact::Received {
                    envelope, effect, ..
                } => row.heard.push(Heard {
                    what: what(envelope),
                    effect: *effect,
                }),
                Fact::Restored(_) | Fact::EpochRaised { .. } => row.restarted = true,
                _ => {}
            }
        }
        self.rows.push(row);
    }

    /// Whether a commit lies in the log of a copy that stands at `upto`.
    #[must_use]
    pub fn is_in(&self, row: &Row, past: usize, upto: u64) -> bool {
        let (mut past, mut upto) = (past, upto);
        loop {
            if row.past == past {
                return row.commit <= upto;
            }
            match self.pasts[past].of {
                Some((of, until)) => (past, upto) = (of, upto.min(until)),
                None => return false,
            }
        }
    }

    /// The commits of a copy up to `upto`.
    pub fn log(&self, past: usize, upto: u64) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(move |row| self.is_in(row, past, upto))
    }

    /// The commit that wrote a statement.
    #[must_use]
    pub fn wrote(&self, what: &Statement) -> Option<(&Row, &Said)> {
        self.rows.iter().find_map(|row| {
            let said = row.said.iter().find(|said| said.what == *what);
            said.map(|said| (row, said))
        })
    }

    /// Receipts for a statement by its addressee: the commits and letters with them.
    pub fn receipts<'a>(
        &'a self,
        of: &'a Statement,
    ) -> impl Iterator<Item = (&'a Row, &'a Said, Effect)> {
        self.rows.iter().flat_map(move |row| {
            row.said.iter().filter_map(move |said| {
                let Some(Message::Receipts(all)) = &said.message else {
                    return None;
                };
                let mut all = all.iter();
                let one = all.find(|one| (one.envelope, one.statement) == (of.1, of.2))?;
                Some((row, said, one.effect))
            })
        })
    }

    /// The matter of a leg.
    #[must_use]
    pub fn matter_of(&self, leg: LegId) -> Option<MatterId> {
        let mut offers = self.offers.iter();
        offers.find(|(of, _)| *of == leg).map(|(_, matter)| *matter)
    }

    /// The time of the last row.
    #[must_use]
    pub fn last(&self) -> Time {
        self.rows.last().map_or(START, |row| row.at)
    }
}

/// What is passed on, or queued again under its old signature, is not written by this commit.
fn is_first(row: &Row, envelope: &Envelope) -> bool {
    let signs = |head: hotline_domain::link::LogHead| {
        head.commit + 1 == row.commit && head.hash == row.before
    };
    envelope.author == row.node
        && envelope
            .proof
            .as_ref()
            .and_then(|proof| proof.head)
            .is_some_and(signs)
}

/// Author, id and statement of an envelope.
#[must_use]
pub fn what(envelope: &Envelope) -> Statement {
    (envelope.author, envelope.id, envelope.statement())
}

/// What an envelope says, where it lies open.
#[must_use]
pub fn message(envelope: &Envelope) -> Option<Message> {
    match envelope.is_shut() {
        true => None,
        false => Codec.decode(envelope.kind, &envelope.payload).ok(),
    }
}

/// The legs that a message is about.
#[must_use]
pub fn legs(message: Option<&Message>) -> Vec<LegId> {
    match message {
        Some(Message::Receipts(of)) => of.iter().filter_map(|one| one.leg).collect(),
        Some(Message::Leg { leg, .. }) => vec![*leg],
        Some(Message::Refused { leg, .. }) => leg.iter().copied().collect(),
        Some(Message::Past(past)) => vec![past.leg],
        Some(Message::Sight { sight, .. }) => vec![sight.leg],
        _ => Vec::new(),
    }
}

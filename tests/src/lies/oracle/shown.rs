//! What the files given show: which letters lie open under signatures that count, and which files bind their nodes.

use crate::lies::life::place::EDGES;
use crate::lies::life::truth::{Statement, legs, message, what};
use crate::lies::life::world::World;
use hotline::evidence::bundle::{File, Letter, Way};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::Act;
use hotline_domain::link::{LogHead, Message};
use hotline_topology::{RegionKey, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How long what was written within a term may be under way: sixty days.
const UNDER_WAY_MS: i64 = 60 * 86_400_000;

/// A file with who hands it in.
pub struct Given<'a> {
    /// The file.
    pub file: &'a File,
    /// Whether it is an honest node's own, as it was exported.
    pub honest: bool,
}

/// A letter that speaks.
#[derive(Clone)]
pub struct Open {
    /// The letter.
    pub letter: Letter,
    /// What it says.
    pub message: Option<Message>,
    /// The file in which it lies.
    pub file: usize,
}

impl Open {
    /// The head that its signature names.
    #[must_use]
    pub fn head(&self) -> Option<LogHead> {
        self.letter.envelope.proof.as_ref()?.head
    }
}

/// All that the files show.
pub struct Shown<'a> {
    /// The life.
    pub world: &'a World,
    /// The files.
    pub files: &'a [Given<'a>],
    /// Letters that speak.
    pub open: Vec<Open>,
    /// Heads under signatures that count, by node; also of letters that are shut.
    pub heads: Vec<(RegionKey, LogHead)>,
    /// Heads of files that bind, by their place.
    pub binds: BTreeMap<usize, LogHead>,
}

impl<'a> Shown<'a> {
    /// Reads the files.
    #[must_use]
    pub fn new(world: &'a World, files: &'a [Given<'a>]) -> Self {
        let mut shown = Self {
            world,
            files,
            open: Vec::new(),
            heads: Vec::new(),
            binds: BTreeMap::new(),
        };
        for (at, given) in files.iter().enumerate() {
            if let Some(head) = shown.sealed(given.file) {
                shown.binds.insert(at, head);
                shown.heads.push((given.file.bundle.node, head));
            }
        }
        let seen = shown.seen();
        for (at, given) in files.iter().enumerate() {
            for letter in &given.file.bundle.letters {
                let of = what(&letter.envelope);
                if !shown.counts(letter, seen.get(&of).copied()) {
                    continue;
                }
                let Some(head) = letter.envelope.proof.as_ref().and_then(|proof| proof.head) else {
                    continue;
                };
                shown.heads.push((letter.envelope.author, head));
                if !letter.envelope.is_shut() {
                    shown.open.push(Open {
                        letter: letter.clone(),
                        message: message(&letter.envelope),
                        file: at,
                    });
                }
            }
        }
        shown
    }

    /// A seal under a certificate that is good today binds.
    fn sealed(&self, file: &File) -> Option<LogHead> {
        let seal = file.seal.as_ref()?;
        let issued = self.world.issued(&seal.certificate)?;
        let good = issued.key.node == file.bundle.node
            && issued.revoked.is_none()
            && self.world.now <= issued.until;
        seal.head.filter(|_| good)
    }

    /// When an honest node had seen a statement, at the earliest, by its own binding file or its own receipt.
    fn seen(&self) -> BTreeMap<Statement, Time> {
        let mut seen: BTreeMap<Statement, Time> = BTreeMap::new();
        let mut see = |of: Statement, at: Time| {
            let first = seen.entry(of).or_insert(at);
            *first = (*first).min(at);
        };
        for (at, given) in self.files.iter().enumerate() {
            if !given.honest || !self.binds.contains_key(&at) {
                continue;
            }
            for letter in &given.file.bundle.letters {
                if letter.envelope.author != given.file.bundle.node {
                    see(what(&letter.envelope), letter.at);
                }
            }
        }
        seen
    }

    /// Whether a letter's signature counts: by its certificate's fate, who had seen it, and whether its author stands by it.
    fn counts(&self, letter: &Letter, seen: Option<Time>) -> bool {
        let envelope = &letter.envelope;
        let Some(proof) = &envelope.proof else {
            return false;
        };
        let Some(issued) = self.world.issued(&proof.certificate) else {
            return false;
        };
        if issued.key.node != envelope.author || !self.is_signed(letter) {
            return false;
        }
        let of = what(envelope);
        let adopted = self.binds.keys().any(|at| {
            let bundle = &self.files[*at].file.bundle;
            let mut letters = bundle.letters.iter();
            bundle.node == envelope.author
                && letters.any(|one| matches!(one.way, Way::Sent(..)) && what(&one.envelope) == of)
        });
        let before = |end: Time| seen.is_some_and(|seen| seen <= end);
        adopted
            || match issued.revoked {
                Some((_, true)) => false,
                Some((since, false)) => before(since.min(issued.until)),
                None => {
                    self.world.now <= issued.until
                        || before(issued.until)
                        || (envelope.written_at <= issued.until
                            && before(issued.until.plus_millis(UNDER_WAY_MS)))
                }
            }
    }

    /// Whether its author signed these bytes: true letters are known, and what is signed anew is checked by its tree alone.
    fn is_signed(&self, letter: &Letter) -> bool {
        let of = what(&letter.envelope);
        let is_true = letter.envelope.is_shut() || self.world.truth.wrote(&of).is_some();
        is_true
            || letter
                .envelope
                .proof
                .as_ref()
                .is_some_and(|proof| proof.leaves == 1)
    }

    /// Letters of a node that speak.
    pub fn of(&self, node: RegionKey) -> impl Iterator<Item = &Open> {
        self.open
            .iter()
            .filter(move |open| open.letter.envelope.author == node)
    }

    /// Whether a statement speaks anywhere.
    #[must_use]
    pub fn speaks(&self, of: &Statement) -> bool {
        self.open
            .iter()
            .any(|open| what(&open.letter.envelope) == *of)
    }

    /// Whether anything shows a later epoch of a node than this one.
    #[must_use]
    pub fn later(&self, node: RegionKey, epoch: u64) -> bool {
        self.heads
            .iter()
            .any(|(of, head)| *of == node && head.epoch > epoch)
    }

    /// Whether a node's file claims one of these legs: by name, or with its whole matter, as far as the node itself has
    /// signed that the leg is of the matter.
    #[must_use]
    pub fn claims(&self, file: usize, of: &[LegId]) -> bool {
        let bundle = &self.files[file].file.bundle;
        of.iter().any(|leg| {
            bundle.legs.contains(leg)
                || bundle.whole_matter && bundle.matter.is_some() && {
                    let own = self.matters(bundle.node, *leg);
                    own.len() == 1 && own.first() == bundle.matter.as_ref()
                }
        })
    }

    /// The matters to which a node says that a leg belongs: by its offers, and by offers that it receipted.
    fn matters(&self, node: RegionKey, leg: LegId) -> BTreeSet<hotline_domain::id::MatterId> {
        let offers = self.open.iter().filter_map(|open| match &open.message {
            Some(Message::Leg {
                leg: of,
                act: Act::Offer(offer),
                ..
            }) if *of == leg => Some((&open.letter.envelope, offer.matter)),
            _ => None,
        });
        let receipted = |id: EnvelopeId, statement: [u8; 32]| {
            self.of(node).any(|open| {
                matches!(&open.message, Some(Message::Receipts(of))
                    if of.iter().any(|one| (one.envelope, one.statement) == (id, statement)))
            })
        };
        let own = offers.filter(|(envelope, _)| {
            envelope.author == node || receipted(envelope.id, envelope.statement())
        });
        own.map(|(_, matter)| matter).collect()
    }

    /// Whether a file holds a letter as its node's own, open.
    #[must_use]
    pub fn holds_own(&self, file: usize, of: &Statement) -> bool {
        let bundle = &self.files[file].file.bundle;
        bundle.letters.iter().any(|one| {
            bundle.node == of.0
                && matches!(one.way, Way::Sent(..))
                && !one.envelope.is_shut()
                && what(&one.envelope) == *of
        })
    }

    /// Whether a file holds a letter as received, open.
    #[must_use]
    pub fn holds_received(&self, file: usize, of: &Statement) -> bool {
        let letters = &self.files[file].file.bundle.letters;
        letters.iter().any(|one| {
            matches!(one.way, Way::Received(_))
                && !one.envelope.is_shut()
                && (one.envelope.id, one.envelope.statement()) == (of.1, of.2)
        })
    }

    /// Whether a letter goes to a neighbour, so that its date is its commit's.
    #[must_use]
    pub fn is_dated(letter: &Letter) -> bool {
        let (one, other) = (letter.envelope.author, letter.envelope.addressee);
        let mut edges = EDGES.into_iter();
        letter.envelope.topology == 1
            && edges.any(|(upper, lower)| {
                (upper, lower) == (one, other) || (lower, upper) == (one, other)
            })
    }

    /// The legs of what a letter says.
    #[must_use]
    pub fn legs(open: &Open) -> Vec<LegId> {
        match &open.message {
            Some(Message::Refused { .. } | Message::Past(_) | Message::Sight { .. }) | None => {
                open.letter.envelope.leg.into_iter().collect()
            }
            said => legs(said.as_ref()),
        }
    }
}

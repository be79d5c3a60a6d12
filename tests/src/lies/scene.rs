//! What a liar has to work with, and what he says: a bent file, others beside it, and the false claims in them.

use super::life::keys::Key;
use super::life::truth::{Row, Statement, legs, message, what};
use super::life::world::{Export, World};
use crate::sim::rng::Rng;
use hotline::codec::payload::Codec;
use hotline::evidence::bundle::{Bundle, File, Letter, Way, read, write};
use hotline_domain::evidence::{Signer as _, merkle, signed_bytes};
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::link::{LogHead, Message, Proof, Wire as _};
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;

/// Something false that a liar signed, by its subject; what is true stands in the truth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claim {
    /// «I never wrote this.»
    NeverWrote(Statement),
    /// «I never received this.»
    NeverReceived(Statement),
    /// «It came to something else.»
    OtherEffect(Statement),
    /// Another content under an id that it used.
    OtherContent(Statement),
    /// Another act under a number that it used on the leg.
    OtherAct(Statement),
    /// Something that a commit signed besides what it signed.
    OtherRoot(Statement),
    /// The log stood otherwise at its end than it did.
    OtherHead,
    /// The log stood otherwise before its own letters than it did.
    OtherChain,
    /// A commit at another time.
    OtherTime,
    /// A letter that its author did not sign so.
    OtherBytes(EnvelopeId),
    /// A receipt for bytes that nobody sent.
    FalseReceipt(Statement, EnvelopeId),
    /// A closed leg is open.
    StillOpen(LegId),
    /// Nothing of where the leg stands.
    NoStanding(LegId),
    /// A letter was acknowledged by its addressee.
    Acknowledged(Statement),
    /// An honest file of before is all that there is of that node: nobody's lie, if it is the presenter's.
    Replayed(RegionKey),
    /// A letter that its author never wrote, under its stolen key.
    Forged(Statement),
    /// An epoch that no restart began.
    NoRestart,
    /// A letter that stands in no account of its day.
    InNoDay(Statement),
    /// A day that was otherwise.
    OtherDay(u64),
    /// The file is of another leg than those at issue.
    Elsewhere,
    /// The file answers those that it names.
    Answered,
}

/// A file that liars hand in.
pub struct Handed {
    /// What it says.
    pub bundle: Bundle,
    /// Who seals it, at which head.
    pub seal: Option<(Key, LogHead)>,
}

impl Handed {
    /// As it is read.
    ///
    /// # Panics
    /// Never: a key that signed before signs again.
    #[must_use]
    pub fn file(&self) -> File {
        let mut bundle = self.bundle.clone();
        if let Some((key, _)) = &self.seal {
            let own = (key.node, key.chain());
            if !bundle.certificates.contains(&own) {
                bundle.certificates.push(own);
            }
        }
        let seal = self
            .seal
            .as_ref()
            .map(|(key, head)| (key as &dyn hotline_domain::evidence::Signer, *head));
        let bytes = write(&bundle, seal).expect("a key that signs");
        read(&bytes).expect("what was just written")
    }
}

/// A lie while it is told.
pub struct Scene<'a> {
    /// The life.
    pub world: &'a World,
    /// Chance.
    pub rng: Rng,
    /// The liar's honest file.
    pub base: &'a Export,
    /// The other end.
    pub other: RegionKey,
    /// What the liar's file says.
    pub bundle: Bundle,
    /// The head that it is sealed at.
    pub head: LogHead,
    /// Whether it is sealed.
    pub sealed: bool,
    /// The key that he signs with.
    pub key: Key,
    /// Files beside it.
    pub beside: Vec<Handed>,
    /// Honest files that are replaced by what is handed in: by node.
    pub replaced: BTreeSet<RegionKey>,
    /// Who lies.
    pub liars: BTreeSet<RegionKey>,
    /// Whose key somebody else signs with: honest.
    pub robbed: BTreeSet<RegionKey>,
    /// What is false.
    pub claims: Vec<Claim>,
}

impl<'a> Scene<'a> {
    /// Begins with the liar's honest file.
    #[must_use]
    pub fn new(world: &'a World, base: &'a Export, other: RegionKey, rng: Rng) -> Self {
        Self {
            world,
            rng,
            base,
            other,
            bundle: base.bundle.clone(),
            head: base.head,
            sealed: true,
            key: world.key_of(base.node).key.clone(),
            beside: Vec::new(),
            replaced: BTreeSet::new(),
            liars: BTreeSet::from([base.node]),
            robbed: BTreeSet::new(),
            claims: Vec::new(),
        }
    }

    /// Who lies.
    #[must_use]
    pub fn me(&self) -> RegionKey {
        self.base.node
    }

    /// The liar's file and those beside it.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let main = Handed {
            bundle: self.bundle.clone(),
            seal: self.sealed.then(|| (self.key.clone(), self.head)),
        };
        let beside = self.beside.iter().map(Handed::file);
        [main.file()].into_iter().chain(beside).collect()
    }

    /// Places of letters in the bundle that fit.
    pub fn places(&self, fits: impl Fn(&Letter) -> bool) -> Vec<usize> {
        let letters = self.bundle.letters.iter().enumerate();
        letters
            .filter(|(_, letter)| fits(letter))
            .map(|(at, _)| at)
            .collect()
    }

    /// One of the letters that fit.
    pub fn pick(&mut self, fits: impl Fn(&Letter) -> bool) -> Option<usize> {
        let places = self.places(fits);
        match places.is_empty() {
            true => None,
            false => Some(*self.rng.pick(&places)),
        }
    }

    /// A true letter of the liar's own, with the message, in the place where it was signed.
    #[must_use]
    pub fn is_own(&self, letter: &Letter) -> bool {
        letter.envelope.author == self.me()
            && matches!(letter.way, Way::Sent(..))
            && !letter.envelope.is_shut()
            && self
                .world
                .truth
                .wrote(&what(&letter.envelope))
                .is_some_and(|(row, _)| {
                    row.commit == letter.commit && row.past == self.past_of(letter.commit)
                })
    }

    /// On which copy of the disk a commit of the base file was written.
    fn past_of(&self, commit: u64) -> usize {
        let mut log = self.world.truth.log(self.base.past, self.base.head.commit);
        log.find(|row| row.commit == commit)
            .map_or(usize::MAX, |row| row.past)
    }

    /// The rows of the liar's log as his honest file stands on it, of the epoch that it is sealed under.
    #[must_use]
    pub fn rows(&self) -> Vec<&'a Row> {
        let log = self.world.truth.log(self.base.past, self.base.head.commit);
        log.filter(|row| row.epoch == self.base.head.epoch)
            .collect()
    }

    /// A commit of his that signed nothing, and is no older than the file's first letter.
    pub fn unused(&mut self) -> Option<&'a Row> {
        let first = self
            .bundle
            .letters
            .first()
            .map_or(0, |letter| letter.commit);
        let rows: Vec<&Row> = self
            .rows()
            .into_iter()
            .filter(|row| row.said.is_empty() && row.commit > first)
            .collect();
        match rows.is_empty() {
            true => None,
            false => Some(*self.rng.pick(&rows)),
        }
    }

    /// A new id.
    pub fn id(&mut self) -> EnvelopeId {
        EnvelopeId(self.rng.bits())
    }

    /// Signs what a letter says now, alone in its commit, at a head.
    ///
    /// # Panics
    /// Never: a key that signed before signs again.
    pub fn sign(&self, letter: &mut Letter, head: LogHead) {
        sign(letter, head, &self.key);
    }

    /// Puts a letter into a commit of his log: place, time, chain value and signature.
    pub fn place(&self, letter: &mut Letter, row: &Row) {
        (letter.commit, letter.at, letter.chain_before) = (row.commit, row.at, row.before);
        letter.envelope.written_at = row.at;
        let head = LogHead {
            epoch: row.epoch,
            commit: row.commit - 1,
            hash: row.before,
        };
        self.sign(letter, head);
    }

    /// Puts a letter where it belongs in the bundle's order.
    pub fn insert(&mut self, letter: Letter) {
        let mut later = self.bundle.letters.iter();
        let at = later.position(|one| one.commit > letter.commit);
        let at = at.unwrap_or(self.bundle.letters.len());
        self.bundle.letters.insert(at, letter);
    }

    /// A file without a seal that shows these letters.
    pub fn show(&mut self, letters: Vec<Letter>) {
        let mut bundle = Bundle {
            letters,
            standings: Vec::new(),
            contacts: Vec::new(),
            ..self.base.bundle.clone()
        };
        let own = (self.key.node, self.key.chain());
        if !bundle.certificates.contains(&own) {
            bundle.certificates.push(own);
        }
        self.beside.push(Handed { bundle, seal: None });
    }

    /// The bundle's certificates know a key.
    pub fn certify(&mut self, key: &Key) {
        let own = (key.node, key.chain());
        if !self.bundle.certificates.contains(&own) {
            self.bundle.certificates.push(own);
        }
    }

    /// Whether a leg is in what the file was asked for.
    #[must_use]
    pub fn concerns(&self, letter: &Letter) -> bool {
        let said = legs(message(&letter.envelope).as_ref());
        said.iter().any(|leg| self.base.bundle.legs.contains(leg))
    }
}

/// Signs what a letter says now, alone in its commit, at a head.
///
/// # Panics
/// Never: a key that signed before signs again.
pub fn sign(letter: &mut Letter, head: LogHead, key: &Key) {
    let (root, _) = merkle::tree(&[letter.envelope.statement()]);
    let signature = key
        .sign(&signed_bytes(&root, &head))
        .expect("a key that signs");
    letter.envelope.proof = Some(Proof {
        certificate: key.certificate(),
        algorithm: signature.algorithm,
        signature: signature.bytes,
        leaves: 1,
        index: 0,
        path: Vec::new(),
        head: Some(head),
    });
}

/// Says something else in a letter.
pub fn edit(letter: &mut Letter, change: impl FnOnce(&mut Message)) {
    if let Some(mut said) = message(&letter.envelope) {
        change(&mut said);
        letter.envelope.payload = Codec.encode(&said);
    }
}

/// Puts a message into a letter.
pub fn say(letter: &mut Letter, said: &Message) {
    letter.envelope.kind = said.kind() as u32;
    letter.envelope.payload = Codec.encode(said);
}

/// The head that a letter's signature names.
#[must_use]
pub fn head_of(letter: &Letter) -> Option<LogHead> {
    letter.envelope.proof.as_ref()?.head
}

/// Moves a moment by minutes.
#[must_use]
pub fn minutes(at: Time, by: i64) -> Time {
    at.plus_millis(by * 60_000)
}

//! The rule of a door, as a value: who is let in, who makes room for him, who is refused.
//!
//! | newcomer | when it is full | makes room |
//! | --- | --- | --- |
//! | knocks | his address, his prefix, the door, in this order | the oldest who has not said a whole greeting, then the oldest in the middle of one; whoever was just refused keeps his place, so that he does not try without pause |
//! | knocks, and somebody welcome came from there before | the share kept for such and the door: his address, the share | the same of the share, and whoever was just refused too; nobody else's knocking touches it |
//! | comes in | his identity | his own connection idle for longest, then his own oldest |
//! | comes in | the door | the connection idle for longest of whoever has most, if he has more; else he is refused |
//!
//! So whoever knocks without speaking is gone before anybody who speaks at once, whoever knocks from one place takes
//! that place's room, and one identity's connections push out nobody else's.

use super::source::Source;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many may be where at one door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Not yet in, from where nobody welcome came before.
    pub waiting: usize,
    /// The same from one address or user.
    pub waiting_per_source: usize,
    /// The same from one prefix.
    pub waiting_per_prefix: usize,
    /// Not yet in, from where somebody welcome came before.
    pub kept: usize,
    /// The same from one address or user.
    pub kept_per_source: usize,
    /// In.
    pub inside: usize,
    /// In with one identity.
    pub inside_per_holder: usize,
    /// For unfinished requests.
    pub requests: Room,
    /// For answers that are not taken.
    pub answers: Room,
}

/// How many bytes may be held at one door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub all: usize,
    /// Of one identity.
    pub per_holder: usize,
    /// What every identity has whatever others hold, besides what there is in all.
    pub sure: usize,
}

impl Room {
    /// For nothing.
    pub const NONE: Self = Self {
        all: 0,
        per_holder: 0,
        sure: 0,
    };
}

/// Of what bytes are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Of requests that are not whole yet.
    Requests,
    /// Of answers that their callers have not taken.
    Answers,
}

impl Bounds {
    /// Most connections at once, and so most descriptors.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.waiting + self.kept + self.inside
    }
}

/// Of what there is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Crowded {
    /// The address's or user's room is taken.
    #[error("同一来源等待的连接过多")]
    Source,
    /// The prefix's room is taken.
    #[error("同一网段等待的连接过多")]
    Prefix,
    /// The identity's room is taken.
    #[error("同一身份的连接过多")]
    Holder,
    /// The door's room is taken.
    #[error("连接过多")]
    Door,
    /// So much time: a request that was not sent, an answer that was not taken.
    #[error("迟迟没有发完或取走")]
    Time,
}

impl Crowded {
    /// A stable label, for metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Prefix => "prefix",
            Self::Holder => "identity",
            Self::Door => "door",
            Self::Time => "time",
        }
    }
}

/// What becomes of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// He has a place; whoever had this number made room, for want of this.
    In(Option<(u64, Crowded)>),
    /// There is none.
    Refused(Crowded),
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// No whole greeting yet.
    Silent,
    /// In the middle of proving who he is.
    Greeting,
    /// Refused; the connection is gone and the place stays taken for a moment.
    Resting,
    /// In, and asking for nothing.
    Idle,
    /// In, with requests under way.
    Busy,
}

#[derive(Debug)]
struct Entry {
    from: Source,
    known: bool,
    stage: Stage,
    holder: Option<Arc<str>>,
    /// When it came or was last at work, in the book's own count.
    since: u64,
    requests: usize,
    /// Bytes that are held of it.
    held: Bytes,
}

/// Bytes of requests and of answers.
#[derive(Debug, Clone, Copy, Default)]
struct Bytes {
    requests: usize,
    answers: usize,
}

impl Bytes {
    fn of(&mut self, held: Held) -> &mut usize {
        match held {
            Held::Requests => &mut self.requests,
            Held::Answers => &mut self.answers,
        }
    }
}

impl Entry {
    fn waits(&self) -> bool {
        self.stage < Stage::Idle
    }

    /// In which order those who wait make room.
    fn goes(&self) -> u8 {
        match self.stage {
            Stage::Resting => 0,
            Stage::Silent => 1,
            Stage::Greeting | Stage::Idle | Stage::Busy => 2,
        }
    }

    fn is_of(&self, holder: &str) -> bool {
        self.holder.as_deref() == Some(holder)
    }
}

/// Whether an entry is among those that a bound counts.
type Among<'a> = &'a dyn Fn(&Entry) -> bool;

/// Everybody at a door.
#[derive(Debug)]
pub(super) struct Book {
    bounds: Bounds,
    entries: BTreeMap<u64, Entry>,
    count: u64,
}

impl Book {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: BTreeMap::new(),
            count: 0,
        }
    }

    /// Somebody knocks; the number is his from now on.
    pub(super) fn arrive(&mut self, from: Source, known: bool) -> (u64, Verdict) {
        let known = known && self.is_kept_for(from);
        let verdict = self.room_to_wait(from, known);
        let number = self.tick();
        if let Verdict::In(room) = verdict {
            if let Some((gone, _)) = room {
                self.entries.remove(&gone);
            }
            let entry = Entry {
                from,
                known,
                stage: Stage::Silent,
                holder: None,
                since: number,
                requests: 0,
                held: Bytes::default(),
            };
            self.entries.insert(number, entry);
        }
        (number, verdict)
    }

    /// Whether somebody from where neighbours came takes of the share that is kept for such. Where it is full he waits
    /// among all others if there is room, so that neighbours who call all at once do not push each other out.
    fn is_kept_for(&self, from: Source) -> bool {
        let fits = |known| self.room_to_wait(from, known) == Verdict::In(None);
        fits(true) || !fits(false)
    }

    fn room_to_wait(&self, from: Source, known: bool) -> Verdict {
        let bounds = &self.bounds;
        let waiting: Vec<(&u64, &Entry)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.waits() && entry.known == known)
            .collect();
        let prefix = from.prefix();
        let (per_source, per_prefix, all) = if known {
            (bounds.kept_per_source, usize::MAX, bounds.kept)
        } else {
            let per_prefix = bounds.waiting_per_prefix;
            (bounds.waiting_per_source, per_prefix, bounds.waiting)
        };
        let limits: [(Crowded, usize, Among<'_>); 3] = [
            (Crowded::Source, per_source, &|entry| entry.from == from),
            (Crowded::Prefix, per_prefix, &|entry| {
                entry.from.prefix() == prefix
            }),
            (Crowded::Door, all, &|_| true),
        ];
        for (crowded, most, among) in limits {
            let these = waiting.iter().filter(|(_, entry)| among(entry));
            if these.clone().count() < most {
                continue;
            }
            // Whoever was refused rests, which slows him down; where neighbours come from nobody is slowed down.
            let goes = these
                .filter(|(_, entry)| known || entry.stage != Stage::Resting)
                .min_by_key(|(number, entry)| (entry.goes(), **number));
            return match goes {
                Some((number, _)) => Verdict::In(Some((**number, crowded))),
                None => Verdict::Refused(crowded),
            };
        }
        Verdict::In(None)
    }

    /// His greeting is whole.
    pub(super) fn hear(&mut self, number: u64) {
        self.at(number, |entry| {
            if entry.stage == Stage::Silent {
                entry.stage = Stage::Greeting;
            }
        });
    }

    /// He was refused; his place stays taken until he leaves it.
    pub(super) fn rest(&mut self, number: u64) {
        self.at(number, |entry| entry.stage = Stage::Resting);
    }

    /// It is known who he is. Somebody who made room meanwhile is refused.
    pub(super) fn enter(&mut self, number: u64, holder: &Arc<str>) -> Verdict {
        if !self.entries.contains_key(&number) {
            return Verdict::Refused(Crowded::Door);
        }
        let verdict = self.room_inside(holder);
        let since = self.tick();
        if let Verdict::In(room) = verdict {
            if let Some((gone, _)) = room {
                self.entries.remove(&gone);
            }
            self.at(number, |entry| {
                entry.stage = Stage::Idle;
                entry.holder = Some(Arc::clone(holder));
                entry.since = since;
            });
        }
        verdict
    }

    fn room_inside(&self, holder: &str) -> Verdict {
        let inside = || self.entries.iter().filter(|(_, entry)| !entry.waits());
        let of = |holder: &str| inside().filter(|(_, entry)| entry.is_of(holder)).count();
        // Idle before busy, then the longest unheard.
        let oldest_of = |holder: &str| {
            inside()
                .filter(|(_, entry)| entry.is_of(holder))
                .min_by_key(|(_, entry)| (entry.stage, entry.since))
                .map(|(number, _)| *number)
        };
        let own = of(holder);
        if own >= self.bounds.inside_per_holder {
            return match oldest_of(holder) {
                Some(number) => Verdict::In(Some((number, Crowded::Holder))),
                None => Verdict::Refused(Crowded::Holder),
            };
        }
        if inside().count() < self.bounds.inside {
            return Verdict::In(None);
        }
        let most = inside()
            .filter_map(|(_, entry)| entry.holder.clone())
            .max_by_key(|holder| of(holder))
            .filter(|most| of(most) > own + 1);
        match most.and_then(|most| oldest_of(&most)) {
            Some(number) => Verdict::In(Some((number, Crowded::Door))),
            None => Verdict::Refused(Crowded::Door),
        }
    }

    /// One more of his requests is under way.
    pub(super) fn begin(&mut self, number: u64) {
        self.at(number, |entry| {
            entry.requests += 1;
            if entry.stage == Stage::Idle {
                entry.stage = Stage::Busy;
            }
        });
    }

    /// One of his requests has ended.
    pub(super) fn end(&mut self, number: u64) {
        let since = self.tick();
        self.at(number, |entry| {
            entry.requests = entry.requests.saturating_sub(1);
            if entry.requests == 0 && entry.stage == Stage::Busy {
                entry.stage = Stage::Idle;
                entry.since = since;
            }
        });
    }

    /// So many more bytes of his are held; they count until they are released, whatever comes of it.
    pub(super) fn hold(&mut self, number: u64, held: Held, bytes: usize) -> Result<(), Crowded> {
        self.at(number, |entry| *entry.held.of(held) += bytes);
        let holder = self.entries.get(&number).and_then(|it| it.holder.clone());
        let Some(holder) = holder else {
            return Err(Crowded::Door);
        };
        let room = match held {
            Held::Requests => self.bounds.requests,
            Held::Answers => self.bounds.answers,
        };
        let (mut own, mut all) = (0, 0);
        for entry in self.entries.values() {
            let bytes = *{ entry.held }.of(held);
            all += bytes;
            own += if entry.is_of(&holder) { bytes } else { 0 };
        }
        if own > room.per_holder {
            return Err(Crowded::Holder);
        }
        if all > room.all && own > room.sure {
            return Err(Crowded::Door);
        }
        Ok(())
    }

    /// So many bytes of his are no longer held.
    pub(super) fn release(&mut self, number: u64, held: Held, bytes: usize) {
        self.at(number, |entry| {
            let of = entry.held.of(held);
            *of = of.saturating_sub(bytes);
        });
    }

    /// How many bytes of all requests and of all answers are held.
    pub(super) fn held(&self) -> (usize, usize) {
        let each = self.entries.values().map(|entry| entry.held);
        each.fold((0, 0), |(requests, answers), held| {
            (requests + held.requests, answers + held.answers)
        })
    }

    /// He has gone.
    pub(super) fn leave(&mut self, number: u64) {
        self.entries.remove(&number);
    }

    /// How many wait, and how many are in.
    pub(super) fn standing(&self) -> (usize, usize) {
        let waiting = self.entries.values().filter(|entry| entry.waits()).count();
        (waiting, self.entries.len() - waiting)
    }

    #[cfg(test)]
    pub(super) fn stage(&self, number: u64) -> Option<Stage> {
        self.entries.get(&number).map(|entry| entry.stage)
    }

    #[cfg(test)]
    pub(super) fn count_where(&self, from: Source, known: bool, waits: bool) -> usize {
        let these = self.entries.values();
        these
            .filter(|entry| entry.from == from && entry.known == known && entry.waits() == waits)
            .count()
    }

    fn at(&mut self, number: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(&number) {
            change(entry);
        }
    }

    fn tick(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

//! What a node says of its own past in a hello, and what its neighbour keeps of that. Lanes show only that a past was
//! lost in which something went over them. The numbers here show that any commit was lost that a hello had counted, and
//! that two copies of a node run: each has started by itself. Heartbeats count commits, too; what they told is kept in
//! memory, so that a stream that lasts for weeks costs the neighbour no commits.

use super::frame::Hello;
use super::state::LinkState;

/// Most starts that are kept and told: what a neighbour saw longer ago is judged no more.
pub const STARTS_MAX: usize = 16;

/// One start of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Start {
    /// Its mark, drawn by chance.
    pub mark: [u8; 4],
    /// Number of the last commit before it.
    pub log_no: u64,
}

/// The starts of a node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Starts {
    /// How many there were.
    pub count: u64,
    /// The last of them, at most [`STARTS_MAX`], the newest last.
    pub last: Vec<Start>,
}

/// A node's own past, as it tells it. A release that tells nothing has no starts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// Number of the last durable commit; not below any log head that the node ever sent.
    pub log_no: u64,
    /// Its starts.
    pub starts: Starts,
}

/// What a node showed of its past, as its neighbour keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// The highest commit number.
    pub log_no: u64,
    /// The highest number of starts.
    pub starts: u64,
    /// The mark of that start.
    pub mark: [u8; 4],
}

/// What a neighbour's heartbeats told of its past. Lasts as long as the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard(Option<(u64, Shown)>);

/// How a past is less than, or another than, what its node once showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// Commits are gone.
    Commits {
        /// The last one now.
        now: u64,
        /// The one that was shown.
        shown: u64,
    },
    /// Commits were gone when it started next; as many may have been made since.
    CommitsBefore {
        /// The start, counted from 1.
        start: u64,
        /// The last commit before it.
        now: u64,
        /// The one that was shown before it.
        shown: u64,
    },
    /// Starts are gone.
    Starts {
        /// How many now.
        now: u64,
        /// The one that was shown.
        shown: u64,
    },
    /// The start of that number was another one.
    OtherStart(u64),
}

impl Starts {
    /// One more, behind the commit with that number.
    pub fn add(&mut self, mark: [u8; 4], log_no: u64) {
        self.count += 1;
        self.last.push(Start { mark, log_no });
        let spare = self.last.len().saturating_sub(STARTS_MAX);
        self.last.drain(..spare);
    }

    /// The start with this number, counted from 1; `None` where it is not told any more, or never was.
    fn get(&self, no: u64) -> Option<Start> {
        let back = usize::try_from(self.count.checked_sub(no)?).ok()?;
        self.last.iter().rev().nth(back).copied()
    }
}

impl Past {
    /// What a neighbour keeps of it; `None` where nothing was told.
    #[must_use]
    pub fn shown(&self) -> Option<Shown> {
        Some(Shown {
            log_no: self.log_no,
            starts: self.starts.count,
            mark: self.starts.last.last()?.mark,
        })
    }

    /// What speaks against this past, told by a node that once showed this much.
    #[must_use]
    pub fn losses(&self, shown: Option<Shown>) -> Vec<Loss> {
        let Some(shown) = shown.filter(|_| !self.starts.last.is_empty()) else {
            return Vec::new();
        };
        let commits = (self.log_no < shown.log_no).then_some(Loss::Commits {
            now: self.log_no,
            shown: shown.log_no,
        });
        commits.into_iter().chain(self.start_lost(shown)).collect()
    }

    fn start_lost(&self, shown: Shown) -> Option<Loss> {
        if self.starts.count < shown.starts {
            return Some(Loss::Starts {
                now: self.starts.count,
                shown: shown.starts,
            });
        }
        let same = self.starts.get(shown.starts);
        if same.is_some_and(|start| start.mark != shown.mark) {
            return Some(Loss::OtherStart(shown.starts));
        }
        let start = shown.starts.checked_add(1)?;
        let now = self.starts.get(start)?.log_no;
        (now < shown.log_no).then_some(Loss::CommitsBefore {
            start,
            now,
            shown: shown.log_no,
        })
    }
}

impl Shown {
    /// Together with what was shown before: hellos of two streams may be committed in any order.
    #[must_use]
    pub fn and(self, before: Option<Shown>) -> Shown {
        let Some(before) = before else {
            return self;
        };
        let newer = if self.starts < before.starts {
            before
        } else {
            self
        };
        Shown {
            log_no: self.log_no.max(before.log_no),
            ..newer
        }
    }
}

impl Heard {
    /// A heartbeat counted so many commits (0: it does not tell), on the stream that began with that hello.
    pub fn beat(&mut self, hello: &Hello, log_no: u64) {
        let Some(shown) = hello.past.shown().filter(|_| log_no > 0) else {
            return;
        };
        let before = self.0.filter(|(epoch, _)| *epoch == hello.epoch);
        let now = Shown { log_no, ..shown };
        let shown = now.and(before.map(|(_, shown)| shown));
        self.0 = Some((hello.epoch, shown));
    }

    /// Adds to what is kept of the link for ever. Where that was forgotten, since its lanes started again, this is, too.
    pub fn add_to(&mut self, link: &mut LinkState) {
        match (link.shown, self.0) {
            (None, _) => self.0 = None,
            (kept, Some((epoch, heard))) if epoch == link.peer_epoch => {
                link.shown = Some(heard.and(kept));
            }
            (Some(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_topology::{RegionKey, Time};

    /// The past after so many starts, each of which committed ten times.
    fn past(starts: u64) -> Past {
        let mut past = Past::default();
        for no in 1..=starts {
            past.starts.add([no as u8; 4], past.log_no);
            past.log_no += 10;
        }
        past
    }

    #[test]
    fn the_last_starts_are_told_and_no_more() {
        let start = |no: u8| Start {
            mark: [no; 4],
            log_no: u64::from(no - 1) * 10,
        };
        assert_eq!(past(3).starts.last, [start(1), start(2), start(3)]);
        let long = past(20).starts;
        assert_eq!((long.count, long.last.len()), (20, STARTS_MAX));
        assert_eq!((long.last[0], long.last[15]), (start(5), start(20)));
        assert_eq!(long.get(5), Some(start(5)));
        assert_eq!((long.get(4), long.get(21)), (None, None));
    }

    #[test]
    fn a_past_that_went_on_loses_nothing() {
        for shown in 1..=20 {
            for now in shown..=20 {
                assert_eq!(past(now).losses(past(shown).shown()), [], "{shown} {now}");
            }
        }
        // Nothing was shown, or nothing is told.
        assert_eq!(past(3).losses(None), []);
        assert_eq!(Past::default().losses(past(3).shown()), []);
        assert_eq!(Past::default().shown(), None);
    }

    #[test]
    fn every_commit_that_was_shown_is_missed_after_the_next_start() {
        let shown = past(3).shown();
        for kept in 21..=30 {
            let mut now = past(3);
            now.log_no = kept;
            now.starts.add([9; 4], kept);
            // However much it commits before anybody hears of it.
            now.log_no += 1000;
            let lost = Loss::CommitsBefore {
                start: 4,
                now: kept,
                shown: 30,
            };
            let lost = (kept < 30).then_some(lost);
            assert_eq!(now.losses(shown), Vec::from_iter(lost), "{kept}");
            now.starts.add([8; 4], now.log_no);
            assert_eq!(now.losses(shown), Vec::from_iter(lost), "{kept}");
        }
    }

    #[test]
    fn what_heartbeats_told_counts_until_the_lanes_start_again() {
        let peer = RegionKey::literal("990101000000");
        let hello = Hello {
            wire_version: 2,
            wire_oldest: 1,
            region: peer,
            epoch: 3,
            peer_epoch: 0,
            topology_version: 1,
            time: Time(0),
            lanes: Default::default(),
            restarting: false,
            past: past(2),
            shown: None,
            refused: false,
        };
        let kept = LinkState {
            peer_epoch: 3,
            shown: past(2).shown(),
            ..LinkState::new(peer)
        };
        let with = |heard: &mut Heard, link: &LinkState| {
            let mut link = link.clone();
            heard.add_to(&mut link);
            link.shown.map(|shown| (shown.log_no, shown.starts))
        };
        let mut heard = Heard::default();
        assert_eq!(with(&mut heard, &kept), Some((20, 2)));
        for (told, counts) in [(0, 20), (25, 25), (31, 31), (30, 31)] {
            heard.beat(&hello, told);
            assert_eq!(with(&mut heard, &kept), Some((counts, 2)), "{told}");
        }
        // The disk goes back to before them, and starts again.
        let mut now = past(2);
        now.starts.add([9; 4], 24);
        now.log_no = 40;
        let mut link = kept.clone();
        heard.add_to(&mut link);
        assert_eq!(kept.shown.map(|_| now.losses(kept.shown)), Some(vec![]));
        let lost = Loss::CommitsBefore {
            start: 3,
            now: 24,
            shown: 31,
        };
        assert_eq!(now.losses(link.shown), [lost]);
        // Under another epoch, and after the lanes started again, it says nothing.
        let raised = LinkState {
            peer_epoch: 4,
            ..kept.clone()
        };
        assert_eq!(with(&mut heard, &raised), Some((20, 2)));
        let restarted = LinkState {
            shown: None,
            ..kept.clone()
        };
        assert_eq!(with(&mut heard, &restarted), None);
        assert_eq!(with(&mut heard, &kept), Some((20, 2)));
    }

    #[test]
    fn what_was_shown_is_kept_at_its_highest() {
        let (older, newer) = (past(2).shown(), past(3).shown());
        assert_eq!(newer.map(|shown| shown.and(older)), newer);
        assert_eq!(older.map(|shown| shown.and(newer)), newer);
        assert_eq!(older.map(|shown| shown.and(None)), older);
    }
}

//! A world of the explorer, in a few numbers: two records, and what is under way between them.

use super::*;
use std::hash::Hasher;

/// Index of an interned record; a taker without one has [`NOTHING`].
pub(super) type LegNo = u32;
pub(super) const NOTHING: LegNo = LegNo::MAX;

/// Up to sixteen messages under way, the oldest in the lowest byte; a byte of zero is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Queue(u128);

impl Queue {
    pub(super) fn push(&mut self, message: u8) {
        let used = (128 - self.0.leading_zeros()).div_ceil(8);
        assert!(used < 16, "a queue holds sixteen messages");
        self.0 |= u128::from(message) << (8 * used);
    }

    pub(super) fn pop(&mut self) -> Option<u8> {
        let oldest = (self.0 & 0xff) as u8;
        self.0 >>= 8;
        (oldest != 0).then_some(oldest)
    }

    /// The latest of these, in every number, none and all included.
    pub(super) fn suffixes(self) -> impl Iterator<Item = Queue> + Clone {
        let used = (128 - self.0.leading_zeros()).div_ceil(8);
        (0..=used).map(move |dropped| Queue(self.0.checked_shr(8 * dropped).unwrap_or(0)))
    }

    pub(super) fn append(&mut self, mut later: Queue) {
        while let Some(message) = later.pop() {
            self.push(message);
        }
    }
}

/// Hashes a world's few numbers; the default hasher takes half of the whole time.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}

/// What may befall the link or a disk, once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Incident {
    Never,
    /// The link is re-opened, and the latest messages that had arrived come a second time.
    Repeats,
    /// The taker's disk is set back to before the offer; the giver offers again, with the due date and lead in force.
    Forgets,
}

/// Two records, what is under way between them, how many messages were chosen, how many due dates passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) giver: LegNo,
    pub(super) taker: LegNo,
    pub(super) down: Queue,
    pub(super) up: Queue,
    /// From the superior to the taker.
    pub(super) orders: Queue,
    pub(super) superior: Superior,
    pub(super) chosen: u8,
    pub(super) clock: u8,
    /// True once the incident happened.
    pub(super) struck: bool,
    /// What has arrived; kept only as long as it may come again.
    pub(super) arrived_down: Queue,
    pub(super) arrived_up: Queue,
}

impl World {
    pub(super) fn is_quiet(&self) -> bool {
        [self.down, self.up, self.orders] == [Queue::default(); 3]
    }
}

/// What the superior knows of its order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Superior {
    Idle,
    Waits,
    Ended,
}

impl Superior {
    /// What it may do next, and what it knows then.
    pub(super) fn acts(self) -> Vec<(Superior, Act)> {
        let order = SUPERIOR_ORDER;
        match self {
            Superior::Idle => vec![(Superior::Waits, supervise(order, PROVINCE))],
            Superior::Waits => vec![
                (Superior::Waits, Act::Remind { order }),
                (Superior::Ended, Act::EndOrder { order }),
            ],
            Superior::Ended => Vec::new(),
        }
    }
}

//! Credit of one lane in one session: what a sender may still send, what a receiver let it send.
//!
//! Both count totals since the hello, so a frame that repeats an older total changes nothing.

use super::frame::{COST_MAX, Credit};
use std::collections::VecDeque;

/// The least window: with it a sender whose envelopes are all committed can always send one more, whatever it costs,
/// although up to a quarter of the window has not been told yet.
const LEAST: Credit = Credit {
    messages: 4,
    bytes: 2 * COST_MAX,
};

/// The sender's side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spend {
    spent: Credit,
    limit: Credit,
}

impl Spend {
    /// The peer allows so much in all.
    pub(super) fn raise(&mut self, limit: Credit) {
        self.limit.messages = self.limit.messages.max(limit.messages);
        self.limit.bytes = self.limit.bytes.max(limit.bytes);
    }

    /// Whether that would allow more.
    pub(super) fn raised_by(&self, limit: Credit) -> bool {
        !limit.within(self.limit)
    }

    /// What may still be sent.
    pub(super) fn left(&self) -> Credit {
        self.limit.minus(self.spent)
    }

    /// Spends for one envelope; the new total, or `None` if it does not fit.
    pub(super) fn take(&mut self, bytes: u64) -> Option<Credit> {
        let spent = self.spent.plus(Credit { messages: 1, bytes });
        spent.within(self.limit).then(|| {
            self.spent = spent;
            spent
        })
    }
}

/// The receiver's side.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    window: Credit,
    /// What the peer was told it may spend in all.
    told: Credit,
    /// What it has spent in all.
    spent: Credit,
    /// Of that, what is committed or was not needed.
    released: Credit,
    /// Not committed yet: number, and the total with it.
    waiting: VecDeque<(u64, Credit)>,
}

impl Grant {
    pub(super) fn new(window: Credit) -> Self {
        Self {
            window: Credit {
                messages: window.messages.max(LEAST.messages),
                bytes: window.bytes.max(LEAST.bytes),
            },
            told: Credit::default(),
            spent: Credit::default(),
            released: Credit::default(),
            waiting: VecDeque::new(),
        }
    }

    /// Books an envelope that says what was spent with it. `None`: beyond what was granted, or charged with less than
    /// `least` bytes. `Some(false)`: repeats a total already booked.
    pub(super) fn charge(&mut self, seq: u64, spent: Credit, least: u64) -> Option<bool> {
        if spent.messages <= self.spent.messages {
            return Some(false);
        }
        let honest = spent.messages == self.spent.messages + 1
            && spent.bytes >= self.spent.bytes.saturating_add(least);
        if !honest || !spent.within(self.told) {
            return None;
        }
        self.spent = spent;
        self.waiting.push_back((seq, spent));
        Some(true)
    }

    /// Everything up to `seq` is committed.
    pub(super) fn release(&mut self, seq: u64) {
        while let Some((waiting, spent)) = self.waiting.front().copied() {
            if waiting > seq {
                break;
            }
            self.released = spent;
            self.waiting.pop_front();
        }
    }

    /// Whether a quarter of the window was given back since the peer was told.
    pub(super) fn worth_telling(&self) -> bool {
        let untold = self.granted().minus(self.told);
        untold.messages >= self.window.messages / 4 || untold.bytes >= self.window.bytes / 4
    }

    /// What the peer may spend in all; counts as told.
    pub(super) fn tell(&mut self) -> Credit {
        self.told = self.granted();
        self.told
    }

    fn granted(&self) -> Credit {
        self.released.plus(self.window)
    }
}

//! Values for tests: every noun, act, fact, row and message, drawn from a seed.
//!
//! `proptest` draws the seed, a [`Draw`] makes the value of it; a failing case prints its seed, which gives the same
//! value again. Lists of alternatives (`acts`, `facts`, `rows`, `messages`) hold one of each, so that no case is left
//! to chance.

mod facts;
mod nouns;
mod rows;
mod stamp;
mod tally;
mod world;

pub(crate) use facts::facts;
pub(crate) use nouns::messages;
pub(crate) use rows::{keys, rows};
pub(crate) use stamp::{Stamp, Stamps};

use hotline_topology::Time;

/// A source of values: splitmix64.
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.u64() % bound as u64) as usize
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Small more often than large, with the ends of the range among them.
    pub(crate) fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(3) as u64,
            1 => self.below(1000) as u64,
            2 => u64::MAX - self.below(3) as u64,
            _ => self.u64(),
        }
    }

    pub(crate) fn u32(&mut self) -> u32 {
        (self.number() & u64::from(u32::MAX)) as u32
    }

    pub(crate) fn i64(&mut self) -> i64 {
        self.number().cast_signed()
    }

    pub(crate) fn time(&mut self) -> Time {
        Time(self.i64())
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    pub(crate) fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.bool().then(|| value(self))
    }

    /// Up to three.
    pub(crate) fn some<T>(&mut self, mut value: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| value(self)).collect()
    }

    /// Any text, also empty, with NUL and with the highest characters.
    pub(crate) fn text(&mut self) -> String {
        let all = ['\0', '\u{1}', 'a', 'b', '热', '线', '\u{ff}', '\u{10ffff}'];
        (0..self.below(6)).map(|_| self.one_of(&all)).collect()
    }

    /// A text as codes and numbers are.
    pub(crate) fn code(&mut self) -> String {
        let all = ['a', 'b', '-', '7', '住', '建'];
        (0..self.below(6)).map(|_| self.one_of(&all)).collect()
    }
}

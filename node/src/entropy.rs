//! Where random bytes come from: keys, serial numbers and the bits that travel with events.

use sha2::{Digest, Sha256};
use std::io;

/// A source of random bytes.
pub trait Entropy: Send {
    /// Fills `out` with random bytes.
    ///
    /// # Errors
    /// When the operating system has none to give.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()>;
}

/// The operating system's generator: the only source for anything that leaves a test.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        getrandom::fill(out)
            .map_err(|error| io::Error::other(format!("操作系统不能提供随机数：{error}")))
    }
}

/// A repeatable stream made from a seed, for tests and simulation. Never for a key that somebody
/// relies on.
#[derive(Debug, Clone)]
pub struct SeededEntropy {
    seed: u64,
    block: u64,
}

impl SeededEntropy {
    /// The stream of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, block: 0 }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        for chunk in out.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(self.block.to_be_bytes());
            self.block += 1;
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(source: &mut dyn Entropy) -> [u8; 40] {
        let mut out = [0; 40];
        source.fill(&mut out).unwrap();
        out
    }

    #[test]
    fn a_seed_repeats_and_its_stream_does_not() {
        let (mut one, mut same, mut other) = (
            SeededEntropy::new(7),
            SeededEntropy::new(7),
            SeededEntropy::new(8),
        );
        let first = draw(&mut one);
        assert_eq!(first, draw(&mut same));
        assert_ne!(first, draw(&mut one));
        assert_ne!(first, draw(&mut other));
    }

    #[test]
    fn the_machine_gives_other_bytes_each_time() {
        assert_ne!(draw(&mut OsEntropy), draw(&mut OsEntropy));
    }
}

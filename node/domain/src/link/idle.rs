//! Frames that say nothing: an acknowledgement of what was acknowledged, credit already granted, an envelope that came
//! before, heartbeats without pause. They cost no credit, so they have a bound of their own.

/// So many may come at once.
const BURST: u64 = 4_096;
/// So many more each second.
const PER_SECOND: u64 = 64;

/// A bucket that fills with time and is emptied by such frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    /// Thousandths of a frame left.
    left: u64,
    /// Monotonic milliseconds up to which it was filled.
    at_ms: u64,
}

impl Idle {
    pub(super) fn new(mono_ms: u64) -> Self {
        Self {
            left: BURST * 1_000,
            at_ms: mono_ms,
        }
    }

    /// Takes one; false when it is empty.
    pub(super) fn take(&mut self, mono_ms: u64) -> bool {
        let passed = mono_ms.saturating_sub(self.at_ms);
        self.at_ms = self.at_ms.max(mono_ms);
        let filled = self.left.saturating_add(passed.saturating_mul(PER_SECOND));
        self.left = filled.min(BURST * 1_000);
        match self.left.checked_sub(1_000) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_only_what_time_gives_back() {
        let mut idle = Idle::new(7);
        assert!((0..BURST).all(|_| idle.take(7)) && !idle.take(7));
        let passed = (0..1_000).filter(|_| idle.take(1_007)).count();
        assert_eq!(passed as u64, PER_SECOND);
        assert!(!idle.take(0), "time set back gives nothing");
    }
}

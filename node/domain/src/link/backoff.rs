//! How long to wait before the next dial: the first retry within a second of contact, then doubling, at most five
//! minutes, jittered so that a parent's children do not all come back at once.
//!
//! The count of failures is kept in [`super::LinkState::failures`], so a node that restarts in a storm does not begin
//! to hammer again.

/// Longest wait after contact was lost, milliseconds.
pub const FIRST_MS: u64 = 1_000;
/// Longest wait at all, milliseconds.
pub const LONGEST_MS: u64 = 300_000;
/// From this many failures on the wait no longer grows, and no further failure needs to be put on record.
pub const FAILURES_CAP: u32 = 9;

/// As many failures count at most where the neighbour answered and refused: its people may re-open the link at any moment,
/// and it cannot say so to a child that does not call.
pub const ANSWERED_CAP: u32 = 4;

/// Milliseconds to wait before the next dial, after so many failed ones since the last contact. `bits` are random, from
/// the shell: the wait lies between half of the step and the whole.
#[must_use]
pub fn delay_ms(failures: u32, bits: u64) -> u64 {
    let step = FIRST_MS
        .saturating_mul(1 << failures.min(FAILURES_CAP))
        .min(LONGEST_MS);
    let half = step / 2;
    half + bits % (step - half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_comes_within_a_second_and_no_wait_exceeds_five_minutes() {
        for bits in [0, 1, 17, 499, 500, 501, 123_456_789, u64::MAX / 2, u64::MAX] {
            assert!((500..=FIRST_MS).contains(&delay_ms(0, bits)));
            assert!(delay_ms(ANSWERED_CAP, bits) <= 16_000);
            for failures in [1, 5, FAILURES_CAP, FAILURES_CAP + 1, 60, u32::MAX] {
                assert!((FIRST_MS..=LONGEST_MS).contains(&delay_ms(failures, bits)));
            }
        }
    }

    #[test]
    fn the_wait_grows_up_to_the_cap_and_uses_all_of_its_range() {
        let least: Vec<_> = (0..12).map(|failures| delay_ms(failures, 0)).collect();
        assert!(least.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!(least[FAILURES_CAP as usize], LONGEST_MS / 2);
        assert_eq!(delay_ms(FAILURES_CAP, LONGEST_MS / 2), LONGEST_MS);
        assert_eq!(delay_ms(0, 500), 1_000);
    }
}

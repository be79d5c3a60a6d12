//! Numbers that people read: region, day, mark of this start, count, check character. The mark is drawn at every start,
//! so that no number is issued twice even after a roll-back; the check character catches slips of the pen.

use hotline_topology::{RegionKey, Time};

/// Characters that are hard to confuse on paper and on the phone.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";

/// The number of the `count`-th matter since the start that drew `mark`.
///
/// `140525000000-20261122-K7QX-0001-M`: the check character is the last.
#[must_use]
pub fn issue(region: RegionKey, at: Time, mark: [u8; 4], count: u32) -> String {
    let day = at.to_local().format("%Y%m%d");
    let mark: String = mark.iter().map(|byte| letter(usize::from(*byte))).collect();
    let plain = format!("{region}-{day}-{mark}-{count:04}");
    let check = check(&plain);
    format!("{plain}-{check}")
}

/// Whether a number's check character fits the rest.
#[must_use]
pub fn is_valid(number: &str) -> bool {
    match number.rsplit_once('-') {
        Some((plain, given)) => given.len() == 1 && given.starts_with(check(plain)),
        None => false,
    }
}

/// Weighted sum modulo 31, a prime: every single slip and every swap of neighbours changes it.
fn check(plain: &str) -> char {
    let sum = plain
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .enumerate()
        .fold(0usize, |sum, (at, byte)| {
            (sum + (at % 30 + 1) * usize::from(byte)) % LETTERS.len()
        });
    letter(sum)
}

fn letter(value: usize) -> char {
    char::from(LETTERS[value % LETTERS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_swaps_are_caught() {
        let region = RegionKey::literal("140525000000");
        let number = issue(region, Time(1_795_276_800_000), [1, 2, 3, 250], 12);
        assert!(is_valid(&number), "{number}");
        let bytes = number.as_bytes();
        for at in 0..bytes.len() - 2 {
            if !bytes[at].is_ascii_digit() {
                continue;
            }
            let mut slip = bytes.to_vec();
            slip[at] = if slip[at] == b'9' { b'0' } else { slip[at] + 1 };
            assert!(
                !is_valid(std::str::from_utf8(&slip).unwrap()),
                "slip at {at}"
            );
            if bytes[at] != bytes[at + 1] && bytes[at + 1].is_ascii_digit() {
                let mut swap = bytes.to_vec();
                swap.swap(at, at + 1);
                assert!(
                    !is_valid(std::str::from_utf8(&swap).unwrap()),
                    "swap at {at}"
                );
            }
        }
    }
}

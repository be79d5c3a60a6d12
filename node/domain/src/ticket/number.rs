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

/// A number, or an id, as it was pasted or dictated: full width as half width, any dash as `-`, without blanks, marks
/// that take no place, and whatever stands before or behind it. Upper and lower case stay as they are.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        let letter = match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            other => other,
        };
        match letter {
            // Hyphens, dashes, the minus sign, box lines and the long mark of kana are all typed for a dash.
            '-'
            | '_'
            | '~'
            | '\u{ad}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2043}'
            | '\u{2212}'
            | '\u{2500}'
            | '\u{2501}'
            | '\u{30fc}'
            | '\u{fe58}'
            | '\u{fe63}' => {
                if !plain.ends_with('-') {
                    plain.push('-');
                }
            }
            _ if is_left_out(letter) => {}
            _ => plain.push(letter),
        }
    }
    let part = |letter: char| !letter.is_ascii_alphanumeric();
    plain.trim_matches(part).to_owned()
}

/// Blanks, control characters and marks of format.
fn is_left_out(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
    fn a_number_is_found_however_it_was_pasted() {
        let number = issue(RegionKey::literal("140525000000"), Time(0), [1, 2, 3, 4], 7);
        let full: String = number
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
            .collect();
        for pasted in [
            number.clone(),
            full,
            format!("工单编号：{number}。"),
            format!("\u{feff}{number}\u{200b}\r\n"),
            format!("「{number}」，"),
            number.replace('-', "—"),
            number.replace('-', "——"),
            number.replace('-', " − "),
            number.replace('-', "\u{2011}"),
            number.replacen("-", "-\u{200b}", 2),
            format!("{} {}", &number[..20], &number[20..]),
        ] {
            assert_eq!(folded(&pasted), number, "{pasted:?}");
        }
        assert_eq!(folded("。，"), "");
    }

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

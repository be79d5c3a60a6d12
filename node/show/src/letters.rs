//! Which characters are never shown as they are, and what stands for them.
//!
//! Hidden are control characters (they drive terminals), format characters (they turn the direction of what follows, or
//! are not to be seen: U+202E, U+2066, U+200B …), line and paragraph separators, and whatever else Unicode says may be
//! shown as nothing (fillers, tags). Variation selectors stay: names with rare forms and emoji need them, and what they
//! change is seen. An emoji of several persons is joined by U+200D, a format character: it is shown as its persons, with
//! the joiner's number between them. Letters that are written from right to left stay as well: they are somebody's words.

/// Most marks that may stand on one letter; more would be drawn over other lines.
pub(crate) const MARKS_MAX: u32 = 4;

/// Format characters (Cf), separators (Zl, Zp), and what may be shown as nothing, but for variation selectors.
const HIDDEN: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE00FF),
    (0xE01F0, 0xE0FFF),
];

/// Whether the character is never shown as it is.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    let code = u32::from(letter);
    letter.is_control()
        || HIDDEN
            .binary_search_by(|(first, last)| {
                if *last < code {
                    std::cmp::Ordering::Less
                } else if *first > code {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Equal
                }
            })
            .is_ok()
}

/// Writes what stands for a hidden character: the picture of a control character, a space for a tab, a number for others.
pub(crate) fn write_for(letter: char, out: &mut impl std::fmt::Write) -> std::fmt::Result {
    match u32::from(letter) {
        0x09 => out.write_char(' '),
        code @ 0..=0x1F => out.write_char(char::from_u32(0x2400 + code).unwrap_or('␀')),
        0x7F => out.write_char('␡'),
        code => write!(out, "\\u{{{code:02X}}}"),
    }
}

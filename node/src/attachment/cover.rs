//! The cover of an attachment: the personal field that goes with its reference, holding the file's name and the key.
//!
//! ```text
//! 1 <64 hexadecimal digits of the key> <file name>
//! ```

use hotline_show::is_hidden;
use std::fmt;
use zeroize::Zeroizing;

/// Longest file name, in characters, as file systems of office computers count it.
pub const NAME_CHARS_MAX: usize = 255;

/// A key that seals the chunks of one attachment and nothing else.
pub type ChunkKey = Zeroizing<[u8; 32]>;

/// A cover, open.
#[derive(Clone)]
pub struct Cover {
    /// The file's name, without folders.
    pub name: String,
    /// The key of its chunks.
    pub key: ChunkKey,
}

impl fmt::Debug for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cover(..)")
    }
}

impl Cover {
    /// The field's value.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("1 {} {}", crate::store::hex(&*self.key), self.name)
    }

    /// The cover of a field's value; `None` for text that is none.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let ("1", digits, name) = (parts.next()?, parts.next()?, parts.next()?) else {
            return None;
        };
        let mut key = Zeroizing::new([0; 32]);
        if digits.len() != 64 || !digits.is_ascii() {
            return None;
        }
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
        }
        let name = plain_name(name)?;
        Some(Self { name, key })
    }
}

/// A file's name as it may be shown and saved: no folders, no control or format characters, not too long; `None` where nothing
/// is left of it.
#[must_use]
pub fn plain_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let clean: String = last.chars().filter(|letter| !is_hidden(*letter)).collect();
    let clean = clean.trim();
    let usable = !clean.is_empty()
        && clean.chars().count() <= NAME_CHARS_MAX
        && clean != "."
        && clean != "..";
    usable.then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_are_read_back_and_names_lose_their_folders() {
        let cover = Cover {
            name: "现场 照片.jpg".to_owned(),
            key: Zeroizing::new([0xA5; 32]),
        };
        let again = Cover::of_text(&cover.to_text()).unwrap();
        assert_eq!((again.name, again.key), (cover.name, cover.key));
        assert!(
            !format!("{:?}", Cover::of_text(&format!("1 {} a", "0".repeat(64)))).contains("00")
        );
        for (given, plain) in [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\temp\\a.pdf", Some("a.pdf")),
            ("a\u{7}b", Some("ab")),
            ("..", None),
            ("  ", None),
        ] {
            assert_eq!(plain_name(given).as_deref(), plain, "{given}");
        }
        // As long as an office computer lets one be.
        let long = format!("{}.png", "长".repeat(NAME_CHARS_MAX - 4));
        assert_eq!(plain_name(&long).as_ref(), Some(&long));
        assert_eq!(plain_name(&format!("长{long}")), None);
        for text in ["", "1", "1 00 a", "2 zz a"] {
            assert!(Cover::of_text(text).is_none(), "{text}");
        }
        assert!(Cover::of_text(&format!("1 {} a", "é".repeat(32))).is_none());
    }
}

//! Keys and levels of regions (行政区划).
//!
//! A key is opaque: usually the statistical code padded to twelve characters, but a zone
//! without a code gets one from its parent. Nothing is ever read out of its digits.

use std::fmt;
use std::str::FromStr;

/// The key of a region: twelve ASCII letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionKey([u8; 12]);

/// Why a text is no region key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegionKeyError {
    /// Not twelve characters long; holds the length in bytes.
    #[error("区划代码应为 12 个字符，实为 {0} 个")]
    Length(usize),
    /// A character that is neither an ASCII letter nor a digit; holds the text.
    #[error("区划代码只能由英文字母和数字组成，“{0}”不合要求")]
    Character(String),
}

impl RegionKey {
    /// A key from its bytes; `None` unless all twelve are ASCII letters or digits.
    pub const fn from_bytes(bytes: [u8; 12]) -> Option<RegionKey> {
        let mut i = 0;
        while i < 12 {
            if !bytes[i].is_ascii_alphanumeric() {
                return None;
            }
            i += 1;
        }
        Some(RegionKey(bytes))
    }

    /// A key written in the source, for constants and tests.
    ///
    /// # Panics
    /// When the text is no key; in a constant this is a compile error. Never for input.
    pub const fn literal(text: &'static str) -> RegionKey {
        let text = text.as_bytes();
        assert!(text.len() == 12, "a region key has twelve characters");
        let mut bytes = [0; 12];
        let mut i = 0;
        while i < 12 {
            bytes[i] = text[i];
            i += 1;
        }
        match RegionKey::from_bytes(bytes) {
            Some(key) => key,
            None => panic!("a region key holds ASCII letters and digits only"),
        }
    }

    /// The twelve bytes, all ASCII.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        // Every constructor lets only ASCII through, so this never takes the fallback.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The first label of the node's host name, `r` and the key in lower case; a label may
    /// not begin with a digit everywhere, hence the letter.
    pub fn host_label(&self) -> String {
        format!("r{}", self.as_str().to_ascii_lowercase())
    }
}

impl FromStr for RegionKey {
    type Err = RegionKeyError;

    fn from_str(text: &str) -> Result<RegionKey, RegionKeyError> {
        let bytes: [u8; 12] = text
            .as_bytes()
            .try_into()
            .map_err(|_| RegionKeyError::Length(text.chars().count()))?;
        RegionKey::from_bytes(bytes).ok_or_else(|| RegionKeyError::Character(text.to_owned()))
    }
}

impl fmt::Display for RegionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RegionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegionKey({})", self.as_str())
    }
}

/// The level of a region, as the federation file states it. Data only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 省、自治区、直辖市
    Province,
    /// 设区的市、自治州
    City,
    /// 县、县级市、区、旗
    County,
    /// 乡、镇、街道
    Township,
}

impl Level {
    /// All levels, highest first.
    pub const ALL: [Level; 4] = [Level::Province, Level::City, Level::County, Level::Township];

    /// The word used in the federation file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Province => "province",
            Level::City => "city",
            Level::County => "county",
            Level::Township => "township",
        }
    }

    /// The word a clerk reads.
    pub const fn label(self) -> &'static str {
        match self {
            Level::Province => "省级",
            Level::City => "市级",
            Level::County => "县级",
            Level::Township => "乡级",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| format!("“{text}”不是层级；应为 province、city、county、township 之一"))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIAONING: RegionKey = RegionKey::literal("210000000000");

    #[test]
    fn keys_are_twelve_letters_or_digits() {
        assert_eq!("210000000000".parse(), Ok(LIAONING));
        assert_eq!("2100".parse::<RegionKey>(), Err(RegionKeyError::Length(4)));
        assert_eq!(
            "21000000000-".parse::<RegionKey>(),
            Err(RegionKeyError::Character("21000000000-".into()))
        );
        assert_eq!(
            "省省省省".parse::<RegionKey>(),
            Err(RegionKeyError::Character("省省省省".into()))
        );
        assert_eq!(LIAONING.to_string(), "210000000000");
        assert_eq!(
            RegionKey::literal("2101ABCDEF00").host_label(),
            "r2101abcdef00"
        );
    }

    #[test]
    fn levels_are_ordered_and_named() {
        assert!(Level::Province < Level::City && Level::County < Level::Township);
        for level in Level::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert!("省".parse::<Level>().is_err());
    }
}

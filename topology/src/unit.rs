//! Units (承办单位): the bodies at a node's own level that handle tickets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The key of a unit inside its region, such as `住建局`: 1 to 40 letters, digits, `-` or `_`
/// of any script.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey(Arc<str>);

impl UnitKey {
    /// Most characters of a key.
    pub const MAX_CHARS: usize = 40;

    /// A key from its text.
    ///
    /// # Errors
    /// When the text is empty, too long or holds a blank or punctuation.
    pub fn new(text: &str) -> Result<UnitKey, UnitKeyError> {
        let length = text.chars().count();
        if length == 0 || length > UnitKey::MAX_CHARS {
            return Err(UnitKeyError::Length(length));
        }
        if text
            .chars()
            .any(|c| !(c.is_alphanumeric() || c == '-' || c == '_'))
        {
            return Err(UnitKeyError::Character(text.to_owned()));
        }
        Ok(UnitKey(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitKey {
    type Err = UnitKeyError;

    fn from_str(text: &str) -> Result<UnitKey, UnitKeyError> {
        UnitKey::new(text)
    }
}

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text is no unit key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitKeyError {
    /// Empty or too long; holds the number of characters.
    #[error("单位代号应为 1 到 40 个字符，实为 {0} 个")]
    Length(usize),
    /// A character that is no letter, digit, `-` or `_`; holds the text.
    #[error("单位代号“{0}”只能用汉字、字母、数字、- 和 _")]
    Character(String),
}

/// What sort of body a unit is (辽宁省办法第七条 names the first three).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// 政府部门
    Department,
    /// 法律法规授权的组织
    Authorised,
    /// 公共服务企事业单位
    PublicService,
    /// 热线工作机构自身：目录没有指到的诉求归它
    Centre,
}

impl UnitKind {
    /// All kinds.
    pub const ALL: [UnitKind; 4] = [
        UnitKind::Department,
        UnitKind::Authorised,
        UnitKind::PublicService,
        UnitKind::Centre,
    ];

    /// The word used in the federation file.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnitKind::Department => "department",
            UnitKind::Authorised => "authorised",
            UnitKind::PublicService => "public_service",
            UnitKind::Centre => "centre",
        }
    }
}

impl FromStr for UnitKind {
    type Err = String;

    fn from_str(text: &str) -> Result<UnitKind, String> {
        UnitKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "“{text}”不是单位类别；应为 department、authorised、public_service、centre 之一"
                )
            })
    }
}

/// A person of a unit who handles tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Login name or staff number, unique within the region.
    pub id: String,
    /// Name that others see.
    pub name: String,
}

/// A body that handles tickets at its region's level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Unique within the region.
    pub key: UnitKey,
    /// Full name for letters and lists.
    pub name: String,
    /// What sort of body it is.
    pub kind: UnitKind,
    /// The unit it belongs to, for sub-units (科室、站所).
    pub parent: Option<UnitKey>,
    /// What it is responsible for, in words, for the dispatcher's eye.
    pub responsibilities: Vec<String>,
    /// How the hotline reaches it by other means; may be empty.
    pub contact: String,
    /// Who handles tickets there; may be empty.
    pub handlers: Vec<Handler>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_words() {
        assert_eq!(UnitKey::new("住建局").unwrap().as_str(), "住建局");
        assert_eq!(UnitKey::new(""), Err(UnitKeyError::Length(0)));
        assert_eq!(
            UnitKey::new(&"局".repeat(41)),
            Err(UnitKeyError::Length(41))
        );
        assert!(UnitKey::new("住建 局").is_err());
        assert!(UnitKey::new("a/b").is_err());
    }
}

//! What cannot be read, and where.

use hotline_topology::region::RegionKeyError;
use hotline_topology::unit::UnitKeyError;

/// Bytes that are not what this program writes, or say something impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}：{why}")]
pub struct Malformed {
    /// Message and field as named in the `.proto` file, as `Offer.role`; for a row's key, the key's name.
    pub at: &'static str,
    /// What is wrong with it.
    pub why: Why,
}

impl Malformed {
    pub(crate) fn new(at: &'static str, why: Why) -> Self {
        Self { at, why }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The bytes are no such message.
    #[error("无法解读：{0}")]
    Bytes(#[from] prost::DecodeError),
    /// A field that must be there is not, or none of a choice is filled in or known.
    #[error("缺失，或为本版本不认识的内容")]
    Missing,
    /// Another length than the one possible, in bytes or elements.
    #[error("长度应为 {should}，实为 {is}")]
    Length {
        /// What it is.
        is: usize,
        /// What it should be.
        should: usize,
    },
    /// More bytes or elements than allowed.
    #[error("长度 {is} 超过上限 {max}")]
    TooLong {
        /// What it is.
        is: usize,
        /// The bound.
        max: usize,
    },
    /// The value 0 of an enumeration, which nobody writes.
    #[error("枚举值未填")]
    Unspecified,
    /// A value that the enumeration does not have in this version.
    #[error("枚举值 {0} 不认识")]
    UnknownValue(i32),
    /// No region key.
    #[error("{0}")]
    Region(#[from] RegionKeyError),
    /// No unit key.
    #[error("{0}")]
    Unit(#[from] UnitKeyError),
    /// A code with a control character in it.
    #[error("含有控制字符")]
    Control,
    /// No text in UTF-8.
    #[error("不是 UTF-8 文本")]
    Text,
    /// A record that only programs of a later version understand.
    #[error(
        "由更新的程序写成（须懂记录第 {reader} 版），本程序只懂到第 {ours} 版；请换回新版程序，旧版程序不能接着用这份数据"
    )]
    NewerRecord {
        /// The oldest version that understands it.
        reader: u32,
        /// This program's.
        ours: u32,
    },
    /// Two fields that do not go together.
    #[error("{0}")]
    Conflict(&'static str),
    /// Bytes after the end.
    #[error("末尾多出 {0} 个字节")]
    Trailing(usize),
}

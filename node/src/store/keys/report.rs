//! What a key file was found to hold, for the operator.

use std::fmt;

/// What to do about damage in the key file.
pub(super) const RESTORE_KEYS: &str =
    "请从备份恢复密钥文件；没有它，个人信息无法解开，其余记录不受影响。";

/// What was found in the key file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyReport {
    /// Slots with a key, used or not.
    pub live: u64,
    /// Slots whose key was destroyed.
    pub destroyed: u64,
    /// Slots that cannot be read.
    pub damaged: Vec<u64>,
    /// Bytes of an unfinished batch that were cut off (or, in a check, that would be).
    pub cut_bytes: u64,
}

/// Damaged slots that are named; of more, the number is told.
const NAMED_MAX: usize = 8;

impl KeyReport {
    /// Which slots are damaged and what to do; `None` where none is.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        let first: Vec<_> = self
            .damaged
            .iter()
            .take(NAMED_MAX)
            .map(u64::to_string)
            .collect();
        let more = if self.damaged.len() > NAMED_MAX {
            "等"
        } else {
            ""
        };
        (!first.is_empty()).then(|| {
            format!(
                "{} 个损坏：第 {} {more}号（{RESTORE_KEYS}）",
                self.damaged.len(),
                first.join("、")
            )
        })
    }
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "密钥槽 {} 个可用、{} 个已销毁",
            self.live, self.destroyed
        )?;
        if let Some(damage) = self.damage() {
            write!(f, "、{damage}")?;
        }
        if self.cut_bytes > 0 {
            write!(
                f,
                "；末尾未写完的 {} 字节尚未启用，可以丢弃",
                self.cut_bytes
            )?;
        }
        Ok(())
    }
}

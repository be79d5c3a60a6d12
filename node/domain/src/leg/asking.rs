//! What a taker asks of the giver.

use super::offer::Due;
use super::state::Closure;

/// The four things a taker may ask.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RequestKind {
    /// 退单.
    Return,
    /// 延期.
    Extension,
    /// 提级上报.
    Escalation,
    /// 办理结果.
    Result,
}

impl RequestKind {
    /// Every kind, in the order above.
    pub const ALL: [RequestKind; 4] = [
        RequestKind::Return,
        RequestKind::Extension,
        RequestKind::Escalation,
        RequestKind::Result,
    ];

    /// How the leg ends when the request is granted; `None` for an extension, which leaves it open.
    #[must_use]
    pub fn closure(self) -> Option<Closure> {
        match self {
            RequestKind::Return => Some(Closure::Returned),
            RequestKind::Extension => None,
            RequestKind::Escalation => Some(Closure::Escalated),
            RequestKind::Result => Some(Closure::Done),
        }
    }

    /// Short name, stable: `return`, `extension`, `escalation`, `result`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RequestKind::Return => "return",
            RequestKind::Extension => "extension",
            RequestKind::Escalation => "escalation",
            RequestKind::Result => "result",
        }
    }

    /// The word a clerk reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            RequestKind::Return => "退单",
            RequestKind::Extension => "延期",
            RequestKind::Escalation => "提级",
            RequestKind::Result => "办理结果",
        }
    }
}

/// What a taker asks of the giver. At most one is open; a newer one withdraws the older.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Asking {
    /// 退单: ground code, written basis; the reason is a field.
    Return {
        /// Ground code of the pack.
        ground: String,
        /// The norm or fact relied on.
        basis: String,
    },
    /// 延期: the date asked for.
    Extension {
        /// The new due date asked for.
        until: Due,
    },
    /// 提级上报: ground code; the work done so far is a field.
    Escalation {
        /// Ground code of the pack.
        ground: String,
    },
    /// 办理结果: closing ground code; text and answer are fields.
    Result {
        /// Closing ground code of the pack.
        ground: String,
    },
}

impl Asking {
    /// Which of the four it is.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        match self {
            Asking::Return { .. } => RequestKind::Return,
            Asking::Extension { .. } => RequestKind::Extension,
            Asking::Escalation { .. } => RequestKind::Escalation,
            Asking::Result { .. } => RequestKind::Result,
        }
    }

    /// Short name, stable: `return`, `extension`, `escalation`, `result`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}

//! Why somebody opens texts or a file (查阅目的): each reading names one of these, and its record keeps it.
//!
//! | code | label | what for | who may name it |
//! |---|---|---|---|
//! | `handle` | 办理 | taking in, assigning, reviewing, handling, answering | clerk, dispatcher, handler |
//! | `call-back` | 回访 | asking the petitioner how it was | clerk, dispatcher |
//! | `petitioner` | 本人申请 | the petitioner asks for it: progress, correction, withdrawal, deletion | clerk, dispatcher |
//! | `supervise` | 督办 | orders, reminders, notices | dispatcher, supervisor |
//! | `quality` | 质检 | how well it was handled and answered | dispatcher, supervisor |
//! | `audit` | 审计 | checks and accountability | supervisor |
//! | `legal` | 依法调取 | a body that the law entitles asks for it | dispatcher, supervisor |
//!
//! A purpose that is none of the person's work is refused: a record that says what was convenient is worth nothing. For
//! the same reason nothing is presumed, but for one: the people of a unit that has the matter in hand read it to handle
//! it ([`presumed`]).
//!
//! To add one: its variant, its place in [`Purpose::ALL`], its line in `entry` and in the table above.

#[cfg(test)]
mod tests;

use super::reading::Readable;
use crate::body::{Actor, Role};
use crate::refusal::{Class, Refusal};
use std::str::FromStr;

/// What the law says of purposes.
const ARTICLE: &str = "个人信息保护法第六条";

/// Why texts or a file are opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Purpose {
    /// 办理.
    Handle,
    /// 回访.
    CallBack,
    /// 本人申请.
    Petitioner,
    /// 督办.
    Supervise,
    /// 质检.
    Quality,
    /// 审计.
    Audit,
    /// 依法调取.
    Legal,
}

impl Purpose {
    /// Every purpose, in the order of the table.
    pub const ALL: [Purpose; 7] = [
        Purpose::Handle,
        Purpose::CallBack,
        Purpose::Petitioner,
        Purpose::Supervise,
        Purpose::Quality,
        Purpose::Audit,
        Purpose::Legal,
    ];

    /// Code, label, and who may name it.
    const fn entry(self) -> (&'static str, &'static str, &'static [Role]) {
        use Role::{Clerk, Dispatcher, Handler, Supervisor};
        match self {
            Purpose::Handle => ("handle", "办理", &[Clerk, Dispatcher, Handler]),
            Purpose::CallBack => ("call-back", "回访", &[Clerk, Dispatcher]),
            Purpose::Petitioner => ("petitioner", "本人申请", &[Clerk, Dispatcher]),
            Purpose::Supervise => ("supervise", "督办", &[Dispatcher, Supervisor]),
            Purpose::Quality => ("quality", "质检", &[Dispatcher, Supervisor]),
            Purpose::Audit => ("audit", "审计", &[Supervisor]),
            Purpose::Legal => ("legal", "依法调取", &[Dispatcher, Supervisor]),
        }
    }

    /// The code used on the wire and in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.entry().0
    }

    /// The word that people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.entry().1
    }

    /// Who may name it.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        self.entry().2
    }

    /// Whether the person's work has this purpose.
    #[must_use]
    pub fn is_of(self, actor: &Actor) -> bool {
        actor.roles.iter().any(|role| self.roles().contains(role))
    }
}

/// By code or by label.
impl FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let said = |purpose: &Purpose| purpose.code() == text || purpose.label() == text;
        Self::ALL
            .into_iter()
            .find(said)
            .ok_or_else(|| format!("没有这一查阅目的；可写 {}", list(Self::ALL)))
    }
}

/// What a person reads for who names nothing: handling, where a leg of the own unit is open. Nobody else's purpose is
/// certain.
#[must_use]
pub fn presumed(actor: &Actor, readable: Readable) -> Option<Purpose> {
    let handles = actor.unit.is_some() && actor.roles == [Role::Handler] && readable.petitioner;
    handles.then_some(Purpose::Handle)
}

/// A purpose is owed and was not named.
#[must_use]
pub fn owed(actor: &Actor) -> Refusal {
    let own = Purpose::ALL.into_iter().filter(|of| of.is_of(actor));
    let words = format!(
        "查阅内容须写明目的，查阅会记录在案；请加 --purpose（程序用 purpose 字段），可写 {}",
        list(own)
    );
    Refusal::new(Class::Invalid, "reading.purpose", words).citing(ARTICLE)
}

/// Refuses a purpose that is none of the person's work.
///
/// # Errors
/// Refuses as `reading.purpose-role`.
pub fn permit(actor: &Actor, purpose: Purpose) -> Result<(), Refusal> {
    if purpose.is_of(actor) {
        return Ok(());
    }
    let own = Purpose::ALL.into_iter().filter(|of| of.is_of(actor));
    let words = format!(
        "{} 的角色不能以“{}”为目的查阅；可写 {}",
        actor.name,
        purpose.label(),
        list(own)
    );
    Err(Refusal::new(Class::Forbidden, "reading.purpose-role", words).citing(ARTICLE))
}

fn list(purposes: impl IntoIterator<Item = Purpose>) -> String {
    let listed = purposes
        .into_iter()
        .map(|of| format!("{}（{}）", of.label(), of.code()));
    listed.collect::<Vec<_>>().join("、")
}

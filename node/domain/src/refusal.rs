//! A refusal: the caller is wrong, and may know why, by which rule, under which article.

use std::fmt;

/// The class of a refusal; the door maps it to a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// What was asked for does not exist here.
    NotFound,
    /// Role, unit, level or place in the tree does not allow it.
    Forbidden,
    /// The state of ticket or leg does not allow it now.
    State,
    /// The input itself is wrong.
    Invalid,
    /// Somebody changed the ticket since the actor saw it.
    Stale,
    /// The policy pack's windows, bounds or grounds do not allow it.
    Policy,
    /// The node does not take commands now (clock in doubt, draining).
    Unready,
}

/// Why a command or a peer's message was not carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Class, for programs.
    pub class: Class,
    /// The rule's name, stable, as `leg.return.window`: for programs and for finding the rule.
    pub rule: &'static str,
    /// The article that the policy pack cites for it, if any.
    pub article: Option<String>,
    /// What, where, and what to do; Chinese, for a clerk.
    pub message: String,
}

impl Refusal {
    /// A refusal without an article.
    #[must_use]
    pub fn new(class: Class, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            class,
            rule,
            article: None,
            message: message.into(),
        }
    }

    /// Adds the article that the policy pack cites.
    #[must_use]
    pub fn citing(mut self, article: impl Into<String>) -> Self {
        self.article = Some(article.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(规则 {}", self.message, self.rule)?;
        if let Some(article) = &self.article {
            write!(f, ",依据 {article}")?;
        }
        write!(f, ")")
    }
}

impl std::error::Error for Refusal {}

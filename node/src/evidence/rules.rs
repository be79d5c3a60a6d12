//! Which rules a judge applies. The product applies all of them; a judge without one of them is made on purpose, by tests
//! that show what each rule is there for: without it some liar goes free.

use std::collections::BTreeSet;

/// Names of the rules that convict, see the table in `cross/mod.rs`.
pub const CONVICTING: [&str; 17] = [
    "two-statements",
    "two-acts",
    "two-roots",
    "forked-log",
    "rewritten-log",
    "denied-letter",
    "denied-receipt",
    "false-receipt",
    "time-turned",
    "moved-times",
    "sealed-falsehood",
    "closed-and-open",
    "false-standing",
    "unexplained-epoch",
    "short-answer",
    "outside-its-day",
    "two-days",
];

/// The rules applied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules(BTreeSet<&'static str>);

impl Rules {
    /// Every rule, as the product judges.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Every rule but these.
    #[must_use]
    pub fn without(left_out: &[&'static str]) -> Self {
        Self(left_out.iter().copied().collect())
    }

    /// Whether a rule is applied.
    #[must_use]
    pub fn apply(&self, rule: &str) -> bool {
        !self.0.contains(rule)
    }
}

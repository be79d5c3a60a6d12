//! Text from outside.

use crate::filter::{self, Echo};
use std::fmt;

/// A text that somebody outside wrote: a petitioner, a clerk, a neighbour, a file. It has no `Display` and does not turn
/// into a `str` by itself; it is shown by [`shown!`](crate::shown), on one line, or as a [`block`](Outside::block).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Outside(String);

impl Outside {
    /// The text as it came, to be stored, sent, hashed or compared; never to be shown.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The same, given away.
    #[must_use]
    pub fn into_raw(self) -> String {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text on one line.
    #[must_use]
    pub fn line(&self) -> String {
        filter::line(&self.0)
    }

    /// The text line by line, each indented and marked.
    #[must_use]
    pub fn block(&self, indent: usize) -> String {
        filter::block(indent, &self.0)
    }

    /// The text said back to whoever typed it.
    #[must_use]
    pub fn echo(&self) -> Echo<'_> {
        filter::echo(&self.0)
    }
}

impl From<String> for Outside {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Outside {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}”", self.echo())
    }
}

//! What may be shown.

use crate::filter;
use crate::show::Show;
use std::fmt;
use std::ops::AddAssign;

/// Words of the program's own, with whatever came from outside made harmless. Nothing else makes one: a literal, or a
/// value that went through the filter.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(String);

impl Text {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Adds words of the program's own.
    pub fn say(&mut self, words: &'static str) {
        self.0.push_str(words);
    }

    /// Adds a value, filtered.
    pub fn add(&mut self, what: &(impl Show + ?Sized)) {
        what.show_in(self);
    }

    /// Adds a value, filtered, and ends the line.
    pub fn line(&mut self, what: &(impl Show + ?Sized)) {
        what.show_in(self);
        self.0.push('\n');
    }

    /// Adds a text from outside of any number of lines, each indented and marked: none looks like a line of our own.
    pub fn block(&mut self, indent: usize, text: &str) {
        self.0.push_str(&filter::block(indent, text));
    }

    /// The parts with the separator between them.
    #[must_use]
    pub fn join<T: Show>(parts: impl IntoIterator<Item = T>, separator: &'static str) -> Self {
        let mut text = Self::new();
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                text.say(separator);
            }
            text.add(&part);
        }
        text
    }

    /// Without spaces and line breaks at its end.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        let end = self.0.trim_end().len();
        self.0.truncate(end);
        self
    }

    /// What is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn letters(&mut self) -> &mut String {
        &mut self.0
    }
}

impl From<&'static str> for Text {
    fn from(words: &'static str) -> Self {
        Self(words.to_owned())
    }
}

impl AddAssign for Text {
    fn add_assign(&mut self, more: Self) {
        self.0.push_str(&more.0);
    }
}

impl Extend<Text> for Text {
    fn extend<I: IntoIterator<Item = Text>>(&mut self, parts: I) {
        parts.into_iter().for_each(|part| *self += part);
    }
}

impl FromIterator<Text> for Text {
    fn from_iter<I: IntoIterator<Item = Text>>(parts: I) -> Self {
        let mut text = Self::new();
        text.extend(parts);
        text
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! One line, a block of lines, an echo of what somebody typed.

use crate::letters::{MARKS_MAX, is_hidden, write_for};
use std::fmt::{self, Display, Write};
use unicode_width::UnicodeWidthChar as _;

/// Most characters of what somebody typed that are said back to him.
pub const ECHO_CHARS_MAX: usize = 60;
/// Spaces for a tab within a block.
const TAB: &str = "    ";
/// What each line of a block begins with, after its indent: the program's own lines never do.
pub(crate) const BLOCK_MARK: &str = "│ ";

/// Writes one line: whatever is hidden is replaced by what stands for it.
pub(crate) struct Line<W> {
    pub out: W,
    marks: u32,
}

impl<W> Line<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, marks: 0 }
    }
}

impl<W: Write> Write for Line<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| self.write_char(letter))
    }

    fn write_char(&mut self, letter: char) -> fmt::Result {
        if is_hidden(letter) {
            self.marks = 0;
            return write_for(letter, &mut self.out);
        }
        if letter.width() != Some(0) {
            self.marks = 0;
            return self.out.write_char(letter);
        }
        self.marks += 1;
        if self.marks > MARKS_MAX {
            return write_for(letter, &mut self.out);
        }
        self.out.write_char(letter)
    }
}

/// The text as one line without anything hidden.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = Line::new(String::with_capacity(text.len()));
    // Writing to a string cannot fail.
    let _ = out.write_str(text);
    out.out
}

/// The same, of at most so many bytes; the end says that there was more.
#[must_use]
pub fn shortened(text: &str, bytes_max: usize) -> String {
    const MORE: &str = "……";
    let mut shown = line(text);
    if shown.len() > bytes_max {
        let room = bytes_max.saturating_sub(MORE.len());
        let end = (0..=room).rev().find(|at| shown.is_char_boundary(*at));
        shown.truncate(end.unwrap_or(0));
        shown.push_str(MORE);
    }
    shown
}

/// A text of several lines, each indented and marked, so that none looks like a line of the program's own. Ends with a
/// line break; nothing for an empty text.
#[must_use]
pub fn block(indent: usize, text: &str) -> String {
    let mut out = String::new();
    for part in text.replace("\r\n", "\n").lines() {
        let _ = writeln!(
            out,
            "{:indent$}{BLOCK_MARK}{}",
            "",
            line(&part.replace('\t', TAB))
        );
    }
    out
}

/// What somebody typed, said back to him: one line, shortened.
#[must_use]
pub fn echo(text: &str) -> Echo<'_> {
    Echo(text)
}

/// See [`echo`].
#[derive(Clone, Copy)]
pub struct Echo<'a>(&'a str);

impl Display for Echo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        let mut out = Line::new(&mut *f);
        letters
            .by_ref()
            .take(ECHO_CHARS_MAX)
            .try_for_each(|letter| out.write_char(letter))?;
        match letters.count() {
            0 => Ok(()),
            more => write!(f, "……（另有 {more} 字）"),
        }
    }
}

impl fmt::Debug for Echo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// JSON as a program wrote it, with every hidden character as its escape: means the same, and can be looked at.
#[must_use]
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        // Line breaks and tabs stand only between values: within strings they are escaped already.
        if is_hidden(letter) && !matches!(letter, '\n' | '\t') {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

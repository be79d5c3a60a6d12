//! The only place that prints: answers to standard output, everything else to standard error.
//!
//! What is printed is a [`Text`]: literals, and values that went through the filter. `clippy` refuses `print!` and its
//! kin, `stdout()` and `stderr()` everywhere else in this crate, so a new command cannot print around the filter.
//!
//! At a terminal a line that is too long is broken here, and what goes on is marked: else the terminal would break it, and
//! a text from outside could be padded so that its end looks like a line of our own.

use hotline_show::{Text, json, shown};
use serde_json::Value;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use unicode_width::UnicodeWidthChar as _;

/// Narrowest terminal that lines are broken for.
const WIDTH_MIN: usize = 40;
/// Whether somebody asked for wide tables; of the process, as its terminal is.
static WIDE: AtomicBool = AtomicBool::new(false);
/// What goes on with a line that was too long begins with this, after the line's own indent.
const GOES_ON: &str = "│ ";

/// Standard output does not take what is printed.
#[derive(Debug, thiserror::Error)]
#[error("写不了标准输出：{0}")]
pub struct Unprinted(#[from] io::Error);

impl Unprinted {
    /// Whether the reader has gone, as `head` does: nobody is there to be told.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Prints an answer for people; its last line is ended.
///
/// # Errors
/// The reader has gone, or the file is full.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn print(text: &Text) -> Result<(), Unprinted> {
    let mut out = io::stdout().lock();
    let width = if out.is_terminal() { width() } else { None };
    write(&mut out, text, width)?;
    Ok(())
}

/// Prints an answer for programs.
///
/// # Errors
/// The reader has gone, or the file is full.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn print_json(value: &Value) -> Result<(), Unprinted> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", json(&value.to_string()))?;
    out.flush()?;
    Ok(())
}

/// Says something on standard error. Where nobody reads it there is nobody to tell.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn tell(text: &Text) {
    let mut out = io::stderr().lock();
    let width = if out.is_terminal() { width() } else { None };
    let _ = write(&mut out, text, width);
}

/// Where the lines of the log go.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn log() -> io::Stderr {
    io::stderr()
}

/// Whether somebody watches standard error.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Columns of the terminal that standard output goes to, if it is one and nobody asked for wide tables.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn columns() -> Option<usize> {
    let fits = io::stdout().is_terminal() && !WIDE.load(Ordering::Relaxed);
    if fits { width() } else { None }
}

/// Tables are as wide as they are, whatever the terminal.
pub fn be_wide() {
    WIDE.store(true, Ordering::Relaxed);
}

fn width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    Some(usize::from(columns).max(WIDTH_MIN))
}

/// A panic's words may hold anything: they are printed like everything else.
pub fn tame_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let words = payload.downcast_ref::<&str>().copied();
        let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let words = words.unwrap_or_default();
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let mut text = shown!("程序内部错误（{place}）：{words}\n");
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            trace.to_string().lines().for_each(|line| text.line(line));
        }
        tell(&text);
    }));
}

fn write(out: &mut impl io::Write, text: &Text, width: Option<usize>) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let text = text.as_str().trim_end_matches('\n');
    let mut lines = String::with_capacity(text.len() + 1);
    for line in text.split('\n') {
        match width {
            Some(width) => broken(line, width, &mut lines),
            None => lines.push_str(line),
        }
        lines.push('\n');
    }
    out.write_all(lines.as_bytes())?;
    out.flush()
}

/// The line in parts of at most `width` columns. In a block of outside text, letters that are wide in some terminals
/// count as wide.
fn broken(line: &str, width: usize, out: &mut String) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let indent = indent.min(WIDTH_MIN / 4);
    let outside = line[indent..].starts_with(GOES_ON);
    let columns = |letter: char| match outside {
        true => letter.width_cjk().unwrap_or(0),
        false => letter.width().unwrap_or(0),
    };
    let mut at = 0;
    for letter in line.chars() {
        if at + columns(letter) > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(GOES_ON);
            at = indent + GOES_ON.chars().map(columns).sum::<usize>();
        }
        at += columns(letter);
        out.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    fn written(text: &Text, width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(&mut out, text, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_last_line_is_ended_and_nothing_stays_nothing() {
        assert_eq!(written(&shown!("a\nb"), None), "a\nb\n");
        assert_eq!(written(&shown!("a\n\n"), None), "a\n");
        assert_eq!(written(&Text::new(), None), "");
    }

    #[test]
    fn padding_makes_no_line_of_its_own() {
        let mut text = Text::new();
        let padded = format!("{}2026-03-04 17:00  系统  办结", " ".repeat(76));
        text.block(0, &padded);
        text.line(&shown!("标题：{padded}"));
        for (width, line) in [40, 80, 120].iter().flat_map(|width| {
            let page = written(&text, Some(*width));
            page.lines()
                .map(|line| (*width, line.to_owned()))
                .collect::<Vec<_>>()
        }) {
            assert!(line.width() <= width, "{line}");
            assert!(
                line.starts_with("│ ") || line.starts_with("标题："),
                "{line:?}"
            );
        }
    }

    #[test]
    fn whoever_has_gone_is_told_from_a_full_disk() {
        assert!(Unprinted(io::ErrorKind::BrokenPipe.into()).is_closed());
        assert!(!Unprinted(io::ErrorKind::StorageFull.into()).is_closed());
    }
}

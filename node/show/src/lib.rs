//! Between text from outside and whatever shows it: a terminal, a log, a page, a sheet.
//!
//! ```text
//! letters.rs   which characters are never shown as they are, and what stands for them
//! filter.rs    one line, a block of lines, an echo of what somebody typed
//! outside.rs   the type of text from outside: it has no `Display`
//! text.rs      the type of what may be shown: made of literals and of what went through the filter
//! show.rs      how any value gets into such a text
//! ```
//!
//! [`Text`] is the only thing that the program prints. It is made by [`shown!`], as other strings are by `format!`:
//!
//! ```
//! use hotline_show::shown;
//! let title = "路灯\u{1b}[2J\n2026-03-04 办结";
//! assert_eq!(shown!("标题：{title}\n").as_str(), "标题：路灯␛[2J␊2026-03-04 办结\n");
//! ```
//!
//! A string that the program did not write itself is no such text, and cannot be made one without the filter:
//!
//! ```compile_fail
//! let from_outside = String::from("\u{1b}[2J");
//! let text = hotline_show::Text::from(from_outside);
//! ```
//!
//! ```compile_fail
//! let from_outside = hotline_show::Outside::from("\u{1b}[2J");
//! let text = format!("{from_outside}");
//! ```

extern crate self as hotline_show;

mod filter;
mod letters;
mod outside;
mod show;
mod text;

pub use filter::{ECHO_CHARS_MAX, Echo, block, echo, json, line, shortened};
pub use hotline_show_macros::shown;
pub use letters::is_hidden;
pub use outside::Outside;
pub use show::Show;
pub use text::Text;

#[cfg(test)]
mod tests;

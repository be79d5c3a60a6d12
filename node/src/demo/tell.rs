//! Telling what happens: lines for people, a bar where somebody watches, nothing where a program reads.

use crate::out;
use hotline_show::Text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;
use std::sync::PoisonError;

/// Most faults or bad rows named one by one.
pub const NAMED_MAX: usize = 20;

/// Who tells.
#[derive(Debug)]
pub struct Teller {
    silent: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Teller {
    /// Silent where a program reads the outcome.
    #[must_use]
    pub fn new(silent: bool) -> Self {
        Self {
            silent,
            bar: Mutex::new(None),
        }
    }

    /// One or more lines, above the bar.
    pub fn say(&self, words: impl Into<Text>) {
        if self.silent {
            return;
        }
        let words = words.into();
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match bar.as_ref().filter(|bar| !bar.is_hidden()) {
            Some(bar) => bar.println(words.as_str()),
            // Whoever stops reading does not stop the nodes half way: the demonstration ends in order.
            None => drop(out::print(&words)),
        }
    }

    /// Shows a bar of so many matters, where somebody watches.
    pub fn begin(&self, total: u64) {
        let bar = ProgressBar::new(total);
        if self.silent || !out::is_watched() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "  {bar:40} {pos}/{len} 件  {elapsed}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    /// One matter more is finished.
    pub fn one_more(&self) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.as_ref() {
            bar.inc(1);
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
    }
}

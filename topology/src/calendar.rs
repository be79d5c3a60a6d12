//! Working days (工作日) by the State Council's yearly notices, with make-up working days.
//!
//! A year that no notice covers counts Monday to Friday, and every result that leaned on it
//! is marked provisional: it has to be computed again when the notice comes.

use chrono::NaiveDate;

use crate::time::{Span, Time};

/// Whether a date is a working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingDay {
    /// Announced, or an ordinary weekday of an announced year.
    Yes,
    /// A holiday, or an ordinary weekend of an announced year.
    No,
    /// The year is not announced; holds whether the date falls on Monday to Friday.
    Provisional(bool),
}

impl WorkingDay {
    /// Whether to count the day, provisional or not.
    pub const fn counts(self) -> bool {
        matches!(self, WorkingDay::Yes | WorkingDay::Provisional(true))
    }
}

/// A deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Due {
    /// The last instant that is in time: an act is late exactly when it is after this.
    pub at: Time,
    /// Whether an unannounced year had a part in it.
    pub provisional: bool,
}

/// Working days under one state of the notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Grows with every notice.
    pub version: u32,
}

impl Calendar {
    /// The notices known when this program was made.
    pub fn builtin() -> Calendar {
        Calendar { version: 1 }
    }

    /// Whether a date is a working day.
    pub fn is_working_day(&self, date: NaiveDate) -> WorkingDay {
        use chrono::Datelike;
        WorkingDay::Provisional(date.weekday().number_from_monday() <= 5)
    }

    /// The deadline `n` working days from an instant: 24:00 (23:59:59.999) of the n-th
    /// working day after the instant's own day. With 0, 24:00 of that day if it is a working
    /// day, else of the next working day.
    pub fn add_working_days(&self, from: Time, n: u32) -> Due {
        let mut day = from.date();
        let mut left = n;
        let mut provisional = false;
        loop {
            let working = self.is_working_day(day);
            provisional |= matches!(working, WorkingDay::Provisional(_));
            if left == 0 && working.counts() {
                return Due {
                    at: Time::end_of(day),
                    provisional,
                };
            }
            day = day.succ_opt().unwrap_or(day);
            if self.is_working_day(day).counts() {
                left = left.saturating_sub(1);
            }
        }
    }

    /// The deadline one span from an instant.
    pub fn due(&self, from: Time, span: Span) -> Due {
        match span {
            Span::Hours(n) => Due {
                at: from.plus_millis(i64::from(n) * crate::time::HOUR_MS),
                provisional: false,
            },
            Span::WorkingDays(n) => self.add_working_days(from, n),
            Span::NaturalDays(n) => Due {
                at: Time::end_of(from.date()).plus_millis(i64::from(n) * crate::time::DAY_MS),
                provisional: false,
            },
        }
    }

    /// Working days after the day of `from` up to and with the day of `to`; 0 when `to` is
    /// not later.
    pub fn working_days_between(&self, from: Time, to: Time) -> u32 {
        let mut count = 0;
        let mut day = from.date();
        while day < to.date() {
            let Some(next) = day.succ_opt() else { break };
            day = next;
            count += u32::from(self.is_working_day(day).counts());
        }
        count
    }
}

//! Working days (工作日) by the State Council's yearly notices, with make-up working days.
//!
//! A year that no notice covers counts Monday to Friday without the days off that the
//! regulation itself fixes (`statutory`), and every result that leaned on it is marked
//! provisional: it has to be computed again when the notice comes. Notices also change a
//! running year (2015, 2019, 2020), hence the version: a deadline names the version that it
//! was computed under.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::time::{DAY_MS, HOUR_MS, Span, Time};

mod statutory;
#[cfg(test)]
mod tests;

/// The notices known when this program was made; the format is told in its first lines.
const BUILTIN: &str = include_str!("../data/calendar.txt");

/// Whether a date is a working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingDay {
    /// Announced, or an ordinary weekday of an announced year.
    Yes,
    /// A holiday by notice or by the regulation itself, or an ordinary weekend of an announced
    /// year.
    No,
    /// The year is not announced; holds whether the date falls on Monday to Friday.
    Provisional(bool),
}

impl WorkingDay {
    /// Whether to count the day, provisional or not.
    pub const fn counts(self) -> bool {
        matches!(self, WorkingDay::Yes | WorkingDay::Provisional(true))
    }

    /// Whether a later notice may still change the answer of an unannounced year.
    pub const fn is_provisional(self) -> bool {
        matches!(self, WorkingDay::Provisional(_))
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

/// Days from one date to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    /// First day.
    pub first: NaiveDate,
    /// Last day, not before the first.
    pub last: NaiveDate,
}

impl Days {
    /// Most days of one stretch: longer is a slip of the pen.
    const MAX: usize = 31;

    /// The days one by one.
    pub fn iter(self) -> impl Iterator<Item = NaiveDate> {
        self.first
            .iter_days()
            .take_while(move |day| *day <= self.last)
    }
}

impl FromStr for Days {
    type Err = String;

    /// Reads `2026-10-01` or `2026-10-01..2026-10-07`.
    fn from_str(text: &str) -> Result<Days, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let read = |date: &str| {
            NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| {
                format!("“{text}”不是日期；请写成 2026-10-01 或 2026-10-01..2026-10-07")
            })
        };
        let days = Days {
            first: read(first)?,
            last: read(last)?,
        };
        if days.last < days.first || days.iter().take(Days::MAX + 1).count() > Days::MAX {
            return Err(format!("“{text}”应从早到晚，且不超过 {} 天", Days::MAX));
        }
        Ok(days)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.last > self.first {
            write!(f, "..{}", self.last)?;
        }
        Ok(())
    }
}

/// One notice (放假安排通知). A later one overrides an earlier one, day by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Date of issue.
    pub published: NaiveDate,
    /// The year whose days it settles.
    pub year: i32,
    /// Days off.
    pub off: Vec<Days>,
    /// Make-up working days.
    pub on: Vec<Days>,
}

/// Working days under one state of the notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    version: u32,
    added: Vec<Notice>,
    years: BTreeSet<i32>,
    /// The days that notices name; whether they are working days.
    days: BTreeMap<NaiveDate, bool>,
}

impl Calendar {
    /// The notices known when this program was made. Its version is their number.
    pub fn builtin() -> Calendar {
        Calendar::builtin_at(NaiveDate::MAX)
    }

    /// The calendar as it was known at the end of a date, for asking what a deadline was
    /// computed from before a notice changed the year.
    pub fn builtin_at(date: NaiveDate) -> Calendar {
        let mut calendar = Calendar {
            version: 0,
            added: Vec::new(),
            years: BTreeSet::new(),
            days: BTreeMap::new(),
        };
        // The text is part of the program and a test reads all of it, so nothing is dropped.
        for notice in parse_notices(BUILTIN).unwrap_or_default() {
            if notice.published <= date {
                calendar.apply(&notice);
                calendar.version += 1;
            }
        }
        calendar
    }

    /// This calendar with further notices, in order of issue, under its new version.
    #[must_use]
    pub fn with_notices(mut self, version: u32, notices: Vec<Notice>) -> Calendar {
        for notice in &notices {
            self.apply(notice);
        }
        self.version = version;
        self.added.extend(notices);
        self
    }

    /// Grows with every notice; a due date that crosses an edge names it.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The notices added to the built-in ones.
    pub fn added(&self) -> &[Notice] {
        &self.added
    }

    /// Whether a notice for the year is known.
    pub fn is_announced(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// Whether a date is a working day.
    pub fn is_working_day(&self, date: NaiveDate) -> WorkingDay {
        let weekday = date.weekday().number_from_monday() <= 5;
        match self.days.get(&date) {
            Some(true) => WorkingDay::Yes,
            Some(false) => WorkingDay::No,
            None if statutory::is_off(date) => WorkingDay::No,
            None if !self.years.contains(&date.year()) => WorkingDay::Provisional(weekday),
            None if weekday => WorkingDay::Yes,
            None => WorkingDay::No,
        }
    }

    /// The deadline `n` working days from an instant: 24:00 (23:59:59.999) of the n-th
    /// working day after the instant's own day. With 0, 24:00 of that day if it is a working
    /// day, else of the next working day. Counts [`Span::MAX`] days at most.
    pub fn add_working_days(&self, from: Time, n: u32) -> Due {
        let mut day = from.date();
        let mut left = n.min(Span::MAX);
        let first = self.is_working_day(day);
        let mut provisional = n == 0 && first.is_provisional();
        let mut arrived = n == 0 && first.counts();
        while !arrived {
            let Some(next) = day.succ_opt() else {
                // The end of all dates: no later deadline can be told.
                return Due {
                    at: Time::end_of(day),
                    provisional: true,
                };
            };
            day = next;
            let working = self.is_working_day(day);
            provisional |= working.is_provisional();
            if working.counts() {
                arrived = left <= 1;
                left = left.saturating_sub(1);
            }
        }
        Due {
            at: Time::end_of(day),
            provisional,
        }
    }

    /// The deadline one span from an instant. Hours run through; natural days end at 24:00 of
    /// the n-th day after the instant's own.
    pub fn due(&self, from: Time, span: Span) -> Due {
        let at = match span {
            Span::WorkingDays(n) => return self.add_working_days(from, n),
            Span::Hours(n) => from.plus_millis(i64::from(n) * HOUR_MS),
            Span::NaturalDays(n) => Time::end_of(from.date()).plus_millis(i64::from(n) * DAY_MS),
        };
        Due {
            at,
            provisional: false,
        }
    }

    /// The latest instant from which one span still ends by `at`: how long before a due date
    /// something has to happen. Hours count back from `at`; days leave `n` whole days between
    /// and end at 24:00. Marked provisional as [`Calendar::due`] is.
    pub fn before(&self, at: Time, span: Span) -> Due {
        let n = match span {
            Span::Hours(n) => {
                return Due {
                    at: at.plus_millis(-i64::from(n) * HOUR_MS),
                    provisional: false,
                };
            }
            Span::NaturalDays(n) => {
                let at = Time::end_of(at.date()).plus_millis(-i64::from(n) * DAY_MS);
                return Due {
                    at,
                    provisional: false,
                };
            }
            Span::WorkingDays(n) => n.min(Span::MAX),
        };
        let mut day = at.date();
        let mut provisional = false;
        for _ in 0..n {
            loop {
                let working = self.is_working_day(day);
                provisional |= working.is_provisional();
                let Some(previous) = day.pred_opt() else {
                    return Due {
                        at: Time::end_of(day),
                        provisional: true,
                    };
                };
                day = previous;
                if working.counts() {
                    break;
                }
            }
        }
        Due {
            at: Time::end_of(day),
            provisional,
        }
    }

    /// Working days after the day of `from` up to and with the day of `to`; 0 when `to` is on
    /// no later day. Inverse of [`Calendar::add_working_days`].
    pub fn working_days_between(&self, from: Time, to: Time) -> u32 {
        let last = to.date();
        let days = from
            .date()
            .iter_days()
            .skip(1)
            .take_while(|day| *day <= last);
        let count = days
            .filter(|day| self.is_working_day(*day).counts())
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn apply(&mut self, notice: &Notice) {
        self.years.insert(notice.year);
        for (days, working) in [(&notice.off, false), (&notice.on, true)] {
            for day in days.iter().flat_map(|days| days.iter()) {
                self.days.insert(day, working);
            }
        }
    }
}

/// Reads the built-in text: per notice a line `issued year`, then `off …` and `on …`.
fn parse_notices(text: &str) -> Result<Vec<Notice>, String> {
    let mut notices: Vec<Notice> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (word, rest) = line.split_once(' ').ok_or_else(|| line.to_owned())?;
        let days = || {
            rest.split(' ')
                .map(Days::from_str)
                .collect::<Result<Vec<_>, _>>()
        };
        match (word, notices.last_mut()) {
            ("off", Some(notice)) => notice.off = days()?,
            ("on", Some(notice)) => notice.on = days()?,
            _ => notices.push(Notice {
                published: word.parse().map_err(|_| line.to_owned())?,
                year: rest.parse().map_err(|_| line.to_owned())?,
                off: Vec::new(),
                on: Vec::new(),
            }),
        }
    }
    Ok(notices)
}

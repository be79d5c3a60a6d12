//! Instants and spans. The country has one zone without summer time: +08:00, always.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

mod written;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a natural day.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Offset of local time from UTC, in seconds.
const OFFSET_SECONDS: i32 = 8 * 3600;

/// An instant: milliseconds since the Unix epoch, never local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

impl Time {
    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant in local time (+08:00). Instants past the calendar's range, which no
    /// clock gives, are shown as its first or last instant.
    pub fn to_local(self) -> DateTime<FixedOffset> {
        let utc = DateTime::from_timestamp_millis(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<chrono::Utc>::MIN_UTC + chrono::TimeDelta::days(1)
        } else {
            DateTime::<chrono::Utc>::MAX_UTC - chrono::TimeDelta::days(1)
        });
        utc.with_timezone(&offset())
    }

    /// The local date of this instant.
    pub fn date(self) -> NaiveDate {
        self.to_local().date_naive()
    }

    /// The instant of a local wall-clock reading.
    pub fn from_local(local: NaiveDateTime) -> Time {
        Time(local.and_utc().timestamp_millis() - i64::from(OFFSET_SECONDS) * 1000)
    }

    /// 00:00:00.000 local time of a date.
    pub fn start_of(date: NaiveDate) -> Time {
        Time::from_local(date.and_time(NaiveTime::MIN))
    }

    /// The last millisecond of a date, 23:59:59.999 local time: what "24:00 of that day"
    /// means as a deadline, so that an act is in time exactly when it is not after it.
    pub fn end_of(date: NaiveDate) -> Time {
        Time(Time::start_of(date).0 + DAY_MS - 1)
    }

    /// This instant moved by milliseconds, stopping at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Time {
        Time(self.0.saturating_add(millis))
    }
}

fn offset() -> FixedOffset {
    // Eight hours are within a day, so this never takes the fallback.
    FixedOffset::east_opt(OFFSET_SECONDS)
        .unwrap_or(FixedOffset::east_opt(0).unwrap_or_else(|| unreachable!()))
}

impl From<DateTime<FixedOffset>> for Time {
    fn from(at: DateTime<FixedOffset>) -> Time {
        Time(at.timestamp_millis())
    }
}

impl From<Time> for DateTime<FixedOffset> {
    fn from(at: Time) -> DateTime<FixedOffset> {
        at.to_local()
    }
}

impl Time {
    /// Reads a deadline: as [`Time::from_str`], but a date alone means its last instant, since
    /// what is due on a day is in time as long as the day lasts.
    ///
    /// # Errors
    /// As [`Time::from_str`].
    pub fn deadline(text: &str) -> Result<Time, String> {
        let at: Time = text.parse()?;
        // Only a date alone can be followed by a time of day.
        match format!("{} 12:00", text.trim()).parse::<Time>() {
            Ok(noon) => Ok(Time::end_of(noon.date())),
            Err(_) => Ok(at),
        }
    }
}

impl fmt::Display for Time {
    /// Local time to the second: `2026-03-04 17:00:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_local().format("%Y-%m-%d %H:%M:%S").to_string())
    }
}

impl FromStr for Time {
    type Err = String;

    /// Reads a date (its first instant), a date and a time of day, local, or an instant with its offset, in the ways
    /// that `written.rs` lists.
    fn from_str(text: &str) -> Result<Time, String> {
        written::read(text)
    }
}

/// A length of time as the regulations count it. [`crate::Calendar::due`] turns it into an
/// instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// Clock hours, counted from the instant.
    Hours(u32),
    /// Working days (工作日): until 24:00 of the n-th working day after the day.
    WorkingDays(u32),
    /// Natural days (日): until 24:00 of the n-th day after the day; 0 is 当日, the same day.
    NaturalDays(u32),
}

impl Span {
    /// The longest span a file may state, in hours or days of any kind: ten years of days.
    pub const MAX: u32 = 3_660;

    /// The bare number, without its unit.
    pub const fn count(self) -> u32 {
        match self {
            Span::Hours(n) | Span::WorkingDays(n) | Span::NaturalDays(n) => n,
        }
    }
}

impl fmt::Display for Span {
    /// `12小时`, `5个工作日`, `30日`, `当日`; read back by [`FromStr`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Hours(n) => write!(f, "{n}小时"),
            Span::WorkingDays(n) => write!(f, "{n}个工作日"),
            Span::NaturalDays(0) => f.write_str("当日"),
            Span::NaturalDays(n) => write!(f, "{n}日"),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || {
            format!(
                "“{text}”不是期限；请写成“12小时”“5个工作日”“30日”或“当日”，数字不超过 {}",
                Span::MAX
            )
        };
        if text == "当日" {
            return Ok(Span::NaturalDays(0));
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(digits);
        let number = number
            .parse()
            .ok()
            .filter(|n| *n <= Span::MAX)
            .ok_or_else(wrong)?;
        match unit.trim() {
            "小时" | "个小时" => Ok(Span::Hours(number)),
            "个工作日" | "工作日" => Ok(Span::WorkingDays(number)),
            "日" | "天" | "个自然日" | "自然日" => Ok(Span::NaturalDays(number)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_is_eight_hours_ahead() {
        let at: Time = "2026-03-04 17:00:00".parse().unwrap();
        assert_eq!(at, Time(1_772_614_800_000));
        assert_eq!(at.to_string(), "2026-03-04 17:00:00");
        assert_eq!("2026-03-04T09:00:00Z".parse(), Ok(at));
        assert_eq!("2026-03-04T17:00".parse(), Ok(at));
        assert_eq!("2026-03-04".parse(), Ok(Time::start_of(at.date())));
        assert_eq!(Time::end_of(at.date()).to_string(), "2026-03-04 23:59:59");
        assert!("17:00".parse::<Time>().is_err());
    }

    #[test]
    fn a_deadline_that_names_a_day_alone_is_its_end() {
        let day = Time::deadline("2026-02-14").unwrap();
        assert_eq!(day.to_string(), "2026-02-14 23:59:59");
        assert_eq!(day, Time::end_of(day.date()));
        for exact in [
            "2026-02-14 00:00",
            "2026-02-14 17:00:00",
            "2026-02-14T09:00:00Z",
        ] {
            assert_eq!(Time::deadline(exact), exact.parse());
        }
        assert!(Time::deadline("2026-02-30").is_err());
    }

    #[test]
    fn instants_out_of_range_are_shown_not_feared() {
        assert!(Time(i64::MAX).to_local() > Time(0).to_local());
        assert!(Time(i64::MIN).to_local() < Time(0).to_local());
        assert_eq!(Time(i64::MAX).plus_millis(1), Time(i64::MAX));
    }

    #[test]
    fn spans_read_back() {
        for span in [
            Span::Hours(12),
            Span::WorkingDays(5),
            Span::NaturalDays(30),
            Span::NaturalDays(0),
        ] {
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        for bad in ["", "5", "工作日", "5周", "-5日", "99999日"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}

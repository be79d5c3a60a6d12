//! Times as people and other programs write them.
//!
//! A date is `2026-03-04`, `2026/3/4`, `2026.3.4` or `2026年3月4日`; a time of day may follow after a blank or a `T`, as
//! `17:00`, `17:00:09`, `17:00:09.5`, `17时00分`, `5:00 PM` or `下午5:00`; after it an offset may stand, as `Z`, `+08:00`
//! or `+0800`, and is obeyed. What has no offset is local. Characters of full width are read like those of half width.

use chrono::{NaiveDate, NaiveTime};

use super::{OFFSET_SECONDS, Time};

/// Years in which anything of a hotline can lie; what is outside is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2099;
/// Largest offset of any zone from UTC, in seconds.
const ZONE_SECONDS_MAX: i32 = 14 * 3600;

/// Reads a time.
pub(super) fn read(text: &str) -> Result<Time, String> {
    let plain: String = text.trim().chars().filter_map(half_width).collect();
    let Some((date, seconds_of_day, offset)) = parts(&plain) else {
        return Err(format!(
            "“{}”不是时间；请写成 2026-03-04 或 2026-03-04 17:00:00",
            shortened(text)
        ));
    };
    if !YEARS.contains(&chrono::Datelike::year(&date)) {
        return Err(format!(
            "“{}”不在 {} 年到 {} 年之间；请核对年份",
            shortened(text),
            YEARS.start(),
            YEARS.end()
        ));
    }
    let local = Time::from_local(date.and_time(NaiveTime::MIN));
    let shift = i64::from(OFFSET_SECONDS) - i64::from(offset);
    Ok(local.plus_millis(seconds_of_day + shift * 1000))
}

/// Date, milliseconds of the day, and offset from UTC in seconds.
fn parts(text: &str) -> Option<(NaiveDate, i64, i32)> {
    let mut rest = Rest(text);
    let year = rest.number(4..=4)?;
    let separator = rest.one_of(&["-", "/", ".", "年"])?;
    let month = rest.number(1..=2)?;
    rest.one_of(&[if separator == "年" { "月" } else { separator }])?;
    let day = rest.number(1..=2)?;
    if separator == "年" {
        rest.one_of(&["日", "号"])?;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if rest.0.is_empty() {
        return Some((date, 0, OFFSET_SECONDS));
    }
    let parted = rest.one_of(&["T", "t", " ", ""])?;
    rest.blanks();
    // Without anything between, only 日 ends the date; digits would run on.
    if parted.is_empty() && separator != "年" {
        return None;
    }
    let of_day = time_of_day(&mut rest)?;
    let offset = zone(&mut rest)?;
    rest.0.is_empty().then_some((date, of_day, offset))
}

fn time_of_day(rest: &mut Rest<'_>) -> Option<i64> {
    let mut half = rest.one_of(&["上午", "下午", ""])?;
    rest.blanks();
    let hour = rest.number(1..=2)?;
    let separator = rest.one_of(&[":", "时", "点"])?;
    let (mut minute, mut second, mut millis) = (0, 0, 0);
    if separator == ":" || rest.starts_with_digit() {
        minute = rest.number(1..=2)?;
        let next = rest.one_of(&[":", "分", ""])?;
        if (next == ":" && separator == ":") || (next == "分" && rest.starts_with_digit()) {
            second = rest.number(1..=2)?;
            millis = rest.fraction()?;
        }
        rest.one_of(&["秒", ""])?;
    }
    if half.is_empty() {
        let before = rest.0;
        rest.blanks();
        half = rest.one_of(&["AM", "am", "PM", "pm", ""])?;
        if half.is_empty() {
            rest.0 = before;
        }
    }
    let hour = match half {
        "" => hour,
        _ if !(1..=12).contains(&hour) && half.is_ascii() => return None,
        "下午" | "PM" | "pm" if hour < 12 => hour + 12,
        "上午" | "AM" | "am" if hour == 12 => 0,
        _ => hour,
    };
    // A leap second is the last one of its minute.
    let time = NaiveTime::from_hms_opt(hour, minute, second.min(59)).filter(|_| second <= 60)?;
    let seconds = chrono::Timelike::num_seconds_from_midnight(&time);
    Some(i64::from(seconds) * 1000 + i64::from(millis))
}

/// The offset behind a time of day; local where there is none.
fn zone(rest: &mut Rest<'_>) -> Option<i32> {
    rest.blanks();
    let sign = match rest.one_of(&["Z", "z", "+", "-", ""])? {
        "" => return Some(OFFSET_SECONDS),
        "+" => 1,
        "-" => -1,
        _ => return Some(0),
    };
    let hours = rest.number(2..=2)?;
    let minutes = match rest.one_of(&[":", ""])? {
        "" if rest.0.is_empty() => 0,
        _ => rest.number(2..=2)?,
    };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (minutes < 60 && seconds <= ZONE_SECONDS_MAX).then_some(sign * seconds)
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// A number of so many digits.
    fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(count.min(*digits.end()));
        if !digits.contains(&count.min(*digits.end())) {
            return None;
        }
        self.0 = rest;
        number.parse().ok()
    }

    /// Milliseconds after a point or comma; 0 where there is none. What is finer is left out.
    fn fraction(&mut self) -> Option<u32> {
        if self.one_of(&[".", ",", ""])?.is_empty() {
            return Some(0);
        }
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let millis = format!("{digits:0<3}");
        (1..=9).contains(&count).then(|| millis[..3].parse().ok())?
    }

    /// The first of these that stands next.
    fn one_of(&mut self, words: &[&'a str]) -> Option<&'a str> {
        let found = words.iter().find(|word| self.0.starts_with(**word))?;
        self.0 = &self.0[found.len()..];
        Some(found)
    }

    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn starts_with_digit(&self) -> bool {
        self.0.starts_with(|letter: char| letter.is_ascii_digit())
    }
}

/// Full width as half width; nothing for marks that take no place.
fn half_width(letter: char) -> Option<char> {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        _ if letter.is_whitespace() => Some(' '),
        other => Some(other),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).filter(|c| !c.is_control()).collect();
    if text.chars().count() > 40 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_other_programs_are_read_with_their_offset() {
        for (text, local) in [
            ("2026-03-04", "2026-03-04 00:00:00"),
            ("2026-03-04 17:00", "2026-03-04 17:00:00"),
            ("2026-03-04T17:00:09", "2026-03-04 17:00:09"),
            ("2016-07-13 15:11:07+00:00", "2016-07-13 23:11:07"),
            ("2016-07-13T15:11:07Z", "2016-07-13 23:11:07"),
            ("2016-07-13 15:11:07.123456Z", "2016-07-13 23:11:07"),
            ("2016-07-13 15:11:07 -0330", "2016-07-14 02:41:07"),
            ("2016-07-13T15:11:07+08", "2016-07-13 15:11:07"),
            ("2019-12-30 17:06:14.0", "2019-12-30 17:06:14"),
            ("2019年12月30日 17:06", "2019-12-30 17:06:00"),
            ("2019年12月30日17时06分14秒", "2019-12-30 17:06:14"),
            ("2019年2月3日", "2019-02-03 00:00:00"),
            ("2019年2月3日 9点", "2019-02-03 09:00:00"),
            ("2019/2/3 9:05", "2019-02-03 09:05:00"),
            ("2019.02.03 09:05:06", "2019-02-03 09:05:06"),
            ("2019/2/3 下午 5:06:14", "2019-02-03 17:06:14"),
            ("2019/2/3 12:06:14 AM", "2019-02-03 00:06:14"),
            ("２０１９－１２－３０　１７：０６", "2019-12-30 17:06:00"),
            (" 2019-12-30\u{200b} 17:06 ", "2019-12-30 17:06:00"),
        ] {
            let read = read(text).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(read.to_string(), local, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_outside_sense_is_refused() {
        for text in [
            "",
            "昨天",
            "17:00",
            "2019-13-01",
            "2019-02-29",
            "2019-02-03 24:00",
            "2019-02-03 09:60",
            "2019-02-0309:05",
            "2019-02-03 09:05 x",
            "2019-02-03 09:05:06.",
            "2019-02-03 09:05+25:00",
            "2019-02/03",
            "19-02-03",
            "2019-02",
            "20190203",
            "2019-02-03 13:00 PM",
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains("不是时间"), "{text}: {said}");
        }
        for text in ["1969-12-31", "0001-01-01", "9999-12-31 00:00", "2100-01-01"] {
            let said = read(text).unwrap_err();
            assert!(said.contains("请核对年份"), "{text}: {said}");
        }
        assert!(read(&"长".repeat(500)).unwrap_err().len() < 300);
    }
}

//! Days off that the regulation itself fixes (全国年节及纪念日放假办法, as revised on 2024-11-10, in force since
//! 2025-01-01, article 2): no notice is needed for them.
//!
//! | festival | days off |
//! | --- | --- |
//! | 元旦 | 1 January |
//! | 春节 | the lunar year's eve, and the first three days of the lunar year |
//! | 清明 | the day of the solar term |
//! | 劳动节 | 1 and 2 May |
//! | 端午, 中秋 | the day itself |
//! | 国庆 | 1 to 3 October |
//!
//! A festival on a weekend is made up for on a working day (article 6), and days are swapped to make longer holidays
//! (article 7): which days, only the year's notice says, so neither is guessed here. Days that follow moon and sun come
//! from a table; in a year that it does not reach, only the days of the civil calendar are known.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};

/// The first year in which the regulation as it stands is in force.
const FIRST_YEAR: i32 = 2025;

/// The table; its first lines tell the format.
const TABLE: &str = include_str!("../../data/festivals.txt");

/// The festivals of one year that follow moon and sun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Festivals {
    /// 正月初一.
    pub spring: NaiveDate,
    /// 清明.
    pub tomb_sweeping: NaiveDate,
    /// 端午.
    pub dragon_boat: NaiveDate,
    /// 中秋.
    pub mid_autumn: NaiveDate,
}

/// The table's years.
pub(super) static FESTIVALS: LazyLock<BTreeMap<i32, Festivals>> = LazyLock::new(|| {
    // The text is part of the program and a test reads all of it, so nothing is dropped.
    TABLE.lines().filter_map(read).collect()
});

fn read(line: &str) -> Option<(i32, Festivals)> {
    let mut words = line.split(' ');
    let year: i32 = words.next()?.parse().ok()?;
    let mut day = || format!("{year}-{}", words.next()?).parse().ok();
    let festivals = Festivals {
        spring: day()?,
        tomb_sweeping: day()?,
        dragon_boat: day()?,
        mid_autumn: day()?,
    };
    Some((year, festivals))
}

/// Whether the regulation makes the date a day off for everybody.
pub(super) fn is_off(date: NaiveDate) -> bool {
    if date.year() < FIRST_YEAR {
        return false;
    }
    let civil = matches!(
        (date.month(), date.day()),
        (1, 1) | (5, 1 | 2) | (10, 1..=3)
    );
    civil
        || FESTIVALS.get(&date.year()).is_some_and(|festivals| {
            let of_the_year = (date - festivals.spring).num_days();
            (-1..3).contains(&of_the_year)
                || date == festivals.tomb_sweeping
                || date == festivals.dragon_boat
                || date == festivals.mid_autumn
        })
}

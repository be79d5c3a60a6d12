use super::*;
use proptest::prelude::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn due(calendar: &Calendar, from: &str, n: u32) -> String {
    let due = calendar.add_working_days(at(from), n);
    let mark = if due.provisional { "?" } else { "" };
    format!("{}{mark}", due.at)
}

#[test]
fn the_builtin_notices_are_read_to_the_last_line() {
    let notices = parse_notices(BUILTIN).unwrap();
    assert_eq!(notices.len(), 15);
    assert!(
        notices
            .windows(2)
            .all(|pair| pair[0].published < pair[1].published)
    );
    assert!(
        notices
            .iter()
            .all(|notice| !notice.off.is_empty() && !notice.on.is_empty())
    );
    let calendar = Calendar::builtin();
    assert_eq!(calendar.version(), 15);
    assert!((2015..=2026).all(|year| calendar.is_announced(year)));
    assert!(!calendar.is_announced(2014) && !calendar.is_announced(2027));
}

/// Totals published with the notices.
#[test]
fn years_have_their_number_of_working_days() {
    let calendar = Calendar::builtin();
    let totals = [
        (2020, 249),
        (2021, 250),
        (2022, 249),
        (2023, 249),
        (2024, 251),
        (2025, 248),
        (2026, 248),
    ];
    for (year, total) in totals {
        let days = date(&format!("{year}-01-01"))
            .iter_days()
            .take_while(|day| day.year() == year);
        assert_eq!(
            days.filter(|day| calendar.is_working_day(*day) == WorkingDay::Yes)
                .count(),
            total,
            "{year}"
        );
    }
}

#[test]
fn deadlines_end_at_24_of_the_nth_working_day() {
    let calendar = Calendar::builtin();
    for (from, n, expected) in [
        // An ordinary week; the day of receipt does not count, however late it was.
        ("2026-03-04 17:00", 1, "2026-03-05 23:59:59"),
        ("2026-03-04 23:59", 5, "2026-03-11 23:59:59"),
        ("2026-03-06 00:00", 1, "2026-03-09 23:59:59"),
        ("2026-03-04 08:00", 0, "2026-03-04 23:59:59"),
        ("2026-03-07 08:00", 0, "2026-03-09 23:59:59"),
        // 2024: 4 and 18 February are Sundays that work, 9 February a working Friday.
        ("2024-02-02 10:00", 1, "2024-02-04 23:59:59"),
        ("2024-02-02 10:00", 6, "2024-02-09 23:59:59"),
        ("2024-02-09 10:00", 1, "2024-02-18 23:59:59"),
        ("2024-02-09 10:00", 2, "2024-02-19 23:59:59"),
        // 2026: 14 February works, 15 to 23 is the festival, 28 works.
        ("2026-02-13 10:00", 1, "2026-02-14 23:59:59"),
        ("2026-02-13 10:00", 2, "2026-02-24 23:59:59"),
        ("2026-02-27 10:00", 1, "2026-02-28 23:59:59"),
        // 2018-12-29 works under the notice for 2019; 30 and 31 December are off.
        ("2018-12-28 10:00", 2, "2019-01-02 23:59:59"),
        // Into the unannounced year: provisional.
        ("2026-12-30 10:00", 1, "2026-12-31 23:59:59"),
        // New Year's Day is off without a notice; 2 and 3 January are a weekend.
        ("2026-12-30 10:00", 2, "2027-01-04 23:59:59?"),
        ("2026-12-28 10:00", 5, "2027-01-05 23:59:59?"),
        ("2026-12-28 10:00", 15, "2027-01-19 23:59:59?"),
        // The year's eve and three days: 5 to 8 February, a Friday to a Monday.
        ("2027-02-04 10:00", 1, "2027-02-09 23:59:59?"),
        ("2027-04-02 10:00", 1, "2027-04-06 23:59:59?"),
        ("2027-09-30 10:00", 1, "2027-10-04 23:59:59?"),
        ("2027-03-05 10:00", 1, "2027-03-08 23:59:59?"),
        ("2027-03-06 10:00", 0, "2027-03-08 23:59:59?"),
    ] {
        assert_eq!(due(&calendar, from, n), expected, "{from} + {n}");
    }
}

/// On 27 January 2020 the festival was made longer, in the middle of it.
#[test]
fn a_notice_changes_a_running_year() {
    let before = Calendar::builtin_at(date("2020-01-26"));
    let after = Calendar::builtin_at(date("2020-01-27"));
    assert_eq!((before.version(), after.version()), (8, 9));
    assert_eq!(due(&before, "2020-01-23 10:00", 1), "2020-01-31 23:59:59");
    assert_eq!(due(&before, "2020-01-23 10:00", 2), "2020-02-01 23:59:59");
    assert_eq!(due(&after, "2020-01-23 10:00", 1), "2020-02-03 23:59:59");
    assert_eq!(
        due(&Calendar::builtin(), "2020-01-23 10:00", 2),
        "2020-02-04 23:59:59"
    );
    assert_eq!(
        before.is_working_day(date("2021-01-04")),
        WorkingDay::Provisional(true)
    );
}

#[test]
fn a_new_notice_settles_its_year() {
    let notice = Notice {
        published: date("2026-11-30"),
        year: 2027,
        off: vec!["2027-01-01..2027-01-03".parse().unwrap()],
        on: vec!["2027-01-09".parse().unwrap()],
    };
    let calendar = Calendar::builtin().with_notices(16, vec![notice.clone()]);
    assert_eq!(due(&calendar, "2026-12-31 10:00", 1), "2027-01-04 23:59:59");
    assert_eq!(due(&calendar, "2027-01-08 10:00", 1), "2027-01-09 23:59:59");
    assert_eq!((calendar.version(), calendar.added()), (16, &[notice][..]));
}

#[test]
fn hours_and_natural_days_run_through_holidays() {
    let calendar = Calendar::builtin();
    let from = at("2026-10-01 10:00");
    assert_eq!(
        calendar.due(from, Span::Hours(20)).at.to_string(),
        "2026-10-02 06:00:00"
    );
    assert_eq!(
        calendar.due(from, Span::NaturalDays(0)).at.to_string(),
        "2026-10-01 23:59:59"
    );
    assert_eq!(
        calendar.due(from, Span::NaturalDays(30)).at.to_string(),
        "2026-10-31 23:59:59"
    );
    assert_eq!(
        calendar.due(from, Span::WorkingDays(1)).at.to_string(),
        "2026-10-08 23:59:59"
    );
}

#[test]
fn what_must_happen_before_a_due_date() {
    let calendar = Calendar::builtin();
    let end = at("2026-03-09 23:59:59");
    assert_eq!(
        calendar.before(end, Span::NaturalDays(1)).at.to_string(),
        "2026-03-08 23:59:59"
    );
    assert_eq!(
        calendar.before(end, Span::WorkingDays(1)).at.to_string(),
        "2026-03-08 23:59:59"
    );
    assert_eq!(
        calendar.before(end, Span::WorkingDays(2)).at.to_string(),
        "2026-03-05 23:59:59"
    );
    assert_eq!(
        calendar.before(end, Span::Hours(24)).at.to_string(),
        "2026-03-08 23:59:59"
    );
    assert!(
        calendar
            .before(at("2027-06-01 12:00"), Span::WorkingDays(1))
            .provisional
    );
}

#[test]
fn stretches_of_days_read_back() {
    for text in ["2026-10-01", "2026-10-01..2026-10-07"] {
        assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
    }
    for bad in [
        "2026-10-32",
        "2026-10-07..2026-10-01",
        "2026-01-01..2026-12-31",
        "",
    ] {
        assert!(bad.parse::<Days>().is_err(), "{bad}");
    }
}

#[test]
fn the_ends_of_time_do_not_hang() {
    let calendar = Calendar::builtin();
    for from in [Time(i64::MAX), Time(i64::MIN), Time(0)] {
        assert!(calendar.add_working_days(from, u32::MAX).provisional);
        calendar.before(from, Span::WorkingDays(u32::MAX));
    }
}

proptest! {
    /// Instants of 2014 to 2028, spans up to 300 working days.
    #[test]
    fn counting_back_gives_what_was_added(ms in 1_388_534_400_000i64..1_861_920_000_000, n in 1u32..300) {
        let calendar = Calendar::builtin();
        let due = calendar.add_working_days(Time(ms), n);
        prop_assert_eq!(calendar.working_days_between(Time(ms), due.at), n);
        prop_assert!(calendar.is_working_day(due.at.date()).counts());
        prop_assert_eq!(due.at, Time::end_of(due.at.date()));
    }

    #[test]
    fn later_receipt_or_more_days_is_never_due_earlier(
        ms in 1_388_534_400_000i64..1_861_920_000_000, later in 0i64..90 * DAY_MS, n in 0u32..100, more in 0u32..50,
    ) {
        let calendar = Calendar::builtin();
        let due = calendar.add_working_days(Time(ms), n).at;
        prop_assert!(due >= Time(ms));
        prop_assert!(calendar.add_working_days(Time(ms + later), n).at >= due);
        prop_assert!(calendar.add_working_days(Time(ms), n + more).at >= due);
    }

    #[test]
    fn days_add_up(ms in 1_388_534_400_000i64..1_861_920_000_000, a in 1u32..60, b in 1u32..60) {
        let calendar = Calendar::builtin();
        let two_steps = calendar.add_working_days(calendar.add_working_days(Time(ms), a).at, b);
        prop_assert_eq!(two_steps.at, calendar.add_working_days(Time(ms), a + b).at);
    }

    #[test]
    fn what_is_begun_by_before_is_done_in_time(ms in 1_388_534_400_000i64..1_861_920_000_000, n in 1u32..40) {
        let calendar = Calendar::builtin();
        let end = Time::end_of(calendar.add_working_days(Time(ms), 1).at.date());
        let begin = calendar.before(end, Span::WorkingDays(n)).at;
        prop_assert_eq!(calendar.add_working_days(begin, n).at, end);
        prop_assert!(calendar.add_working_days(begin.plus_millis(1), n).at > end
            || !calendar.is_working_day(begin.plus_millis(1).date()).counts());
    }
}

/// Each festival of the table is off by the notice of its year, and since 2025 each day that the regulation names.
#[test]
fn what_the_regulation_fixes_is_off_in_every_notice() {
    let table = &*statutory::FESTIVALS;
    assert!(table.keys().copied().eq(2015..=2050));
    let notices = parse_notices(BUILTIN).unwrap();
    let mut off: BTreeSet<NaiveDate> = BTreeSet::new();
    let mut on = BTreeSet::new();
    for notice in &notices {
        off.extend(notice.off.iter().flat_map(|days| days.iter()));
        on.extend(notice.on.iter().flat_map(|days| days.iter()));
    }
    for (_, festivals) in table.range(2015..=2026) {
        let eve = festivals.spring.pred_opt().unwrap();
        let others = [
            festivals.spring,
            festivals.tomb_sweeping,
            festivals.dragon_boat,
            festivals.mid_autumn,
        ];
        // A notice does not name what falls on a weekend and is not swapped.
        for day in others {
            let weekend = day.weekday().number_from_monday() > 5;
            assert!(off.contains(&day) || weekend, "{day}");
            assert!(!on.contains(&day), "{day}");
        }
        assert!(off.contains(&eve) || eve.year() < 2025, "{eve}");
    }
    for year in 2025..=2026 {
        let days: Vec<NaiveDate> = date(&format!("{year}-01-01"))
            .iter_days()
            .take_while(|day| day.year() == year)
            .filter(|day| statutory::is_off(*day))
            .collect();
        assert_eq!(days.len(), 13, "{year}: as many as article 2 counts");
        assert!(days.iter().all(|day| off.contains(day)), "{year}: {days:?}");
    }
}

#[test]
fn days_that_the_regulation_fixes_are_off_in_a_year_without_a_notice() {
    let calendar = Calendar::builtin();
    for text in [
        "2027-01-01",
        "2027-02-05",
        "2027-02-06",
        "2027-02-07",
        "2027-02-08",
        "2027-04-05",
        "2027-05-01",
        "2027-05-02",
        "2027-06-09",
        "2027-09-15",
        "2027-10-01",
        "2027-10-03",
        "2050-10-02",
        "2071-10-02",
    ] {
        assert_eq!(
            calendar.is_working_day(date(text)),
            WorkingDay::No,
            "{text}"
        );
    }
    // Neither make-up days nor days in lieu are guessed.
    for text in [
        "2027-01-04",
        "2027-02-09",
        "2027-05-03",
        "2027-10-04",
        "2051-02-10",
    ] {
        let counted = calendar.is_working_day(date(text));
        assert_eq!(counted, WorkingDay::Provisional(true), "{text}");
    }
    // Before the regulation as it stands, nothing is off by itself.
    let early = calendar.is_working_day(date("2014-05-02"));
    assert_eq!(early, WorkingDay::Provisional(true));
    // What a notice says, stands.
    let notice = Notice {
        published: date("2026-11-30"),
        year: 2027,
        off: vec!["2027-02-05..2027-02-11".parse().unwrap()],
        on: vec!["2027-02-14".parse().unwrap()],
    };
    let calendar = Calendar::builtin().with_notices(16, vec![notice]);
    assert_eq!(calendar.is_working_day(date("2027-02-14")), WorkingDay::Yes);
    assert_eq!(calendar.is_working_day(date("2027-01-01")), WorkingDay::No);
    assert_eq!(due(&calendar, "2026-12-28 10:00", 5), "2027-01-05 23:59:59");
    assert_eq!(
        due(&calendar, "2026-12-28 10:00", 15),
        "2027-01-19 23:59:59"
    );
}

use super::*;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;

/// What people send who mean no good, and what each is shown as.
const HOSTILE: &[(&str, &str)] = &[
    ("\u{1b}[2J", "␛[2J"),
    ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
    ("a\r\nb", "a␍␊b"),
    ("\u{9b}31m", "\\u{9B}31m"),
    ("\u{85}", "\\u{85}"),
    ("\u{7f}", "␡"),
    ("\0", "␀"),
    ("a\tb", "a b"),
    ("\u{202e}gpj.exe", "\\u{202E}gpj.exe"),
    ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
    ("\u{200b}\u{feff}", "\\u{200B}\\u{FEFF}"),
    ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
    ("\u{e0041}", "\\u{E0041}"),
    ("\u{3164}\u{115f}\u{34f}", "\\u{3164}\\u{115F}\\u{34F}"),
];

#[test]
fn each_hostile_text_is_shown_by_what_stands_for_it() {
    for (text, shown) in HOSTILE {
        assert_eq!(line(text), *shown, "{text:?}");
        assert_eq!(shown!("{text}").as_str(), *shown);
        assert_eq!(shown!("{}", Outside::from(*text)).as_str(), *shown);
    }
}

#[test]
fn what_people_write_stays_as_it_is() {
    for text in [
        "路灯不亮，已三天。——“急”",
        "㐂葛󠄀（异体字）",
        "👍🏽 🇨🇳 ❤️",
        "école naïve Ω",
        "سلام",
        "C:\\data\\u{41}",
        "　全角空格",
    ] {
        assert_eq!(line(text), text);
    }
    // The joiner of an emoji is a format character.
    assert_eq!(line("👨\u{200d}👩"), "👨\\u{200D}👩");
}

#[test]
fn marks_do_not_pile_up_over_other_lines() {
    let pile = format!("a{}", "\u{301}".repeat(9));
    let shown = line(&pile);
    assert_eq!(shown.matches('\u{301}').count(), 4, "{shown}");
    assert!(shown.contains("\\u{301}"), "{shown}");
}

#[test]
fn a_block_marks_every_line() {
    let forged = "真\n2026-03-04 17:00  系统  办结\r\n\n\tx\r2026-03-04 17:00";
    assert_eq!(
        block(2, forged),
        "  │ 真\n  │ 2026-03-04 17:00  系统  办结\n  │ \n  │     x␍2026-03-04 17:00\n"
    );
    assert_eq!(block(2, ""), "");
}

#[test]
fn an_echo_is_short() {
    let long = "长".repeat(9000);
    let shown = shown!("「{}」不是", echo(&long));
    assert!(shown.as_str().chars().count() < 90, "{shown:?}");
    assert!(shown.as_str().contains("另有 8940 字"), "{shown:?}");
    assert_eq!(echo("ab\n").to_string(), "ab␊");
    assert!(shortened(&long, 300).len() <= 300);
    assert_eq!(shortened("短", 300), "短");
}

#[test]
fn a_template_is_filled_as_others_are() {
    let (name, count, ratio) = ("泽州\n县", 7, 0.25);
    let inner = shown!("a\n{count}\n");
    assert_eq!(
        shown!(
            "{name} {count:>3} {:.1} {{}} {inner}{0:?} {two}",
            ratio,
            two = 1 + 1
        )
        .as_str(),
        "泽州␊县   7 0.2 {} a\n7\n0.25 2"
    );
    let words: Vec<Text> = ["甲", "乙"].iter().map(|word| shown!("{word}")).collect();
    assert_eq!(Text::join(&words[..0], "、").as_str(), "");
    assert_eq!(Text::join(["甲", "乙\n"], "、").as_str(), "甲、乙␊");
    for word in &words {
        assert_eq!(shown!("{word}\n").as_str().lines().count(), 1);
    }
}

#[test]
fn json_says_the_same_in_escapes() {
    assert_eq!(
        json("{\"a\":\"x\u{202e}\u{e0041}\u{7f}\"}\n"),
        "{\"a\":\"x\\u202e\\udb40\\udc41\\u007f\"}\n"
    );
}

fn sound(shown: &str) -> bool {
    shown.chars().all(|letter| !is_hidden(letter))
}

proptest! {
    #[test]
    fn nothing_hidden_comes_through(text in any::<String>(), hostile in "[\\x00-\\x1f\u{7f}-\u{9f}\u{ad}\u{200b}-\u{206f}\u{301}\u{feff}a中]*") {
        for text in [&text, &hostile] {
            let once = line(text);
            prop_assert!(sound(&once), "{:?}", once);
            prop_assert_eq!(line(&once), once.clone());
            prop_assert!(once.width() <= 10 * text.chars().count());
            // Nothing is left out: what is hidden is counted by what stands for it.
            prop_assert!(once.chars().count() >= text.chars().count());
            prop_assert!(sound(&echo(text).to_string()));
            prop_assert!(echo(text).to_string().chars().count() <= 10 * ECHO_CHARS_MAX + 30);
            prop_assert!(shortened(text, 100).len() <= 100);
            for part in block(2, text).lines() {
                prop_assert!(part.starts_with("  │ ") && sound(part), "{:?}", part);
            }
            let told = shown!("{text}\n");
            prop_assert_eq!(told.as_str().lines().count(), 1);
        }
    }

    #[test]
    fn texts_that_differ_are_shown_differently(one in "[a-c\\x00-\\x1f\u{202a}-\u{202e}]{0,6}", other in "[a-c\\x00-\\x1f\u{202a}-\u{202e}]{0,6}") {
        // But for a tab, which is a space.
        let (one, other) = (one.replace('\t', ""), other.replace('\t', ""));
        prop_assert_eq!(one == other, line(&one) == line(&other));
    }
}

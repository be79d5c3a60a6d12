use super::*;
use clap::Parser;
use unicode_width::UnicodeWidthStr;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    certs: CertsArgs,
}

const NOW: Time = Time(1_767_196_800_000);

fn run(dir: &std::path::Path, words: &str) -> anyhow::Result<String> {
    run_at(dir, words, NOW)
}

fn run_at(dir: &std::path::Path, words: &str, now: Time) -> anyhow::Result<String> {
    let dir = dir.to_str().unwrap();
    let words = words.split_whitespace().chain(["--dir", dir]);
    Program::try_parse_from(std::iter::once("certs").chain(words))?
        .certs
        .command
        .run(now)
}

#[test]
fn a_keeper_inits_issues_renews_revokes_and_shows() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    assert!(
        run(&dir, "show")
            .unwrap_err()
            .to_string()
            .contains("hotline certs init")
    );
    run(&dir, "init --trust-domain 12345.example").unwrap();
    run(&dir, "issue authority --region 990000000000").unwrap();
    run(
        &dir,
        "issue authority --region 990100000000 --by 990000000000",
    )
    .unwrap();
    run(&dir, "issue node --region 990100000000").unwrap();
    run(
        &dir,
        "issue operator --region 990100000000 --by 990000000000 --name li.na",
    )
    .unwrap();
    let renewed = run(&dir, "renew node --region 990100000000 --days 10").unwrap();
    assert!(renewed.contains("2026-01-11"), "{renewed}");
    let serial = renewed
        .split("序列号 ")
        .nth(1)
        .unwrap()
        .split('，')
        .next()
        .unwrap();
    let revoked = run(
        &dir,
        &format!("revoke --serial {serial} --reason superseded"),
    )
    .unwrap();
    assert!(revoked.contains("authorities/990100000000/1"), "{revoked}");
    run(&dir, "refresh").unwrap();

    let shown = run(&dir, "show").unwrap();
    assert_eq!(shown.matches("节点").count(), 2, "{shown}");
    assert_eq!(shown.matches("吊销（已换发）").count(), 1, "{shown}");
    assert_eq!(shown.matches("有效 ").count(), 4, "{shown}");
    assert_eq!(shown.matches("已 0 天，未到重签期限").count(), 3, "{shown}");
    let late = run_at(&dir, "show", Time(NOW.0 + 9 * 86_400_000)).unwrap();
    assert_eq!(late.matches("已 9 天，逾期 2 天").count(), 3, "{late}");
    // Chinese characters are two columns wide; every line of the table must end in the same column.
    let widths: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with(['+', '|']))
        .map(UnicodeWidthStr::width)
        .collect();
    assert!(widths.len() > 5, "{shown}");
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{shown}");
}

#[test]
fn what_cannot_be_done_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("certs");
    run(&dir, "init --trust-domain 12345.example").unwrap();
    for (words, says) in [
        ("init --trust-domain 12345.example", "不能再次初始化"),
        (
            "issue node --region 990100000000",
            "没有990100000000的签发机构",
        ),
        ("renew node --region 990100000000", "hotline certs issue"),
        (
            "revoke --serial 0102 --reason withdrawn",
            "没有签发过序列号 0102",
        ),
        ("revoke --serial xyz --reason withdrawn", "十六进制"),
        ("issue node --region 9901", "12 个字符"),
        ("init --trust-domain Hotline", "信任域"),
    ] {
        let error = format!("{:#}", run(&dir, words).unwrap_err());
        assert!(error.contains(says), "{words}: {error}");
    }
}

#[test]
fn the_commands_of_the_readme_are_commands() {
    let readme = include_str!("../../../../certs-example/README.md");
    let commands: Vec<_> = readme
        .lines()
        .filter_map(|l| l.strip_prefix("hotline "))
        .collect();
    assert!(commands.len() > 7, "{commands:?}");
    for command in commands {
        if let Err(error) = Program::try_parse_from(command.split_whitespace()) {
            panic!("{command}: {error}");
        }
    }
}

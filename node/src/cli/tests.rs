use super::*;
use crate::config::Fault;
use clap::CommandFactory as _;
use tonic::Code;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_exit_code_tells_the_kind_of_failure() {
    let call = |reached| CallError {
        rule: None,
        article: None,
        message: "不行".to_owned(),
        code: Code::Unavailable,
        reached,
    };
    assert_eq!(number(&call(true).into()), 1);
    assert_eq!(number(&call(false).into()), 3);
    assert_eq!(number(&Usage("写错了".into()).into()), 2);
    let faults = Faults {
        file: "node.toml".into(),
        faults: vec![Fault {
            key: "node".to_owned(),
            message: "缺".to_owned(),
        }],
    };
    assert_eq!(number(&faults.into()), 64);
    assert_eq!(number(&anyhow::anyhow!("磁盘坏了")), 1);
}

#[test]
fn options_of_the_door_may_stand_after_the_verb() {
    for line in [
        "hotline ticket show A --socket s --json --texts",
        "hotline ticket list --stage open,assigned --as zhang --socket s",
        "hotline ticket take-in --kind help --category 0201 --title 路灯 --content @f --socket s",
        "hotline ticket rule A --grant --basis 同意 --socket s",
        "hotline ticket assign A --to 住建局，140525100000 --instruction 速办 --key k --seen 2",
        "hotline ticket call-back A --rating satisfied --rating-text 好",
        "hotline --help",
        "hotline leg list --taker 住建局 --overdue",
        "hotline link queue 140525000000",
        "hotline figures show --by day --json",
        "hotline ticket list --mine --waiting --search 路灯 --stage 待派，在办",
        "hotline clock confirm",
        "hotline codes 事项 路灯 --limit 5",
        "hotline keys rotate --reason 例行",
        "hotline keys revoke --reason 私钥外泄 --key k",
        "hotline ticket erase A --reason 依申请 --socket s",
    ] {
        let parsed = Cli::try_parse_from(line.split(' '));
        let help = parsed
            .as_ref()
            .is_err_and(|error| error.kind() == clap::error::ErrorKind::DisplayHelp);
        assert!(parsed.is_ok() || help, "{line}: {parsed:?}");
    }
    for wrong in [
        "hotline ticket rule A",
        "hotline ticket rule A --grant --deny",
        "hotline ticket assign",
        "hotline link reopen",
    ] {
        assert!(Cli::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
    }
}

#[test]
fn a_cause_is_not_said_twice() {
    let line = |error: anyhow::Error| in_one_line(String::new(), Some(error.as_ref()));
    let inner = anyhow::anyhow!("磁盘已满");
    assert_eq!(
        line(inner.context("写日志失败：磁盘已满")),
        "写日志失败：磁盘已满"
    );
    let inner = anyhow::anyhow!("磁盘已满");
    assert_eq!(line(inner.context("写日志失败")), "写日志失败：磁盘已满");
}

#[test]
fn a_due_date_without_a_time_lasts_as_long_as_its_day() {
    let end = hotline_topology::Time::deadline("2026-02-14").unwrap();
    assert_eq!(end.to_string(), "2026-02-14 23:59:59");
    for (line, field) in [
        ("hotline ticket assign A --due 2026-02-14", "due: Some("),
        ("hotline ticket due A --until 2026-02-14", "until: "),
        (
            "hotline ticket supervise A --trigger overdue --reply-by 2026-02-14",
            "reply_by: Some(",
        ),
    ] {
        let line = format!("{line} --socket s");
        let parsed = Cli::try_parse_from(line.split(' '));
        let shown = format!("{parsed:?}");
        assert!(
            shown.contains(&format!("{field}{end:?}")),
            "{line}: {shown}"
        );
    }
}

//! Text from outside at the program's own outputs: a petitioner, a clerk and a neighbour write what drives terminals, turns
//! directions and imitates lines; no command, error or log shows any of it as it came. And whoever stops reading is left alone.

use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_show::is_hidden;
use hotline_tests::processes::{Town, program, says};
use std::process::Stdio;

/// Escape sequences, C1, direction marks, nothing to be seen, and a line as the timeline has it.
const HOSTILE: &str = "灯\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\u{ad}\r\n  2026-03-04 17:00  系统  办结：已解决\u{2028}\u{85}末";
/// What a forged line begins with.
const FORGED: &str = "  2026-03-04 17:00  系统  办结";

fn tame(what: &str, text: &str) -> anyhow::Result<()> {
    for line in text.lines() {
        let hidden = line.chars().find(|letter| is_hidden(*letter));
        anyhow::ensure!(hidden.is_none(), "{what}: {hidden:?} in {line:?}");
        anyhow::ensure!(!line.starts_with(FORGED), "{what}: forged {line:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_from_outside_is_shown_as_it_came() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let province = hotline::demo::world::federation()?.root();
    let mut town = Town::start(folder.path(), &[province]).await?;
    let door = town.door(province).await?;
    let text = |field: &str| pb::Text {
        field: field.into(),
        value: HOSTILE.into(),
        erased: false,
    };
    let fields = ["title", "content", "place", "petitioner_name", "contact"];
    let take_in = pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    };
    let command = pb::Command {
        texts: fields.map(text).to_vec(),
        verb: Some(Verb::TakeIn(take_in)),
        ..Default::default()
    };
    let number = door.execute(Some(CLERK), command).await?.number;
    let file = folder.path().join("灯.txt");
    std::fs::write(&file, "路灯")?;
    let file = file.display().to_string();
    let answer = says(
        &town,
        province,
        CLERK,
        &["ticket", "show", &number, "--texts", "--purpose", "handle"],
    )
    .await?;
    anyhow::ensure!(answer.code == 0, "{}", answer.text);
    anyhow::ensure!(answer.text.contains("│   2026-03-04"), "{}", answer.text);
    anyhow::ensure!(answer.text.contains('␛'), "{}", answer.text);
    tame("show", &answer.text)?;
    for (person, words) in [
        (
            DISPATCHER,
            vec!["ticket", "show", &number, "--texts", "--json"],
        ),
        (DISPATCHER, vec!["ticket", "list"]),
        (DISPATCHER, vec!["ticket", "list", "--json"]),
        (DISPATCHER, vec!["leg", "list"]),
        (
            CLERK,
            vec!["ticket", "attach", &number, &file, "--name", HOSTILE],
        ),
        (CLERK, vec!["ticket", "attachments", &number]),
        (CLERK, vec!["ticket", "attachments", &number, "--json"]),
        (
            DISPATCHER,
            vec!["ticket", "note", &number, "--note", HOSTILE],
        ),
        (DISPATCHER, vec!["ticket", "show", &number, "--texts"]),
        (DISPATCHER, vec!["ticket", "show", HOSTILE]),
        (DISPATCHER, vec!["ticket", "show", HOSTILE, "--json"]),
        (
            DISPATCHER,
            vec!["ticket", "assign", &number, "--to", HOSTILE],
        ),
        (
            DISPATCHER,
            vec!["ticket", "refuse", &number, "--ground", HOSTILE],
        ),
        (
            DISPATCHER,
            vec![
                "ticket", "close", &number, "--ground", HOSTILE, "--key", HOSTILE,
            ],
        ),
        (
            CLERK,
            vec![
                "ticket",
                "take-in",
                "--kind",
                HOSTILE,
                "--category",
                "0201",
                "--content",
                "灯",
            ],
        ),
        (
            CLERK,
            vec![
                "ticket",
                "take-in",
                "--kind",
                "help",
                "--category",
                HOSTILE,
                "--content",
                "灯",
            ],
        ),
        (
            CLERK,
            vec![
                "ticket",
                "take-in",
                "--kind",
                "help",
                "--category",
                "0201",
                "--channel",
                "a\u{202e}b",
                "--content",
                "灯",
            ],
        ),
        (DISPATCHER, vec!["figures", "show", "--by", HOSTILE]),
        (OPERATOR, vec!["notice", "list", "--cursor", HOSTILE]),
        (OPERATOR, vec!["link", "list"]),
        (OPERATOR, vec!["link", "reopen", HOSTILE]),
        (OPERATOR, vec!["status"]),
        (OPERATOR, vec!["store", "verify", HOSTILE]),
        (OPERATOR, vec![HOSTILE]),
        (HOSTILE, vec!["status"]),
    ] {
        let said = says(&town, province, person, &words).await?;
        tame(&format!("{words:?}"), &said.text)?;
        anyhow::ensure!(!said.text.contains("panicked"), "{words:?}: {}", said.text);
    }
    let metrics = town.metrics(province).await?;
    tame("metrics", &metrics.replace('\r', ""))?;
    town.stop().await?;
    tame("log", &town.log(province)?)
}

#[test]
fn whoever_stops_reading_is_left_alone() -> anyhow::Result<()> {
    for words in [
        &["--help"][..],
        &["--version"],
        &["ticket", "take-in", "--help"],
    ] {
        let (reader, writer) = std::io::pipe()?;
        // Nobody reads a word of it.
        drop(reader);
        let done = std::process::Command::new(program())
            .args(words)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        anyhow::ensure!(said.is_empty(), "{words:?}: {said}");
        anyhow::ensure!(
            done.status.code() == Some(141),
            "{words:?}: {}",
            done.status
        );
    }
    Ok(())
}

//! The program speaks Chinese to people, whatever they do wrong: every command with every kind of fault. What English
//! remains are names, paths, codes and commands to type.

use hotline_tests::processes::program;
use hotline_tests::spoken::english;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a refusal may take.
const AT_MOST: Duration = Duration::from_secs(20);

/// Commands that do their work without any argument, or for ever: they are tried with wrong ones only.
const WORKS_ALONE: [&str; 2] = ["demo", "bench"];

fn runs(folder: &Path, args: &[String]) -> anyhow::Result<(i32, String)> {
    let mut child = Command::new(program())
        .args(args)
        .current_dir(folder)
        .env_remove("HOTLINE_CONFIG")
        .env_remove("HOTLINE_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > AT_MOST {
            child.kill()?;
            anyhow::bail!("{args:?} goes on for ever");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut text = String::new();
    let mut both = [Vec::new(), Vec::new()];
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_end(&mut both[0])?;
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_end(&mut both[1])?;
    for said in both {
        text.push_str(&String::from_utf8_lossy(&said));
    }
    Ok((status.code().unwrap_or(-1), text))
}

/// The commands that do something, as the help lists them, and how many arguments each must have.
fn commands(
    folder: &Path,
    path: &[String],
    found: &mut Vec<(Vec<String>, usize)>,
) -> anyhow::Result<()> {
    let (_, help) = runs(folder, &[path, &["--help".to_owned()]].concat())?;
    let foreign = english(&help);
    anyhow::ensure!(foreign.is_empty(), "{path:?} --help: {foreign:?}");
    let below = help.lines().skip_while(|line| *line != "命令:").skip(1);
    let names: Vec<String> = below
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    if names.is_empty() {
        let usage = help.lines().find(|line| line.starts_with("用法"));
        let wanted = usage.map_or(0, |usage| usage.matches(" <").count());
        found.push((path.to_vec(), wanted));
    }
    for name in names {
        commands(folder, &[path, &[name]].concat(), found)?;
    }
    Ok(())
}

#[test]
fn every_fault_is_told_in_chinese_with_the_way_on() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    std::fs::write(at.join("broken.toml"), "[node]\nregion = \n")?;
    std::fs::write(
        at.join("foreign.toml"),
        b"[node]\nname = \"\xc2\xb7\xff\"\n",
    )?;
    std::fs::write(
        at.join("unknown.toml"),
        "[node]\nregionn = \"140000000000\"\n",
    )?;
    std::fs::write(at.join("file"), "x")?;
    let mut all = Vec::new();
    commands(at, &[], &mut all)?;
    anyhow::ensure!(all.len() > 60, "{all:?}");
    let faults: [&[&str]; 12] = [
        &["--zzz"],
        &["--zzz=1"],
        &["--config"],
        &["--config", "nowhere/node.toml"],
        &["--config", "broken.toml"],
        &["--config", "foreign.toml"],
        &["--config", "unknown.toml"],
        &["--config", "."],
        &["--socket", "nowhere.sock", "--as", "甲"],
        &["--socket", "file"],
        &["--limit", "x"],
        &["多", "余", "的", "字", "样", "太", "多"],
    ];
    let mut wrong = Vec::new();
    for (command, wanted) in &all {
        for (no, fault) in faults.iter().enumerate() {
            let alone = command
                .first()
                .is_some_and(|first| WORKS_ALONE.contains(&first.as_str()));
            if alone && no > 1 {
                continue;
            }
            let filled = if no < 2 { 0 } else { *wanted };
            for given in [Some(0), Some(filled).filter(|given| *given > 0)]
                .into_iter()
                .flatten()
            {
                let dummies = (0..given).map(|_| "0000".to_owned());
                let fault = fault.iter().map(|word| (*word).to_owned());
                let args: Vec<String> = command
                    .iter()
                    .cloned()
                    .chain(dummies)
                    .chain(fault)
                    .collect();
                let (code, text) = runs(at, &args)?;
                let foreign = english(&text);
                if !foreign.is_empty() {
                    wrong.push(format!("{args:?}: {foreign:?} in {text}"));
                }
                if text.contains("panicked") || code == 0 && no < 3 {
                    wrong.push(format!("{args:?} ends with {code}: {text}"));
                }
                let way_on = ["--help", "hotline ", "请", "应", "须", "可写", "没有"];
                if code != 0 && !way_on.iter().any(|word| text.contains(word)) {
                    wrong.push(format!("{args:?} leaves people alone: {text}"));
                }
            }
        }
    }
    anyhow::ensure!(
        wrong.is_empty(),
        "{} of them:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(())
}

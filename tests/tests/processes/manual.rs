//! The operations manual's commands run as they stand.

use hotline_tests::processes::program;
use hotline_tests::spoken::english;
use std::process::Command;
use unicode_width::UnicodeWidthStr as _;

const MANUAL: &str = include_str!("../../../deploy/OPERATIONS.md");

/// The `sh` blocks, in order.
fn blocks() -> Vec<&'static str> {
    MANUAL
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

/// A newcomer's walk: the manual from its first command to its last, in a terminal so many columns wide. What it says.
fn walked(columns: usize) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let binary = program();
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH")?
    );
    // Whatever happens, nothing started here goes on.
    let script = format!(
        "stty cols {columns} rows 50\nset -eu\ntrap 'kill $(cat */pid) 2>/dev/null || true' EXIT\n{}",
        blocks().join("\n")
    );
    std::fs::write(folder.path().join("walk.sh"), script)?;
    let ran = Command::new("script")
        .args(["-q", "-e", "-c", "bash walk.sh", "/dev/null"])
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("COLUMNS")
        .stdin(std::process::Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&ran.stdout).replace('\r', "");
    anyhow::ensure!(ran.status.success(), "{said}");
    for sign in ["泽州县", "路灯已修好", "办结"] {
        anyhow::ensure!(said.contains(sign), "{sign} is missing in:\n{said}");
    }
    let foreign = english(&said);
    anyhow::ensure!(foreign.is_empty(), "{foreign:?} in:\n{said}");
    // What goes into a pipe or a file is as wide as it is; a table in the terminal has its header.
    let mut in_table = false;
    for line in said.lines() {
        in_table = line.contains('╪') || in_table && line.contains('┆');
        let wide = line.width();
        anyhow::ensure!(
            !in_table || wide <= columns,
            "{wide} of {columns}: {line}\n{said}"
        );
    }
    Ok(said)
}

/// One after the other: the manual's ports are the same.
#[test]
fn four_levels_by_hand_as_the_manual_says() -> anyhow::Result<()> {
    for columns in [80, 120] {
        let said = walked(columns)?;
        anyhow::ensure!(said.contains('┆'), "no table in:\n{said}");
    }
    Ok(())
}

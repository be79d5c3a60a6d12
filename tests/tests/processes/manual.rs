//! The operations manual's commands run as they stand.

use hotline_tests::processes::program;
use std::process::Command;

const MANUAL: &str = include_str!("../../../deploy/OPERATIONS.md");

/// The `sh` blocks, in order.
fn blocks() -> Vec<&'static str> {
    MANUAL
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

#[test]
fn four_levels_by_hand_as_the_manual_says() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let binary = program();
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH")?
    );
    // Whatever happens, nothing started here goes on.
    let script = format!(
        "set -eu\ntrap 'kill $(cat */pid) 2>/dev/null || true' EXIT\n{}",
        blocks().join("\n")
    );
    let ran = Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(folder.path())
        .env("PATH", path)
        .output()?;
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.status.success(), "{said}");
    for sign in ["泽州县", "路灯已修好", "办结"] {
        assert!(said.contains(sign), "{sign} is missing in:\n{said}");
    }
    Ok(())
}

//! The program as people at a terminal use it.

use super::{Town, program};
use hotline_topology::RegionKey;
use tokio::process::Command;

/// What a client command said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
    /// Both outputs, one after the other.
    pub text: String,
}

/// Runs a client command at a node's door in a person's name.
///
/// # Errors
/// The program cannot be started, or the node is none of this world.
pub async fn says(
    town: &Town,
    region: RegionKey,
    person: &str,
    args: &[&str],
) -> anyhow::Result<Said> {
    let done = Command::new(program())
        .args(args)
        .arg("--socket")
        .arg(&town.world.place(region)?.socket)
        .args(["--as", person])
        .output()
        .await?;
    Ok(Said {
        code: done.status.code().unwrap_or(-1),
        text: format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        ),
    })
}

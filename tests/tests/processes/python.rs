//! A client in Python, generated from the .proto files, delegates a ticket and reads its timeline.

use hotline::demo::world::federation;
use hotline_tests::processes::Town;
use hotline_topology::Level;
use std::path::Path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_client_delegates_and_reads() -> anyhow::Result<()> {
    let named = std::env::var_os("HOTLINE_PYTHON").filter(|name| !name.is_empty());
    let Some(python) = named else {
        println!("left out: HOTLINE_PYTHON names no interpreter with grpcio-tools");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let plan = federation()?;
    let county = *plan
        .regions()
        .iter()
        .find(|(_, region)| region.level == Level::County)
        .expect("a county")
        .0;
    let mut town = Town::start(folder.path(), &[county]).await?;
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ran = tokio::process::Command::new(python)
        .arg(repository.join("tests/python/delegate.py"))
        .arg(repository.join("proto"))
        .arg(&town.world.place(county)?.socket)
        .arg(plan.children(county)[0].to_string())
        .output()
        .await?;
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("leg.offer"), "{said}");
    town.stop().await
}

//! A node as a process of its own: what it takes to start, and what it holds.

use super::clock::Begun;
use super::machine::resident_mib;
use super::pair::configure;
use crate::app::init::init;
use crate::config::Store as StoreConfig;
use crate::demo::world::World;
use anyhow::Context as _;
use hotline_topology::Level;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// Longest wait for a node to be ready.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After which a node that was ready is taken to be at rest where nobody asks for more.
pub(super) const REST: Duration = Duration::from_secs(3);

/// What a node took to start.
pub(super) struct Started {
    /// Seconds until it said that it is ready.
    pub ready_s: f64,
    /// Its memory then, in MiB.
    pub rss_start_mib: f64,
    /// Its memory after the rest, in MiB.
    pub rss_mib: f64,
}

/// Starts a node, waits until it says that it is ready and then the rest.
pub(super) async fn start(
    file: &Path,
    http: SocketAddr,
    rest: Duration,
) -> anyhow::Result<Started> {
    let begun = Begun::now();
    let mut node = spawn(file)?;
    while !is_ready(http).await {
        anyhow::ensure!(node.try_wait()?.is_none(), "节点没有起来");
        anyhow::ensure!(begun.elapsed() < PATIENCE, "节点没有就绪");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let ready_s = begun.elapsed().as_secs_f64();
    let pid = node.id().context("没有进程号")?;
    let rss_start_mib = resident_mib(pid)?;
    tokio::time::sleep(rest).await;
    let rss_mib = resident_mib(pid)?;
    node.kill().await?;
    Ok(Started {
        ready_s,
        rss_start_mib,
        rss_mib,
    })
}

fn spawn(file: &Path) -> anyhow::Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args(["node", "run", "--demo-clock", "--config"])
        .arg(file)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()?)
}

/// Seconds that making the view anew takes.
pub(super) async fn rebuild(data: &Path) -> anyhow::Result<f64> {
    let begun = Begun::now();
    let ended = Command::new(std::env::current_exe()?)
        .args(["store", "rebuild"])
        .arg(data)
        .stdout(std::process::Stdio::null())
        .status()
        .await?;
    anyhow::ensure!(ended.success(), "视图没有重建成");
    Ok(begun.elapsed().as_secs_f64())
}

async fn is_ready(http: SocketAddr) -> bool {
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(http).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    matches!(ask.await, Ok(answer) if answer.starts_with(b"HTTP/1.1 200"))
}

/// Resident memory of a node process that has nothing to do, in MiB.
pub(super) async fn idle_mib(folder: &Path) -> anyhow::Result<f64> {
    let world = World::make(folder)?;
    let region = *world.of_level(Level::Township).first().context("没有乡")?;
    let file = configure(&world, region, None, &StoreConfig::default())?;
    init(&file, |_| {})?;
    let started = start(&file, world.place(region)?.http, REST).await?;
    Ok(started.rss_mib)
}

//! The seven processes of the one program: started, watched, killed, stopped.

use super::proxy::{Proxy, Wire};
use super::world::{OPERATOR, Pace, Place, World};
use crate::cli::client::Client;
use anyhow::Context as _;
use hotline_proto::operator::v1 as pb;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for a node to be ready, and for all links to stand.
const READY_MAX: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest wait for a node to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Longest answer of `/readyz`, in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// The nodes with their wires. Dropping it kills what still runs.
pub struct Nodes {
    program: PathBuf,
    children: BTreeMap<RegionKey, Child>,
    /// A node ends when its own is closed: by the system, should this process be killed.
    lifelines: BTreeMap<RegionKey, ChildStdin>,
    configs: BTreeMap<RegionKey, PathBuf>,
    /// By the child's region.
    wires: BTreeMap<RegionKey, Proxy>,
}

impl Nodes {
    /// Starts all nodes of the world and waits until each is ready and every link stands.
    ///
    /// # Errors
    /// A node ends or is not ready in time; says where its log is.
    pub async fn start(world: &World, pace: Pace) -> anyhow::Result<Self> {
        let mut nodes = Self {
            program: std::env::current_exe().context("找不到本程序自身")?,
            children: BTreeMap::new(),
            lifelines: BTreeMap::new(),
            configs: BTreeMap::new(),
            wires: BTreeMap::new(),
        };
        for place in &world.places {
            let parent = match place.parent {
                Some(parent) => {
                    let wire = Proxy::start(world.place(parent)?.links).await?;
                    let address = wire.address();
                    nodes.wires.insert(place.region, wire);
                    Some(address)
                }
                None => None,
            };
            let config = world.configure(place, parent, pace)?;
            nodes.configs.insert(place.region, config);
        }
        for place in &world.places {
            nodes.spawn(place)?;
        }
        for place in &world.places {
            nodes.ready(place).await?;
        }
        Ok(nodes)
    }

    fn spawn(&mut self, place: &Place) -> anyhow::Result<()> {
        let config = self.configs.get(&place.region).context("节点没有配置")?;
        let log = log_of(place);
        let out = File::options().create(true).append(true).open(&log)?;
        let mut child = Command::new(&self.program)
            .args([
                "node",
                "run",
                "--init",
                "--demo-clock",
                "--until-stdin-ends",
            ])
            .arg("--config")
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true)
            // Ctrl-C at the terminal is for the demonstration, which then stops its nodes in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("不能启动节点 {}", place.name))?;
        // Kept apart: waiting for a child closes what it still holds.
        if let Some(lifeline) = child.stdin.take() {
            self.lifelines.insert(place.region, lifeline);
        }
        self.children.insert(place.region, child);
        Ok(())
    }

    /// Waits until a node takes in work.
    ///
    /// # Errors
    /// It ended, or is not ready in time.
    async fn ready(&mut self, place: &Place) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.ended(place.region)? {
                anyhow::bail!(
                    "节点 {}({})启动失败（{ended}），原因见 {}",
                    place.name,
                    place.region,
                    log_of(place).display()
                );
            }
            if is_ready(place).await {
                return Ok(());
            }
            anyhow::ensure!(
                begun.elapsed() < READY_MAX,
                "节点 {} 在 {} 秒内没有就绪，原因见 {}",
                place.name,
                READY_MAX.as_secs(),
                log_of(place).display()
            );
            sleep(LOOK_EVERY).await;
        }
    }

    fn ended(&mut self, region: RegionKey) -> anyhow::Result<Option<ExitStatus>> {
        match self.children.get_mut(&region) {
            Some(child) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    /// Changes the wire between a node and its parent.
    pub fn wire(&self, child: RegionKey, wire: Wire) {
        if let Some(proxy) = self.wires.get(&child) {
            proxy.set(wire);
        }
    }

    /// Kills a node as a power cut would end it: no farewell, no clean close.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill(&mut self, region: RegionKey) -> anyhow::Result<()> {
        if let Some(mut child) = self.children.remove(&region) {
            child.kill().await?;
        }
        Ok(())
    }

    /// Starts a killed node again and waits until it is ready.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self, place: &Place) -> anyhow::Result<()> {
        self.spawn(place)?;
        self.ready(place).await
    }

    /// Stops all nodes in order with SIGTERM, those below first.
    ///
    /// # Errors
    /// A node did not end in time or not well.
    pub async fn stop(&mut self, world: &World) -> anyhow::Result<()> {
        for place in world.places.iter().rev() {
            let Some(child) = self.children.get(&place.region) else {
                continue;
            };
            if let Some(id) = child.id() {
                terminate(id).await?;
            }
        }
        let mut troubles = Vec::new();
        for place in world.places.iter().rev() {
            let Some(mut child) = self.children.remove(&place.region) else {
                continue;
            };
            match timeout(STOP_MAX, child.wait()).await {
                Ok(ended) if ended.as_ref().is_ok_and(ExitStatus::success) => {}
                Ok(Ok(ended)) => troubles.push(format!("{} 没有正常结束（{ended}）", place.name)),
                Ok(Err(error)) => troubles.push(format!("{}：{error}", place.name)),
                Err(_) => {
                    child.kill().await?;
                    troubles.push(format!(
                        "{} 未在 {} 秒内停下",
                        place.name,
                        STOP_MAX.as_secs()
                    ));
                }
            }
        }
        anyhow::ensure!(troubles.is_empty(), "停止节点时：{}", troubles.join("；"));
        Ok(())
    }
}

/// Connections to the doors of all nodes, once every link stands.
///
/// # Errors
/// A door does not answer, or a link does not stand in time.
pub async fn doors(world: &World) -> anyhow::Result<BTreeMap<RegionKey, Client>> {
    let begun = Instant::now();
    let mut doors = BTreeMap::new();
    for place in &world.places {
        doors.insert(place.region, Client::connect(&place.socket).await?);
    }
    for place in &world.places {
        let door = doors.get(&place.region).context("没有操作口")?;
        loop {
            let request = pb::ListLinksRequest {};
            let links = door.list_links(Some(OPERATOR), request).await?.links;
            let down = links.iter().find(|link| !link.connected);
            let Some(down) = down else { break };
            anyhow::ensure!(
                begun.elapsed() < READY_MAX,
                "{} 与 {} 的联动没有接通：{}；详见 {}",
                place.name,
                down.name,
                down.last_error,
                log_of(place).display()
            );
            sleep(LOOK_EVERY).await;
        }
    }
    Ok(doors)
}

/// Where a node's output goes.
#[must_use]
pub fn log_of(place: &Place) -> PathBuf {
    place.folder.join("node.log")
}

async fn is_ready(place: &Place) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(place.http).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        stream
            .take(ANSWER_BYTES_MAX)
            .read_to_end(&mut answer)
            .await?;
        std::io::Result::Ok(answer)
    };
    match timeout(Duration::from_secs(2), ask).await {
        Ok(Ok(answer)) => answer.starts_with(b"HTTP/1.1 200"),
        _ => false,
    }
}

/// SIGTERM by the system's own tool: the program holds no unsafe code to send signals with.
async fn terminate(id: u32) -> anyhow::Result<()> {
    let ended = Command::new("kill")
        .args(["-TERM", &id.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .context("不能发出停止信号：找不到 kill 命令")?;
    if !ended.success() {
        // It ended by itself meanwhile; waiting for it tells how.
        tracing::debug!("进程 {id} 已不在");
    }
    Ok(())
}

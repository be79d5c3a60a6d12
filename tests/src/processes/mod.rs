//! Real processes of the one program, for what only they can show: SIGKILL, real TLS, real sockets, real disks.

pub mod alone;
mod caller;
mod cli;
mod collector;
pub mod hostile;
pub mod load;
mod logs;
pub mod restoring;

pub use caller::{Called, call_with, calls_as};
pub use cli::{Said, says};
pub use collector::{Came, Collector};
pub use logs::{judged, opened_texts, raw_bytes_hold, readings};

use crate::power::preload::Preload;
use anyhow::Context as _;
use hotline::cli::client::Client;
use hotline::clock::{Clock as _, SystemClock};
use hotline::demo::proxy::{Proxy, Wire};
use hotline::demo::world::{OPERATOR, Pace, Place, World};
use hotline_proto::operator::v1 as pb;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Longest wait for anything; a test that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The program, built once from the sources under test.
///
/// # Panics
/// When it cannot be built: there is nothing to test then.
#[must_use]
pub fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM
        // With the tests' own features, so that nothing is compiled twice.
        .get_or_init(|| built(&["--workspace", "--bin", "hotline"], "hotline"))
        .clone()
}

/// What a target of this workspace builds, in the profile of this process.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn built(what: &[&str], file: &str) -> PathBuf {
    // Tests run from <target>/<profile>/deps, programs from the folder above.
    let own = std::env::current_exe().expect("the process's own path");
    let mut folder = own.parent().expect("its folder");
    if folder.ends_with("deps") {
        folder = folder.parent().expect("the profile's folder");
    }
    let release = folder.ends_with("release").then_some("--release");
    let built = std::process::Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet"])
        .args(what)
        .args(release)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(built.success(), "{file} does not build");
    folder.join(file)
}

/// Some nodes of the demonstration's world as processes, with wires that can be cut.
pub struct Town {
    /// Tree, folders, ports.
    pub world: World,
    children: BTreeMap<RegionKey, Child>,
    configs: BTreeMap<RegionKey, PathBuf>,
    wires: BTreeMap<RegionKey, Proxy>,
    preloads: BTreeMap<RegionKey, Preload>,
    /// How many descriptors a node may have, where that is not what the system allows.
    limits: BTreeMap<RegionKey, u32>,
}

impl Town {
    /// Starts these nodes, superiors first, in a folder.
    ///
    /// # Errors
    /// A node does not become ready; its log is in its folder.
    pub async fn start(folder: &Path, regions: &[RegionKey]) -> anyhow::Result<Self> {
        Self::at_rate(folder, regions, 1).await
    }

    /// The same with node time that runs so many times faster, for what waits for minutes of it.
    ///
    /// # Errors
    /// As for [`Town::start`].
    pub async fn at_rate(folder: &Path, regions: &[RegionKey], rate: u32) -> anyhow::Result<Self> {
        Self::configured(folder, regions, rate, "").await
    }

    /// The same with more of every node's configuration file.
    ///
    /// # Errors
    /// As for [`Town::start`].
    pub async fn configured(
        folder: &Path,
        regions: &[RegionKey],
        rate: u32,
        more: &str,
    ) -> anyhow::Result<Self> {
        let mut town = Self::laid_out(folder, regions, rate, more).await?;
        for region in regions {
            town.restart(*region).await?;
        }
        Ok(town)
    }

    /// The same with nothing running yet; `more` is added to every configuration.
    ///
    /// # Errors
    /// The folder cannot be written, or no port is free.
    pub async fn laid_out(
        folder: &Path,
        regions: &[RegionKey],
        rate: u32,
        more: &str,
    ) -> anyhow::Result<Self> {
        let world = World::make(folder)?;
        let pace = Pace {
            epoch_ms: SystemClock::new().now().0,
            rate,
        };
        let mut town = Self {
            world,
            children: BTreeMap::new(),
            configs: BTreeMap::new(),
            wires: BTreeMap::new(),
            preloads: BTreeMap::new(),
            limits: BTreeMap::new(),
        };
        for region in regions {
            let place = town.world.place(*region)?.clone();
            let parent = match place.parent.filter(|parent| regions.contains(parent)) {
                Some(parent) => {
                    let wire = Proxy::start(town.world.place(parent)?.links).await?;
                    let address = wire.address();
                    town.wires.insert(*region, wire);
                    Some(address)
                }
                None => None,
            };
            let config = town.world.configure(&place, parent, pace)?;
            let text = std::fs::read_to_string(&config)? + "\n" + more;
            std::fs::write(&config, text)?;
            initialise(&config)?;
            town.configs.insert(*region, config);
        }
        Ok(town)
    }

    /// Makes a node's data folder once more, where another disk was mounted over it.
    ///
    /// # Errors
    /// It cannot be made; in the program's words.
    pub fn initialise(&self, region: RegionKey) -> anyhow::Result<()> {
        initialise(self.configs.get(&region).context("no configuration")?)
    }

    /// From its next start on, a node runs with the library preloaded.
    ///
    /// # Errors
    /// The library does not build, or the node is none of this world.
    pub fn preload(&mut self, region: RegionKey, traced: bool) -> anyhow::Result<Preload> {
        let folder = &self.world.place(region)?.folder;
        let preload = Preload::new(&folder.join("data"), &folder.join("preload"), traced)?;
        self.preloads.insert(region, preload.clone());
        Ok(preload)
    }

    /// From its next start on, a node may open so many files and connections, as after `ulimit -n`.
    pub fn limit_descriptors(&mut self, region: RegionKey, most: u32) {
        self.limits.insert(region, most);
    }

    /// Starts a node and waits for nothing.
    ///
    /// # Errors
    /// The system refuses.
    pub fn launch(&mut self, region: RegionKey) -> anyhow::Result<()> {
        let place = self.world.place(region)?.clone();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(place.folder.join("node.log"))?;
        let environment = self.preloads.get(&region).map(Preload::environment);
        let mut command = match self.limits.get(&region) {
            None => Command::new(program()),
            Some(most) => {
                let mut shell = Command::new("sh");
                let limited = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
                shell.arg("-c").arg(limited).arg(program());
                shell
            }
        };
        let child = command
            .args(["node", "run", "--demo-clock", "--config"])
            .arg(self.configs.get(&region).context("no configuration")?)
            .envs(environment.unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        self.children.insert(region, child);
        Ok(())
    }

    /// How a node ended, if it does within the time.
    ///
    /// # Errors
    /// It does not run.
    pub async fn ended(
        &mut self,
        region: RegionKey,
        within: Duration,
    ) -> anyhow::Result<Option<std::process::ExitStatus>> {
        let child = self.children.get_mut(&region).context("no process")?;
        let Ok(ended) = tokio::time::timeout(within, child.wait()).await else {
            return Ok(None);
        };
        self.children.remove(&region);
        Ok(Some(ended?))
    }

    /// What a node wrote to its log since its folder was made.
    ///
    /// # Errors
    /// It is none of this world.
    pub fn log(&self, region: RegionKey) -> anyhow::Result<String> {
        Ok(log_text(self.world.place(region)?))
    }

    /// Starts a node and waits until its door answers.
    ///
    /// # Errors
    /// It ends or does not answer in time.
    pub async fn restart(&mut self, region: RegionKey) -> anyhow::Result<()> {
        let place = self.world.place(region)?.clone();
        self.launch(region)?;
        let begun = Instant::now();
        while self.door(region).await.is_err() {
            anyhow::ensure!(
                begun.elapsed() < PATIENCE,
                "{} does not answer: {}",
                place.name,
                log_text(&place)
            );
            let child = self.children.get_mut(&region).context("no process")?;
            anyhow::ensure!(
                child.try_wait()?.is_none(),
                "{} ended: {}",
                place.name,
                log_text(&place)
            );
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// SIGKILL: no farewell, no clean close.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill(&mut self, region: RegionKey) -> anyhow::Result<()> {
        self.children
            .remove(&region)
            .context("no process")?
            .kill()
            .await
            .map_err(Into::into)
    }

    /// The most memory that a node ever had, in bytes: `VmHWM` of its process.
    ///
    /// # Errors
    /// It does not run, or the system does not tell.
    pub fn peak_memory(&self, region: RegionKey) -> anyhow::Result<u64> {
        let child = self.children.get(&region).context("no process")?;
        let id = child.id().context("ended before")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Ok(kib.context("no VmHWM")? << 10)
    }

    /// The limits of a node's process, as the system tells them.
    ///
    /// # Errors
    /// It does not run, or the system does not tell.
    pub fn limits(&self, region: RegionKey) -> anyhow::Result<String> {
        let child = self.children.get(&region).context("no process")?;
        let id = child.id().context("ended before")?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/limits"))?)
    }

    /// The metrics page of a node, as a monitor reads it.
    ///
    /// # Errors
    /// It does not answer, or not with its metrics.
    pub async fn metrics(&self, region: RegionKey) -> anyhow::Result<String> {
        let address = self.world.place(region)?.http;
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        anyhow::ensure!(page.starts_with("HTTP/1.1 200"), "{page}");
        Ok(page)
    }

    /// SIGHUP: the node reads its files anew.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn hang_up(&self, region: RegionKey) -> anyhow::Result<()> {
        let child = self.children.get(&region).context("no process")?;
        let id = child.id().context("ended before")?.to_string();
        Command::new("kill").args(["-HUP", &id]).status().await?;
        Ok(())
    }

    /// Changes a node's configuration, for its next start.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn reconfigure(
        &self,
        region: RegionKey,
        change: impl FnOnce(String) -> String,
    ) -> anyhow::Result<()> {
        let config = self.configs.get(&region).context("no configuration")?;
        let text = std::fs::read_to_string(config)?;
        Ok(std::fs::write(config, change(text))?)
    }

    /// Sends a node's process a signal, by its name.
    ///
    /// # Errors
    /// It does not run, or the system refuses.
    pub async fn signal(&self, region: RegionKey, name: &str) -> anyhow::Result<()> {
        let child = self.children.get(&region).context("no process")?;
        let id = child.id().context("ended before")?.to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()
            .await?;
        anyhow::ensure!(sent.success(), "SIG{name} was not sent");
        Ok(())
    }

    /// SIGTERM to all that run, and waits until they ended well.
    ///
    /// # Errors
    /// A node did not end well.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        for (region, mut child) in std::mem::take(&mut self.children) {
            let id = child.id().context("ended before")?.to_string();
            Command::new("kill").args(["-TERM", &id]).status().await?;
            let ended = child.wait().await?;
            anyhow::ensure!(
                ended.success(),
                "{region} ended with {ended}: {}",
                log_text(self.world.place(region)?)
            );
        }
        Ok(())
    }

    /// Changes the wire between a node and its parent.
    pub fn wire(&self, child: RegionKey, wire: Wire) {
        if let Some(proxy) = self.wires.get(&child) {
            proxy.set(wire);
        }
    }

    /// A node's door, after its status was answered.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn door(&self, region: RegionKey) -> anyhow::Result<Client> {
        let client = Client::connect(&self.world.place(region)?.socket).await?;
        client
            .get_status(Some(OPERATOR), pb::GetStatusRequest {})
            .await?;
        Ok(client)
    }

    /// A node's folder.
    ///
    /// # Errors
    /// It is none of this world.
    pub fn folder(&self, region: RegionKey) -> anyhow::Result<&Path> {
        Ok(&self.world.place(region)?.folder)
    }
}

/// Makes a node's data folder, as its people do before the first start.
fn initialise(config: &Path) -> anyhow::Result<()> {
    let done = std::process::Command::new(program())
        .args(["init", "--config"])
        .arg(config)
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{}: {said}", config.display());
    Ok(())
}

fn log_text(place: &Place) -> String {
    std::fs::read_to_string(place.folder.join("node.log")).unwrap_or_default()
}

/// Looks again and again until it is so.
///
/// # Errors
/// It does not become so in time; says what was waited for.
pub async fn until<F>(what: &str, mut look: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < PATIENCE {
        match look().await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => last = Some(error),
        }
        sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("waited in vain until {what}; last error: {last:?}")
}

//! What a start refuses, before anything is made, answered or dialled; and what a node makes is its own.

use hotline::cli::client::Client;
use hotline::demo::world::OPERATOR;
use hotline_proto::operator::v1 as pb;
use hotline_tests::processes::{Said, Town, program, says, until};
use hotline_topology::{Level, RegionKey};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The exit code of a faulty configuration.
const FAULTY: i32 = 64;

/// A county laid out beside its city, nothing running.
struct Alone {
    town: Town,
    county: RegionKey,
    city: RegionKey,
    config: PathBuf,
    data: PathBuf,
    _folder: tempfile::TempDir,
}

impl Alone {
    async fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let plan = hotline::demo::world::federation()?;
        let mut counties = plan.regions().iter();
        let county = counties.find(|(_, region)| region.level == Level::County);
        let county = *county.ok_or_else(|| anyhow::anyhow!("no county"))?.0;
        let city = plan
            .parent(county)
            .ok_or_else(|| anyhow::anyhow!("no city"))?;
        let town = Town::laid_out(folder.path(), &[county], 1, "").await?;
        let own = town.folder(county)?.to_path_buf();
        Ok(Self {
            town,
            county,
            city,
            config: own.join("node.toml"),
            data: own.join("data"),
            _folder: folder,
        })
    }

    /// Runs the program on the county's configuration until it ends by itself.
    fn tries(&self, command: &[&str]) -> anyhow::Result<Said> {
        let done = Command::new(program())
            .args(command)
            .arg("--config")
            .arg(&self.config)
            .output()?;
        Ok(said(&done))
    }

    fn runs(&self) -> anyhow::Result<Said> {
        self.tries(&["node", "run", "--demo-clock"])
    }

    fn change(&self, from: &str, to: &str) -> anyhow::Result<()> {
        self.town
            .reconfigure(self.county, |text| text.replace(from, to))
    }

    /// What lies in the data folder.
    fn content(&self) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut all = BTreeMap::new();
        gather(&self.data, &mut all)?;
        Ok(all)
    }
}

fn said(done: &std::process::Output) -> Said {
    Said {
        code: done.status.code().unwrap_or(-1),
        text: format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        ),
    }
}

fn gather(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, all)?;
        } else {
            all.insert(path.clone(), std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// The one line of what was said that speaks of it.
fn line<'a>(said: &'a Said, of: &str) -> &'a str {
    let mut lines = said.text.lines().filter(|line| line.contains(of));
    let found = lines
        .next()
        .unwrap_or_else(|| panic!("{of}: {}", said.text));
    assert_eq!(lines.next(), None, "{of}: {}", said.text);
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_regions_certificates_are_refused_before_anything_is_made() -> anyhow::Result<()> {
    let alone = Alone::new().await?;
    // The superior is there, and would book misconduct on an innocent neighbour.
    let listening = TcpListener::bind(alone.town.world.place(alone.city)?.links)?;
    listening.set_nonblocking(true)?;
    alone.change(
        &format!("certs/nodes/{}", alone.county),
        &format!("certs/nodes/{}", alone.city),
    )?;
    let before = alone.content()?;
    for command in [&["node", "run", "--demo-clock"][..], &["init"]] {
        let refused = alone.tries(command)?;
        assert_eq!(refused.code, FAULTY, "{}", refused.text);
        let line = line(&refused, "node.certs");
        for part in [alone.county.as_str(), alone.city.as_str(), "node.region"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    assert!(alone.content()? == before, "nothing was written");
    std::fs::remove_dir_all(&alone.data)?;
    assert_eq!(alone.tries(&["init"])?.code, FAULTY);
    assert!(!alone.data.exists(), "nothing was made");
    assert!(listening.accept().is_err(), "nobody was dialled");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_there_or_empty_is_refused_and_made_by_init_alone()
-> anyhow::Result<()> {
    let alone = Alone::new().await?;
    std::fs::remove_dir_all(&alone.data)?;
    let path = alone.data.display().to_string();
    for there in [false, true] {
        if there {
            std::fs::create_dir_all(alone.data.join("lost+found"))?;
        }
        let refused = alone.runs()?;
        assert_eq!(refused.code, FAULTY, "{}", refused.text);
        let line = line(&refused, "node.data");
        for part in [&path, "没有挂载", "没有初始化", "hotline init --config"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert_eq!(alone.data.exists(), there);
    }
    std::fs::remove_dir_all(&alone.data)?;
    let made = alone.tries(&["init"])?;
    assert_eq!(made.code, 0, "{}", made.text);
    assert_eq!(made.text.matches("新建").count(), 3, "{}", made.text);
    assert!(made.text.contains(&path), "{}", made.text);
    let before = alone.content()?;
    let again = alone.tries(&["init"])?;
    assert_eq!(again.code, 0, "{}", again.text);
    assert_eq!(again.text.matches("已有").count(), 3, "{}", again.text);
    assert!(alone.content()? == before, "nothing was changed");
    // What somebody else keeps there is no node's.
    std::fs::remove_dir_all(&alone.data)?;
    std::fs::create_dir(&alone.data)?;
    std::fs::write(alone.data.join("notes.txt"), "x")?;
    for command in [&["node", "run", "--demo-clock"][..], &["init"]] {
        let refused = alone.tries(command)?;
        assert_eq!(refused.code, FAULTY, "{}", refused.text);
        assert!(refused.text.contains("notes.txt"), "{}", refused.text);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_come_at_once_and_a_port_in_use_is_one() -> anyhow::Result<()> {
    let alone = Alone::new().await?;
    let place = alone.town.world.place(alone.county)?.clone();
    let taken = TcpListener::bind(place.http)?;
    let listening = TcpListener::bind(alone.town.world.place(alone.city)?.links)?;
    listening.set_nonblocking(true)?;
    let before = alone.content()?;
    let refused = alone.runs()?;
    assert_eq!(refused.code, FAULTY, "{}", refused.text);
    assert!(line(&refused, "http.listen").contains("已被另一个进程占用"));
    assert!(alone.content()? == before, "nothing was written");
    assert!(!place.socket.exists(), "no door was opened");
    assert!(listening.accept().is_err(), "nobody was dialled");

    alone.change(
        &format!("certs/nodes/{}", alone.county),
        &format!("certs/nodes/{}", alone.city),
    )?;
    std::fs::set_permissions(
        alone.data.join("keys.dat"),
        std::fs::Permissions::from_mode(0o640),
    )?;
    std::fs::write(&place.socket, "no socket")?;
    alone.change("[http]", "[store]\ncache_mib = 0\n[http]")?;
    let refused = alone.runs()?;
    assert_eq!(refused.code, FAULTY, "{}", refused.text);
    for part in [
        "store.cache_mib",
        "node.certs",
        "node.data",
        "http.listen",
        "operator.socket",
    ] {
        line(&refused, &format!("{part}："));
    }
    drop(taken);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_cut_short_stops_the_start_and_is_found_by_a_check() -> anyhow::Result<()> {
    let mut alone = Alone::new().await?;
    alone.town.restart(alone.county).await?;
    let door = alone.town.door(alone.county).await?;
    take_in(&door).await?;
    alone.town.kill(alone.county).await?;
    let keys = alone.data.join("keys.dat");
    let whole = std::fs::read(&keys)?;
    std::fs::write(&keys, &whole[..128 + 64])?;
    let before = alone.content()?;
    let refused = alone.runs()?;
    assert_eq!(refused.code, FAULTY, "{}", refused.text);
    let words = line(&refused, "node.data");
    for part in [&keys.display().to_string(), "只有 1 个密钥槽", "从备份恢复"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(alone.content()? == before, "nothing was written");
    let checked = said(
        &Command::new(program())
            .args(["store", "verify"])
            .arg(&alone.data)
            .output()?,
    );
    assert_eq!(checked.code, 1, "{}", checked.text);
    assert!(checked.text.contains("只有 1 个密钥槽"), "{}", checked.text);

    // A slot that is damaged hinders nobody, and is told.
    let mut damaged = whole.clone();
    damaged[128 + 64 + 20] ^= 1;
    std::fs::write(&keys, &damaged)?;
    alone.town.restart(alone.county).await?;
    let page = alone.town.metrics(alone.county).await?;
    assert!(page.contains("hotline_key_slots_damaged 1"), "{page}");
    let log = alone.town.log(alone.county)?;
    let told = |line: &&str| line.contains("ERROR") && line.contains("1 个损坏");
    assert!(log.lines().any(|line| told(&line)), "{log}");
    alone.town.stop().await?;
    std::fs::write(&keys, &whole)?;
    alone.town.restart(alone.county).await?;
    alone.town.stop().await
}

async fn take_in(door: &Client) -> anyhow::Result<()> {
    let verb = pb::command::Verb::TakeIn(pb::TakeIn {
        channel: "phone".into(),
        kind: "help".into(),
        category: "0201".into(),
        ..Default::default()
    });
    let content = pb::Text {
        field: "content".into(),
        value: "路灯不亮".into(),
        erased: false,
    };
    let command = pb::Command {
        texts: vec![content],
        verb: Some(verb),
        ..Default::default()
    };
    door.execute(Some(hotline::demo::world::CLERK), command)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_keeps_its_files_and_its_memory_to_itself() -> anyhow::Result<()> {
    let mut alone = Alone::new().await?;
    std::fs::remove_dir_all(&alone.data)?;
    // Nothing is masked by the system.
    let config = alone.config.display();
    let made = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "umask 000; ulimit -c unlimited; exec {} init --config {config}",
            program().display()
        ))
        .output()?;
    assert!(made.status.success(), "{}", said(&made).text);
    modes(&alone.data)?;
    // As an earlier release left it.
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&alone.data, open.clone())?;
    std::fs::set_permissions(alone.data.join("log"), open)?;
    alone.town.restart(alone.county).await?;
    let door = alone.town.door(alone.county).await?;
    take_in(&door).await?;
    modes(&alone.data)?;
    let limits = alone.town.limits(alone.county)?;
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let cores: Vec<_> = cores
        .unwrap_or_default()
        .split_whitespace()
        .skip(4)
        .take(2)
        .collect();
    assert_eq!(cores, ["0", "0"], "{limits}");
    alone.town.stop().await?;
    // The first start of a new node is none after a crash.
    let log = alone.town.log(alone.county)?;
    assert!(!log.contains("未正常关闭"), "{log}");
    modes(&alone.data)
}

/// Every folder is 0700 and every file 0600.
fn modes(path: &Path) -> anyhow::Result<()> {
    let found = std::fs::symlink_metadata(path)?;
    let wanted = if found.is_dir() { 0o700 } else { 0o600 };
    let mode = found.permissions().mode() & 0o7777;
    anyhow::ensure!(mode == wanted, "{} has {mode:o}", path.display());
    if found.is_dir() {
        for entry in std::fs::read_dir(path)? {
            modes(&entry?.path())?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_tells_of_links_that_are_down_and_dial_tries_at_once() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = hotline::demo::world::federation()?;
    let root = plan.root();
    let city = plan.children(root)[0];
    let mut town = Town::start(folder.path(), &[root, city]).await?;
    let state = async |town: &Town| says(town, city, OPERATOR, &["status"]).await;
    until("the link stands", || async {
        let links = town.door(city).await?;
        let request = pb::ListLinksRequest {};
        let links = links.list_links(Some(OPERATOR), request).await?.links;
        Ok(links
            .iter()
            .any(|link| link.side == "parent" && link.connected))
    })
    .await?;
    town.kill(root).await?;
    until("the status tells", || async {
        Ok(state(&town).await?.text.contains("hotline link dial"))
    })
    .await?;
    let told = state(&town).await?.text;
    assert!(
        !told.contains("正常") && told.contains("有链路断开"),
        "{told}"
    );
    let stranger = says(&town, city, OPERATOR, &["link", "dial", city.as_str()]).await?;
    assert!(
        stranger.code == 1 && stranger.text.contains("不是本节点的上级"),
        "{}",
        stranger.text
    );
    town.restart(root).await?;
    let dialled = says(&town, city, OPERATOR, &["link", "dial", root.as_str()]).await?;
    assert!(dialled.text.contains(root.as_str()), "{}", dialled.text);
    until("the link stands again", || async {
        let links = town.door(city).await?;
        let request = pb::ListLinksRequest {};
        let links = links.list_links(Some(OPERATOR), request).await?.links;
        Ok(links
            .iter()
            .any(|link| link.side == "parent" && link.connected))
    })
    .await?;
    town.stop().await
}

//! A county whose neighbours never run, on a disk that is good for nothing: what it answered must be there in the end.

use super::Town;
use super::load::{ask, ids, surely, take_in};
use anyhow::Context as _;
use hotline::audit::{Case, Chain, Logs, export, judge};
use hotline::cli::client::CallError;
use hotline::demo::world::{CLERK, DISPATCHER};
use hotline::store::disk::{Disk, RealDisk};
use hotline::store::log::{LogReader, verify_dir};
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Level, RegionKey};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// A county alone, and what it answered.
pub struct Alone {
    /// The county's world.
    pub town: Town,
    /// Who it is.
    pub county: RegionKey,
    /// Its door.
    pub socket: PathBuf,
    /// The matters that it said it took in.
    pub confirmed: Vec<String>,
    /// The text of every matter.
    content: String,
}

impl Alone {
    /// Nothing runs yet; `more` is added to its configuration.
    ///
    /// # Errors
    /// The folder cannot be written, or no port is free.
    pub async fn laid_out(folder: &Path, more: &str) -> anyhow::Result<Self> {
        let (county, _) = pair()?;
        let town = Town::laid_out(folder, &[county], 1, more).await?;
        let socket = town.world.place(county)?.socket.clone();
        Ok(Self {
            town,
            county,
            socket,
            confirmed: Vec::new(),
            content: "路灯不亮".to_owned(),
        })
    }

    /// From now on every matter says this.
    pub fn says(&mut self, content: String) {
        self.content = content;
    }

    /// Takes a matter in, if the county does.
    ///
    /// # Errors
    /// What the county answered instead.
    pub async fn try_take_in(&mut self, key: &str) -> Result<(), CallError> {
        let done = ask(&self.socket, CLERK, key, self.texts(), take_in()).await?;
        self.confirmed.push(done.matter);
        Ok(())
    }

    /// The fault is gone: the command that failed is done within the time, under the same key.
    ///
    /// # Errors
    /// It is not done by then.
    pub async fn recovers(&mut self, key: &str, within: Duration) -> anyhow::Result<()> {
        let done = surely(&self.socket, CLERK, key, self.texts(), take_in());
        let done = tokio::time::timeout(within, done).await;
        self.confirmed
            .push(done.context("it does not recover")??.matter);
        Ok(())
    }

    /// Everything answered is there, once, and the log is whole.
    ///
    /// # Errors
    /// It is not.
    ///
    /// # Panics
    /// It is not.
    pub async fn found_whole(mut self) -> anyhow::Result<()> {
        self.holds_all().await?;
        self.town.stop().await?;
        let log = self.town.folder(self.county)?.join("data/log");
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let checked = verify_dir(&*disk, &log, None);
        let chain = Chain {
            node: self.county,
            outcome: checked
                .map(|report| report.checked)
                .map_err(|error| error.to_string()),
        };
        let mut logs = Logs::new();
        logs.insert(self.county, export(&LogReader::open(disk, &log)?)?);
        // Its superior and its subordinates never ran: nothing is quiet, but everything must be in order.
        let verdict = judge(&Case {
            confirmed: &ids(&self.confirmed)?,
            chains: &[chain],
            ..Case::new(&logs, &self.town.world.federation)
        });
        assert!(verdict.is_clean(), "{verdict}");
        Ok(())
    }

    /// Every matter that was answered is found at the door, and no key made two.
    ///
    /// # Errors
    /// One is not found.
    ///
    /// # Panics
    /// A key made two.
    pub async fn holds_all(&self) -> anyhow::Result<()> {
        let door = self.town.door(self.county).await?;
        for matter in &self.confirmed {
            let request = pb::GetTicketRequest {
                ticket: matter.clone(),
                with_texts: false,
                purpose: String::new(),
            };
            door.get_ticket(Some(DISPATCHER), request).await?;
        }
        let mut once = self.confirmed.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), self.confirmed.len(), "one key, one matter");
        Ok(())
    }

    fn texts(&self) -> Vec<pb::Text> {
        vec![pb::Text {
            field: "content".into(),
            value: self.content.clone(),
            erased: false,
        }]
    }
}

/// A county of the demonstration's world and a township of it.
///
/// # Errors
/// There is none.
pub fn pair() -> anyhow::Result<(RegionKey, RegionKey)> {
    let plan = hotline::demo::world::federation()?;
    let mut regions = plan.regions().iter();
    let county = *regions
        .find(|(_, region)| region.level == Level::County)
        .context("a county")?
        .0;
    Ok((county, plan.children(county)[0]))
}

/// Words for a person: Chinese, and something to do or to wait for.
///
/// # Panics
/// They are not.
pub fn in_words(error: &CallError) {
    let words = &error.message;
    let chinese = words
        .chars()
        .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let advised = ["重试", "重发", "空间"]
        .iter()
        .any(|word| words.contains(word));
    assert!(chinese && advised, "{words}");
}

/// A small file system of its own, gone when dropped.
pub struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None` where there is no right to mount one.
    #[must_use]
    pub fn mount(at: &Path, mib: u32) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_path_buf()))
    }

    /// Mounts it again in another way. What is to be read-only must not be written by a process meanwhile.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remount(&self, how: &str) -> anyhow::Result<()> {
        let mut mount = Command::new("mount");
        let done = mount.args(["-o", &format!("remount,{how}")]).arg(&self.0);
        anyhow::ensure!(done.status()?.success(), "not remounted {how}");
        Ok(())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg("-l").arg(&self.0).status();
        if let Err(error) = gone {
            eprintln!("{} stays mounted: {error}", self.0.display());
        }
    }
}

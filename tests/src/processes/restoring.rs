//! The restore drill: a county with two children and work under way on all three links comes back, by the manual, from
//! a backup that is older than its last acts, while its parent and its children run on. It is told once and again, for
//! what went wrong here depended on which of two threads was first.

use super::{LOOK_EVERY, PATIENCE, Town, program};
use anyhow::Context as _;
use hotline::cli::client::Client;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR};
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_topology::{Level, RegionKey};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for a node to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Legs asked for at a time.
const PAGE: u32 = 500;

/// What the rounds of a drill showed.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Rounds in which the links came back, nobody was blocked, and both ends of every leg agreed.
    pub rounds: usize,
    /// Legs whose two ends were compared, all rounds together.
    pub legs: usize,
    /// Dials of the county that failed after it came back; that either end asks to begin anew is none.
    pub failed: usize,
    /// From the start of the process until all three links stood, a round.
    pub linked: Vec<Duration>,
    /// Until every neighbour had answered and both ends of every leg agreed.
    pub agreed: Vec<Duration>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
        let mean = |times: &[Duration]| {
            times.iter().sum::<Duration>() / u32::try_from(times.len().max(1)).unwrap_or(1)
        };
        write!(
            f,
            "{} restores: links back after {:.1} s (at most {:.1} s), all legs agreed after {:.1} s (at most {:.1} s); \
             {} comparisons of both ends of a leg, no link refused, {} dials failed",
            self.rounds,
            mean(&self.linked).as_secs_f64(),
            longest(&self.linked).as_secs_f64(),
            mean(&self.agreed).as_secs_f64(),
            longest(&self.agreed).as_secs_f64(),
            self.legs,
            self.failed,
        )
    }
}

/// Restores a county so many times.
///
/// # Errors
/// A link was refused or did not come back, or the two ends of a leg do not agree; names the round.
pub async fn drill(folder: &Path, rounds: usize) -> anyhow::Result<Figures> {
    let mut drill = Drill::start(folder).await?;
    let mut figures = Figures::default();
    for round in 1..=rounds {
        let done = drill.round(round, &mut figures).await;
        done.with_context(|| format!("round {round} of {rounds}"))?;
    }
    drill.town.stop().await?;
    Ok(figures)
}

/// A province, a city, a county and its two townships.
struct Drill {
    town: Town,
    folder: PathBuf,
    city: RegionKey,
    county: RegionKey,
    below: Vec<RegionKey>,
    doors: BTreeMap<RegionKey, Client>,
}

impl Drill {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let plan = hotline::demo::world::federation()?;
        let counties = plan.regions().iter().filter(|(key, region)| {
            region.level == Level::County && plan.children(**key).len() >= 2
        });
        let county = *counties.map(|(key, _)| key).next().context("no county")?;
        let below: Vec<_> = plan.children(county).iter().copied().take(2).collect();
        let mut above: Vec<_> = plan.ancestors(county).collect();
        let city = *above.first().context("no city")?;
        above.reverse();
        let all: Vec<_> = above
            .into_iter()
            .chain([county])
            .chain(below.clone())
            .collect();
        let town = Town::start(&folder.join("town"), &all).await?;
        let mut doors = BTreeMap::new();
        for region in all {
            doors.insert(region, town.door(region).await?);
        }
        let drill = Self {
            town,
            folder: folder.to_path_buf(),
            city,
            county,
            below,
            doors,
        };
        drill.linked().await?;
        Ok(drill)
    }

    fn door(&self, region: RegionKey) -> anyhow::Result<&Client> {
        self.doors.get(&region).context("no door")
    }

    async fn round(&mut self, round: usize, figures: &mut Figures) -> anyhow::Result<()> {
        self.work(3).await?;
        let data = self.town.folder(self.county)?.join("data");
        let backup = self.folder.join(format!("backup-{round}"));
        store(&[p("backup"), &data, p("--to"), &backup])?;
        // Eight acts on each link, the last of them still on their way when the node is stopped.
        self.work(4).await?;
        self.town.signal(self.county, "TERM").await?;
        let ended = self.town.ended(self.county, STOP_MAX).await?;
        anyhow::ensure!(ended.is_some_and(|it| it.success()), "{ended:?}");
        let old = self.folder.join(format!("old-{round}"));
        std::fs::rename(&data, &old)?;
        let restore = [p("restore"), p("--from"), &backup, p("--data"), &data];
        store(&[&restore[..], &[p("--destructions"), &old]].concat())?;

        let before = self.town.log(self.county)?.len();
        let begun = Instant::now();
        self.town.restart(self.county).await?;
        let door = self.town.door(self.county).await?;
        self.doors.insert(self.county, door);
        self.linked().await?;
        figures.linked.push(begun.elapsed());
        let county = self.door(self.county)?;
        soon("every neighbour has answered", || async {
            self.nobody_is_refused().await?;
            let status = county.get_status(Some(OPERATOR), pb::GetStatusRequest {});
            let awaited = status.await?.exchanging;
            Ok((!awaited.is_empty()).then(|| format!("{awaited:?}")))
        })
        .await?;
        let mut compared = 0;
        for peer in [self.city].into_iter().chain(self.below.clone()) {
            let other = self.door(peer)?;
            soon("both ends of every leg agree", || async {
                let (ours, theirs) = (
                    shared(county, peer).await?,
                    shared(other, self.county).await?,
                );
                Ok((ours != theirs).then(|| format!("{ours:?}\n{theirs:?}")))
            })
            .await?;
            compared += shared(county, peer).await?.len();
        }
        self.nobody_is_refused().await?;
        figures.agreed.push(begun.elapsed());
        figures.legs += compared;
        figures.rounds += 1;
        let log = self.town.log(self.county)?;
        figures.failed += log
            .get(before..)
            .unwrap_or_default()
            .matches("拨号失败")
            .count();
        // What grows with the rounds is not what is looked at.
        std::fs::remove_dir_all(&old)?;
        std::fs::remove_dir_all(&backup)?;
        Ok(())
    }

    /// The city gives to the county, the county to each township, and whoever has something new signs for it.
    async fn work(&self, times: usize) -> anyhow::Result<()> {
        let county = self.door(self.county)?;
        for _ in 0..times {
            give(self.door(self.city)?, self.county).await?;
            for below in &self.below {
                give(county, *below).await?;
                sign_one(self.door(*below)?, *below).await?;
            }
            sign_one(county, self.county).await?;
        }
        Ok(())
    }

    /// Waits until the county's three links stand, as both ends see it, with nobody refused meanwhile.
    async fn linked(&self) -> anyhow::Result<()> {
        let wanted = 1 + self.below.len();
        soon("the links of the county stand", || async {
            self.nobody_is_refused().await?;
            let links = links(self.door(self.county)?).await?;
            let stand = links.iter().filter(|link| link.connected).count();
            Ok((stand != wanted).then(|| format!("{stand} of {wanted}")))
        })
        .await
    }

    async fn nobody_is_refused(&self) -> anyhow::Result<()> {
        for (region, door) in &self.doors {
            let all = links(door).await?;
            if let Some(link) = all.iter().find(|link| !link.blocked.is_empty()) {
                let log = self.town.log(self.county)?;
                anyhow::bail!("{region} refuses {}: {}\n{log}", link.region, link.blocked);
            }
        }
        Ok(())
    }
}

/// Waits until `look` finds nothing left. An error ends it: a refusal does not pass, waiting would only hide it.
async fn soon<F>(what: &str, mut look: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Option<String>>>,
{
    let begun = Instant::now();
    while let Some(left) = look().await? {
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "waited in vain until {what}: {left}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn links(door: &Client) -> anyhow::Result<Vec<pb::Link>> {
    let request = pb::ListLinksRequest {};
    Ok(door.list_links(Some(OPERATOR), request).await?.links)
}

/// Takes a matter in and gives it on.
async fn give(door: &Client, to: RegionKey) -> anyhow::Result<()> {
    let verb = Verb::TakeIn(pb::TakeIn {
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
    let matter = door.execute(Some(CLERK), command).await?.matter;
    let verb = Verb::Assign(pb::Assign {
        matter,
        takers: vec![to.to_string()],
        basis: "属地管理".into(),
        ..Default::default()
    });
    execute(door, verb).await
}

/// Signs for the first leg that has come and is not signed for yet.
async fn sign_one(door: &Client, me: RegionKey) -> anyhow::Result<()> {
    let waiting = legs(door).await?.into_iter();
    let mut waiting = waiting.filter(|leg| leg.taker == me.to_string() && leg.stage == "delivered");
    match waiting.next() {
        Some(leg) => execute(door, Verb::Sign(pb::OnLeg { leg: leg.id })).await,
        None => Ok(()),
    }
}

async fn execute(door: &Client, verb: Verb) -> anyhow::Result<()> {
    let command = pb::Command {
        verb: Some(verb),
        ..Default::default()
    };
    door.execute(Some(DISPATCHER), command).await?;
    Ok(())
}

async fn legs(door: &Client) -> anyhow::Result<Vec<pb::Leg>> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = pb::ListLegsRequest {
            limit: PAGE,
            cursor,
            ..Default::default()
        };
        let page = door.list_legs(Some(OPERATOR), request).await?;
        all.extend(page.legs);
        if page.cursor.is_empty() {
            return Ok(all);
        }
        cursor = page.cursor;
    }
}

/// Where the legs between a door's node and another stand.
async fn shared(
    door: &Client,
    with: RegionKey,
) -> anyhow::Result<BTreeMap<String, (String, i64, i64, String)>> {
    let with = with.to_string();
    let legs = legs(door).await?.into_iter();
    let legs = legs.filter(|leg| leg.side != "sight" && (leg.giver == with || leg.taker == with));
    Ok(legs
        .map(|leg| {
            (
                leg.id,
                (leg.stage, leg.signed_at_ms, leg.due_ms, leg.closure),
            )
        })
        .collect())
}

fn store(args: &[&Path]) -> anyhow::Result<()> {
    let done = std::process::Command::new(program())
        .arg("store")
        .args(args)
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{args:?}: {said}");
    Ok(())
}

fn p(text: &str) -> &Path {
    Path::new(text)
}

//! The small world of the demonstration: one province, one city, two counties, three townships, their certificates,
//! people and configuration files.

use super::ports::HeldPort;
use crate::clock::{Clock as _, SystemClock};
use crate::entropy::OsEntropy;
use crate::identity::authority::{AUTHORITY_DAYS, Authority, LEAF_DAYS, Signer, Term};
use crate::identity::profile::{Subject, TrustDomain};
use anyhow::Context as _;
use hotline_topology::divisions::{Division, divisions};
use hotline_topology::new::{Select, Settings, generate};
use hotline_topology::{Federation, Level, RegionKey, Target, Time};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// 山西省
const PROVINCE: RegionKey = RegionKey::literal("140000000000");
/// 泽州县 and 陵川县, with how many townships of each run a node.
const COUNTIES: [(RegionKey, usize); 2] = [
    (RegionKey::literal("140525000000"), 2),
    (RegionKey::literal("140524000000"), 1),
];
/// Node time at the start: a Monday morning.
const START: &str = "2026-03-02 08:30";
/// Longest path of a Unix socket, in bytes, that every system takes.
const SOCKET_BYTES_MAX: usize = 100;

/// 受理员: takes in, answers, refuses, withdraws.
pub const CLERK: &str = "受理员";
/// 回访员: calls back; has handled nothing.
pub const CALLER: &str = "回访员";
/// 派单员: assigns, rules, closes.
pub const DISPATCHER: &str = "派单员";
/// 督办员: supervises.
pub const SUPERVISOR: &str = "督办员";
/// 运维员: clock and links.
pub const OPERATOR: &str = "运维员";

/// One node's place in the demonstration.
#[derive(Debug, Clone)]
pub struct Place {
    /// The region.
    pub region: RegionKey,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// The region above.
    pub parent: Option<RegionKey>,
    /// Its folder: configuration, data, log.
    pub folder: PathBuf,
    /// The operator door.
    pub socket: PathBuf,
    /// Where it listens for children.
    pub links: SocketAddr,
    /// Where it serves `/readyz`.
    pub http: SocketAddr,
}

/// The whole world.
#[derive(Debug)]
pub struct World {
    /// The demonstration's folder.
    pub folder: PathBuf,
    /// The tree.
    pub federation: Federation,
    /// The nodes, superiors first.
    pub places: Vec<Place>,
    /// The nodes' ports, theirs for as long as the world stands, whether they run or not.
    _held: Vec<HeldPort>,
}

/// Time as all nodes see it.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The machine's time at which node time was the start, in milliseconds since 1970.
    pub epoch_ms: i64,
    /// Seconds of node time in a second of life.
    pub rate: u32,
}

/// The tree of the demonstration.
///
/// # Errors
/// The built-in divisions lack what it needs.
pub fn federation() -> anyhow::Result<Federation> {
    let all = divisions();
    let mut chosen = vec![PROVINCE];
    for (county, townships) in COUNTIES {
        let below: Vec<&Division> = all.iter().filter(|d| d.parent == Some(county)).collect();
        anyhow::ensure!(below.len() >= townships, "区划数据中 {county} 的乡镇不足");
        chosen.extend(below.iter().take(townships).map(|division| division.key));
    }
    let settings = Settings {
        trust_domain: "demo.hotline.internal".to_owned(),
        ..Settings::default()
    };
    Ok(generate(&Select::Regions(chosen), &settings)?)
}

impl World {
    /// Makes folder, certificates and topology; ports are free ones of this machine.
    ///
    /// # Errors
    /// A file cannot be written, or the folder's path is too long for a socket.
    pub fn make(folder: &Path) -> anyhow::Result<Self> {
        Self::of(folder, federation()?)
    }

    /// The same for any tree.
    ///
    /// # Errors
    /// As for [`World::make`].
    pub fn of(folder: &Path, federation: Federation) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("不能新建文件夹 {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        anyhow::ensure!(
            !folder.join("federation.toml").exists(),
            "{} 中已有一次演示；请另选文件夹或先删去它",
            folder.display()
        );
        write(&folder.join("federation.toml"), &federation.to_toml())?;
        certify(&folder, &federation)?;
        let mut places = Vec::new();
        let mut held = Vec::new();
        for key in federation.subtree(federation.root()) {
            let Some(region) = federation.region(key).filter(|region| region.node) else {
                continue;
            };
            let own = folder.join(key.as_str());
            let socket = own.join("door.sock");
            anyhow::ensure!(
                socket.as_os_str().len() <= SOCKET_BYTES_MAX,
                "{} 的路径太长，放不下套接字；请用 --dir 另选较短的文件夹",
                folder.display()
            );
            let (links, http) = (HeldPort::take()?, HeldPort::take()?);
            places.push(Place {
                region: key,
                name: region.name.clone(),
                level: region.level,
                parent: region.parent,
                folder: own,
                socket,
                links: links.address(),
                http: http.address(),
            });
            held.extend([links, http]);
        }
        places.sort_by_key(|place| (federation.depth(place.region), place.region));
        Ok(Self {
            folder,
            federation,
            places,
            _held: held,
        })
    }

    /// A node's place.
    ///
    /// # Errors
    /// It is none of this world.
    pub fn place(&self, region: RegionKey) -> anyhow::Result<&Place> {
        self.places
            .iter()
            .find(|place| place.region == region)
            .with_context(|| format!("演示中没有 {region}"))
    }

    /// Name of a region for people.
    #[must_use]
    pub fn name(&self, region: RegionKey) -> &str {
        self.federation
            .region(region)
            .map_or("", |region| region.name.as_str())
    }

    /// Regions of a level.
    #[must_use]
    pub fn of_level(&self, level: Level) -> Vec<RegionKey> {
        let of_level = self.places.iter().filter(|place| place.level == level);
        of_level.map(|place| place.region).collect()
    }

    /// Units of a region that differ, the one that its catalogue names for the category first.
    #[must_use]
    pub fn units(&self, region: RegionKey, category: &str) -> Vec<String> {
        let named = match self.federation.lookup(region, category, None) {
            Some(Target::Unit(unit)) => Some(unit),
            _ => None,
        };
        let all = self.federation.region(region).map(|region| &region.units);
        let others = all.into_iter().flatten().map(|unit| unit.key.clone());
        let mut units: Vec<String> = Vec::new();
        for unit in named.into_iter().chain(others) {
            let unit = unit.to_string();
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        units
    }

    /// Writes a node's configuration; `parent` is where it reaches its parent.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure(
        &self,
        place: &Place,
        parent: Option<SocketAddr>,
        pace: Pace,
    ) -> anyhow::Result<PathBuf> {
        let file = place.folder.join("node.toml");
        std::fs::create_dir_all(&place.folder)?;
        write(
            &file,
            &self.configuration(place, parent, pace, own_uid(&self.folder)?)?,
        )?;
        Ok(file)
    }

    fn configuration(
        &self,
        place: &Place,
        parent: Option<SocketAddr>,
        pace: Pace,
        uid: u32,
    ) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let certs = format!("../certs/nodes/{}", place.region);
        writeln!(text, "# {} 节点，由 hotline demo 写成", place.name)?;
        writeln!(
            text,
            "[node]\nregion = \"{}\"\ndata = \"data\"",
            place.region
        )?;
        writeln!(
            text,
            "topology = \"../federation.toml\"\ncerts = \"{certs}\"\n"
        )?;
        writeln!(text, "[node.demo_clock]\nstart = \"{START}\"")?;
        writeln!(text, "epoch_ms = {}\nrate = {}\n", pace.epoch_ms, pace.rate)?;
        writeln!(text, "[links]\nlisten = \"{}\"", place.links)?;
        if let Some(parent) = parent {
            writeln!(text, "parent = \"{parent}\"")?;
        }
        writeln!(
            text,
            "\n[operator]\nsocket = \"door.sock\"\nfront_ends = [{uid}]\n"
        )?;
        let staff = [
            (CLERK, "clerk"),
            (CALLER, "clerk"),
            (DISPATCHER, "dispatcher"),
            (SUPERVISOR, "supervisor"),
            (OPERATOR, "operator"),
        ];
        for (name, role) in staff {
            writeln!(
                text,
                "[[operator.person]]\nname = \"{name}\"\nroles = [\"{role}\"]\n"
            )?;
        }
        for unit in self.units(place.region, "") {
            writeln!(text, "[[operator.person]]\nname = \"{}\"", handler(&unit))?;
            writeln!(text, "roles = [\"handler\"]\nunit = \"{unit}\"\n")?;
        }
        writeln!(text, "[http]\nlisten = \"{}\"", place.http)?;
        Ok(text)
    }
}

/// The person who handles tickets at a unit.
#[must_use]
pub fn handler(unit: &str) -> String {
    format!("{unit}承办人")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("不能写 {}", path.display()))
}

/// A root, the province's authority, and each node's certificate by it. Links are checked by the time that it is, evidence
/// by the time of the demo's clock when it was written: every certificate holds at both.
fn certify(folder: &Path, federation: &Federation) -> anyhow::Result<()> {
    let (now, entropy) = (SystemClock::new().now(), &mut OsEntropy);
    let begun: Time = START.parse().map_err(anyhow::Error::msg)?;
    let begun = begun.min(now);
    let term = |days| Term {
        not_before: Term::days(begun, days).not_before,
        ..Term::days(now, days)
    };
    let domain: TrustDomain = federation.trust_domain().parse()?;
    let authority = Authority::init(&folder.join("certs"), &domain, begun, entropy)?;
    let root = federation.root();
    let province = Subject::Authority(root);
    authority.issue(&province, Signer::Root, term(AUTHORITY_DAYS), now, entropy)?;
    for (key, _) in federation
        .regions()
        .iter()
        .filter(|(_, region)| region.node)
    {
        let (node, by) = (Subject::Node(*key), Signer::Region(root));
        authority.issue(&node, by, term(LEAF_DAYS), now, entropy)?;
    }
    // The root's first list is as old as the demo's beginning.
    Ok(authority.refresh_lists(now)?)
}

/// This process's user: whoever owns what it makes.
fn own_uid(folder: &Path) -> anyhow::Result<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata(folder.join("federation.toml"))?.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn seven_nodes_of_four_levels() {
        let federation = federation().unwrap();
        let names: Vec<_> = federation
            .regions()
            .values()
            .map(|region| region.name.as_str())
            .collect();
        assert_eq!(names.len(), 7, "{names:?}");
        for name in ["山西省", "晋城市", "泽州县", "陵川县"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert_eq!(federation.root(), PROVINCE);
        let below = |key| federation.children(key).len();
        assert_eq!(COUNTIES.map(|(county, _)| below(county)), [2, 1]);
    }

    #[test]
    fn every_configuration_is_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::make(folder.path()).unwrap();
        assert_eq!(world.places.len(), 7);
        assert_eq!(world.places[0].region, PROVINCE);
        let pace = Pace {
            epoch_ms: 1,
            rate: 30_000,
        };
        for place in &world.places {
            let file = world.configure(place, Some(place.http), pace).unwrap();
            let config = Config::load(&file).unwrap();
            assert_eq!(config.node.region, place.region.as_str());
            let known = |name: &str| config.operator.people.iter().any(|p| p.name == name);
            let units = world.units(place.region, "0201");
            assert!(units.len() >= 3, "{units:?}");
            assert!(units.iter().all(|unit| known(&handler(unit))));
        }
        assert!(World::make(folder.path()).is_err(), "a second one over it");
    }
}

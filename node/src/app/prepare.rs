//! Preparing: everything that the configuration names is read, and checked against each other, before anything is made,
//! answered or dialled.

use super::folder;
use super::listening::Ports;
use super::world::Known;
use crate::config::{Config, Fault, Faults};
use crate::identity::{self, Material};
use crate::link;
use hotline_topology::{Federation, PolicyPack, RegionKey};
use std::path::Path;

/// A configuration whose files were read and found whole.
pub struct Prepared {
    pub(super) config: Config,
    pub(super) me: RegionKey,
    pub(super) known: Known,
    pub(super) material: Material,
}

/// The same, with data folder and ports found fit for a start; the ports are taken.
pub struct Ready {
    pub(super) prepared: Prepared,
    pub(super) ports: Ports,
}

impl Ready {
    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.prepared.config
    }

    /// Reads and checks everything that a start needs, and takes the ports. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// All faults at once: of files, certificates, data folder and ports. Nothing was made and nobody was answered.
    pub fn check(file: &Path) -> Result<Self, Faults> {
        let (config, mut faults) = Config::read(file)?;
        let of_sections: Vec<_> = faults.iter().map(|fault| fault.key.clone()).collect();
        let (data, me) = (config.node.data.clone(), config.node.key());
        let ports = Ports::take(&config, &mut faults);
        if let Ok(me) = me {
            folder::check(&data, me, file, &mut faults);
        }
        match Prepared::read(config, file) {
            Ok(prepared) if faults.is_empty() => Ok(Self { prepared, ports }),
            Ok(_) => Err(Faults {
                file: file.to_owned(),
                faults,
            }),
            Err(found) => {
                // What a section says of a setting is the nearer cause of what else goes wrong with it.
                let more = found.faults.into_iter();
                faults.extend(more.filter(|fault| !of_sections.contains(&fault.key)));
                Err(Faults {
                    file: found.file,
                    faults,
                })
            }
        }
    }
}

impl Prepared {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// All faults of topology, packs and certificates at once.
    pub fn read(config: Config, file: &Path) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let known = read_known(&config, &mut faults);
        let material = Material::load_node(&config.node.certs)
            .map_err(|error| faults.push(fault("node.certs", error.to_string())));
        let me = config
            .node
            .key()
            .map_err(|error| faults.push(fault("node.region", error.to_string())));
        if let (Some(known), Ok(me)) = (&known, me) {
            check_place(known, me, &config, &mut faults);
            if let Ok(material) = &material {
                check_identity(known, me, material, &mut faults);
            }
        }
        match (known, material, me) {
            (Some(known), Ok(material), Ok(me)) if faults.is_empty() => Ok(Self {
                config,
                me,
                known,
                material,
            }),
            _ => Err(Faults {
                file: file.to_owned(),
                faults,
            }),
        }
    }
}

fn fault(key: &str, message: String) -> Fault {
    Fault {
        key: key.to_owned(),
        message,
    }
}

/// Topology and packs; faults are collected.
fn read_known(config: &Config, faults: &mut Vec<Fault>) -> Option<Known> {
    let mut read = |key: &str, path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| faults.push(fault(key, format!("{} 读不了：{error}", path.display()))))
            .ok()
            .map(|text| (path.display().to_string(), text))
    };
    let topology = read("node.topology", &config.node.topology);
    let packs: Vec<_> = config
        .node
        .policy
        .iter()
        .map(|path| read("node.policy", path))
        .collect();
    let mut parsed = |found: Vec<hotline_topology::Fault>, key: &str| {
        faults.extend(found.into_iter().map(|found| fault(key, found.to_string())));
    };
    let federation = topology.and_then(|(file, text)| {
        Federation::parse(&file, &text)
            .map_err(|found| parsed(found, "node.topology"))
            .ok()
    });
    let mut known = Vec::new();
    for (file, text) in packs.into_iter().flatten() {
        match PolicyPack::parse(&file, &text) {
            Ok(pack) => known.push(pack),
            Err(found) => parsed(found, "node.policy"),
        }
    }
    if config.node.policy.is_empty() {
        known.push(PolicyPack::default_pack());
    }
    if known.is_empty() {
        return None;
    }
    federation.map(|federation| Known {
        federation,
        packs: known,
        older: Vec::new(),
    })
}

/// Whether the certificates are this region's: with another's the node would speak in that one's name, and its neighbours
/// would refuse the real one.
fn check_identity(known: &Known, me: RegionKey, material: &Material, faults: &mut Vec<Fault>) {
    let domain = match known.federation.trust_domain().parse() {
        Ok(domain) => domain,
        Err(error) => return faults.push(fault("node.topology", format!("trust_domain:{error}"))),
    };
    let folder = material.folder.display();
    match identity::examine(material, &domain) {
        Err(error) => faults.push(fault("node.certs", error.to_string())),
        Ok(own) if own.region != me => {
            let name = |key| {
                known
                    .federation
                    .region(key)
                    .map_or("", |region| &region.name)
            };
            faults.push(fault(
                "node.certs",
                format!(
                    "{folder} 里是 {} {} 的证书，而 node.region 是 {me} {}；请放入本节点的证书，或改正 node.region",
                    own.region,
                    name(own.region),
                    name(me),
                ),
            ));
        }
        Ok(_) => {}
    }
}

fn check_place(known: &Known, me: RegionKey, config: &Config, faults: &mut Vec<Fault>) {
    let federation = &known.federation;
    match federation.region(me) {
        None => faults.push(fault("node.region", format!("拓扑文件中没有 {me}"))),
        Some(region) if !region.node => {
            faults.push(fault(
                "node.region",
                format!("拓扑文件说 {me}({})不设节点", region.name),
            ));
        }
        Some(_) => {}
    }
    for pack in &known.packs {
        if !pack.may_govern(federation, me) {
            faults.push(fault(
                "node.policy",
                format!("规则包 {} 不是 {me} 或其上级发布的", pack.id),
            ));
        }
    }
    let place = link::Place::of(federation, me);
    if !place.children.is_empty() && config.links.listen.is_none() {
        let message = format!(
            "有 {} 个下级节点，须写明监听地址，如 0.0.0.0:7443",
            place.children.len()
        );
        faults.push(fault("links.listen", message));
    }
    if let Some(parent) = place.parent
        && config.links.parent.is_none()
        && federation
            .region(parent)
            .is_some_and(|region| region.endpoint.is_none())
    {
        faults.push(fault(
            "links.parent",
            format!("拓扑文件没有上级 {parent} 的地址，须在此写明"),
        ));
    }
}

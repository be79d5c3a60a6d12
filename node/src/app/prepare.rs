//! Preparing: everything that the configuration names is read and checked before a port is bound.

use super::world::Known;
use crate::config::{Config, Fault, Faults};
use crate::identity::Material;
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
            .map_err(|error| faults.push(fault(key, format!("{} 读不了:{error}", path.display()))))
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
            "有 {} 个下级节点,须写明监听地址,如 0.0.0.0:7443",
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
            format!("拓扑文件没有上级 {parent} 的地址,须在此写明"),
        ));
    }
}

//! Makes a new federation from the administrative divisions: the file to start from.
//!
//! Host names are placeholders derived from the keys; units and catalogue are the usual ones
//! of each level. What comes out passes every check and is then edited by people.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::catalogue::Catalogue;
use crate::divisions::{Division, divisions};
use crate::draft::read_standards;
use crate::edge::EdgePolicies;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::read::{Source, Table};
use crate::region::RegionKey;
use crate::standard::Standard;
use crate::time::Time;
use crate::tree::{Federation, Parts, Region};

#[cfg(test)]
mod tests;

/// The usual units and catalogue of each level.
const STANDARDS: &str = include_str!("../data/standards.toml");

/// Which divisions a new federation is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// A province by its full name (`辽宁省`) with all below it.
    Province(String),
    /// A division with all below it.
    Below(RegionKey),
    /// These divisions, with those above them up to the lowest that is above all.
    Regions(Vec<RegionKey>),
}

/// What to write into a new federation besides the divisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Authority part of every node's SPIFFE id.
    pub trust_domain: String,
    /// Follows the host label of a key in every node's host name.
    pub host_suffix: String,
    /// Port of every node.
    pub port: u16,
    /// From when the federation holds.
    pub effective_from: Time,
    /// How many levels below the root to take; `None` takes all.
    pub depth: Option<usize>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            trust_domain: "hotline.internal".into(),
            host_suffix: "hotline.internal".into(),
            port: 7443,
            // 2025-01-01 00:00 local time.
            effective_from: Time(1_735_660_800_000),
            depth: None,
        }
    }
}

/// Why no federation could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// No province of this name; holds what was asked for and the names there are.
    #[error("没有名为“{0}”的省级区划；可选 {1}")]
    Province(String, String),
    /// No division of this key.
    #[error("区划数据中没有 {0}")]
    Region(RegionKey),
    /// An empty list was given, or divisions of different provinces.
    #[error("所选区划没有共同的上级；请选同一省级区划以内的")]
    NoCommonSuperior,
    /// A setting that makes no host name or port; holds the reader's message.
    #[error("{0}")]
    Endpoint(String),
    /// Another setting that makes no federation, such as the trust domain.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("；"))]
    Faults(Vec<Fault>),
}

/// Makes a federation of the selected divisions.
///
/// # Errors
/// When nothing is selected or a setting is malformed; the message says what to change.
pub fn generate(select: &Select, settings: &Settings) -> Result<Federation, GenerateError> {
    let divisions = divisions();
    let (root, chosen) = choose(&divisions, select)?;
    let mut depths: BTreeMap<RegionKey, usize> = BTreeMap::new();
    let mut regions = Vec::new();
    for division in divisions {
        // Divisions come after those above them, so a superior's depth is already known.
        let depth = match division.parent {
            _ if division.key == root => 0,
            Some(parent) => match depths.get(&parent) {
                Some(depth) => depth + 1,
                None => continue,
            },
            None => continue,
        };
        let wanted = chosen
            .as_ref()
            .is_none_or(|keys| keys.contains(&division.key));
        if wanted && settings.depth.is_none_or(|limit| depth <= limit) {
            depths.insert(division.key, depth);
            regions.push(region(division, root, settings)?);
        }
    }
    let parts = Parts {
        trust_domain: settings.trust_domain.clone(),
        version: 1,
        effective_from: settings.effective_from,
        standards: used_standards(&regions),
        regions,
        catalogue: Catalogue::default(),
        edges: EdgePolicies::default(),
        calendar: Calendar::builtin(),
    };
    Federation::build(parts).map_err(GenerateError::Faults)
}

/// The root, and the keys to keep below it (`None` keeps all).
fn choose(
    divisions: &[Division],
    select: &Select,
) -> Result<(RegionKey, Option<BTreeSet<RegionKey>>), GenerateError> {
    match select {
        Select::Province(name) => {
            let mut provinces = divisions
                .iter()
                .filter(|division| division.parent.is_none());
            match provinces.clone().find(|province| province.name == *name) {
                Some(province) => Ok((province.key, None)),
                None => {
                    let names: Vec<_> = provinces.by_ref().map(|p| p.name.as_str()).collect();
                    Err(GenerateError::Province(name.clone(), names.join("、")))
                }
            }
        }
        Select::Below(key) => match divisions.iter().any(|division| division.key == *key) {
            true => Ok((*key, None)),
            false => Err(GenerateError::Region(*key)),
        },
        Select::Regions(keys) => {
            let parents: BTreeMap<_, _> = divisions.iter().map(|d| (d.key, d.parent)).collect();
            let mut chains = Vec::new();
            for key in keys {
                parents.get(key).ok_or(GenerateError::Region(*key))?;
                let up =
                    std::iter::successors(Some(*key), |key| parents.get(key).copied().flatten());
                chains.push(up.collect::<Vec<_>>());
            }
            let common = |key: &&RegionKey| chains.iter().all(|chain| chain.contains(*key));
            let root = *chains
                .first()
                .and_then(|chain| chain.iter().find(common))
                .ok_or(GenerateError::NoCommonSuperior)?;
            Ok((root, Some(chains.into_iter().flatten().collect())))
        }
    }
}

fn region(
    division: Division,
    root: RegionKey,
    settings: &Settings,
) -> Result<Region, GenerateError> {
    let host = format!(
        "{}.{}:{}",
        division.key.host_label(),
        settings.host_suffix,
        settings.port
    );
    let endpoint: Endpoint = host.parse().map_err(GenerateError::Endpoint)?;
    Ok(Region {
        key: division.key,
        name: division.name,
        level: division.level,
        parent: division.parent.filter(|_| division.key != root),
        endpoint: Some(endpoint),
        node: true,
        standard: true,
        succeeds: Vec::new(),
        units: Vec::new(),
    })
}

/// The standards of the levels that occur.
fn used_standards(regions: &[Region]) -> Vec<Standard> {
    let levels: BTreeSet<_> = regions.iter().map(|region| region.level).collect();
    standards()
        .into_iter()
        .filter(|standard| levels.contains(&standard.level))
        .collect()
}

/// The usual units and catalogue of each level, highest first.
pub fn standards() -> Vec<Standard> {
    let source = Source::new("standards.toml", STANDARDS);
    // The text is part of the program, and a test checks it.
    source.parse().map_or_else(
        |_| Vec::new(),
        |document| read_standards(Table::top(&source, &document)),
    )
}

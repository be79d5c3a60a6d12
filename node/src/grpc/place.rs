//! Bodies and regions as people name them: by key, by name, or by a part of the name that fits only one.

use super::codes::Vocabulary;
use super::codes::resolve::fits_several;
use super::refusal::{echo, invalid};
use crate::app::NodeHandle;
use crate::input::choice::{Choice, Named, folded, named};
use hotline_domain::body::Body;
use hotline_topology::{Federation, RegionKey, UnitKey};
use tonic::Status;

/// A body: `140525000000` or 泽州县, `140525000000/住建局`, or `住建局` for a unit of this node, by key or by full name.
///
/// # Errors
/// `INVALID_ARGUMENT`: it is none, or several fit.
pub fn body(node: &NodeHandle, text: &str) -> Result<Body, Status> {
    let known = node.shared().surroundings.known();
    let (federation, me) = (&known.federation, node.shared().surroundings.me());
    let plain = folded(text);
    if let Some((of, name)) = plain.split_once('/') {
        let of = region(node, of)?;
        let unit = unit_of(federation, of, name)?;
        return Ok(Body::Unit(of, unit));
    }
    if let Some(region) = key_of(federation, &plain) {
        return Ok(Body::Node(region));
    }
    let units = Vocabulary::Unit.choices(&known, me);
    let exact = |choice: &Choice| folded(&choice.code) == plain || folded(&choice.label) == plain;
    if units.iter().any(exact) {
        return Ok(Body::Unit(me, unit_of(federation, me, &plain)?));
    }
    let regions = Vocabulary::Region.choices(&known, me);
    let found = match by_name(federation, me, &regions, &plain)? {
        Some(region) => Ok(Body::Node(region)),
        None => unit_of(federation, me, &plain).map(|unit| Body::Unit(me, unit)),
    };
    // A part of a unit's name that is a part of a region's as well is no name of either.
    match (found, named(&units, &plain)) {
        (Ok(Body::Node(region)), Named::One(unit)) if !is_name(&regions, region, &plain) => {
            let region = regions.iter().find(|choice| choice.code == region.as_str());
            let both: Vec<_> = region.into_iter().chain([unit]).collect();
            Err(invalid("body", fits_several(Vocabulary::Unit, text, &both)))
        }
        (found, _) => found,
    }
}

/// A region by key or name.
///
/// # Errors
/// `INVALID_ARGUMENT`: it is none, or several fit.
pub fn region(node: &NodeHandle, text: &str) -> Result<RegionKey, Status> {
    let known = node.shared().surroundings.known();
    let plain = folded(text);
    if let Some(region) = key_of(&known.federation, &plain) {
        return Ok(region);
    }
    let me = node.shared().surroundings.me();
    let regions = Vocabulary::Region.choices(&known, me);
    if let Some(region) = by_name(&known.federation, me, &regions, &plain)? {
        return Ok(region);
    }
    let near: Vec<_> = match named(&regions, &plain) {
        Named::None(near) => near.into_iter().map(Choice::told).collect(),
        Named::One(_) | Named::Several(_) => Vec::new(),
    };
    let near = if near.is_empty() {
        String::new()
    } else {
        format!("；相近的有 {}", near.join("、"))
    };
    Err(invalid(
        "region",
        format!(
            "没有区划“{}”{near}；全部用 hotline codes 区划 查看",
            echo(text)
        ),
    ))
}

/// Keys may hold capital letters.
fn key_of(federation: &Federation, plain: &str) -> Option<RegionKey> {
    let upper = plain.to_ascii_uppercase().parse().ok()?;
    let small: RegionKey = plain.parse().ok()?;
    let known = |key: &RegionKey| federation.region(*key).is_some();
    Some([upper, small].into_iter().find(known).unwrap_or(upper))
}

fn is_name(regions: &[Choice], region: RegionKey, plain: &str) -> bool {
    regions
        .iter()
        .any(|choice| choice.code == region.as_str() && folded(&choice.label) == plain)
}

/// The region of that name: one of the node's own subtree, or one that it can be nowhere else.
fn by_name(
    federation: &Federation,
    me: RegionKey,
    regions: &[Choice],
    plain: &str,
) -> Result<Option<RegionKey>, Status> {
    let own: Vec<Choice> = regions
        .iter()
        .filter(|choice| {
            choice
                .code
                .parse()
                .is_ok_and(|key: RegionKey| key == me || federation.is_below(key, me))
        })
        .cloned()
        .collect();
    for among in [own.as_slice(), regions] {
        match named(among, plain) {
            Named::One(choice) => return Ok(choice.code.parse().ok()),
            Named::Several(several) => {
                let words = fits_several(Vocabulary::Region, plain, &several);
                return Err(invalid("region", words));
            }
            Named::None(_) => {}
        }
    }
    Ok(None)
}

/// A unit of a region by key or name; a key that the region does not have is left to the rules.
fn unit_of(federation: &Federation, of: RegionKey, plain: &str) -> Result<UnitKey, Status> {
    let units: Vec<Choice> = federation
        .region(of)
        .map(|region| {
            let unit = |unit: &hotline_topology::Unit| {
                Choice::new(unit.key.to_string(), unit.name.clone())
            };
            region.units.iter().map(unit).collect()
        })
        .unwrap_or_default();
    let key = match named(&units, plain) {
        Named::One(choice) => choice.code.clone(),
        Named::Several(several) => {
            return Err(invalid(
                "body",
                fits_several(Vocabulary::Unit, plain, &several),
            ));
        }
        Named::None(_) => plain.to_owned(),
    };
    key.parse::<UnitKey>()
        .map_err(|error| invalid("body", format!("{error}；全部用 hotline codes 单位 查看")))
}

//! Which region lies below which, for people who are about to certify one: told by the tree where it is given, else by
//! the table of divisions. Nothing is read out of a key's digits.

use hotline_topology::divisions::divisions;
use hotline_topology::{Federation, RegionKey};
use std::collections::BTreeMap;

/// What is known of who lies below whom.
#[derive(Debug, Clone, Copy)]
pub enum Territory<'a> {
    /// The federation's tree.
    Tree(&'a Federation),
    /// The table of divisions.
    Divisions,
}

/// Why an authority may not certify a region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerritoryError {
    /// The region does not lie below the authority's.
    #[error(
        "{by} 的签发机构只能给本区划及其下级签发，{region} 不在其下（按{told_by}）；各节点会拒绝这样的证书。请改用 {region} 自己或其上级的签发机构{otherwise}"
    )]
    Outside {
        /// Whose authority.
        by: RegionKey,
        /// Who was to be certified.
        region: RegionKey,
        /// What told it.
        told_by: &'static str,
        /// What to do where that is not how things stand.
        otherwise: &'static str,
    },
    /// The tree lacks a region.
    #[error("拓扑文件里没有 {0}；请核对代码，或先把它写进拓扑")]
    Unknown(RegionKey),
}

impl Territory<'_> {
    /// Whether the authority of `by` may certify `region`; false where nothing tells.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, by: RegionKey, region: RegionKey) -> Result<bool, TerritoryError> {
        let outside = |told_by, otherwise| TerritoryError::Outside {
            by,
            region,
            told_by,
            otherwise,
        };
        if by == region {
            return Ok(true);
        }
        match self {
            Self::Tree(tree) => {
                for key in [by, region] {
                    tree.region(key).ok_or(TerritoryError::Unknown(key))?;
                }
                match tree.is_below(region, by) {
                    true => Ok(true),
                    false => Err(outside("拓扑文件", "")),
                }
            }
            Self::Divisions => match below(region, by) {
                Some(true) => Ok(true),
                None => Ok(false),
                Some(false) => Err(outside(
                    "区划表",
                    "；拓扑另有隶属关系的，加 --topology 写明拓扑文件",
                )),
            },
        }
    }
}

/// Whether the table has the first region below the second; `None` where it lacks one of them.
fn below(region: RegionKey, above: RegionKey) -> Option<bool> {
    let parents: BTreeMap<RegionKey, Option<RegionKey>> = divisions()
        .iter()
        .map(|division| (division.key, division.parent))
        .collect();
    parents.get(&above)?;
    let mut at = *parents.get(&region)?;
    while let Some(parent) = at {
        if parent == above {
            return Some(true);
        }
        at = parents.get(&parent).copied().flatten();
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_topology::{Select, Settings, generate};

    const PROVINCE: RegionKey = RegionKey::literal("140000000000");
    const CITY: RegionKey = RegionKey::literal("140500000000");
    const COUNTY: RegionKey = RegionKey::literal("140525000000");
    const OTHER: RegionKey = RegionKey::literal("140524000000");
    const NOWHERE: RegionKey = RegionKey::literal("990100000000");

    #[test]
    fn an_authority_certifies_its_own_region_and_what_lies_below() {
        let regions = vec![COUNTY, OTHER, PROVINCE];
        let tree = generate(&Select::Regions(regions), &Settings::default()).unwrap();
        for territory in [Territory::Tree(&tree), Territory::Divisions] {
            for (by, region, may) in [
                (COUNTY, COUNTY, true),
                (CITY, COUNTY, true),
                (PROVINCE, COUNTY, true),
                (OTHER, COUNTY, false),
                (COUNTY, CITY, false),
            ] {
                let told = territory.check(by, region);
                assert_eq!(told == Ok(true), may, "{by} {region} {told:?}");
                assert_eq!(told.is_err(), !may, "{by} {region} {told:?}");
            }
        }
        let unknown = Territory::Tree(&tree).check(PROVINCE, NOWHERE);
        assert_eq!(unknown, Err(TerritoryError::Unknown(NOWHERE)));
        assert_eq!(Territory::Divisions.check(PROVINCE, NOWHERE), Ok(false));
    }
}

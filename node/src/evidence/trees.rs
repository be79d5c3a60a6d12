//! The versions of the tree that a third party has, and by which of them a signature is judged.
//!
//! A letter names the version under which it was written, and is judged by that one; where it is not given, by the newest
//! before it; else by the others, the newest first. A seal names none: the newest counts first. The next version is asked
//! only where the one before it does not bear the certificate out: a node that moved signs under its new superior's
//! authority as soon as it has the certificate, and what was waiting still names the version of before. Nobody gains by
//! that, for it is the signer who names the version. A node that was dissolved stands in the versions of before alone.

use hotline_topology::{Federation, RegionKey};
use std::collections::BTreeMap;

/// Versions of one federation's tree.
#[derive(Clone, Debug, Default)]
pub struct Trees(BTreeMap<u32, Federation>);

impl Trees {
    /// Takes a version in.
    ///
    /// # Errors
    /// Another content is known under the same version, or another trust domain; in words.
    pub fn put(&mut self, tree: Federation) -> Result<(), String> {
        let domain = tree.trust_domain();
        if let Some(other) = self.0.values().find(|known| known.trust_domain() != domain) {
            let other = other.trust_domain();
            return Err(format!("信任域 {domain} 与另一份的 {other} 不同"));
        }
        let version = tree.version();
        match self.0.insert(version, tree) {
            Some(known) if self.0.get(&version) != Some(&known) => Err(format!(
                "第 {version} 版给了两份，内容不同；请只留下当时签署下发的那一份"
            )),
            _ => Ok(()),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The trust domain of all of them.
    #[must_use]
    pub fn trust_domain(&self) -> Option<&str> {
        self.0.values().next().map(Federation::trust_domain)
    }

    /// The version, where it is given.
    #[must_use]
    pub fn get(&self, version: u32) -> Option<&Federation> {
        self.0.get(&version)
    }

    /// All versions in the order in which they are asked about a signature that names `version`, or none.
    pub fn asked(&self, version: Option<u32>) -> impl Iterator<Item = &Federation> {
        let named = version.unwrap_or(u32::MAX);
        let before = self.0.range(..=named).rev();
        let after = self.0.range(named..).rev();
        let after = after.filter(move |(version, _)| **version > named);
        before.chain(after).map(|(_, tree)| tree)
    }

    /// What to ask for where none of the versions bears the signer's certificate out.
    #[must_use]
    pub fn lacking(&self, signer: RegionKey, version: Option<u32>) -> String {
        let given: Vec<String> = self.0.keys().map(u32::to_string).collect();
        let given = given.join("、");
        let stands = self.0.values().any(|tree| tree.region(signer).is_some());
        let found = match stands {
            true => format!("所给各版拓扑（第 {given} 版）里签发机构都管不到 {signer}"),
            false => format!("所给各版拓扑（第 {given} 版）里都没有 {signer}"),
        };
        match version {
            Some(version) if !self.0.contains_key(&version) => format!(
                "{found}；这封信写于第 {version} 版，请把那一版放进信任文件夹，例如 federation-{version}.toml"
            ),
            Some(version) => format!("{found}，包括它写明的第 {version} 版"),
            None => format!("{found}；请把该区划还在的那一版放进信任文件夹"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_topology::{Select, Settings, generate};

    const COUNTY: RegionKey = RegionKey::literal("140525000000");
    const SIBLING: RegionKey = RegionKey::literal("140524000000");

    fn tree(version: u32, regions: &[RegionKey]) -> Federation {
        let select = Select::Regions(regions.to_vec());
        let tree = generate(&select, &Settings::default()).unwrap();
        let mut parts = tree.into_parts();
        parts.version = version;
        Federation::build(parts).unwrap()
    }

    #[test]
    fn the_version_named_is_asked_first_and_then_the_newest_before_it() {
        let mut trees = Trees::default();
        for version in [5, 2, 9, 7] {
            trees.put(tree(version, &[COUNTY])).unwrap();
        }
        let asked =
            |version| -> Vec<u32> { trees.asked(version).map(Federation::version).collect() };
        assert_eq!(asked(Some(7)), [7, 5, 2, 9]);
        assert_eq!(asked(Some(6)), [5, 2, 9, 7]);
        assert_eq!(asked(Some(1)), [9, 7, 5, 2]);
        assert_eq!(asked(None), [9, 7, 5, 2]);
    }

    #[test]
    fn one_version_has_one_content() {
        let mut trees = Trees::default();
        trees.put(tree(2, &[COUNTY])).unwrap();
        trees.put(tree(2, &[COUNTY])).unwrap();
        let error = trees.put(tree(2, &[SIBLING])).unwrap_err();
        assert!(error.contains("第 2 版给了两份"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut trees = Trees::default();
        trees.put(tree(2, &[COUNTY])).unwrap();
        let words = trees.lacking(SIBLING, Some(1));
        assert!(words.contains("都没有 140524000000"), "{words}");
        assert!(words.contains("federation-1.toml"), "{words}");
        let words = trees.lacking(COUNTY, Some(2));
        assert!(words.contains("管不到 140525000000"), "{words}");
        assert!(!words.contains("请把"), "{words}");
        assert!(trees.lacking(SIBLING, None).contains("还在的那一版"));
    }
}

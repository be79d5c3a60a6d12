//! The administrative divisions of the country, to start a federation file from.
//!
//! Statistical codes of 2023, compact in `data/divisions.txt`; the pseudo-cities and
//! pseudo-counties of the statistical scheme are left out, so that districts hang directly
//! under a municipality, some counties under a province and some townships under a city.

use crate::region::{Level, RegionKey};

/// The divisions; the format is told in the first lines.
const TABLE: &str = include_str!("../data/divisions.txt");

/// What a last letter of a township's name stands for.
const ENDINGS: [(char, &str); 3] = [('j', "街道"), ('z', "镇"), ('x', "乡")];

/// One administrative division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// The statistical code, padded with zeros.
    pub key: RegionKey,
    /// Name without those of its superiors.
    pub name: String,
    /// Its level, as the table states it.
    pub level: Level,
    /// The division above; `None` for provinces.
    pub parent: Option<RegionKey>,
}

/// All divisions, about 44,700, each after the one above it.
pub fn divisions() -> Vec<Division> {
    match decode(TABLE) {
        Ok(divisions) => divisions,
        // The text is part of the program, and a test reads it.
        Err(line) => unreachable!("the built-in table of divisions is faulty: {line}"),
    }
}

/// Reads the table; the error is the line that could not be read.
fn decode(text: &str) -> Result<Vec<Division>, String> {
    let mut divisions = Vec::with_capacity(45_000);
    // Codes of the lines that the next one may hang under.
    let mut above: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let entry = line.trim_start_matches(' ');
        let depth = line.len() - entry.len();
        let wrong = || line.to_owned();
        let (entry, townships) = entry.split_once('\t').unwrap_or((entry, ""));
        let (digits, name) = entry.split_once(' ').ok_or_else(wrong)?;
        if depth > above.len() {
            return Err(wrong());
        }
        above.truncate(depth);
        let parent = above.last().map_or("", String::as_str);
        let code = format!("{parent}{digits}");
        let level = match code.len() {
            2 => Level::Province,
            4 => Level::City,
            6 => Level::County,
            _ => return Err(wrong()),
        };
        let parent = padded(parent);
        let key = padded(&code).ok_or_else(wrong)?;
        divisions.push(Division {
            key,
            name: name.to_owned(),
            level,
            parent,
        });
        decode_townships(&code, key, townships, &mut divisions).ok_or_else(wrong)?;
        above.push(code);
    }
    Ok(divisions)
}

/// The townships of one line, numbered on from the one before unless they say otherwise.
fn decode_townships(
    code: &str,
    parent: RegionKey,
    text: &str,
    into: &mut Vec<Division>,
) -> Option<()> {
    let mut number = 0u32;
    let width = 9 - code.len();
    for item in text.split(' ').filter(|item| !item.is_empty()) {
        let name = match item.split_once(':') {
            Some((digits, name)) => {
                number = digits.parse().ok()?;
                name
            }
            None => {
                number += 1;
                item
            }
        };
        let ending = ENDINGS.iter().find(|(letter, _)| name.ends_with(*letter));
        let name = match ending {
            Some((letter, word)) => format!("{}{word}", name.strip_suffix(*letter)?),
            None => name.to_owned(),
        };
        let key = padded(&format!("{code}{number:0width$}"))?;
        into.push(Division {
            key,
            name,
            level: Level::Township,
            parent: Some(parent),
        });
    }
    Some(())
}

/// A code as a key; `None` for the empty code.
fn padded(code: &str) -> Option<RegionKey> {
    let mut bytes = [b'0'; 12];
    bytes
        .get_mut(..code.len())
        .filter(|_| !code.is_empty())?
        .copy_from_slice(code.as_bytes());
    RegionKey::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_division_is_there() {
        let divisions = divisions();
        let count = |level| {
            divisions
                .iter()
                .filter(|division| division.level == level)
                .count()
        };
        assert_eq!(Level::ALL.map(count), [31, 333, 2_975, 41_351]);
        let mut seen = BTreeMap::new();
        for division in &divisions {
            assert!(
                division
                    .parent
                    .is_none_or(|parent| seen[&parent] < division.level),
                "{division:?}"
            );
            assert_eq!(seen.insert(division.key, division.level), None);
            assert!(
                division.name.chars().all(|c| !c.is_ascii_alphanumeric()),
                "{division:?}"
            );
        }
    }

    /// The hash of all codes, names and superiors as the source tables have them.
    #[test]
    fn nothing_was_changed_on_the_way() {
        let code = |key: RegionKey, level| match level {
            Level::Province => key.as_str()[..2].to_owned(),
            Level::City => key.as_str()[..4].to_owned(),
            Level::County => key.as_str()[..6].to_owned(),
            Level::Township => key.as_str()[..9].to_owned(),
        };
        let divisions = divisions();
        let codes: BTreeMap<_, _> = divisions
            .iter()
            .map(|d| (d.key, code(d.key, d.level)))
            .collect();
        let lines: BTreeSet<_> = divisions
            .iter()
            .map(|d| {
                let parent = d.parent.map_or("", |parent| &codes[&parent]);
                format!("{} {} {parent}\n", codes[&d.key], d.name)
            })
            .collect();
        let hash = lines
            .iter()
            .flat_map(|line| line.bytes())
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        assert_eq!(hash, 0x3e7a_389f_0fbf_a46e);
    }

    #[test]
    fn what_is_no_ordinary_tree() {
        let divisions = divisions();
        let parent = |name: &str, key: &str| {
            let found = divisions.iter().find(|d| d.key.as_str() == key).unwrap();
            assert_eq!(found.name, name);
            let parent = found.parent.unwrap();
            divisions
                .iter()
                .find(|d| d.key == parent)
                .unwrap()
                .name
                .clone()
        };
        assert_eq!(parent("东城区", "110101000000"), "北京市");
        assert_eq!(parent("济源市", "419001000000"), "河南省");
        assert_eq!(parent("五指山市", "469001000000"), "海南省");
        assert_eq!(parent("石河子市", "659001000000"), "新疆维吾尔自治区");
        assert_eq!(parent("东城街道", "441900003000"), "东莞市");
        assert_eq!(parent("泽州县", "140525000000"), "晋城市");
        assert!(
            !divisions
                .iter()
                .any(|d| d.name == "市辖区" || d.name.contains("直辖县级"))
        );
    }
}

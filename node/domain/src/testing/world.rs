//! Documents of the world in tests: a line that says what it is and who signed it, then the content.

use super::fed::Fed;
use crate::kernel::Input;
use crate::row::{Row, RowKey};
use crate::view::View;
use crate::world::{Document, DocumentKind, Examined, Examiner, Header, Series};
use hotline_topology::{Federation, RegionKey, Time};

/// Believes the line.
pub(crate) struct TestExaminer {
    /// When the oldest revocation list of the node was signed.
    pub lists_at: Option<Time>,
}

/// A document signed by the authority of a region; the root's signs for the root of the tree.
pub(crate) fn document(header: &Header, signer: RegionKey, body: &str) -> Vec<u8> {
    let Series { kind, scope, name } = &header.series;
    let at = DocumentKind::ALL.iter().position(|known| known == kind);
    let (at, version, effective) = (at.expect("a kind"), header.version, header.effective_at.0);
    format!("{at} {scope} [{name}] {version} {effective} {signer}\n{body}").into_bytes()
}

/// A version of the tree, signed by the root.
pub(crate) fn topology(tree: &Federation, effective_at: Time) -> Vec<u8> {
    let header = Header {
        series: Series {
            kind: DocumentKind::Topology,
            scope: tree.root(),
            name: String::new(),
        },
        version: tree.version(),
        effective_at,
    };
    document(&header, tree.root(), &tree.to_toml())
}

impl Examiner for TestExaminer {
    fn examine(&self, bytes: &[u8], federation: &Federation) -> Result<Examined, String> {
        let text = String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?;
        let (line, body) = text.split_once('\n').ok_or("没有首行")?;
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, scope, name, version, effective, signer] = words[..] else {
            return Err("首行不全".to_owned());
        };
        let kind = DocumentKind::ALL[kind.parse::<usize>().map_err(|error| error.to_string())?];
        let scope: RegionKey = scope.parse().map_err(|_| "区划不对")?;
        let signer: RegionKey = signer.parse().map_err(|_| "签署者不对")?;
        let may = match kind {
            DocumentKind::Pack | DocumentKind::Revocations => {
                signer == scope || federation.is_below(scope, signer)
            }
            _ => signer == federation.root() && scope == signer,
        };
        if !may {
            return Err(format!("{signer} 无权签署 {scope} 的{}", kind.label()));
        }
        if kind == DocumentKind::Topology {
            let faults = hotline_topology::check("下发的拓扑", body);
            if !faults.is_empty() {
                return Err(faults[0].to_string());
            }
        }
        let header = Header {
            series: Series {
                kind,
                scope,
                name: name.trim_matches(['[', ']']).to_owned(),
            },
            version: version.parse().map_err(|_| "版本不对")?,
            effective_at: Time(effective.parse().map_err(|_| "生效时间不对")?),
        };
        Ok(Examined {
            header,
            lists_at: None,
        })
    }

    fn lists_at(&self) -> Option<Time> {
        self.lists_at
    }
}

impl Fed {
    /// The documents that a node accepted.
    pub(crate) fn documents(&self, region: RegionKey) -> Vec<Document> {
        let rows = self.nodes[&region].view.rows();
        rows.filter_map(|(_, row)| match row {
            Row::Document(document) => Some((**document).clone()),
            _ => None,
        })
        .collect()
    }

    /// Whether the first has the second for its parent, and is let in: as a child, or as one that has not learned yet
    /// that it moved.
    pub(super) fn dials(&self, child: RegionKey, parent: RegionKey) -> bool {
        let (below, above) = (&self.nodes[&child], &self.nodes[&parent]);
        let former = || {
            let mut older = above.older.iter();
            let met = above.view.get(&RowKey::Link(child));
            older.any(|tree| tree.parent(child) == Some(parent))
                && met.is_ok_and(|row| row.is_some())
        };
        below.tree.parent(child) == Some(parent)
            && (above.tree.parent(child) == Some(parent) || former())
    }

    /// What the shell does when a version comes into force: the highest topology is taken up.
    pub(super) fn take_up(&mut self, region: RegionKey) {
        let due = |document: &&Document| {
            document.in_force_at.is_some() && document.header.series.kind == DocumentKind::Topology
        };
        let documents = self.documents(region);
        if let Some(newest) = documents.iter().rfind(due) {
            let node = self.nodes.get_mut(&region).expect("a node");
            let mut bytes = Vec::new();
            for no in 0..newest.parts {
                let key = RowKey::DocumentPart(newest.digest, no);
                if let Ok(Some(Row::DocumentPart(part))) = node.view.get(&key) {
                    bytes.extend(part);
                }
            }
            let text = String::from_utf8(bytes).expect("text");
            let (_, body) = text.split_once('\n').expect("a body");
            let tree = Federation::parse("下发的拓扑", body).expect("examined before");
            if tree.version() > node.tree.version() {
                node.older.push(std::mem::replace(&mut node.tree, tree));
            }
        }
        self.take_up_calendar(region);
        self.input(region, Input::WorldChanged);
    }

    fn take_up_calendar(&mut self, region: RegionKey) {
        let due = |document: &&Document| {
            document.in_force_at.is_some() && document.header.series.kind == DocumentKind::Calendar
        };
        let documents = self.documents(region);
        let Some(newest) = documents.iter().rfind(due) else {
            return;
        };
        let node = self.nodes.get_mut(&region).expect("a node");
        let key = RowKey::DocumentPart(newest.digest, 0);
        let Ok(Some(Row::DocumentPart(bytes))) = node.view.get(&key) else {
            panic!("a calendar is one part");
        };
        let text = String::from_utf8(bytes).expect("text");
        let (_, body) = text.split_once('\n').expect("a body");
        node.tree = super::calendars::with_calendar(&node.tree, newest.header.version, body);
    }

    /// A version of the tree with some regions under other parents.
    pub(crate) fn moved(&self, moves: &[(RegionKey, RegionKey)]) -> Federation {
        let newest = self.nodes.values().map(|node| &node.tree);
        let newest = newest.max_by_key(|tree| tree.version()).expect("nodes");
        let mut parts = newest.clone().into_parts();
        parts.version += 1;
        for region in &mut parts.regions {
            if let Some((_, to)) = moves.iter().find(|(key, _)| *key == region.key) {
                region.parent = Some(*to);
            }
        }
        Federation::build(parts).expect("still a tree")
    }
}

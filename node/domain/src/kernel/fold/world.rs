//! Documents of the world, and what neighbours said of theirs.

use super::{change_node, link};
use crate::fact::Fact;
use crate::row::{Row, RowKey};
use crate::view::{Overlay, Rows, View, ViewFailed};
use crate::world::{Document, Holding, PeerWorld, Series};
use hotline_topology::RegionKey;

/// Folds a fact about documents.
pub(super) fn fold(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::DocumentPart {
            from,
            digest,
            no,
            bytes,
        } => {
            view.put(
                RowKey::DocumentPart(*digest, *no),
                Row::DocumentPart(bytes.clone()),
            );
            match from {
                Some(peer) => change(view, *peer, |known| {
                    known.incoming = Some((*digest, no + 1))
                }),
                None => Ok(()),
            }
        }
        Fact::DocumentAccepted(document) => {
            view.put(key(document), Row::Document(Box::new(document.clone())));
            match document.from {
                Some(peer) => change(view, peer, |known| known.incoming = None),
                None => Ok(()),
            }
        }
        Fact::DocumentDropped {
            from,
            digest,
            parts,
        } => {
            for no in 0..*parts {
                view.delete(RowKey::DocumentPart(*digest, no));
            }
            change(view, *from, |known| known.incoming = None)
        }
        Fact::DocumentInForce {
            series,
            version,
            at,
        } => {
            let Series { kind, scope, name } = series.clone();
            let key = RowKey::Document(kind, scope, name, *version);
            if let Some(Row::Document(mut document)) = view.get(&key)? {
                document.in_force_at = Some(*at);
                view.put(key, Row::Document(document));
            }
            Ok(())
        }
        Fact::PeerWorld { peer, have, at } => change(view, *peer, |known| {
            known.have = Some(have.clone());
            known.heard_at = Some(*at);
            known.sent.clear();
        }),
        Fact::DocumentSent {
            peer,
            series,
            version,
        } => change(view, *peer, |known| {
            known.sent.retain(|sent| sent.series != *series);
            known.sent.push(Holding {
                series: series.clone(),
                version: *version,
            });
        }),
        Fact::WorldTold { peer, have } => {
            change(view, *peer, |known| known.told = Some(have.clone()))
        }
        Fact::WorldApplied { version } => change_node(view, |node| node.topology = *version),
        Fact::LinkEnded { peer } => {
            link::forget(view, *peer)?;
            view.delete(RowKey::PeerWorld(*peer));
            view.delete(RowKey::Account(*peer));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn key(document: &Document) -> RowKey {
    let Series { kind, scope, name } = document.header.series.clone();
    RowKey::Document(kind, scope, name, document.header.version)
}

fn change(
    view: &mut Overlay<'_>,
    peer: RegionKey,
    change: impl FnOnce(&mut PeerWorld),
) -> Result<(), ViewFailed> {
    let mut known = view.peer_world(peer)?;
    change(&mut known);
    view.put(RowKey::PeerWorld(peer), Row::PeerWorld(Box::new(known)));
    Ok(())
}

//! Who has which documents: told to neighbours, offered to those below that have less, and the age of revocation lists
//! watched. A node weeks without new lists goes on with the old: their age shows, and past a bound it is an alarm.

use super::documents;
use crate::fact::Fact;
use crate::kernel::draft::Draft;
use crate::kernel::outcome::Stop;
use crate::kernel::parked;
use crate::leg::Lane;
use crate::link::{Message, MessageKind};
use crate::refusal::{Class, Refusal};
use crate::row::{Row, RowKey};
use crate::view::{Rows, View};
use crate::world::{Document, DocumentKind, Have, Holding};
use hotline_topology::{RegionKey, Time};

/// Lists older than this are an alarm, in days: a keeper signs them anew every seven.
pub(super) const LISTS_OLD_DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;
/// The first version of a tree.
const FIRST: u32 = 1;

/// A neighbour was met: it is told what is here, unless it was told the same before.
pub(in crate::kernel) fn met(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    tell(draft, peer, &here(draft)?)
}

/// Neighbours are told what is here, where that changed.
pub(in crate::kernel) fn tell_neighbours(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let have = here(draft)?;
    for peer in neighbours(draft) {
        tell(draft, peer, &have)?;
    }
    Ok(())
}

/// Tells a former neighbour, by the new way, what is here: that it need not wait for this node any more.
pub(super) fn tell_anew(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let have = here(draft)?;
    draft.send(peer, Lane::Bulk, &Message::Have(have), Vec::new())
}

fn tell(draft: &mut Draft<'_>, peer: RegionKey, have: &Have) -> Result<(), Stop> {
    // Of a first tree installed by hand there is nothing to tell; of a later one there is, however it was installed.
    let nothing = have.holdings.is_empty() && have.lists_at.is_none() && have.topology <= FIRST;
    if nothing || !draft.speaks(peer, MessageKind::Have)? {
        return Ok(());
    }
    if draft.peer_world(peer)?.told.as_ref() == Some(have) {
        return Ok(());
    }
    draft.record(Fact::WorldTold {
        peer,
        have: have.clone(),
    })?;
    draft.send(peer, Lane::Bulk, &Message::Have(have.clone()), Vec::new())
}

/// What this node has.
fn here(draft: &Draft<'_>) -> Result<Have, Stop> {
    let mut holdings: Vec<Holding> = Vec::new();
    for Document { header, .. } in documents(draft)? {
        let holding = Holding {
            series: header.series,
            version: header.version,
        };
        match holdings.last_mut() {
            Some(last) if last.series == holding.series => *last = holding,
            _ => holdings.push(holding),
        }
    }
    Ok(Have {
        topology: draft.world.federation.version(),
        lists_at: draft.world.examiner.lists_at(),
        holdings,
    })
}

/// A neighbour says what it has; one below is sent what it lacks.
///
/// # Errors
/// Refuses as `authority.have`.
pub(in crate::kernel) fn peer_has(
    draft: &mut Draft<'_>,
    author: RegionKey,
    have: Have,
) -> Result<(), Stop> {
    let near = neighbours(draft).contains(&author);
    if !near && draft.get(&RowKey::Link(author))?.is_none() {
        let words = format!("{author} 不是本节点的直接上级或下级");
        return Err(Refusal::new(Class::Forbidden, "authority.have", words).into());
    }
    let (at, topology) = (draft.now(), have.topology);
    draft.record(Fact::PeerWorld {
        peer: author,
        have,
        at,
    })?;
    super::moved::settled(draft, author, topology)?;
    // What it brought under an older tree may go back to it now.
    parked::take_up_kept(draft)?;
    offer_to(draft, author)
}

/// Every node below is sent what it is known to lack.
pub(in crate::kernel) fn offer_below(draft: &mut Draft<'_>) -> Result<(), Stop> {
    for child in children(draft) {
        offer_to(draft, child)?;
    }
    Ok(())
}

/// Sends a node below what it said it lacks and was not sent since, in the order of versions.
fn offer_to(draft: &mut Draft<'_>, child: RegionKey) -> Result<(), Stop> {
    let known = draft.peer_world(child)?;
    // A former child that still calls is served, too: it must learn where it belongs now.
    let former = || {
        draft
            .world
            .older
            .iter()
            .any(|tree| tree.parent(child) == Some(draft.me()))
    };
    let below = children(draft).contains(&child) || former();
    let Some(have) = known.have.filter(|_| below) else {
        return Ok(());
    };
    if !draft.speaks(child, MessageKind::Part)? {
        return Ok(());
    }
    for Document {
        header,
        digest,
        parts,
        ..
    } in documents(draft)?
    {
        let (series, version) = (header.series, header.version);
        let sent = known.sent.iter().find(|sent| sent.series == series);
        let held = have
            .version_of(&series)
            .max(sent.map_or(0, |sent| sent.version));
        if version <= held || !concerns(draft, &series.kind, series.scope, child) {
            continue;
        }
        for no in 0..parts {
            let Some(Row::DocumentPart(bytes)) = draft.get(&RowKey::DocumentPart(digest, no))?
            else {
                break;
            };
            let part = Message::Part {
                digest,
                no,
                of: parts,
                bytes,
            };
            draft.send(child, Lane::Bulk, &part, Vec::new())?;
        }
        draft.record(Fact::DocumentSent {
            peer: child,
            series,
            version,
        })?;
    }
    Ok(())
}

/// A pack concerns the nodes that it governs, and those that pass it on to them; everything else concerns all.
fn concerns(draft: &Draft<'_>, kind: &DocumentKind, scope: RegionKey, child: RegionKey) -> bool {
    let federation = draft.world.federation;
    *kind != DocumentKind::Pack
        || scope == child
        || federation.is_below(child, scope)
        || federation.is_below(scope, child)
}

/// The nodes directly below.
fn children(draft: &Draft<'_>) -> Vec<RegionKey> {
    let federation = draft.world.federation;
    let children = federation.children(draft.me()).iter().copied();
    let has_node = |key: &RegionKey| federation.region(*key).is_some_and(|region| region.node);
    children.filter(has_node).collect()
}

pub(super) fn neighbours(draft: &Draft<'_>) -> Vec<RegionKey> {
    let parent = draft.world.federation.parent(draft.me());
    parent.into_iter().chain(children(draft)).collect()
}

/// Looks at the age of the revocation lists, here and at the neighbours.
pub(in crate::kernel) fn check_lists(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let (now, me) = (draft.now(), draft.me());
    let old = |at: Time| {
        let days = (now.0 - at.0) / DAY_MS;
        (days > LISTS_OLD_DAYS).then_some(days)
    };
    if let Some(days) = draft.world.examiner.lists_at().and_then(old) {
        draft.alarm(format!(
            "{me} 的吊销列表已 {days} 天没有更新，照旧使用；请在证书库执行 hotline certs refresh 并下发"
        ));
    }
    for peer in neighbours(draft) {
        let have = draft.peer_world(peer)?.have;
        if let Some(days) = have.and_then(|have| have.lists_at).and_then(old) {
            draft.alarm(format!(
                "{peer} 的吊销列表已 {days} 天没有更新；请核对是否下发到该节点"
            ));
        }
    }
    Ok(())
}

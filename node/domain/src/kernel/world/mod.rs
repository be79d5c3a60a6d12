//! Documents of the world: accepted, spread, taken into force. What they are: [`crate::world`].

mod moved;
mod spread;
pub(super) mod succeed;
#[cfg(test)]
mod tests;

pub(super) use moved::linked;
pub(super) use spread::{check_lists, met, peer_has, tell_neighbours};

use super::draft::Draft;
use super::outcome::Stop;
use super::{reckon, timers};
use crate::fact::Fact;
use crate::leg::Lane;
use crate::link::Message;
use crate::refusal::{Class, Refusal};
use crate::row::{Done, Row, RowKey, TimerKey};
use crate::view::{Rows, View, ViewFailed};
use crate::world::{
    DOCUMENT_BYTES_MAX, Document, DocumentKind, Header, PART_BYTES, PARTS_MAX, Series,
};
use hotline_topology::RegionKey;
use sha2::{Digest, Sha256};

/// Documents looked at in one step.
const PAGE: usize = 256;

/// A person hands a document in.
///
/// # Errors
/// Refuses as `world.size`, `world.document`, `world.not-newer`.
pub(super) fn publish(draft: &mut Draft<'_>, bytes: &[u8]) -> Result<Done, Stop> {
    if bytes.is_empty() || bytes.len() > DOCUMENT_BYTES_MAX {
        let words = format!(
            "文件有 {} 字节，应为 1 到 {DOCUMENT_BYTES_MAX} 字节",
            bytes.len()
        );
        return Err(Refusal::new(Class::Invalid, "world.size", words).into());
    }
    let digest = Sha256::digest(bytes).into();
    let examined = draft.world.examiner.examine(bytes, draft.world.federation);
    let examined = examined.map_err(|why| {
        let words = format!("文件未通过核验，没有采用：\n{why}");
        Refusal::new(Class::Invalid, "world.document", words)
    })?;
    if let Some(words) = not_newer(draft, &examined.header)? {
        return Err(Refusal::new(Class::State, "world.not-newer", words).into());
    }
    let mut parts = 0;
    for part in bytes.chunks(PART_BYTES) {
        draft.record(Fact::DocumentPart {
            from: None,
            digest,
            no: parts,
            bytes: part.to_vec(),
        })?;
        parts += 1;
    }
    let document = Document {
        header: examined.header,
        digest,
        parts,
        accepted_at: draft.now(),
        from: None,
        in_force_at: None,
        lists_at: examined.lists_at,
    };
    accept(draft, document)?;
    Ok(Done::default())
}

/// A part of a document came from the node above.
///
/// # Errors
/// Refuses as `authority.document`, `world.part`.
pub(super) fn part(
    draft: &mut Draft<'_>,
    author: RegionKey,
    digest: [u8; 32],
    no: u32,
    of: u32,
    bytes: Vec<u8>,
) -> Result<(), Stop> {
    if !draft.world.federation.is_below(draft.me(), author) {
        let words = format!("{author} 不是本节点的上级，不能下发文件");
        return Err(Refusal::new(Class::Forbidden, "authority.document", words).into());
    }
    let incoming = draft.peer_world(author)?.incoming;
    let so_far = match incoming {
        Some((known, so_far)) if known == digest && no > 0 => so_far,
        Some((other, parts)) if no == 0 => {
            drop_parts(draft, author, other, parts)?;
            0
        }
        _ => 0,
    };
    let fits = no == so_far && no < of && of <= PARTS_MAX;
    if !fits || bytes.is_empty() || bytes.len() > PART_BYTES {
        let words = format!("文件的第 {no} 部分（共 {of} 部分）次序或大小不对，未采用");
        return Err(Refusal::new(Class::Invalid, "world.part", words).into());
    }
    draft.record(Fact::DocumentPart {
        from: Some(author),
        digest,
        no,
        bytes,
    })?;
    if no + 1 < of {
        return Ok(());
    }
    complete(draft, author, digest, of)
}

/// All parts are here: examined, and accepted or dropped.
fn complete(
    draft: &mut Draft<'_>,
    author: RegionKey,
    digest: [u8; 32],
    parts: u32,
) -> Result<(), Stop> {
    let bytes = bytes_of(draft, &digest, parts)?;
    if <[u8; 32]>::from(Sha256::digest(&bytes)) != digest {
        return refuse(draft, author, digest, parts, "内容与其摘要不符".to_owned());
    }
    let examined = match draft.world.examiner.examine(&bytes, draft.world.federation) {
        Ok(examined) => examined,
        Err(why) => return refuse(draft, author, digest, parts, why),
    };
    let Header {
        series, version, ..
    } = &examined.header;
    if let Some(known) = document(draft, series, *version)?
        && known.digest == digest
    {
        // Came twice: by an old and a new parent, or again after a link was re-opened.
        return drop_parts(draft, author, digest, 0);
    }
    if let Some(words) = not_newer(draft, &examined.header)? {
        return refuse(draft, author, digest, parts, words);
    }
    let document = Document {
        header: examined.header,
        digest,
        parts,
        accepted_at: draft.now(),
        from: Some(author),
        in_force_at: None,
        lists_at: examined.lists_at,
    };
    accept(draft, document)
}

/// Refused documents say why, here and where they came from, and go no further.
fn refuse(
    draft: &mut Draft<'_>,
    author: RegionKey,
    digest: [u8; 32],
    parts: u32,
    why: String,
) -> Result<(), Stop> {
    drop_parts(draft, author, digest, parts)?;
    draft.alarm(format!("没有采用 {author} 下发的文件：{why}"));
    let answer = Message::Refused {
        about: crate::id::EnvelopeId([0; 16]),
        leg: None,
        rule: "world.document".to_owned(),
        message: cut(why),
    };
    draft.send(author, Lane::Bulk, &answer, Vec::new())
}

/// As many words as a message carries.
fn cut(mut words: String) -> String {
    let mut end = words.len().min(4096);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.truncate(end);
    words
}

/// Forgets the parts of a document that came; those of an accepted one stay.
fn drop_parts(
    draft: &mut Draft<'_>,
    from: RegionKey,
    digest: [u8; 32],
    parts: u32,
) -> Result<(), Stop> {
    let accepted = documents(draft)?;
    let kept = accepted.iter().any(|document| document.digest == digest);
    let parts = if kept { 0 } else { parts };
    draft.record(Fact::DocumentDropped {
        from,
        digest,
        parts,
    })
}

/// Why a version may not be taken; `None` where it may.
fn not_newer(draft: &Draft<'_>, header: &Header) -> Result<Option<String>, Stop> {
    let Header {
        series, version, ..
    } = header;
    let held = latest(draft, series)?.map_or(0, |document| document.header.version);
    if *version <= held {
        return Ok(Some(format!(
            "{series} 已有第 {held} 版，来的是第 {version} 版；版本号只能增大"
        )));
    }
    let in_force = draft.world.federation.version();
    if series.kind == DocumentKind::Topology && *version < in_force {
        return Ok(Some(format!(
            "拓扑第 {in_force} 版已生效，来的是第 {version} 版；版本号只能增大"
        )));
    }
    Ok(None)
}

/// Accepted: kept, offered below, and in force at its instant.
fn accept(draft: &mut Draft<'_>, document: Document) -> Result<(), Stop> {
    let effective_at = document.header.effective_at;
    draft.record(Fact::DocumentAccepted(document))?;
    if effective_at > draft.now() {
        draft.set_timer(effective_at, TimerKey::WorldDue)?;
    }
    take_due(draft)?;
    spread::offer_below(draft)?;
    tell_neighbours(draft)
}

/// Takes into force what is due, lower versions first.
///
/// # Errors
/// The view failed.
pub(super) fn take_due(draft: &mut Draft<'_>) -> Result<(), Stop> {
    let now = draft.now();
    let mut due: Vec<Document> = documents(draft)?;
    due.retain(|document| document.in_force_at.is_none() && document.header.effective_at <= now);
    for document in due {
        let Header {
            series, version, ..
        } = document.header;
        draft.record(Fact::DocumentInForce {
            series,
            version,
            at: now,
        })?;
        draft.world_changed();
    }
    Ok(())
}

/// The shell took the versions in force up, or starts with them: what waited for them goes on.
///
/// # Errors
/// The view failed.
pub(super) fn changed(draft: &mut Draft<'_>) -> Result<(), Stop> {
    moved::fit_links(draft)?;
    succeed::pass_on(draft)?;
    super::parked::take_up_kept(draft)?;
    spread::offer_below(draft)?;
    tell_neighbours(draft)?;
    reckon::sweep(draft)?;
    timers::world_check(draft)
}

/// The documents accepted, in the order of their series and versions.
///
/// # Errors
/// The view failed.
pub fn documents(view: &(impl View + ?Sized)) -> Result<Vec<Document>, ViewFailed> {
    let first = RegionKey::literal("000000000000");
    let (mut from, to) = (
        RowKey::Document(DocumentKind::Topology, first, String::new(), 0),
        RowKey::DocumentPart([0; 32], 0),
    );
    let mut all = Vec::new();
    loop {
        let page = view.scan(&from, &to, PAGE)?;
        let Some((RowKey::Document(kind, scope, name, version), _)) = page.last() else {
            return Ok(all);
        };
        from = RowKey::Document(*kind, *scope, name.clone(), version.saturating_add(1));
        for (_, row) in page {
            if let Row::Document(document) = row {
                all.push(*document);
            }
        }
    }
}

/// A version of a series, where it was accepted.
fn document(view: &impl View, series: &Series, version: u32) -> Result<Option<Document>, Stop> {
    let Series { kind, scope, name } = series.clone();
    Ok(
        match view.get(&RowKey::Document(kind, scope, name, version))? {
            Some(Row::Document(document)) => Some(*document),
            _ => None,
        },
    )
}

/// The latest version accepted of a series.
fn latest(view: &impl View, series: &Series) -> Result<Option<Document>, Stop> {
    let mut all = documents(view)?.into_iter();
    Ok(all.rfind(|known| known.header.series == *series))
}

/// The bytes of a document's parts.
///
/// # Errors
/// The view failed.
pub fn bytes_of(
    view: &(impl View + ?Sized),
    digest: &[u8; 32],
    parts: u32,
) -> Result<Vec<u8>, ViewFailed> {
    let mut bytes = Vec::new();
    for no in 0..parts {
        if let Some(Row::DocumentPart(part)) = view.get(&RowKey::DocumentPart(*digest, no))? {
            bytes.extend(part);
        }
    }
    Ok(bytes)
}

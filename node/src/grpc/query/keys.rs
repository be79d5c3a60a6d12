//! Keys for sealing, what waits for them, and what was destroyed.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::unwell;
use hotline_domain::body::Actor;
use hotline_domain::id::EnvelopeId;
use hotline_domain::policy::reading::What;
use hotline_domain::row::{Kept, Row, RowKey};
use hotline_domain::sealing::Destroyed;
use hotline_domain::view::View;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Federation, RegionKey};
use std::collections::{BTreeMap, VecDeque};
use tonic::Status;

/// Rows read at a time.
const PAGE: usize = 1024;
/// Regions' keys are ASCII letters and digits: none orders before the first or after the last.
const FIRST: RegionKey = RegionKey::literal("000000000000");
const LAST: RegionKey = RegionKey::literal("zzzzzzzzzzzz");

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListKeysRequest,
) -> Result<pb::ListKeysResponse, Status> {
    permit(node, actor, What::Keys)?;
    let (rows, known) = (node.shared().rows(), node.shared().surroundings.known());
    let federation = &known.federation;
    let mut answer = pb::ListKeysResponse::default();
    let all = (RowKey::SealingKey(FIRST), RowKey::SealingKey(LAST));
    each(&*rows, all, |_, row| {
        if let Row::SealingKey(signed) = row {
            let key = signed.key;
            answer.known.push(pb::KnownKey {
                region: key.region.to_string(),
                name: name_of(federation, key.region),
                no: key.no,
                not_before_ms: key.not_before.0,
                not_after_ms: key.not_after.0,
                revoked: key.revoked,
            });
        }
    })?;
    each(
        &*rows,
        (RowKey::OwnKey(0), RowKey::OwnKey(u32::MAX)),
        |_, row| {
            if let Row::OwnKey(key) = row {
                answer.own.push(pb::HeldKey {
                    no: key.no,
                    made_at_ms: key.made_at.0,
                    retire_at_ms: key.retire_at.map_or(0, |at| at.0),
                });
            }
        },
    )?;
    answer.waiting = waiting(&*rows, federation)?;
    answer.destroyed = destroyed(&*rows, name::page(request.limit))?;
    Ok(answer)
}

/// By addressee: what waits for its key, and what it has not confirmed.
pub(super) fn waiting(
    rows: &dyn View,
    federation: &Federation,
) -> Result<Vec<pb::Waiting>, Status> {
    let mut found: BTreeMap<RegionKey, pb::Waiting> = BTreeMap::new();
    let mut note = |kept: &Kept, for_key: bool| {
        let region = kept.envelope.addressee;
        let entry = found.entry(region).or_insert_with(|| pb::Waiting {
            region: region.to_string(),
            name: name_of(federation, region),
            for_key: 0,
            for_word: 0,
            oldest_ms: i64::MAX,
        });
        let count = if for_key {
            &mut entry.for_key
        } else {
            &mut entry.for_word
        };
        *count += 1;
        entry.oldest_ms = entry.oldest_ms.min(kept.envelope.written_at.0);
    };
    let all = (RowKey::Awaiting(FIRST, 0), RowKey::Awaiting(LAST, u64::MAX));
    each(rows, all, |_, row| {
        if let Row::Kept(kept) = row {
            note(&kept, true);
        }
    })?;
    let ends = [[0; 16], [0xff; 16]].map(|id| RowKey::InFlight(EnvelopeId(id)));
    let [from, to] = ends;
    each(rows, (from, to), |_, row| {
        if let Row::Kept(kept) = row {
            note(&kept, false);
        }
    })?;
    Ok(found.into_values().collect())
}

/// The last ones by slot.
fn destroyed(rows: &dyn View, limit: usize) -> Result<Vec<pb::DestroyedKey>, Status> {
    let mut last: VecDeque<pb::DestroyedKey> = VecDeque::new();
    let all = (RowKey::Destroyed(0), RowKey::Destroyed(u64::MAX));
    each(rows, all, |key, row| {
        let (RowKey::Destroyed(slot), Row::Destroyed(record)) = (key, row) else {
            return;
        };
        let (matter, sealing_key) = match record.of {
            Destroyed::Matter(matter) => (matter.to_string(), 0),
            Destroyed::SealingKey(no) => (String::new(), no),
        };
        last.push_front(pb::DestroyedKey {
            slot,
            matter,
            sealing_key,
            at_ms: record.at.0,
            actor: record.actor.unwrap_or_default(),
            reason: record.reason,
            oldest_backup_ms: record.oldest_backup.map_or(0, |at| at.0),
        });
        last.truncate(limit);
    })?;
    Ok(last.into())
}

fn each(
    rows: &dyn View,
    (mut from, to): (RowKey, RowKey),
    mut take: impl FnMut(RowKey, Row),
) -> Result<(), Status> {
    let mut seen = None;
    loop {
        let page = rows.scan(&from, &to, PAGE).map_err(unwell)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            // The next page begins with the last row of this one.
            if seen.as_ref() == Some(&key) {
                continue;
            }
            seen = Some(key.clone());
            take(key, row);
        }
        match &seen {
            Some(last) if full => from = last.clone(),
            _ => return Ok(()),
        }
    }
}

fn name_of(federation: &Federation, region: RegionKey) -> String {
    federation
        .region(region)
        .map_or_else(String::new, |region| region.name.clone())
}

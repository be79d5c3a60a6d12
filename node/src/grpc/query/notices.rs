//! Exception notices, newest first.

use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{invalid, unwell};
use hotline_domain::body::Actor;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::policy::reading::{self, What};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::supervision::Notice;
use hotline_domain::view::View;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Time, time::DAY_MS};
use tonic::Status;

/// Days looked back at a time, and in all.
const WINDOW_DAYS: i64 = 30;
const LOOKED_BACK_DAYS: i64 = 3660;
/// Rows fetched at a time.
const FETCHED: usize = 256;

pub(in crate::grpc) fn list(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::ListNoticesRequest,
) -> Result<pb::ListNoticesResponse, Status> {
    let limit = name::page(request.limit);
    let rows = node.shared().rows();
    let now = node.shared().clock.now();
    let me = node.shared().surroundings.me();
    let seen = |notice: &&Notice| reading::permit(actor, me, What::Notice(notice)).is_ok();
    let mut end = cursor(&request.cursor)?.unwrap_or(now.plus_millis(DAY_MS));
    let mut notices: Vec<pb::Notice> = Vec::new();
    while now.0 - end.0 < LOOKED_BACK_DAYS * DAY_MS {
        let start = end.plus_millis(-WINDOW_DAYS * DAY_MS);
        for notice in between(&*rows, start, end)?.iter().rev().filter(seen) {
            // A page ends between two moments, so that its cursor can be a moment.
            if let Some(last) = notices.last().filter(|_| notices.len() >= limit)
                && last.raised_at_ms != notice.raised_at.0
            {
                let cursor = last.raised_at_ms.to_string();
                return Ok(pb::ListNoticesResponse { notices, cursor });
            }
            notices.push(show(notice));
        }
        end = start;
    }
    Ok(pb::ListNoticesResponse {
        notices,
        cursor: String::new(),
    })
}

/// Every notice, newest first.
pub(in crate::grpc) fn all(node: &NodeHandle) -> Result<Vec<Notice>, Status> {
    let rows = node.shared().rows();
    let now = node.shared().clock.now();
    let mut notices = between(
        &*rows,
        now.plus_millis(-LOOKED_BACK_DAYS * DAY_MS),
        now.plus_millis(DAY_MS),
    )?;
    notices.reverse();
    Ok(notices)
}

/// All notices of a window, oldest first.
fn between(rows: &dyn View, start: Time, end: Time) -> Result<Vec<Notice>, Status> {
    let mut from = RowKey::Notice(start, MatterId([0; 16]), LegId([0; 16]), 0);
    let to = RowKey::Notice(end, MatterId([0; 16]), LegId([0; 16]), 0);
    let mut notices = Vec::new();
    loop {
        let found = rows.scan(&from, &to, FETCHED).map_err(unwell)?;
        let full = found.len() == FETCHED;
        for (key, row) in found {
            if let RowKey::Notice(at, matter, leg, reason) = key {
                from = RowKey::Notice(at, matter, leg, reason.saturating_add(1));
            }
            if let Row::Notice(notice) = row {
                notices.push(*notice);
            }
        }
        if !full {
            return Ok(notices);
        }
    }
}

fn cursor(text: &str) -> Result<Option<Time>, Status> {
    let read = name::given(text).map(str::parse).transpose();
    let read = read.map_err(|_| invalid("cursor", "翻页标记不认识；请从头列起".to_owned()))?;
    Ok(read.map(Time))
}

fn show(notice: &Notice) -> pb::Notice {
    pb::Notice {
        matter: notice.matter.to_string(),
        number: notice.number.clone(),
        leg: notice.leg.map_or_else(String::new, |leg| leg.to_string()),
        giver: notice.giver.to_string(),
        taker: notice.taker.to_string(),
        reason: notice.reason.as_str().to_owned(),
        kind: notice.kind.as_str().to_owned(),
        category: notice.category.clone(),
        raised_by: notice.raised_by.to_string(),
        raised_at_ms: notice.raised_at.0,
        due_ms: notice.due.map_or(0, |due| due.0),
    }
}

//! Short names: the last characters of a ticket's number, the first ones of an id. Whoever reads a number off a list or
//! over the phone names as much of it as tells it from the others.

use super::refusal::{echo, invalid, unwell};
use crate::app::NodeHandle;
use hotline_domain::body::Actor;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::policy::reading::{self, What};
use hotline_domain::row::{IndexKey, Row, RowKey};
use hotline_domain::view::{Rows as _, View};
use hotline_topology::{RegionKey, time::DAY_MS};
use tonic::Status;

/// Fewest characters of a short name.
const CHARS_MIN: usize = 4;
/// How far back numbers are looked for by their end, in milliseconds; older ones are written out.
const LOOKED_BACK_MS: i64 = 100 * DAY_MS;
/// Most numbers looked at for one end.
const LOOKED_AT_MAX: usize = 100_000;
/// Rows fetched at a time.
const FETCHED: usize = 1024;
/// Most ids looked at that begin alike.
const SPAN_MAX: usize = 256;
/// Most candidates told.
const TOLD_MAX: usize = 8;

/// Whether a text, folded, may be the first characters of an id.
fn is_start_of_id(text: &str) -> bool {
    (CHARS_MIN..32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The ids between which those lie that begin so.
fn span(start: &str) -> Option<([u8; 16], [u8; 16])> {
    let end = |fill: char| {
        let digits = format!("{start}{}", fill.to_string().repeat(32 - start.len()));
        u128::from_str_radix(&digits, 16)
            .ok()
            .map(u128::to_be_bytes)
    };
    is_start_of_id(start).then(|| Some((end('0')?, end('f')?)))?
}

/// The leg whose id begins so, among those that the person may see; `None` where none does.
///
/// # Errors
/// Several do; the view cannot be read.
pub fn leg(node: &NodeHandle, actor: &Actor, text: &str) -> Result<Option<LegId>, Status> {
    let Some((from, to)) = span(text) else {
        return Ok(None);
    };
    let (rows, me) = (node.shared().rows(), node.shared().surroundings.me());
    let found = rows
        .scan(&RowKey::Leg(LegId(from)), &RowKey::Leg(LegId(to)), SPAN_MAX)
        .map_err(unwell)?;
    let found: Vec<_> = found
        .into_iter()
        .filter_map(|(key, row)| match (key, row) {
            (RowKey::Leg(id), Row::Leg(leg)) => {
                let seen = reading::permit(actor, me, What::Leg(&leg)).is_ok();
                seen.then(|| (id, id.to_string()))
            }
            _ => None,
        })
        .collect();
    one("leg", "交办", text, found)
}

/// The matter that a text names in short: by its id's first characters, or by its number's last ones among those that the
/// person may see.
///
/// # Errors
/// Several fit; the view cannot be read.
pub fn matter(node: &NodeHandle, actor: &Actor, text: &str) -> Result<Option<MatterId>, Status> {
    let end: String = text.chars().filter(|c| *c != '-').collect();
    if end.len() < CHARS_MIN || !end.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let (rows, me) = (node.shared().rows(), node.shared().surroundings.me());
    let mut found = by_end(node, &*rows, &end.to_ascii_uppercase())?;
    if let Some((from, to)) = span(&text.to_ascii_lowercase()) {
        let (from, to) = (RowKey::Ticket(MatterId(from)), RowKey::Ticket(MatterId(to)));
        let tickets = rows.scan(&from, &to, TOLD_MAX).map_err(unwell)?;
        found.extend(tickets.into_iter().filter_map(|(key, _)| match key {
            RowKey::Ticket(id) => Some((id, id.to_string())),
            _ => None,
        }));
    }
    let mut seen = Vec::new();
    for (id, told) in found {
        let Some(ticket) = rows.ticket(id).map_err(unwell)? else {
            continue;
        };
        let readable = reading::of_ticket(&*rows, actor, me, &ticket).map_err(unwell)?;
        if readable.is_ok() && !seen.iter().any(|(known, _)| *known == id) {
            seen.push((id, told));
        }
    }
    one("ticket", "工单", text, seen)
}

/// Matters of the last months whose number ends so, region by region: numbers are ordered by region and day.
fn by_end(
    node: &NodeHandle,
    rows: &dyn View,
    end: &str,
) -> Result<Vec<(MatterId, String)>, Status> {
    let since = node.shared().clock.now().plus_millis(-LOOKED_BACK_MS);
    let since = since.to_local().format("%Y%m%d").to_string();
    let key = |text: String| RowKey::Index(IndexKey::Number(text));
    let last = key("~".to_owned());
    let (mut from, mut found, mut looked_at) = (key(String::new()), Vec::new(), 0);
    let mut region = None;
    while looked_at < LOOKED_AT_MAX {
        let page = rows.scan(&from, &last, FETCHED).map_err(unwell)?;
        let full = page.len() == FETCHED;
        let mut next = None;
        for (row_key, row) in page {
            let (RowKey::Index(IndexKey::Number(number)), Row::Matter(matter)) = (row_key, row)
            else {
                continue;
            };
            looked_at += 1;
            let own = number
                .get(..12)
                .and_then(|key| key.parse::<RegionKey>().ok());
            if own.is_some() && own != region {
                // The first number of a region is its oldest: on to the days that are looked at.
                region = own;
                let start = format!("{}-{since}", &number[..12]);
                if number < start {
                    next = Some(start);
                    break;
                }
            }
            let plain: String = number.chars().filter(|c| *c != '-').collect();
            if plain.to_ascii_uppercase().ends_with(end) {
                found.push((matter, number.clone()));
            }
            // The least text above this number.
            next = Some(format!("{number}\0"));
        }
        match next {
            Some(next) if full || !next.ends_with('\0') => from = key(next),
            _ => break,
        }
    }
    Ok(found)
}

/// The only one; several are told.
fn one<T>(
    field: &str,
    what: &str,
    text: &str,
    mut found: Vec<(T, String)>,
) -> Result<Option<T>, Status> {
    if found.len() > 1 {
        let told: Vec<_> = found
            .iter()
            .take(TOLD_MAX)
            .map(|(_, told)| told.as_str())
            .collect();
        let words = format!(
            "“{}”不止一件{what}，请多写几位：{}",
            echo(text),
            told.join("、")
        );
        return Err(invalid(field, words));
    }
    Ok(found.pop().map(|(id, _)| id))
}

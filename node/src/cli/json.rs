//! Answers of the door as JSON: the messages' own field names, all fields always there.

use hotline_proto::operator::v1 as pb;
use serde_json::{Map, Value};

/// A message, or part of one, as JSON.
pub trait Json {
    /// The value.
    fn json(&self) -> Value;
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Json for $kind {
            fn json(&self) -> Value {
                Value::from(self.clone())
            }
        }
    )*};
}

plain!(String, bool, u32, u64, i64);

impl<T: Json> Json for Vec<T> {
    fn json(&self) -> Value {
        Value::Array(self.iter().map(Json::json).collect())
    }
}

impl<T: Json> Json for Option<T> {
    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Json::json)
    }
}

/// Every field of a message is named, or this does not compile.
macro_rules! objects {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Json for pb::$name {
            fn json(&self) -> Value {
                let pb::$name { $($field),* } = self;
                let mut object = Map::new();
                $(object.insert(stringify!($field).to_owned(), $field.json());)*
                Value::Object(object)
            }
        }
    )*};
}

objects! {
    Done { matter, number, legs, order, version }
    Attachment {
        id, name, erased, size, media, kind, at_ms, actor, source, local, here, fetched_by,
        name_withheld,
    }
    ListAttachmentsResponse { attachments }
    AttachFileResponse { taken, id, done }
    Text { field, value, erased }
    Ticket {
        matter, number, origin, taken_in_at_ms, since_ms, channel, kind, category, urgency, stage, closed_ground,
        closed_at_ms, due_ms, due_provisional, overdue, returns, hops, redos, version, place, lead, term, title,
        place_name, with, origin_name, closed_label,
    }
    Leg {
        id, matter, number, giver, taker, side, role, kind, stage, offered_at_ms, delivered_at_ms, signed_at_ms,
        deemed_signed, due_ms, due_provisional, overdue_since_ms, closure, closed_at_ms, request, asking, orders,
        replaces, days, taker_name,
    }
    SupervisionOrder { id, issuer, trigger, at_ms, reply_by_ms, reminders, replied_at_ms, ended_at_ms }
    TimelineEntry { at_ms, happened_at_ms, actor, what, leg, party, words, texts }
    TicketDetail { ticket, legs, timeline, texts, withheld, older_readings }
    Reading { at_ms, who, unit, fields, attachment, order, purpose, entrance }
    ListReadingsResponse { readings, cursor }
    ListTicketsResponse { tickets, cursor }
    ListLegsResponse { legs, cursor }
    Notice {
        matter, number, leg, giver, taker, reason, kind, category, raised_by, raised_at_ms, due_ms,
    }
    ListNoticesResponse { notices, cursor }
    OrderHere { order, side, leg, matter, number, issuer_name, taker, taker_name }
    ListOrdersResponse { orders, cursor }
    OrderEntry { step, by, by_name, actor, at_ms, texts }
    OrderDetail { order, entries, readings }
    Lane { lane, sent, acknowledged, received }
    Link {
        region, name, side, connected, heard_at_ms, failures, last_error, blocked, lanes, wire, topology_version,
        misconduct, misconduct_score, quarantines, quarantined_until_ms, kept, kept_bytes,
    }
    Misconduct { offence, times, last_ms, what }
    ListLinksResponse { links, waiting }
    WorldDocument { kind, scope, name, version, effective_at_ms, accepted_at_ms, from, in_force_at_ms, bytes }
    WorldNeighbour { region, name, heard_at_ms, topology_version, lists_at_ms, behind }
    RevocationList { issuer, signed_at_ms, overdue_ms }
    World {
        topology_version, pack, pack_version, documents, neighbours, lists, time_ms, succeeded_by, open_tickets,
    }
    Code { vocabulary, vocabulary_label, code, label, note }
    ListCodesResponse { codes, left_out }
    QueuedEnvelope { lane, seq, id, addressee, matter, leg, kind, written_at_ms, payload_bytes }
    ListQueueResponse { envelopes }
    KnownKey { region, name, no, not_before_ms, not_after_ms, revoked }
    HeldKey { no, made_at_ms, retire_at_ms }
    Waiting { region, name, for_key, for_word, oldest_ms }
    DestroyedKey { slot, matter, sealing_key, at_ms, actor, reason, oldest_backup_ms }
    ListKeysResponse { own, known, waiting, destroyed }
    MissingThing { no, at_ms, kind, matter, number, words }
    ListMissingResponse { things }
    FiguresLine { label, counts }
    Completeness { region, name, as_of_ms }
    Figures { measures, lines, total, reported, missing, complete, absent }
    NodeStatus {
        region, name, level, time_ms, epoch, topology_version, pack, pack_version, ready, not_ready_because,
        clock_held, accepted, applied, alarms, open_limits, exchanging, missing, links,
    }
    LinkBrief { region, name, side, state, why, heard_at_ms }
}

impl Json for pb::DialLinkResponse {
    fn json(&self) -> Value {
        let Self {} = self;
        Value::Object(Map::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_keeps_its_field_names_and_empty_fields() {
        let detail = pb::TicketDetail {
            texts: vec![pb::Text {
                field: "title".to_owned(),
                value: "路灯".to_owned(),
                erased: false,
            }],
            ..pb::TicketDetail::default()
        };
        assert_eq!(
            detail.json(),
            json!({
                "ticket": null, "legs": [], "timeline": [],
                "texts": [{ "field": "title", "value": "路灯", "erased": false }],
                "withheld": [],
                "older_readings": false,
            })
        );
    }
}

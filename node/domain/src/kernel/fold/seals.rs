//! Keys for sealing, what waits for them, and what was destroyed.

use super::change_node;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{MatterId, OrderId};
use crate::link::Envelope;
use crate::row::{Kept, Row, RowKey};
use crate::sealing::{Destroyed, Destruction, NewKey, OwnKey};
use crate::view::{Overlay, Rows, View, ViewFailed};

/// Rows of a timeline read at a time.
const PAGE: usize = 256;

/// Folds a fact about sealing.
pub(super) fn fold(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::SealingKeyMade { new, .. } => made(view, new),
        Fact::SealingKeyLearned {
            signed, answered, ..
        } => {
            let region = signed.key.region;
            view.put(
                RowKey::SealingKey(region),
                Row::SealingKey(Box::new(signed.clone())),
            );
            for asker in answered {
                view.delete(RowKey::SealingAsked(region, *asker));
            }
            Ok(())
        }
        Fact::SealingKeyAsked { region, asker } => {
            view.put(RowKey::SealingAsked(*region, *asker), Row::Mark);
            Ok(())
        }
        Fact::KeyAwaited {
            no,
            until,
            envelope,
        } => {
            let kept = Kept {
                no: *no,
                peer: envelope.addressee,
                until: Some(*until),
                envelope: envelope.clone(),
            };
            view.put(
                RowKey::Awaiting(envelope.addressee, *no),
                Row::Kept(Box::new(kept)),
            );
            change_node(view, |node| node.kept = node.kept.max(*no))
        }
        Fact::KeyAwaitEnded { region, no } => {
            view.delete(RowKey::Awaiting(*region, *no));
            Ok(())
        }
        Fact::SealedSent { peer, lane, seq } => {
            let Some(Row::Outbox(envelope, _)) = view.get(&RowKey::Outbox(*peer, *lane, *seq))?
            else {
                return Ok(());
            };
            let at = RowKey::InFlight(envelope.id);
            let newest = match view.get(&RowKey::SealingKey(envelope.addressee))? {
                Some(Row::SealingKey(signed)) => signed.key.no,
                _ => 0,
            };
            let before = match view.get(&at)? {
                Some(Row::Kept(kept)) => kept.no,
                _ => 0,
            };
            // The signature belongs to the commit that queued it; another sending is signed with its own.
            let envelope = Envelope {
                key_id: newest,
                proof: None,
                trace: None,
                ..*envelope
            };
            let kept = Kept {
                no: before + 1,
                peer: *peer,
                until: None,
                envelope,
            };
            view.put(at, Row::Kept(Box::new(kept)));
            Ok(())
        }
        Fact::SealedArrived { envelopes } => {
            for id in envelopes {
                view.delete(RowKey::InFlight(*id));
            }
            Ok(())
        }
        Fact::ArrivalNoted { author, envelope } => {
            view.put(RowKey::Arrived(*author, *envelope), Row::Mark);
            view.put(RowKey::Taken(*envelope), Row::Mark);
            Ok(())
        }
        Fact::ArrivalsTold { author, envelopes } => {
            for id in envelopes {
                view.delete(RowKey::Arrived(*author, *id));
            }
            Ok(())
        }
        Fact::KeyDestroyed(destruction) => destroyed(view, destruction),
        _ => Ok(()),
    }
}

/// The new key stands in its row and as what others know; those before it are kept until its bound.
fn made(view: &mut Overlay<'_>, new: &NewKey) -> Result<(), ViewFailed> {
    let NewKey {
        signed,
        slot,
        retire_at,
    } = new;
    let (region, no) = (signed.key.region, signed.key.no);
    for (at, row) in view.scan(&RowKey::OwnKey(0), &RowKey::OwnKey(u32::MAX), PAGE)? {
        let Row::OwnKey(mut old) = row else { continue };
        let kept = old.retire_at.map_or(*retire_at, |at| at.min(*retire_at));
        old.retire_at = Some(kept);
        view.put(at, Row::OwnKey(old));
    }
    let own = OwnKey {
        no,
        slot: *slot,
        made_at: signed.key.not_before,
        retire_at: None,
    };
    view.put(RowKey::OwnKey(no), Row::OwnKey(Box::new(own)));
    view.put(
        RowKey::SealingKey(region),
        Row::SealingKey(Box::new(signed.clone())),
    );
    Ok(())
}

fn destroyed(view: &mut Overlay<'_>, destruction: &Destruction) -> Result<(), ViewFailed> {
    for slot in &destruction.slots {
        view.put(
            RowKey::Destroyed(*slot),
            Row::Destroyed(Box::new(destruction.clone())),
        );
    }
    match destruction.of {
        Destroyed::SealingKey(no) => {
            view.delete(RowKey::OwnKey(no));
            Ok(())
        }
        Destroyed::Matter(matter) => erase(view, matter, &destruction.slots),
    }
}

/// The matter's rows keep the hashes of its fields and lose the rest: what is written later gets a key of its own.
fn erase(view: &mut Overlay<'_>, matter: MatterId, slots: &[u64]) -> Result<(), ViewFailed> {
    if let Some(mut ticket) = view.ticket(matter)? {
        blank(&mut ticket.fields, slots);
        view.put(RowKey::Ticket(matter), Row::Ticket(Box::new(ticket)));
    }
    let key = |byte, no| RowKey::OrderWord(matter, OrderId([byte; 16]), no);
    for (at, row) in view.scan(&key(0, 0), &key(u8::MAX, u32::MAX), usize::MAX)? {
        if let Row::OrderWord(mut word) = row
            && blank(&mut word.fields, slots)
        {
            view.put(at, Row::OrderWord(word));
        }
    }
    let mut from = 0;
    loop {
        let key = |no| RowKey::Timeline(matter, no);
        let page = view.scan(&key(from), &key(u32::MAX), PAGE)?;
        let full = page.len() == PAGE;
        for (at, row) in page {
            if let RowKey::Timeline(_, no) = at {
                from = no.saturating_add(1);
            }
            let Row::Timeline(mut fact) = row else {
                continue;
            };
            if let Fact::Ticket { fields, .. } | Fact::Leg { fields, .. } = &mut *fact
                && blank(fields, slots)
            {
                view.put(at, Row::Timeline(fact));
            }
        }
        if !full {
            return Ok(());
        }
    }
}

/// Erases the fields under these slots; whether there were any.
fn blank(fields: &mut [SealedField], slots: &[u64]) -> bool {
    let mut some = false;
    for field in fields {
        if slots.contains(&field.slot) {
            (field.slot, field.ciphertext) = (0, Vec::new());
            some = true;
        }
    }
    some
}

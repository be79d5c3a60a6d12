//! Folding: facts to rows. The one way rows change, while running and when the view is rebuilt; it calls no rule.

mod attachments;
mod days;
mod epoch;
mod legs;
pub(super) mod link;
mod readings;
mod seals;
mod tickets;
mod world;

pub use epoch::{COUNTED_BELOW, FIRST_EPOCH, epoch_after, epoch_words, next_epoch};

use crate::evidence::fingerprint;
use crate::fact::Fact;
use crate::figures;
use crate::id::{LegId, MatterId};
use crate::row::{NodeRow, Row, RowKey, TimerKey};
use crate::view::{Overlay, Rows, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Folds a whole commit of the node `me`.
///
/// # Errors
/// The view below could not be read.
pub fn fold_commit(
    view: &mut Overlay<'_>,
    me: RegionKey,
    at: Time,
    facts: &[Fact],
) -> Result<(), ViewFailed> {
    facts.iter().try_for_each(|fact| fold(view, me, fact))?;
    note_commit(view, at)
}

/// Ends a commit: its number, and the node's time of it, which never runs backwards.
///
/// # Errors
/// The view below could not be read.
pub fn note_commit(view: &mut Overlay<'_>, at: Time) -> Result<(), ViewFailed> {
    change_node(view, |node| {
        node.time = node.time.max(at);
        node.log_no += 1;
    })
}

/// Folds one fact of the node `me`.
///
/// # Errors
/// The view below could not be read.
pub fn fold(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Started { mark } => {
            let mut starts = view.starts()?;
            starts.add(*mark, view.node()?.log_no);
            view.put(RowKey::Starts, Row::Starts(Box::new(starts)));
            change_node(view, |node| {
                node.mark = *mark;
                node.issued = 0;
            })
        }
        Fact::Ticket { .. } => {
            tickets::fold(view, me, fact)?;
            attachments::fold(view, fact)
        }
        Fact::Leg { .. } => {
            legs::fold(view, me, fact)?;
            attachments::fold(view, fact)
        }
        Fact::Read(reading) => readings::fold(view, reading),
        Fact::Sighted { .. } => tickets::fold_sight(view, fact),
        Fact::Noticed(notice) => {
            let key = RowKey::Notice(
                notice.raised_at,
                notice.matter,
                notice.leg.unwrap_or(LegId([0; 16])),
                notice.reason as u8,
            );
            view.put(key, Row::Notice(Box::new(notice.clone())));
            Ok(())
        }
        Fact::OrderIssued(order) => {
            view.put(
                RowKey::Order(order.order.id),
                Row::Order(Box::new(order.clone())),
            );
            legs::index_order(view, &order.order, order.leg);
            Ok(())
        }
        Fact::OrderSaid(word) => {
            let key = RowKey::OrderWord(word.matter, word.order, word.no);
            view.put(key, Row::OrderWord(Box::new(word.clone())));
            Ok(())
        }
        Fact::OrderStands { leg, order } => legs::order_stands(view, *leg, order),
        Fact::Answered {
            operator,
            key,
            digest,
            done,
        } => {
            let row = Row::Answer(*digest, Box::new(done.clone()));
            view.put(RowKey::Answer(operator.clone(), key.clone()), row);
            Ok(())
        }
        Fact::TimerSet { .. } | Fact::TimerGone { .. } => fold_timer(view, fact),
        Fact::Counted { .. } | Fact::Reported { .. } | Fact::ReportedUp { .. } => {
            figures::fold(view, fact)
        }
        Fact::Restored(restore) => change_node(view, |node| {
            node.epoch = epoch_after(node.epoch, [fact]);
            node.restore = Some(restore.clone());
        }),
        Fact::DueProvisional { of, reckoned } => {
            let key = RowKey::Provisional(*of);
            match reckoned {
                Some(reckoned) => view.put(key, Row::Provisional(Box::new(*reckoned))),
                None => view.delete(key),
            }
            Ok(())
        }
        Fact::Exchanged { peer, exchange } => {
            let key = RowKey::Exchange(*peer);
            match exchange {
                Some(exchange) => view.put(key, Row::Exchange(Box::new(exchange.clone()))),
                None => view.delete(key),
            }
            Ok(())
        }
        Fact::Missing(missing) => {
            view.put(
                RowKey::Missing(missing.no),
                Row::Missing(Box::new(missing.clone())),
            );
            change_node(view, |node| node.missing = node.missing.max(missing.no))
        }
        Fact::Asked { peer, no, question } => {
            let key = RowKey::Asked(*peer, *no);
            match question {
                Some(question) => view.put(key, Row::Asked(Box::new(question.clone()))),
                None => view.delete(key),
            }
            Ok(())
        }
        Fact::EpochRaised { .. } => {
            change_node(view, |node| node.epoch = epoch_after(node.epoch, [fact]))
        }
        Fact::ClockHeld { why } => change_node(view, |node| node.clock_held = Some(why.clone())),
        Fact::ClockConfirmed => change_node(view, |node| node.clock_held = None),
        // The log keeps it; no rule reads it again.
        Fact::Received { .. } => days::entered(view, me, fact),
        Fact::DayClosed(_) | Fact::Accounted { .. } => days::fold(view, fact),
        Fact::CertificateKnown { region, chain } => {
            let id = fingerprint(chain.first().map_or(&[], Vec::as_slice));
            let row = Row::Certificate(*region, chain.clone());
            view.put(RowKey::Certificate(id), row);
            Ok(())
        }
        Fact::Queued { .. } => {
            days::entered(view, me, fact)?;
            link::fold(view, me, fact)
        }
        Fact::Consumed { .. }
        | Fact::Acked { .. }
        | Fact::Kept { .. }
        | Fact::Unkept { .. }
        | Fact::LinkChanged { .. }
        | Fact::Misbehaved { .. }
        | Fact::LanesRestarted { .. } => link::fold(view, me, fact),
        Fact::SealingKeyMade { .. }
        | Fact::SealingKeyLearned { .. }
        | Fact::SealingKeyAsked { .. }
        | Fact::KeyAwaited { .. }
        | Fact::KeyAwaitEnded { .. }
        | Fact::SealedSent { .. }
        | Fact::SealedArrived { .. }
        | Fact::ArrivalNoted { .. }
        | Fact::ArrivalsTold { .. }
        | Fact::KeyDestroyed(_) => seals::fold(view, fact),
        Fact::DocumentPart { .. }
        | Fact::DocumentAccepted(_)
        | Fact::DocumentDropped { .. }
        | Fact::DocumentInForce { .. }
        | Fact::PeerWorld { .. }
        | Fact::DocumentSent { .. }
        | Fact::WorldTold { .. }
        | Fact::WorldApplied { .. }
        | Fact::LinkEnded { .. } => world::fold(view, fact),
    }
}

fn fold_timer(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::TimerSet { at, key } => {
            view.put(RowKey::Timer(*at, *key), Row::Mark);
            if *key == TimerKey::ReportFigures {
                change_node(view, |node| node.report_due = Some(*at))?;
            }
            Ok(())
        }
        Fact::TimerGone { at, key } => {
            view.delete(RowKey::Timer(*at, *key));
            if *key == TimerKey::ReportFigures {
                change_node(view, |node| {
                    node.report_due = node.report_due.filter(|due| due != at)
                })?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn change_node(
    view: &mut Overlay<'_>,
    change: impl FnOnce(&mut NodeRow),
) -> Result<(), ViewFailed> {
    let mut node = view.node()?;
    change(&mut node);
    view.put(RowKey::Node, Row::Node(Box::new(node)));
    Ok(())
}

/// The lowest and highest keys of the timer table up to a moment.
#[must_use]
pub fn timers_until(at: Time) -> (RowKey, RowKey) {
    let first = TimerKey::TicketDue(MatterId([0; 16]));
    (
        RowKey::Timer(Time(i64::MIN), first),
        RowKey::Timer(Time(at.0.saturating_add(1)), first),
    )
}

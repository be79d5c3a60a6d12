//! Accounts: what is signed and received enters the day that runs; a day that ends stands for ever.

use crate::fact::Fact;
use crate::row::{Row, RowKey};
use crate::tally::{self, Diary};
use crate::view::{Overlay, Rows, ViewFailed};
use hotline_topology::RegionKey;

/// A letter enters the day, once accounts are kept.
pub(super) fn entered(
    view: &mut Overlay<'_>,
    me: RegionKey,
    fact: &Fact,
) -> Result<(), ViewFailed> {
    let Some(entry) = tally::entry_of(me, fact) else {
        return Ok(());
    };
    let Some(mut diary) = view.diary()? else {
        return Ok(());
    };
    diary.open.add(&entry);
    view.put(RowKey::Diary, Row::Diary(Box::new(diary)));
    Ok(())
}

/// A day ends, or something becomes known of a neighbour's accounts.
pub(super) fn fold(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::DayClosed(day) => {
            let diary = match view.diary()? {
                Some(before) if day.no > 0 => before.closed(*day),
                _ => Diary::opened(*day),
            };
            if day.no > 0 {
                let row = Row::Day(day.digest(), diary.value);
                view.put(RowKey::Day(day.no), row);
            }
            view.put(RowKey::Diary, Row::Diary(Box::new(diary)));
        }
        Fact::Accounted { peer, account } => {
            let row = Row::Account(Box::new(account.clone()));
            view.put(RowKey::Account(*peer), row);
        }
        _ => {}
    }
    Ok(())
}

//! Readings: rows of their own beside the ticket, which stays as it was.

use crate::reading::Reading;
use crate::row::{Row, RowKey};
use crate::view::{Overlay, Rows, ViewFailed};

/// Adds a reading to those of its ticket.
pub(super) fn fold(view: &mut Overlay<'_>, reading: &Reading) -> Result<(), ViewFailed> {
    let (matter, no) = (reading.matter, view.readings(reading.matter)?);
    let row = Row::Reading(Box::new(reading.clone()));
    view.put(RowKey::Reading(matter, no), row);
    view.put(RowKey::Readings(matter), Row::Count(no.saturating_add(1)));
    Ok(())
}

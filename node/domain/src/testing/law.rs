//! What must hold after every commit and on every envelope, whatever the test is about.

use crate::fact::Fact;
use crate::kernel::fold_commit;
use crate::link::Envelope;
use crate::view::{MemoryView, Overlay};
use hotline_topology::{FieldName, RegionKey, Time};

/// Folds the commit onto rows that came from the log alone.
pub(super) fn folds_alike(me: RegionKey, shadow: &mut MemoryView, at: Time, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    let mut overlay = Overlay::new(shadow);
    fold_commit(&mut overlay, me, at, facts).expect("memory");
    let changes = overlay.into_changes();
    shadow.apply(changes);
}

/// The petitioner's name and contact cross no edge.
pub(super) fn carries_no_person(envelope: &Envelope) {
    for field in &envelope.fields {
        let personal = matches!(field.name, FieldName::PetitionerName | FieldName::Contact);
        assert!(!personal, "{} travels: {envelope:?}", field.name.as_str());
    }
}

//! What must hold after every commit and on every envelope, whatever the test is about.

use crate::fact::Fact;
use crate::kernel::fold_commit;
use crate::link::Envelope;
use crate::view::{MemoryView, Overlay, Rows as _};
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

/// What a node signs, it signs under the epoch that its log has come to with the commit itself. `before`: how many commits
/// the log had before.
pub(super) fn signs_under_its_epoch(
    me: RegionKey,
    before: usize,
    after: &MemoryView,
    facts: &[Fact],
) {
    let epoch = after.node().expect("memory").epoch;
    for fact in facts {
        if let Fact::Queued { envelope, .. } = fact
            && envelope.author == me
            && let Some(head) = envelope.proof.as_ref().and_then(|proof| proof.head)
            && head.commit == before as u64
        {
            assert_eq!(head.epoch, epoch, "{me} signs under another epoch");
        }
    }
}

//! Keys for sealing and records of what was destroyed.

use super::field::{choice, noun};
use hotline_domain::sealing::{Destroyed, Destruction, NewKey, OwnKey, SealingKey, SignedKey};
use hotline_proto::leg::v1 as wire;
use hotline_proto::record::v1 as pb;
use pb::destroyed;

noun!(SealingKey => wire::SealingKey {
    region, no, public, not_before: not_before_ms, not_after: not_after_ms, previous, revoked,
});
noun!(SignedKey => wire::SignedKey { key, algorithm, signature, chain });
noun!(NewKey => pb::NewKey { signed, slot, retire_at: retire_at_ms });
noun!(OwnKey => pb::OwnKey { no, slot, made_at: made_at_ms, retire_at: retire_at_ms });
choice!(Destroyed => pb::Destroyed [of: destroyed::Of] {
    Matter(matter),
    SealingKey(no),
});
noun!(Destruction => pb::Destruction {
    slots, of, at: at_ms, actor, reason, oldest_backup: oldest_backup_ms,
});

//! Letters that speak, with where they stand in their authors' logs.

use crate::evidence::bundle::Letter;
use crate::evidence::examine::{Examined, Seen, legs_of};
use crate::evidence::verdict::Exhibit;
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::link::{LogHead, Message};
use hotline_topology::RegionKey;

/// A letter whose signature can convict.
#[derive(Clone, Copy)]
pub(super) struct Voice<'a> {
    pub file: &'a Examined,
    pub letter: &'a Letter,
    pub seen: &'a Seen,
}

impl<'a> Voice<'a> {
    pub fn author(&self) -> RegionKey {
        self.letter.envelope.author
    }

    pub fn id(&self) -> EnvelopeId {
        self.letter.envelope.id
    }

    /// Where its author's log stood before the commit that signed it.
    pub fn head(&self) -> Option<LogHead> {
        self.letter.envelope.proof.as_ref()?.head
    }

    /// The commit that signed it.
    pub fn commit(&self) -> Option<u64> {
        self.head().map(|head| head.commit.saturating_add(1))
    }

    pub fn message(&self) -> Option<&'a Message> {
        self.seen.message.as_ref()
    }

    pub fn legs(&self) -> Vec<LegId> {
        legs_of(self.letter, self.message())
    }

    pub fn exhibit(&self, shows: String) -> Exhibit {
        Exhibit {
            file: self.file.name.clone(),
            letter: Some(self.id()),
            shows,
        }
    }
}

/// What the seal of a file shows.
pub(super) fn seal_exhibit(file: &Examined, shows: String) -> Exhibit {
    Exhibit {
        file: file.name.clone(),
        letter: None,
        shows,
    }
}

/// A finding of a rule.
pub(super) type Found = Vec<crate::evidence::verdict::Finding>;

//! Documents of the world.

use super::Draw;
use hotline_domain::fact::Fact;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::world::{Document, DocumentKind, Have, Header, Holding, PeerWorld, Series};

impl Draw {
    fn series(&mut self) -> Series {
        Series {
            kind: self.one_of(&DocumentKind::ALL),
            scope: self.region(),
            name: self.code(),
        }
    }

    fn holding(&mut self) -> Holding {
        Holding {
            series: self.series(),
            version: self.u32(),
        }
    }

    pub(crate) fn have(&mut self) -> Have {
        Have {
            topology: self.u32(),
            lists_at: self.maybe(Draw::time),
            holdings: (0..self.below(3)).map(|_| self.holding()).collect(),
        }
    }

    fn document(&mut self) -> Document {
        Document {
            header: Header {
                series: self.series(),
                version: self.u32(),
                effective_at: self.time(),
            },
            digest: self.bytes(),
            parts: self.u32(),
            accepted_at: self.time(),
            from: self.maybe(Draw::region),
            in_force_at: self.maybe(Draw::time),
            lists_at: self.maybe(Draw::time),
        }
    }

    fn peer_world(&mut self) -> PeerWorld {
        PeerWorld {
            have: self.maybe(Draw::have),
            heard_at: self.maybe(Draw::time),
            sent: (0..self.below(3)).map(|_| self.holding()).collect(),
            told: self.maybe(Draw::have),
            incoming: self.maybe(|draw| (draw.bytes(), draw.u32())),
        }
    }
}

/// One of each fact about documents.
pub(super) fn facts(draw: &mut Draw) -> Vec<Fact> {
    vec![
        Fact::DocumentPart {
            from: draw.maybe(Draw::region),
            digest: draw.bytes(),
            no: draw.u32(),
            bytes: draw.text().into_bytes(),
        },
        Fact::DocumentAccepted(draw.document()),
        Fact::DocumentDropped {
            from: draw.region(),
            digest: draw.bytes(),
            parts: draw.u32(),
        },
        Fact::DocumentInForce {
            series: draw.series(),
            version: draw.u32(),
            at: draw.time(),
        },
        Fact::PeerWorld {
            peer: draw.region(),
            have: draw.have(),
            at: draw.time(),
        },
        Fact::DocumentSent {
            peer: draw.region(),
            series: draw.series(),
            version: draw.u32(),
        },
        Fact::WorldTold {
            peer: draw.region(),
            have: draw.have(),
        },
        Fact::WorldApplied {
            version: draw.u32(),
        },
        Fact::LinkEnded {
            peer: draw.region(),
        },
    ]
}

/// One of each row about documents.
pub(super) fn rows(draw: &mut Draw) -> Vec<Row> {
    vec![
        Row::Document(Box::new(draw.document())),
        Row::DocumentPart(draw.text().into_bytes()),
        Row::PeerWorld(Box::new(draw.peer_world())),
    ]
}

/// One of each key of those rows.
pub(super) fn keys(draw: &mut Draw) -> Vec<RowKey> {
    let Series { kind, scope, name } = draw.series();
    vec![
        RowKey::Document(kind, scope, name, draw.u32()),
        RowKey::DocumentPart(draw.bytes(), draw.u32()),
        RowKey::PeerWorld(draw.region()),
    ]
}

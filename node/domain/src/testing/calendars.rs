//! Calendars in tests: a year is announced, by a signed document that comes down or in a file of the node's own.

use super::fed::Fed;
use super::places::ALL;
use super::world::document;
use crate::command::Verb;
use crate::kernel::Input;
use crate::link::Message;
use crate::world::{DocumentKind, Have, Header, Series};
use hotline_topology::calendar::Days;
use hotline_topology::{Calendar, Federation, Notice, RegionKey};

/// The version of the first calendar after those that the program knows.
pub(crate) const NEXT: u32 = 16;

/// Stretches of days off, and make-up working days, of 2027.
#[derive(Clone, Copy)]
pub(crate) struct Year {
    pub off: &'static str,
    pub on: &'static str,
}

/// As the regulation has it, with two days swapped in February.
pub(crate) const PLAIN: Year = Year {
    off: "2027-01-01..2027-01-03 2027-02-05..2027-02-11 2027-10-01..2027-10-07",
    on: "2027-02-20 2027-02-28",
};

/// With a Monday off in January that nobody could have known of.
pub(crate) const LONGER: Year = Year {
    off: "2027-01-01..2027-01-04 2027-02-05..2027-02-11 2027-10-01..2027-10-07",
    on: "2027-02-20 2027-02-28",
};

fn days(text: &str) -> Vec<Days> {
    let stretches = text.split(' ');
    stretches.map(|days| days.parse().expect("days")).collect()
}

fn notice(off: &str, on: &str) -> Notice {
    Notice {
        published: "2026-11-30".parse().expect("a date"),
        year: 2027,
        off: days(off),
        on: days(on),
    }
}

/// The tree with the calendar that a document's body tells.
pub(super) fn with_calendar(tree: &Federation, version: u32, body: &str) -> Federation {
    let (off, on) = body.split_once(';').expect("off and on");
    let mut parts = tree.clone().into_parts();
    parts.calendar = Calendar::builtin().with_notices(version, vec![notice(off, on)]);
    Federation::build(parts).expect("still a tree")
}

impl Fed {
    /// Every node says what it has to its parent and hears the same of it, as after a first connection.
    fn tell_all(&mut self) {
        for region in ALL {
            let Some(parent) = self.nodes[&region].tree.parent(region) else {
                continue;
            };
            for (from, to) in [(region, parent), (parent, region)] {
                let have = Have {
                    topology: self.nodes[&from].tree.version(),
                    ..Have::default()
                };
                self.forge_envelope(from, to, &Message::Have(have), |_| {});
            }
        }
    }

    /// The root announces the year: signed, it comes down all links.
    pub(crate) fn announce(&mut self, version: u32, year: Year) -> Result<(), String> {
        self.tell_all();
        let (root, now) = (
            self.nodes.values().next().expect("nodes").tree.root(),
            self.now,
        );
        let header = Header {
            series: Series {
                kind: DocumentKind::Calendar,
                scope: root,
                name: String::new(),
            },
            version,
            effective_at: now,
        };
        let bytes = document(&header, root, &format!("{};{}", year.off, year.on));
        let said = self.at(root).command(Verb::PublishDocument { bytes });
        said.0
            .map(drop)
            .map_err(|refusal| refusal.rule.to_owned())?;
        self.pass(1);
        Ok(())
    }

    /// The year stands in the node's own file, which it reads again.
    pub(crate) fn reload(&mut self, region: RegionKey, version: u32, year: Year) {
        let body = format!("{};{}", year.off, year.on);
        let node = self.nodes.get_mut(&region).expect("a node");
        node.tree = with_calendar(&node.tree, version, &body);
        self.input(region, Input::WorldChanged);
        self.settle();
        self.pass(1);
    }
}

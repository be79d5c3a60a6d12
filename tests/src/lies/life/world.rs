//! A life with its exported files: what `hotline evidence export` makes of each log, at two moments, for every leg and every
//! matter, under the seal of a node that knows its own past.

use super::fed::Fed;
use super::keys::Issued;
use super::place::{ALL, federation};
use super::story::{Handed, Story, first, second};
use super::troubles::{LIVES, Trouble, begin, end, meet_all, middle};
use super::truth::Truth;
use hotline::evidence::bundle::{Bundle, File, read, write};
use hotline::evidence::gather::gather;
use hotline::evidence::judge::{Looked, look};
use hotline::evidence::ready::ready;
use hotline::evidence::trust::Trusted;
use hotline_domain::evidence::Signer as _;
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::link::LogHead;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What a file is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// One leg.
    Leg(LegId),
    /// A whole matter.
    Matter(MatterId),
}

impl Subject {
    /// As people ask.
    #[must_use]
    pub fn asked(self) -> String {
        match self {
            Self::Leg(leg) => leg.to_string(),
            Self::Matter(matter) => matter.to_string(),
        }
    }
}

/// An honest file.
#[derive(Clone)]
pub struct Export {
    /// Whose.
    pub node: RegionKey,
    /// What was asked for.
    pub subject: Subject,
    /// Whether it was made at the end.
    pub late: bool,
    /// The copy of the disk that it was made of.
    pub past: usize,
    /// Where the log stood.
    pub head: LogHead,
    /// What its node says.
    pub bundle: Bundle,
    /// Under its seal.
    pub file: File,
    /// The same as the judge looks at it, once for all.
    looked: OnceLock<Looked>,
}

impl Export {
    /// A name that says which it is.
    #[must_use]
    pub fn name(&self) -> String {
        let when = if self.late { "late" } else { "early" };
        format!("{}-{when}", self.node)
    }
}

/// A life that was lived.
pub struct World {
    /// Its name.
    pub name: &'static str,
    /// What went wrong in it.
    pub trouble: Trouble,
    /// What happened.
    pub truth: Truth,
    /// Its legs.
    pub legs: Vec<Handed>,
    /// Every certificate.
    pub issued: Vec<Issued>,
    /// What an outsider trusts.
    pub trusted: Trusted,
    /// When judgement is given.
    pub now: Time,
    /// The honest files.
    pub exports: Vec<Export>,
}

impl World {
    /// Lives it.
    ///
    /// # Panics
    /// When the product fails where nothing is wrong.
    #[must_use]
    pub fn live(no: usize) -> Self {
        let (name, trouble) = LIVES[no];
        let mut fed = begin(trouble, 9 + no as u64);
        let story = first(&mut fed);
        let kept = middle(trouble, &mut fed);
        let mut exports = Vec::new();
        export(&fed, &story, false, &mut exports);
        fed.days(1);
        fed.tick();
        second(&mut fed, &story);
        end(trouble, &mut fed, &story, kept);
        fed.days(1);
        // In every other life the last day has not ended: what stands in no account yet is shown, too.
        if no.is_multiple_of(2) {
            fed.tick();
        }
        if trouble != Trouble::Cut {
            meet_all(&mut fed);
            fed.deliver();
        }
        export(&fed, &story, true, &mut exports);
        fed.minutes(30);
        let now = fed.now();
        World {
            name,
            trouble,
            trusted: fed.keeper.trusted(&federation(false), now),
            issued: std::mem::take(&mut fed.keeper.issued),
            truth: std::mem::take(&mut fed.truth),
            legs: story.legs().to_vec(),
            now,
            exports,
        }
    }

    /// Subjects of its files.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let legs = self.legs.iter().map(|of| Subject::Leg(of.leg));
        let mut matters: Vec<MatterId> = self.legs.iter().map(|of| of.matter).collect();
        matters.sort_unstable();
        matters.dedup();
        legs.chain(matters.into_iter().map(Subject::Matter))
            .collect()
    }

    /// The certificate with this name.
    #[must_use]
    pub fn issued(&self, certificate: &[u8; 32]) -> Option<&Issued> {
        self.issued
            .iter()
            .find(|one| one.key.certificate() == *certificate)
    }

    /// The newest key of a node: what it signs with today.
    ///
    /// # Panics
    /// Never: every node has one.
    #[must_use]
    pub fn key_of(&self, node: RegionKey) -> &Issued {
        let of_node = |one: &&Issued| one.key.node == node;
        self.issued
            .iter()
            .rfind(of_node)
            .expect("every node has a key")
    }

    /// An honest file, looked at by the judge.
    ///
    /// # Errors
    /// It counts as not given.
    pub fn looked(&self, export: &Export) -> Looked {
        let looked = export.looked.get_or_init(|| {
            let given = (export.name(), Ok(export.file.clone()));
            look(given, &self.trusted, self.now)
        });
        looked.clone()
    }

    /// The file of a node.
    #[must_use]
    pub fn export(&self, node: RegionKey, subject: Subject, late: bool) -> Option<&Export> {
        let mut exports = self.exports.iter();
        exports.find(|one| (one.node, one.subject, one.late) == (node, subject, late))
    }
}

/// Every life, lived once for all who draw from it.
#[must_use]
pub fn world(no: usize) -> &'static World {
    static WORLDS: [OnceLock<World>; LIVES.len()] = [const { OnceLock::new() }; LIVES.len()];
    WORLDS[no].get_or_init(|| World::live(no))
}

fn export(fed: &Fed, story: &Story, late: bool, exports: &mut Vec<Export>) {
    let legs = story.legs();
    let mut subjects: Vec<Subject> = legs.iter().map(|of| Subject::Leg(of.leg)).collect();
    for of in legs {
        let matter = Subject::Matter(of.matter);
        if !subjects.contains(&matter) {
            subjects.push(matter);
        }
    }
    for node in ALL {
        let reader = fed.node(node).reader();
        if ready(&reader).expect("a disk in memory").is_err() {
            continue;
        }
        let issued = fed.keeper.issued.iter().rfind(|one| one.key.node == node);
        let key = &issued.expect("every node has a key").key;
        for subject in &subjects {
            let (mut bundle, head) =
                gather(&reader, &subject.asked(), &BTreeSet::new()).expect("a known subject");
            bundle.sealed_at = fed.now();
            let own = (node, key.chain());
            if !bundle.certificates.contains(&own) {
                bundle.certificates.push(own);
            }
            let bytes = write(&bundle, Some((key, head))).expect("a key that signs");
            exports.push(Export {
                node,
                subject: *subject,
                late,
                past: fed.node(node).past,
                head,
                bundle,
                file: read(&bytes).expect("what was just written"),
                looked: OnceLock::new(),
            });
        }
    }
}

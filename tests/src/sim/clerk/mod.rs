//! People: what they ask of their node, and that they ask again under the same key when no answer came.

mod difficult;
mod finish;
mod random;

use super::node::Node;
use super::places::{UNITS, unit};
use super::rng::Rng;
use hotline_domain::body::{Actor, Role};
use hotline_domain::command::{Command, Verb};
use hotline_domain::id::MatterId;
use hotline_domain::refusal::Refusal;
use hotline_domain::row::Done;
use hotline_domain::sealing::NewKey;
use hotline_topology::{FieldName, RegionKey};
use std::collections::BTreeMap;

/// A verb with who says it and which fields are written with it.
pub struct Wish {
    verb: Verb,
    who: Who,
    fields: Vec<FieldName>,
}

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The hotline's own staff.
    Desk,
    /// Who calls back: never who handled the matter.
    Caller,
    /// A handler of the unit of that name.
    Unit(&'static str),
}

/// A command without an answer yet.
#[derive(Clone)]
pub struct Asked {
    /// At which node.
    pub node: RegionKey,
    /// What.
    pub command: Command,
}

/// All people of the federation.
pub struct Clerks {
    rng: Rng,
    /// Commands by the ticket they were given in under.
    pub waiting: BTreeMap<u64, Asked>,
    given: u64,
    /// Answers so far: carried out, refused.
    pub answers: (u64, u64),
    /// Refusals by rule, for the report of a run.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Clerks {
    /// People whose choices come from this stream.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            waiting: BTreeMap::new(),
            given: 0,
            answers: (0, 0),
            refusals: BTreeMap::new(),
        }
    }

    /// A new matter is brought to the node.
    pub fn take_in(&mut self, node: &mut Node) -> (u64, Command) {
        let wish = random::intake(&mut self.rng, node);
        self.command(node, wish)
    }

    /// Somebody at the node does something, sensible or not.
    pub fn act(&mut self, node: &mut Node) -> Vec<(u64, Command)> {
        let mut wishes = random::wishes(&mut self.rng, node);
        for wish in &mut wishes {
            // Now and then somebody tries what is another's to do.
            if self.rng.percent(5) {
                wish.who = *self.rng.pick(&[Who::Caller, Who::Unit(UNITS[0])]);
            }
        }
        wishes
            .into_iter()
            .map(|wish| self.command(node, wish))
            .collect()
    }

    /// Somebody at the node brings everything open a step nearer to its end.
    pub fn finish(&mut self, node: &mut Node) -> Vec<(u64, Command)> {
        let wishes = finish::wishes(node);
        wishes
            .into_iter()
            .map(|wish| self.command(node, wish))
            .collect()
    }

    /// The operator confirms the node's clock.
    pub fn confirm_clock(&mut self, node: RegionKey) -> (u64, Command) {
        self.operate(node, Verb::ConfirmClock)
    }

    /// The operator opens a link again that a hello had closed.
    pub fn reopen(&mut self, node: RegionKey, peer: RegionKey) -> (u64, Command) {
        self.operate(node, Verb::ReopenLink { peer })
    }

    /// The operator has the key for sealing changed, or revokes those before it.
    pub fn rotate_key(&mut self, node: RegionKey, revoke: bool, new: NewKey) -> (u64, Command) {
        let (reason, new) = ("例行更换".to_owned(), Some(Box::new(new)));
        let verb = Verb::RotateKey {
            revoke,
            reason,
            new,
        };
        self.operate(node, verb)
    }

    /// Somebody destroys the personal data of a matter that is over at the node; `None` where there is none.
    pub fn erase(&mut self, node: &Node) -> Option<(u64, Command)> {
        let over: Vec<MatterId> = node
            .view
            .tickets()
            .filter(|ticket| !ticket.is_open())
            .map(|ticket| ticket.matter)
            .collect();
        if over.is_empty() || !node.up() {
            return None;
        }
        let matter = *self.rng.pick(&over);
        let reason = "保存期满".to_owned();
        Some(self.operate(
            node.region,
            Verb::Erase {
                matter,
                reason,
                oldest_backup: None,
            },
        ))
    }

    fn operate(&mut self, node: RegionKey, verb: Verb) -> (u64, Command) {
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(&self.rng.bits());
        let command = Command {
            actor: Actor {
                name: format!("operator-{node}"),
                roles: vec![Role::Operator],
                unit: None,
            },
            key: Some(format!("k{:016x}", self.rng.draw())),
            digest,
            seen: None,
            verb,
            fields: Vec::new(),
        };
        self.give(Asked { node, command })
    }

    /// An answer came; the command that it answers.
    pub fn answered(&mut self, ticket: u64, answer: &Result<Done, Refusal>) -> Option<Asked> {
        match answer {
            Ok(_) => self.answers.0 += 1,
            Err(refusal) => {
                self.answers.1 += 1;
                *self.refusals.entry(refusal.rule).or_default() += 1;
            }
        }
        self.waiting.remove(&ticket)
    }

    /// The node came back: what had no answer is mostly asked again, under the same key.
    pub fn ask_again(&mut self, node: RegionKey) -> Vec<(u64, Command)> {
        let lost: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, asked)| asked.node == node)
            .map(|(no, _)| *no)
            .collect();
        let mut again = Vec::new();
        for no in lost {
            let Some(asked) = self.waiting.remove(&no) else {
                continue;
            };
            if self.rng.percent(80) {
                again.push(self.give(asked));
            }
        }
        again
    }

    fn command(&mut self, node: &mut Node, wish: Wish) -> (u64, Command) {
        let Wish { verb, who, fields } = wish;
        let region = node.region;
        let sealed = fields
            .iter()
            .map(|name| node.sealer.seal_new(&mut self.rng, *name))
            .collect();
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(&self.rng.bits());
        let command = Command {
            actor: actor(who, region),
            // Whoever reads again after a cut is on record again.
            key: (!matches!(verb, Verb::Read { .. })).then(|| format!("k{:016x}", self.rng.draw())),
            digest,
            seen: None,
            verb,
            fields: sealed,
        };
        self.give(Asked {
            node: region,
            command,
        })
    }

    fn give(&mut self, asked: Asked) -> (u64, Command) {
        self.given += 1;
        let command = asked.command.clone();
        self.waiting.insert(self.given, asked);
        (self.given, command)
    }
}

fn actor(who: Who, region: RegionKey) -> Actor {
    let (name, roles, of) = match who {
        Who::Desk => (
            "desk",
            vec![Role::Clerk, Role::Dispatcher, Role::Supervisor],
            None,
        ),
        Who::Caller => ("caller", vec![Role::Clerk], None),
        Who::Unit(name) => ("handler", vec![Role::Handler], Some(unit(name))),
    };
    Actor {
        name: format!("{name}-{region}"),
        roles,
        unit: of,
    }
}

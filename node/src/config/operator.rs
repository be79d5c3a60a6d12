//! `[operator]`: the door for people and their programs, and who they are.

use super::Check;
use hotline_domain::body::{Actor, Role};
use hotline_topology::UnitKey;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// `[operator]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Unix socket for people on this machine; who calls is told by the kernel.
    pub socket: PathBuf,
    /// TCP address for callers with an operator certificate; left out: none.
    #[serde(default)]
    pub listen: Option<String>,
    /// Users of this machine (uid) that may speak for any person below: a front end that authenticates people itself.
    #[serde(default)]
    pub front_ends: Vec<u32>,
    /// The people.
    #[serde(default, rename = "person")]
    pub people: Vec<Person>,
}

/// `[[operator.person]]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Login name; the operator certificate's name.
    pub name: String,
    /// The user of this machine, where the person logs in here.
    #[serde(default)]
    pub uid: Option<u32>,
    /// Roles: clerk, dispatcher, handler, supervisor, operator.
    pub roles: Vec<String>,
    /// The unit of a handler.
    #[serde(default)]
    pub unit: Option<String>,
}

impl Person {
    /// The actor this person is.
    ///
    /// # Errors
    /// Words about a role or unit that is none.
    pub fn actor(&self) -> Result<Actor, String> {
        let role = |word: &String| {
            Role::ALL
                .into_iter()
                .find(|role| role.as_str() == word)
                .ok_or_else(|| {
                    let all: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
                    format!("“{word}”不是角色；应为 {} 之一", all.join("、"))
                })
        };
        let unit = self.unit.as_deref().map(UnitKey::from_str).transpose();
        Ok(Actor {
            name: self.name.clone(),
            roles: self.roles.iter().map(role).collect::<Result<_, _>>()?,
            unit: unit.map_err(|error| error.to_string())?,
        })
    }
}

impl Operator {
    pub(super) fn check(&mut self, check: &mut Check<'_>) {
        check.resolve(&mut self.socket);
        if let Some(listen) = &self.listen
            && SocketAddr::from_str(listen).is_err()
        {
            check.fault(
                "operator.listen",
                format!("“{listen}”不是地址；请写成 127.0.0.1:7445"),
            );
        }
        let (mut names, mut uids) = (BTreeSet::new(), BTreeSet::new());
        for (at, person) in self.people.iter().enumerate() {
            let key = |field: &str| format!("operator.person[{at}].{field}");
            if person.name.is_empty() || !names.insert(&person.name) {
                check.fault(key("name"), "姓名不能为空，也不能重复");
            }
            if person.uid.is_some_and(|uid| !uids.insert(uid)) {
                check.fault(key("uid"), "同一个 uid 只能对应一人");
            }
            if person.roles.is_empty() {
                check.fault(key("roles"), "至少一个角色");
            }
            if let Err(error) = person.actor() {
                check.fault(key("roles"), error);
            }
        }
    }
}

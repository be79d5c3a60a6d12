//! Who calls: a user of this machine by the socket's credentials, or an operator by certificate; then the person of the
//! configuration. A front end that authenticates people itself names them.

use super::refusal::echo;
use crate::config::Operator as Config;
use crate::identity::OperatorIdentity;
use crate::identity::local::LocalPeer;
use hotline_domain::body::Actor;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Status};

/// Metadata in which a front end names the person; percent-encoded where the name is not ASCII.
pub const PERSON_HEADER: &str = "hotline-operator";

/// The people who may use the door.
#[derive(Debug)]
pub struct People {
    by_name: BTreeMap<String, Actor>,
    by_uid: BTreeMap<u32, String>,
    front_ends: BTreeSet<u32>,
}

impl People {
    /// The people of the configuration.
    ///
    /// # Errors
    /// Words about a role or unit that is none.
    pub fn of(config: &Config) -> Result<Self, String> {
        let mut people = Self {
            by_name: BTreeMap::new(),
            by_uid: BTreeMap::new(),
            front_ends: config.front_ends.iter().copied().collect(),
        };
        for person in &config.people {
            people.by_name.insert(person.name.clone(), person.actor()?);
            if let Some(uid) = person.uid {
                people.by_uid.insert(uid, person.name.clone());
            }
        }
        Ok(people)
    }

    /// The users of this machine who may use the door.
    pub fn uids(&self) -> impl Iterator<Item = u32> {
        self.by_uid.keys().chain(&self.front_ends).copied()
    }

    /// The person behind a request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, with what to do.
    pub fn actor(&self, extensions: &Extensions, metadata: &MetadataMap) -> Result<Actor, Status> {
        let named = metadata
            .get(PERSON_HEADER)
            .map(|value| decode(value.as_bytes()));
        if let Some(operator) = extensions.get::<Arc<OperatorIdentity>>() {
            let own = operator.name.as_str();
            if named.is_some_and(|name| name != own) {
                return Err(Status::unauthenticated(format!(
                    "证书是“{own}”的，不能代他人操作"
                )));
            }
            return self.named(own);
        }
        let Some(local) = extensions.get::<LocalPeer>() else {
            return Err(Status::unauthenticated("无法确认来者身份"));
        };
        match named {
            Some(name) if self.front_ends.contains(&local.uid) => self.named(&name),
            Some(_) => Err(Status::unauthenticated(format!(
                "本机用户 {} 不能代他人操作；需要时在 [operator] front_ends 中写明",
                local.uid
            ))),
            None => match self.by_uid.get(&local.uid) {
                Some(name) => self.named(name),
                None => Err(Status::unauthenticated(format!(
                    "本机用户 {} 不是登记的操作人；请在 [[operator.person]] 中写明 uid，或用 --as 指明",
                    local.uid
                ))),
            },
        }
    }

    fn named(&self, name: &str) -> Result<Actor, Status> {
        self.by_name.get(name).cloned().ok_or_else(|| {
            Status::unauthenticated(format!(
                "没有登记操作人“{}”；请在 [[operator.person]] 中登记",
                echo(name)
            ))
        })
    }
}

/// A name as it may stand in ASCII metadata: percent-encoded bytes.
#[must_use]
pub fn encode(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    name.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn decode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_metadata() {
        for name in ["zhang", "张三", "a%b c", "%4"] {
            assert_eq!(decode(encode(name).as_bytes()), name);
        }
    }
}

//! Who calls: a user of this machine by the socket's credentials, or an operator by certificate; then the person of the
//! configuration. A front end that authenticates people itself names them.

use super::refusal::echo;
use crate::config::Operator as Config;
use crate::identity::OperatorIdentity;
use crate::identity::local::LocalPeer;
use arc_swap::ArcSwap;
use hotline_domain::body::Actor;
use hotline_domain::reading::Entrance;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Status};

/// Metadata in which a front end names the person; percent-encoded where the name is not ASCII.
pub const PERSON_HEADER: &str = "hotline-operator";

/// Who calls, and which way they came.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person.
    pub actor: Actor,
    /// How they came.
    pub entrance: Entrance,
}

/// The people who may use the door.
#[derive(Debug)]
pub struct People {
    by_name: BTreeMap<String, Actor>,
    by_uid: BTreeMap<u32, String>,
    front_ends: BTreeSet<u32>,
}

/// The people as they are now: read anew when the node reloads.
#[derive(Debug)]
pub struct Register(ArcSwap<People>);

impl Register {
    /// A register of the configuration's people.
    ///
    /// # Errors
    /// Words about a role or unit that is none.
    pub fn of(config: &Config) -> Result<Self, String> {
        Ok(Self(ArcSwap::from_pointee(People::of(config)?)))
    }

    /// Users of this machine that may come in now.
    #[must_use]
    pub fn uids(&self) -> Vec<u32> {
        self.0.load().uids().collect()
    }

    /// Puts the configuration's people in the place of those before; who is no longer among them is refused from the next
    /// request on.
    ///
    /// # Errors
    /// Words about a role or unit that is none; then those before stay.
    pub fn replace(&self, config: &Config) -> Result<(), String> {
        self.0.store(Arc::new(People::of(config)?));
        Ok(())
    }

    /// The person behind a request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, with what to do.
    pub fn actor(&self, extensions: &Extensions, metadata: &MetadataMap) -> Result<Actor, Status> {
        self.0.load().actor(extensions, metadata)
    }

    /// Who calls, and which way they came.
    ///
    /// # Errors
    /// As [`Register::actor`].
    pub fn caller(
        &self,
        extensions: &Extensions,
        metadata: &MetadataMap,
    ) -> Result<Caller, Status> {
        self.0.load().caller(extensions, metadata)
    }
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
                "本机用户 {} 不能代他人操作；需要时在 [operator] front_ends 中写明，然后重新载入（systemctl reload hotline）",
                local.uid
            ))),
            None => match self.by_uid.get(&local.uid) {
                Some(name) => self.named(name),
                None => Err(Status::unauthenticated(format!(
                    "本机用户 {} 不是登记的操作人；请在 [[operator.person]] 中写明 uid（然后 systemctl reload hotline），或用 --as 指明",
                    local.uid
                ))),
            },
        }
    }

    /// Who calls, and which way they came.
    ///
    /// # Errors
    /// As [`People::actor`].
    pub fn caller(
        &self,
        extensions: &Extensions,
        metadata: &MetadataMap,
    ) -> Result<Caller, Status> {
        let entrance = if extensions.get::<Arc<OperatorIdentity>>().is_some() {
            Entrance::Remote
        } else if metadata.contains_key(PERSON_HEADER) {
            Entrance::FrontEnd
        } else {
            Entrance::Local
        };
        let actor = self.actor(extensions, metadata)?;
        Ok(Caller { actor, entrance })
    }

    fn named(&self, name: &str) -> Result<Actor, Status> {
        self.by_name.get(name).cloned().ok_or_else(|| {
            Status::unauthenticated(format!(
                "没有登记操作人“{}”；请在 [[operator.person]] 中登记，然后重新载入（systemctl reload hotline）",
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
    fn people_are_read_anew() {
        let config = |text: &str| toml::from_str::<Config>(text).unwrap();
        let local = |uid| {
            let mut extensions = Extensions::new();
            extensions.insert(LocalPeer {
                uid,
                gid: 0,
                pid: None,
            });
            extensions
        };
        let person = |name: &str, uid: u32| {
            format!(
                "socket = \"s\"\n[[person]]\nname = \"{name}\"\nuid = {uid}\nroles = [\"clerk\"]\n"
            )
        };
        let register = Register::of(&config(&person("甲", 1))).unwrap();
        let who = |uid| register.actor(&local(uid), &MetadataMap::new());
        assert_eq!(who(1).unwrap().name, "甲");
        assert!(who(2).unwrap_err().message().contains("重新载入") || who(2).is_err());
        register.replace(&config(&person("乙", 2))).unwrap();
        assert_eq!(who(2).unwrap().name, "乙");
        assert!(who(1).is_err());
        let wrong = "socket = \"s\"\n[[person]]\nname = \"丙\"\nroles = [\"king\"]\n";
        assert!(register.replace(&config(wrong)).is_err());
        assert_eq!(who(2).unwrap().name, "乙");
    }

    #[test]
    fn names_survive_metadata() {
        for name in ["zhang", "张三", "a%b c", "%4"] {
            assert_eq!(decode(encode(name).as_bytes()), name);
        }
    }
}

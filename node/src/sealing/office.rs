//! Seals what leaves for a far node and opens what arrives from one: the link asks, keys come from the node's rows and
//! key file.

use super::content::{self, NotOpened};
use super::suite::{KEY_BYTES, KeyPair};
use crate::app::RowsNow;
use crate::codec::link::WireField;
use crate::entropy::Entropy;
use crate::link::SealFailed;
use hotline_domain::link::Envelope;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::sealing::{Leaving, leaving, nobody};
use hotline_topology::RegionKey;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// What a slot's secret is derived for.
pub const PURPOSE: &[u8] = b"sealing key";

/// Gives the secret of a slot for sealing; `None` once it was destroyed.
pub type Secrets =
    Arc<dyn Fn(u64) -> Result<Option<Zeroizing<[u8; KEY_BYTES]>>, SealFailed> + Send + Sync>;

/// What opening yields.
pub enum Opened {
    /// The envelope in the clear, and its fields.
    Clear(Box<Envelope>, Vec<WireField>),
    /// It stays as it came: the kernel decides what follows. The reason is for the log.
    Shut(Box<Envelope>, String),
}

/// The node's sealing office.
pub struct Office {
    rows: RowsNow,
    secrets: Secrets,
    entropy: Mutex<Box<dyn Entropy>>,
}

impl Office {
    /// Over a node's rows and keys.
    #[must_use]
    pub fn new(rows: RowsNow, secrets: Secrets, entropy: Box<dyn Entropy>) -> Self {
        Self {
            rows,
            secrets,
            entropy: Mutex::new(entropy),
        }
    }

    /// The envelope as it leaves for its next hop: sealed, where that is not its addressee ([`leaving`]).
    ///
    /// # Errors
    /// No randomness, a key that cannot be used, or a view that cannot be read; or neither a key of the addressee's nor
    /// one of this node's own yet, without which it keeps no copies. Nothing may leave then.
    pub fn seal(
        &self,
        next: RegionKey,
        envelope: Envelope,
        fields: Vec<WireField>,
    ) -> Result<(Envelope, Vec<WireField>), SealFailed> {
        let key = match leaving(&*(self.rows)(), next, &envelope).map_err(failed)? {
            Leaving::AsItIs => return Ok((envelope, fields)),
            Leaving::Sealed(key) => *key,
            Leaving::ToNobody => {
                nobody(envelope.addressee, KeyPair::derive(&*self.fresh()?).public)
            }
            Leaving::NotYet => {
                let words = format!(
                    "没有 {} 的封装公钥，本节点也还没有自己的封装密钥：启用之后再发，请查看节点日志中做密钥时的错误",
                    envelope.addressee
                );
                return Err(SealFailed(words));
            }
        };
        let fresh = self.fresh()?;
        let sealed = content::seal(envelope, fields, &key, fresh).map_err(failed)?;
        Ok((sealed, Vec::new()))
    }

    /// Opens an envelope that was sealed to this node.
    ///
    /// # Errors
    /// The view or the key file cannot be read: it must come again.
    pub fn open(&self, envelope: Box<Envelope>) -> Result<Opened, SealFailed> {
        let own = (self.rows)()
            .get(&RowKey::OwnKey(envelope.key_id))
            .map_err(failed)?;
        let Some(Row::OwnKey(own)) = own else {
            let why = format!("本节点没有第 {} 号密钥", envelope.key_id);
            return Ok(Opened::Shut(envelope, why));
        };
        let Some(secret) = (self.secrets)(own.slot)? else {
            let why = format!("第 {} 号密钥已销毁", envelope.key_id);
            return Ok(Opened::Shut(envelope, why));
        };
        match content::open((*envelope).clone(), &KeyPair::derive(&secret)) {
            Ok((opened, fields)) => Ok(Opened::Clear(Box::new(opened), fields)),
            Err(error) => Ok(Opened::Shut(envelope, words(&error))),
        }
    }

    fn fresh(&self) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealFailed> {
        let mut fresh = Zeroizing::new([0; KEY_BYTES]);
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.fill(&mut *fresh).map_err(failed)?;
        Ok(fresh)
    }
}

fn words(error: &NotOpened) -> String {
    error.to_string()
}

fn failed(error: impl std::fmt::Display) -> SealFailed {
    SealFailed(error.to_string())
}

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
use hotline_domain::sealing::{SealingKey, is_sealed};
use hotline_domain::view::View;
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

    /// The envelope as it leaves for its next hop: sealed, where that is not its addressee and a key is known. What was
    /// queued before this node had keys goes as it was queued, and what others wrote as it came.
    ///
    /// # Errors
    /// No randomness, a key that cannot be used, or a view that cannot be read: nothing may leave then.
    pub fn seal(
        &self,
        next: RegionKey,
        envelope: Envelope,
        fields: Vec<WireField>,
    ) -> Result<(Envelope, Vec<WireField>), SealFailed> {
        if envelope.addressee == next || envelope.key_id != 0 || !is_sealed(envelope.kind) {
            return Ok((envelope, fields));
        }
        let rows = (self.rows)();
        let Some(key) = known(&*rows, envelope.addressee)? else {
            let own = rows.get(&RowKey::InFlight(envelope.id)).map_err(failed)?;
            return if own.is_none() {
                Ok((envelope, fields))
            } else {
                let words = format!("没有 {} 的封装公钥", envelope.addressee);
                Err(SealFailed(words))
            };
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

fn known(rows: &dyn View, region: RegionKey) -> Result<Option<SealingKey>, SealFailed> {
    Ok(
        match rows.get(&RowKey::SealingKey(region)).map_err(failed)? {
            Some(Row::SealingKey(signed)) => Some(signed.key),
            _ => None,
        },
    )
}

fn words(error: &NotOpened) -> String {
    error.to_string()
}

fn failed(error: impl std::fmt::Display) -> SealFailed {
    SealFailed(error.to_string())
}

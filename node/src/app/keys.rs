//! The node's own keys: makes the one that far nodes seal to, in time, and destroys what the records say is destroyed.

use super::handle::NodeHandle;
use super::shared::Shared;
use crate::config::Sealing;
use crate::identity::NodeTls;
use crate::sealing::KeyPair;
use crate::store::StoreError;
use crate::store::disk::RealDisk;
use crate::store::tool::oldest_backup_with;
use hotline_domain::kernel::Input;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::sealing::{self, Habits, NewKey, SignedKey};
use hotline_domain::view::ViewFailed;
use hotline_topology::Time;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks at the key's age and certificate, in real time.
const EVERY: Duration = Duration::from_secs(60);
/// Records of destroyed keys read at a time.
const PAGE: usize = 1024;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Makes keys for sealing.
pub struct KeyMaker {
    tls: Arc<NodeTls>,
    settings: Sealing,
    data: PathBuf,
}

impl KeyMaker {
    /// With the node's certificates and data folder.
    #[must_use]
    pub fn new(tls: Arc<NodeTls>, settings: Sealing, data: PathBuf) -> Self {
        Self {
            tls,
            settings,
            data,
        }
    }

    /// When the oldest backup on record was made whose key file has the slot.
    ///
    /// # Errors
    /// The register of backups cannot be read.
    pub fn oldest_backup(&self, slot: u64) -> Result<Option<Time>, StoreError> {
        Ok(oldest_backup_with(&RealDisk, &self.data, slot)?.map(Time))
    }

    /// A new key, durable in the key file and signed; not yet in use. `revoke`: those before it are destroyed at once.
    ///
    /// # Errors
    /// The key file, the rows or the certificate's key do not serve.
    pub fn make(&self, shared: &Shared, revoke: bool) -> anyhow::Result<NewKey> {
        let now = shared.clock.now();
        let last = known(shared)?.map_or(0, |signed| signed.key.no);
        let slot = shared.sealer.new_slot()?;
        let secret = shared.sealer.secret(slot)?;
        let secret = secret.ok_or_else(|| anyhow::anyhow!("新密钥槽 {slot} 已销毁"))?;
        let public = KeyPair::derive(&secret).public;
        let (me, habits) = (shared.surroundings.me(), self.habits());
        let (key, retire_at) = sealing::successor(me, last, public, habits, revoke, now);
        Ok(NewKey {
            signed: self.tls.state(key)?,
            slot,
            retire_at,
        })
    }

    /// Why a new key is due; `None` while the last one serves.
    fn due(&self, shared: &Shared) -> anyhow::Result<Option<&'static str>> {
        let known = known(shared)?;
        let own = match &known {
            Some(signed) => shared.rows().get(&RowKey::OwnKey(signed.key.no))?,
            None => None,
        };
        // A key file can be newer than the log beside it, and have destroyed what the log still has.
        let has_it = match own {
            Some(Row::OwnKey(own)) => shared.sealer.secret(own.slot)?.is_some(),
            _ => false,
        };
        let chain = self.tls.own_chain();
        let certificate = chain.first().map(|der| &**der);
        let (habits, now) = (self.habits(), shared.clock.now());
        Ok(sealing::due(
            known.as_ref(),
            has_it,
            certificate,
            habits,
            now,
        ))
    }

    fn habits(&self) -> Habits {
        Habits {
            rotate_ms: i64::from(self.settings.rotate_days) * DAY_MS,
            keep_ms: i64::from(self.settings.keep_days) * DAY_MS,
        }
    }
}

/// The own key as others know it.
fn known(shared: &Shared) -> Result<Option<SignedKey>, ViewFailed> {
    let row = shared
        .rows()
        .get(&RowKey::SealingKey(shared.surroundings.me()))?;
    Ok(match row {
        Some(Row::SealingKey(signed)) => Some(*signed),
        _ => None,
    })
}

/// Takes a new key into use where one is due. A failure is said in the log; the next look tries again.
pub(super) async fn renew(node: &NodeHandle) {
    let shared = Arc::clone(&node.shared);
    let made = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let Some(maker) = shared.maker() else {
            return Ok(None);
        };
        let Some(reason) = maker.due(&shared)? else {
            return Ok(None);
        };
        Ok(Some((maker.make(&shared, false)?, reason)))
    });
    match made.await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some((new, reason)))) => {
            tracing::info!("启用第 {} 号封装密钥：{reason}", new.signed.key.no);
            let (new, reason) = (Box::new(new), reason.to_owned());
            node.submit(Input::SealingKey { new, reason }).await;
        }
        Ok(Err(error)) => tracing::error!("不能做出新的封装密钥，一分钟后再试：{error:#}"),
        Err(error) => tracing::error!("做封装密钥时异常：{error}"),
    }
}

/// Looks after the keys until `stop`.
pub(super) async fn run(node: NodeHandle, stop: CancellationToken) {
    destroy_again(&node).await;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        renew(&node).await;
        node.shared.destroy_pending();
    }
}

/// What the records say is destroyed is destroyed: a crash may have come between record and deed, or the key file from
/// a backup.
async fn destroy_again(node: &NodeHandle) {
    let shared = Arc::clone(&node.shared);
    let done = tokio::task::spawn_blocking(move || -> Result<(), ViewFailed> {
        let rows = shared.rows();
        let mut from = 0;
        loop {
            let to = RowKey::Destroyed(u64::MAX);
            let page = rows.scan(&RowKey::Destroyed(from), &to, PAGE)?;
            for (key, _) in &page {
                if let RowKey::Destroyed(slot) = key {
                    shared.destroy(*slot);
                    from = slot.saturating_add(1);
                }
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    });
    if let Ok(Err(error)) = done.await {
        tracing::error!("不能核对已销毁的密钥：{error}");
    }
}

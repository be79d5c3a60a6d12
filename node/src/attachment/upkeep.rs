//! Looking after the shelf: what is missing is wanted again; what nobody refers to, or nobody can open any more, goes.

use super::holder::{Attachments, lock};
use super::shelf::ShelfError;
use hotline_domain::attachment::{Attached, AttachmentId};
use hotline_domain::id::MatterId;
use hotline_domain::row::{Row, RowKey};
use hotline_domain::view::{View, ViewFailed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// Before the first round: the links come first.
const FIRST_AFTER: Duration = Duration::from_secs(5);
/// Between two rounds.
const EVERY: Duration = Duration::from_secs(600);
/// Rows read at a time.
const PAGE: usize = 256;
/// Lost files that are named in one alarm; of more, the number is told.
const NAMED_MAX: usize = 8;

/// What one round found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    /// On the shelf, and no row names it.
    pub orphans: BTreeSet<AttachmentId>,
    /// On the shelf, whole or in part, but its key was destroyed: its file is neither lost nor missing.
    pub erased: BTreeSet<AttachmentId>,
    /// Named by a row, from elsewhere, and not on the shelf.
    pub missing: BTreeMap<AttachmentId, MatterId>,
    /// Written here, and gone.
    pub lost: BTreeSet<AttachmentId>,
}

impl Attachments {
    pub(super) async fn look_after(self) {
        let mut before = BTreeSet::new();
        sleep(FIRST_AFTER).await;
        loop {
            before = self.round(&before).await;
            sleep(EVERY).await;
        }
    }

    /// One round; an orphan goes when it was one in the round before, too: a commit may be under way. Gives the orphans.
    pub(super) async fn round(&self, before: &BTreeSet<AttachmentId>) -> BTreeSet<AttachmentId> {
        let attachments = self.clone();
        let before = before.clone();
        let done = tokio::task::spawn_blocking(move || {
            let found = attachments.find()?;
            attachments.clear(&found, &before)?;
            Ok::<_, std::io::Error>(found)
        });
        match done.await {
            Ok(Ok(found)) => {
                self.tell_lost(&found.lost);
                if self.0.settings.prefetch {
                    for (id, matter) in found.missing {
                        if !lock(&self.0.hopeless).contains(&id) {
                            self.fetch(matter, id);
                        }
                    }
                }
                found.orphans
            }
            Ok(Err(error)) => {
                tracing::error!("附件文件夹维护失败，下一轮再试：{error}");
                BTreeSet::new()
            }
            Err(error) => {
                tracing::error!("附件文件夹维护异常：{error}");
                BTreeSet::new()
            }
        }
    }

    /// Compares what the log names with what lies on the shelf, before the node works: what is gone is told at once.
    pub async fn look_at_start(&self) {
        let attachments = self.clone();
        match tokio::task::spawn_blocking(move || attachments.find()).await {
            Ok(Ok(found)) => self.tell_lost(&found.lost),
            Ok(Err(error)) => self.alarm(&format!("附件文件夹读不了：{error}；请检查磁盘和权限")),
            Err(error) => tracing::error!("附件核对异常：{error}"),
        }
    }

    /// Tells the operator of lost files, once each.
    fn tell_lost(&self, lost: &BTreeSet<AttachmentId>) {
        self.0
            .counts
            .lost
            .store(lost.len() as u64, Ordering::Relaxed);
        let mut told = lock(&self.0.told);
        let fresh: Vec<_> = lost.difference(&told).map(ToString::to_string).collect();
        told.clone_from(lost);
        drop(told);
        if !fresh.is_empty() {
            let more = if fresh.len() > NAMED_MAX { "等" } else { "" };
            let names = fresh.iter().take(NAMED_MAX).cloned();
            self.alarm(&format!(
                "{} 份附件登记在案，文件却不在 {}：{}{more}；请从备份的 attachments 文件夹恢复这些文件",
                fresh.len(),
                self.0.shelf.folder().display(),
                names.collect::<Vec<_>>().join("、")
            ));
        }
    }

    /// Reads every attachment: damage must be found while a backup, or who gave it, still has the bytes.
    pub async fn scrub(&self) {
        let attachments = self.clone();
        let read = tokio::task::spawn_blocking(move || attachments.read_all()).await;
        match read {
            Ok(Ok(whole)) => tracing::info!("附件全部读过一遍：{whole} 份完好"),
            Ok(Err(error)) => tracing::error!("附件校验没有做完，下一轮再试：{error}"),
            Err(error) => tracing::error!("附件校验异常：{error}"),
        }
    }

    /// How many are whole; of the others the operator is told.
    fn read_all(&self) -> std::io::Result<usize> {
        let mut whole = 0;
        for id in self.0.shelf.list()?.whole {
            if self.0.stop.is_cancelled() {
                break;
            }
            match self.0.shelf.check(id) {
                Ok(()) => whole += 1,
                // Cleared since the folder was listed.
                Err(ShelfError::Missing(_)) => {}
                Err(error @ ShelfError::Damaged(_)) => self.alarm(&error.to_string()),
                Err(ShelfError::Full) => return Err(std::io::ErrorKind::StorageFull.into()),
                Err(ShelfError::Io(error)) => return Err(error),
            }
        }
        Ok(whole)
    }

    pub(super) fn find(&self) -> std::io::Result<Found> {
        // The shelf first: what is committed meanwhile is named by a row then.
        let listing = self.0.shelf.list()?;
        let whole: BTreeSet<_> = listing.whole.into_iter().collect();
        let shelved: BTreeSet<_> = whole.iter().copied().chain(listing.parts).collect();
        let mut found = Found {
            orphans: shelved.clone(),
            ..Found::default()
        };
        let (mut alive, mut erased) = (BTreeSet::new(), BTreeSet::new());
        let rows = self.0.node.shared().rows();
        each(&*rows, |matter, attached| {
            let id = attached.attachment.id;
            found.orphans.remove(&id);
            if self.is_erased(&attached) {
                erased.insert(id);
                return;
            }
            alive.insert(id);
            if !whole.contains(&id) {
                if attached.source.is_some() {
                    found.missing.insert(id, matter);
                } else {
                    found.lost.insert(id);
                }
            }
        })
        .map_err(std::io::Error::other)?;
        found.erased = &(&erased - &alive) & &shelved;
        Ok(found)
    }

    fn clear(&self, found: &Found, before: &BTreeSet<AttachmentId>) -> std::io::Result<()> {
        let shelf = &self.0.shelf;
        for id in found.orphans.intersection(before) {
            let busy =
                lock(&self.0.arriving).contains(id) || lock(&self.0.fetching).contains_key(id);
            if !busy {
                tracing::info!(%id, "清除没有工单引用的附件文件");
                shelf.remove(*id)?;
                shelf.remove_part(*id)?;
            }
        }
        for id in &found.erased {
            tracing::info!(%id, "密钥已销毁，清除附件文件");
            shelf.remove(*id)?;
            if !lock(&self.0.fetching).contains_key(id) {
                shelf.remove_part(*id)?;
            }
        }
        Ok(())
    }

    /// Whether the key of an attachment was destroyed here. One that cannot be read now is not a destroyed one.
    pub(super) fn is_erased(&self, attached: &Attached) -> bool {
        let open = self.0.node.shared().sealer.read(&attached.cover);
        open.is_ok_and(|text| text.is_none())
    }
}

/// Every attachment of every ticket.
fn each(rows: &dyn View, mut with: impl FnMut(MatterId, Attached)) -> Result<(), ViewFailed> {
    let mut from = RowKey::Attachment(MatterId([0; 16]), AttachmentId([0; 32]));
    let to = RowKey::Attachment(MatterId([u8::MAX; 16]), AttachmentId([u8::MAX; 32]));
    let mut again = false;
    loop {
        let page = rows.scan(&from, &to, PAGE + usize::from(again))?;
        let Some((last, _)) = page.last().cloned() else {
            return Ok(());
        };
        let fresh = page.into_iter().skip(usize::from(again));
        let mut any = false;
        for (key, row) in fresh {
            if let (RowKey::Attachment(matter, _), Row::Attachment(attached)) = (key, row) {
                any = true;
                with(matter, *attached);
            }
        }
        if !any {
            return Ok(());
        }
        (from, again) = (last, true);
    }
}

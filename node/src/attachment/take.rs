//! Fetching: every chunk is checked as it comes, kept, and never asked for twice.

use super::give::blocking;
use super::holder::{Attachments, lock};
use super::part::{Part, Parts, Refused};
use super::shelf::Partial;
use futures::StreamExt as _;
use hotline_domain::attachment::{Attached, AttachmentId, Manifest};
use hotline_domain::id::{LegId, MatterId};
use hotline_domain::leg::Side;
use hotline_domain::link::backoff;
use hotline_domain::view::Rows as _;
use hotline_proto::attachment::v1 as pb;
use hotline_topology::RegionKey;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long the next part may take.
const PART_DEADLINE: Duration = Duration::from_secs(60);
/// Longest pause between two tries, as a count of failures: some minutes.
const FAILURES_CAP: u32 = 9;

/// How far a fetch is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Chunks that are here.
    pub have: usize,
    /// Chunks in all; 0 while that is not known.
    pub of: usize,
    /// Why it stands still; it goes on by itself.
    pub waits: Option<String>,
    /// It is whole and durable here; or it will never be, and why.
    pub ended: Option<Result<(), String>>,
}

/// Why a try brought nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    Later(String),
    Never(String),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        if refused.later {
            Self::Later(refused.to_string())
        } else {
            Self::Never(refused.to_string())
        }
    }
}

impl Attachments {
    /// Fetches an attachment, or joins the fetch that is under way; goes on until it is here or can never be.
    pub fn fetch(&self, matter: MatterId, id: AttachmentId) -> watch::Receiver<Progress> {
        let mut fetching = lock(&self.0.fetching);
        if let Some(progress) = fetching.get(&id) {
            let progress = progress.clone();
            drop(fetching);
            // Somebody wants it now.
            self.0.retry.notify_waiters();
            return progress;
        }
        let (tell, progress) = watch::channel(Progress::default());
        fetching.insert(id, progress.clone());
        drop(fetching);
        let attachments = self.clone();
        self.spawn(async move {
            let _gone = Gone(attachments.clone(), id);
            attachments.fetch_for_ever(matter, id, &tell).await;
        });
        progress
    }

    async fn fetch_for_ever(
        &self,
        matter: MatterId,
        id: AttachmentId,
        tell: &watch::Sender<Progress>,
    ) {
        let mut failures: u32 = 0;
        loop {
            let before = tell.borrow().have;
            let tried = match self.0.fetches.acquire().await {
                Ok(_turn) => self.fetch_once(matter, id, tell).await,
                Err(_) => return,
            };
            let why = match tried {
                Ok(()) => {
                    lock(&self.0.hopeless).remove(&id);
                    tell.send_modify(|progress| progress.ended = Some(Ok(())));
                    return;
                }
                Err(Trouble::Never(why)) => {
                    lock(&self.0.hopeless).insert(id);
                    self.alarm(&format!("附件 {id} 不能取来：{why}"));
                    tell.send_modify(|progress| progress.ended = Some(Err(why)));
                    return;
                }
                Err(Trouble::Later(why)) => why,
            };
            tracing::debug!(%id, why, "附件稍后再取");
            let moved = tell.borrow().have > before;
            failures = if moved {
                1
            } else {
                (failures + 1).min(FAILURES_CAP)
            };
            tell.send_modify(|progress| progress.waits = Some(why));
            let retry = self.0.retry.notified();
            let jitter = u64::from_be_bytes(id.0[..8].try_into().unwrap_or_default());
            let wait = Duration::from_millis(backoff::delay_ms(failures, jitter));
            tokio::select! {
                () = retry => {}
                () = sleep(wait) => {}
            }
        }
    }

    pub(super) async fn fetch_once(
        &self,
        matter: MatterId,
        id: AttachmentId,
        tell: &watch::Sender<Progress>,
    ) -> Result<(), Trouble> {
        let rows = self.0.node.shared().rows();
        let later = |error: &dyn std::fmt::Display| Trouble::Later(error.to_string());
        let attached = rows.attachment(matter, id).map_err(|error| later(&error))?;
        let attached = attached.ok_or_else(|| Trouble::Never("工单上没有这份附件".to_owned()))?;
        if self.0.shelf.has(id).map_err(|error| later(&error))? {
            return Ok(());
        }
        if attached.attachment.size > self.0.settings.file_mib << 20 {
            let words = format!(
                "附件 {} MiB，超过本节点的上限 {} MiB(attachments.file_mib)",
                attached.attachment.size >> 20,
                self.0.settings.file_mib
            );
            return Err(Trouble::Never(words));
        }
        let mut trouble = Trouble::Never("附件是本节点写入的，文件却不在；请从备份恢复".to_owned());
        // The newest leg first: its giver is the likeliest to be there.
        for leg in attached.came_on.iter().rev() {
            let known = rows.leg(*leg).map_err(|error| later(&error))?;
            let holder = known.and_then(|leg| match leg.side {
                Side::Giver => Some(leg.taker().region()),
                Side::Taker => Some(leg.giver()),
                Side::Both => None,
            });
            let Some(holder) = holder else { continue };
            match self.fetch_from(&attached, *leg, holder, tell).await {
                Ok(()) => return Ok(()),
                // One that may give later outweighs one that never will.
                Err(Trouble::Never(_)) if matches!(trouble, Trouble::Later(_)) => {}
                Err(other) => trouble = other,
            }
        }
        Err(trouble)
    }

    async fn fetch_from(
        &self,
        attached: &Attached,
        leg: LegId,
        holder: RegionKey,
        tell: &watch::Sender<Progress>,
    ) -> Result<(), Trouble> {
        let id = attached.attachment.id;
        let shelf = self.0.shelf.clone();
        let guessed = blocking(move || shelf.guess(id)).await?;
        let mut from = guessed.map_err(|error| Trouble::Later(error.to_string()))?;
        // Asked for from where the file's length says; if its end turns out bad, once more from the last good chunk.
        for _ in 0..2 {
            let (peer, mut parts) = self.ask(id, leg, holder, from).await?;
            let manifest = self.head(attached, peer, &mut parts).await?;
            let shelf = self.0.shelf.clone();
            let partial = blocking(move || shelf.resume(manifest)).await?;
            let partial = partial.map_err(|error| Trouble::Later(error.to_string()))?;
            if partial.have() == from || partial.have() == partial.of() {
                return self.keep(partial, peer, parts, tell).await;
            }
            from = partial.have();
        }
        Err(Trouble::Later("附件的断点不稳定".to_owned()))
    }

    async fn ask(
        &self,
        id: AttachmentId,
        leg: LegId,
        holder: RegionKey,
        from: usize,
    ) -> Result<(RegionKey, Parts), Trouble> {
        let surroundings = &self.0.node.shared().surroundings;
        let (me, known) = (surroundings.me(), surroundings.known());
        let no_way = || Trouble::Later(format!("拓扑中没有到 {holder} 的路径"));
        let peer = known.federation.next_hop(me, holder).ok_or_else(no_way)?;
        let ask = pb::Ask {
            no: 0,
            id: id.0.to_vec(),
            leg: leg.0.to_vec(),
            asker: me.to_string(),
            holder: holder.to_string(),
            from_chunk: u32::try_from(from).unwrap_or(u32::MAX),
        };
        Ok((peer, self.0.peers.ask(peer, ask).await?))
    }

    /// The first part, which must be the manifest of what was asked for.
    pub(super) async fn head(
        &self,
        attached: &Attached,
        peer: RegionKey,
        parts: &mut Parts,
    ) -> Result<Manifest, Trouble> {
        let wanted = attached.attachment;
        match next(parts).await? {
            Some(Part::Head(manifest))
                if manifest.id() == wanted.id && manifest.size() == wanted.size =>
            {
                Ok(manifest)
            }
            _ => Err(self.wrong(wanted.id, peer)),
        }
    }

    pub(super) async fn keep(
        &self,
        mut partial: Partial,
        peer: RegionKey,
        mut parts: Parts,
        tell: &watch::Sender<Progress>,
    ) -> Result<(), Trouble> {
        let id = partial.id();
        let failed = |error: &dyn std::fmt::Display| Trouble::Later(error.to_string());
        loop {
            tell.send_modify(|progress| {
                (progress.have, progress.of) = (partial.have(), partial.of());
                progress.waits = None;
            });
            if partial.have() == partial.of() {
                let finished = blocking(move || partial.finish()).await?;
                return finished.map_err(|error| failed(&error));
            }
            let Some(part) = next(&mut parts).await? else {
                return Err(Trouble::Later("附件传送中断".to_owned()));
            };
            let Part::Chunk(sealed) = part else {
                return Err(self.wrong(id, peer));
            };
            let bytes = sealed.len() as u64;
            let (kept, again) = blocking(move || {
                let kept = partial.append(&sealed);
                (kept, partial)
            })
            .await?;
            partial = again;
            if !kept.map_err(|error| failed(&error))? {
                return Err(self.wrong(id, peer));
            }
            let received = &self.0.counts.received_bytes;
            received.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// The neighbour brought what the id does not name; nothing of it was kept.
    fn wrong(&self, id: AttachmentId, peer: RegionKey) -> Trouble {
        self.0.counts.wrong_chunks.fetch_add(1, Ordering::Relaxed);
        let words = format!("由 {peer} 传来的附件 {id} 与其编号不符，已丢弃");
        self.alarm(&words);
        Trouble::Later(words)
    }
}

async fn next(parts: &mut Parts) -> Result<Option<Part>, Trouble> {
    match timeout(PART_DEADLINE, parts.next()).await {
        Ok(Some(part)) => Ok(Some(part?)),
        Ok(None) => Ok(None),
        Err(_) => Err(Trouble::Later("附件传送停顿".to_owned())),
    }
}

/// The fetch is over, or was dropped with the node.
struct Gone(Attachments, AttachmentId);

impl Drop for Gone {
    fn drop(&mut self) {
        lock(&self.0.0.fetching).remove(&self.1);
    }
}

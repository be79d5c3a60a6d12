//! Answering: chunks of an own attachment to whom the leg concerns, or passed on along the way between the two.

use super::holder::Attachments;
use super::part::{Part, Parts, Refused};
use super::shelf::{ShelfError, Stored};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use hotline_domain::attachment::{AttachmentId, permit_fetch, permit_passing};
use hotline_domain::id::LegId;
use hotline_domain::kernel::Input;
use hotline_domain::view::{Rows as _, ViewFailed};
use hotline_proto::attachment::v1 as pb;
use hotline_topology::RegionKey;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An ask, read.
struct Asked {
    id: AttachmentId,
    leg: LegId,
    asker: RegionKey,
    holder: RegionKey,
    from: usize,
}

fn read(ask: &pb::Ask) -> Option<Asked> {
    Some(Asked {
        id: AttachmentId(ask.id.as_slice().try_into().ok()?),
        leg: LegId::try_from(ask.leg.as_slice()).ok()?,
        asker: ask.asker.parse().ok()?,
        holder: ask.holder.parse().ok()?,
        from: usize::try_from(ask.from_chunk).ok()?,
    })
}

fn unwell(failed: &ViewFailed) -> Refused {
    Refused::later("attachment.unwell", failed.to_string())
}

impl Attachments {
    /// Answers what a neighbour asks.
    ///
    /// # Errors
    /// The rule that speaks against it.
    pub(super) fn answer(
        &self,
        peer: RegionKey,
        ask: pb::Ask,
    ) -> BoxFuture<'static, Result<Parts, Refused>> {
        let attachments = self.clone();
        let answering = async move {
            let answered = attachments.clone().try_answer(peer, ask).await;
            if let Err(refused) = &answered
                && !refused.later
            {
                attachments.0.counts.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%peer, rule = refused.rule, "拒绝附件请求：{}", refused.words);
            }
            answered
        };
        answering.boxed()
    }

    async fn try_answer(self, peer: RegionKey, ask: pb::Ask) -> Result<Parts, Refused> {
        let malformed = || Refused::new("attachment.malformed", "附件请求不可读");
        let asked = read(&ask).ok_or_else(malformed)?;
        let shared = self.0.node.shared();
        let (me, known) = (shared.surroundings.me(), shared.surroundings.known());
        let next = permit_passing(&known.federation, me, peer, asked.asker, asked.holder)?;
        let gate = self.gate(peer);
        let busy = |_| Refused::later("attachment.busy", "同时传送的附件已达上限，请稍后再取");
        let permit = Arc::clone(&gate.streams)
            .try_acquire_owned()
            .map_err(busy)?;
        let parts = match next {
            None => self.clone().own(asked).await?,
            Some(next) => self.0.peers.ask(next, ask).await?,
        };
        let attachments = self.clone();
        let paced = parts.then(move |part| {
            let (attachments, gate) = (attachments.clone(), Arc::clone(&gate));
            async move {
                if let Ok(Part::Chunk(sealed)) = &part {
                    let bytes = sealed.len();
                    gate.pace.before(&attachments.0.node, peer, bytes).await;
                    let sent = &attachments.0.counts.sent_bytes;
                    sent.fetch_add(bytes as u64, Ordering::Relaxed);
                }
                part
            }
        });
        // The stream keeps its place at the gate until it ends or is dropped, and ends when the node stops.
        let held = paced.map(move |part| {
            let _held = &permit;
            part
        });
        let stop = self.0.stop.clone().cancelled_owned();
        Ok(held.take_until(stop).boxed())
    }

    /// The chunks of an attachment that this node gave along the leg.
    async fn own(self, asked: Asked) -> Result<Parts, Refused> {
        let Asked {
            id,
            leg,
            asker,
            from,
            ..
        } = asked;
        let rows = self.0.node.shared().rows();
        let unknown = |what| {
            let words = format!("本节点没有这一{what}");
            Refused::new("attachment.unknown", words)
        };
        let leg = rows.leg(leg).map_err(|failed| unwell(&failed))?;
        let leg = leg.ok_or_else(|| unknown("交办"))?;
        let matter = leg.matter();
        let attached = rows.attachment(matter, id);
        let attached = attached.map_err(|failed| unwell(&failed))?;
        let attached = attached.ok_or_else(|| unknown("附件"))?;
        permit_fetch(&attached, &leg, asker)?;
        if self.is_erased(&attached) {
            let words = "附件的密钥在持有方已经销毁，不再送出";
            return Err(Refused::new("attachment.erased", words));
        }
        let shelf = self.0.shelf.clone();
        let stored = match blocking(move || shelf.read(id)).await? {
            Ok(stored) => stored,
            Err(ShelfError::Missing(_)) if attached.source.is_some() => {
                self.fetch(matter, id);
                let words = "附件还没有传到本节点，请稍后再取";
                return Err(Refused::later("attachment.not-here-yet", words));
            }
            Err(error) => return Err(self.broken(&error)),
        };
        if !attached.fetched_by.contains(&asker) {
            let (leg, by) = (leg.id, asker);
            let input = Input::AttachmentFetched {
                matter,
                id,
                leg,
                by,
            };
            self.0.node.submit(input).await;
        }
        let head = Part::Head(stored.manifest().clone());
        let chunks = stream::unfold(Some((stored, from)), {
            let attachments = self.clone();
            move |state| {
                let attachments = attachments.clone();
                async move { attachments.next_chunk(state?).await }
            }
        });
        Ok(stream::once(async { Ok(head) }).chain(chunks).boxed())
    }

    async fn next_chunk(
        &self,
        (stored, no): (Stored, usize),
    ) -> Option<(Result<Part, Refused>, Option<(Stored, usize)>)> {
        if no >= stored.manifest().chunks() {
            return None;
        }
        let read = blocking(move || (stored.chunk(no), stored)).await;
        Some(match read {
            Ok((Ok(sealed), stored)) => (Ok(Part::Chunk(sealed)), Some((stored, no + 1))),
            Ok((Err(error), _)) => (Err(self.broken(&error)), None),
            Err(refused) => (Err(refused), None),
        })
    }

    /// The operator must see to the file; whoever asks may try again.
    fn broken(&self, error: &ShelfError) -> Refused {
        self.alarm(&format!("附件不能送出：{error}"));
        Refused::later("attachment.broken", "持有方的附件文件暂不可用")
    }
}

/// Work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Refused::later("attachment.unwell", "节点正在停止"))
}

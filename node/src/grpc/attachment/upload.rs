//! A file comes up: checked before and while it comes, sealed as it comes, referred to once it is durable.

use super::Files;
use crate::app::{Asked, Outcome};
use crate::attachment::{ChunkKey, Cover, Incoming, NAME_CHARS_MAX, ShelfError, plain_name};
use crate::entropy::{Entropy as _, OsEntropy};
use crate::grpc::refusal::{self, invalid, slip};
use crate::grpc::{command, wire};
use futures::stream::BoxStream;
use futures::{SinkExt as _, StreamExt as _};
use hotline_domain::attachment::{Attachment, AttachmentId, Held, looks_like, permit, sniff};
use hotline_domain::body::Actor;
use hotline_domain::command::Verb;
use hotline_domain::id::MatterId;
use hotline_domain::policy::roles;
use hotline_domain::refusal::{Class, Refusal};
use hotline_domain::view::Rows as _;
use hotline_proto::operator::v1 as pb;
use hotline_topology::FieldName;
use hotline_topology::policy::Media;
use pb::attach_file_request::{Head, Part};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Status, Streaming};
use zeroize::Zeroizing;

/// How long the next part may take.
const PART_DEADLINE: Duration = Duration::from_secs(60);
/// How much of a file is looked at to tell what it is, in bytes.
const LOOKED_AT: usize = 64 << 10;
/// Bytes between two words of progress.
const TOLD_EVERY: u64 = 1 << 20;

type Told = futures::channel::mpsc::Sender<Result<pb::AttachFileResponse, Status>>;

/// What comes, checked.
struct Announced {
    head: Head,
    matter: MatterId,
    name: String,
    /// As the caller or the name's ending says; `None`: its first bytes tell.
    media: Option<Media>,
}

/// A file that came whole.
struct Came {
    id: AttachmentId,
    media: Media,
    content: [u8; 32],
}

impl Files {
    /// Takes a file; answers with progress, and last with what was made.
    pub fn attach(
        self,
        actor: Actor,
        parts: Streaming<pb::AttachFileRequest>,
    ) -> BoxStream<'static, Result<pb::AttachFileResponse, Status>> {
        let (mut tell, told) = futures::channel::mpsc::channel(4);
        tokio::spawn(async move {
            let done = match self.begin() {
                Ok(_under_way) => self.take(actor, parts, &mut tell).await,
                Err(crowded) => Err(crowded),
            };
            // Whoever asked may have gone; what was decided stands.
            drop(tell.send(done).await);
        });
        told.boxed()
    }

    async fn take(
        &self,
        actor: Actor,
        mut parts: Streaming<pb::AttachFileRequest>,
        tell: &mut Told,
    ) -> Result<pb::AttachFileResponse, Status> {
        let Some(Part::Head(head)) = next(&mut parts).await? else {
            return Err(invalid("head", "先说明是什么文件，再传内容".to_owned()));
        };
        let announced = self.check(&actor, head)?;
        let mut key: ChunkKey = Zeroizing::new([0; 32]);
        let mut upload = [0; 16];
        let drawn = OsEntropy.fill(&mut *key);
        drawn
            .and_then(|()| OsEntropy.fill(&mut upload))
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let shelf = self.attachments.shelf().clone();
        let (began, named) = (key.clone(), crate::store::hex(&upload));
        let incoming = blocking(move || shelf.begin(&format!("upload-{named}"), &began)).await?;
        let told = |media| self.permit(announced.matter, media, announced.head.size);
        let came = receive(&announced, told, incoming, &mut parts, tell).await?;
        self.record(actor, announced, &came, &key).await
    }

    /// Everything that speaks against the file is said before its first byte comes.
    fn check(&self, actor: &Actor, head: Head) -> Result<Announced, Status> {
        let (matter, _) = self.ticket(actor, &head.ticket)?;
        let name = plain_name(&head.name).ok_or_else(|| invalid("name", no_name(&head.name)))?;
        let media = media_of(&head.media, &name)?;
        let attachment = Attachment {
            id: AttachmentId([0; 32]),
            size: head.size,
            // Who may attach and how much does not depend on what the file turns out to be.
            media: media.unwrap_or(Media::Text),
        };
        let verb = Verb::Attach {
            matter,
            attachment,
            local: head.local,
        };
        let bounded = || {
            roles::permit(actor, &verb)?;
            let max = self.attachments.settings().file_mib;
            if head.size > max << 20 {
                let words = format!("附件超过本节点的上限 {max} MiB(attachments.file_mib)");
                return Err(Refusal::new(Class::Policy, "attachment.file-size", words));
            }
            Ok(())
        };
        bounded().map_err(|refused| refusal::refused(&refused))?;
        if let Some(media) = media {
            self.permit(matter, media, head.size)?;
        }
        Ok(Announced {
            head,
            matter,
            name,
            media,
        })
    }

    fn permit(&self, matter: MatterId, media: Media, size: u64) -> Result<(), Status> {
        let held = Held::of(&self.attached(matter)?);
        permit(&self.pack().attachments, held, media, size)
            .map_err(|refused| refusal::refused(&refused))
    }

    /// The reference: the file is whole and durable by now.
    async fn record(
        &self,
        actor: Actor,
        announced: Announced,
        came: &Came,
        key: &ChunkKey,
    ) -> Result<pb::AttachFileResponse, Status> {
        let Announced {
            head, matter, name, ..
        } = announced;
        let media = came.media;
        let _arriving = self.attachments.arriving(came.id);
        let cover = Cover {
            name,
            key: key.clone(),
        };
        let attachment = Attachment {
            id: came.id,
            size: head.size,
            media,
        };
        let asked = Asked {
            actor,
            digest: digest(&head, matter, &cover.name, media, &came.content),
            key: (!head.key.is_empty()).then_some(head.key),
            seen: (head.seen != 0).then_some(head.seen),
            verb: Verb::Attach {
                matter,
                attachment,
                local: head.local,
            },
            matter: Some(matter),
            texts: vec![(FieldName::Attachment, cover.to_text())],
        };
        let outcome = self.node.command(asked).await;
        // Refused, or done before under the same key: nothing refers to this copy. Where the outcome is unknown, the
        // shelf is put in order later.
        let unknown = matches!(outcome, Outcome::Unknown(_));
        let known = self.node.shared().rows().attachment(matter, came.id);
        let referred = known.map_err(refusal::unwell)?.is_some();
        if !referred && !unknown {
            let (shelf, id) = (self.attachments.shelf().clone(), came.id);
            blocking(move || Ok(shelf.remove(id)?)).await?;
        }
        match outcome {
            Outcome::Decided(Ok(done)) => Ok(pb::AttachFileResponse {
                taken: head.size,
                id: if referred {
                    came.id.to_string()
                } else {
                    String::new()
                },
                done: Some(command::done(&done)),
            }),
            outcome => Err(refusal::status(outcome)),
        }
    }
}

/// Takes the bytes. Whatever is wrong with them, nothing of them is left.
async fn receive(
    announced: &Announced,
    permit: impl Fn(Media) -> Result<(), Status>,
    mut incoming: Incoming,
    parts: &mut Streaming<pb::AttachFileRequest>,
    tell: &mut Told,
) -> Result<Came, Status> {
    let size = announced.head.size;
    let mut content = Sha256::new();
    let mut start = Zeroizing::new(Vec::new());
    let mut told = 0;
    while let Some(part) = next(parts).await? {
        let Part::Data(data) = part else {
            return Err(invalid("head", "文件已经说明过".to_owned()));
        };
        let looked = start.len() >= LOOKED_AT;
        if !looked {
            let more = data.len().min(LOOKED_AT - start.len());
            start.extend_from_slice(&data[..more]);
        }
        if !looked && start.len() >= LOOKED_AT {
            told_media(announced.media, &start, &permit)?;
        }
        content.update(&data);
        if incoming.taken() + data.len() as u64 > size {
            return Err(not_the_size(size));
        }
        incoming = blocking(move || {
            incoming.write(&data)?;
            Ok(incoming)
        })
        .await?;
        if incoming.taken() >= told + TOLD_EVERY {
            told = incoming.taken();
            let taken = told;
            let progress = pb::AttachFileResponse {
                taken,
                ..Default::default()
            };
            // Progress is a courtesy; the bytes go on.
            drop(tell.try_send(Ok(progress)));
        }
    }
    if incoming.taken() != size {
        return Err(not_the_size(size));
    }
    let media = told_media(announced.media, &start, &permit)?;
    let (id, _) = blocking(move || incoming.finish()).await?;
    let content = content.finalize().into();
    Ok(Came { id, media, content })
}

/// The type as said, or as the file's ending tells; `None` where the name has no ending.
fn media_of(said: &str, name: &str) -> Result<Option<Media>, Status> {
    if !said.is_empty() {
        let known = said
            .parse()
            .map_err(|error: String| slip("media", said, &error))?;
        return Ok(Some(known));
    }
    match (Media::of_name(name), Media::ending_of(name)) {
        (Some(media), _) => Ok(Some(media)),
        (None, None) => Ok(None),
        (None, Some(ending)) => {
            let words = format!(
                "从后缀“.{ending}”看不出类型；请改成文件本来的后缀，或写明类型（--media，如 image/png）"
            );
            Err(invalid("media", words))
        }
    }
}

fn no_name(name: &str) -> String {
    let length = name.chars().count();
    if length > NAME_CHARS_MAX {
        format!(
            "文件名 {length} 个字符，最多 {NAME_CHARS_MAX} 个；请改短，或用 --name 另写一个文件名"
        )
    } else {
        "没有可用的文件名；请用 --name 写明".to_owned()
    }
}

/// The type that a file has by its first bytes, which must not contradict what was said of it.
fn told_media(
    said: Option<Media>,
    start: &[u8],
    permit: &impl Fn(Media) -> Result<(), Status>,
) -> Result<Media, Status> {
    if let Some(media) = said {
        return check_media(media, start).map(|()| media);
    }
    let Some(media) = sniff(start) else {
        let words = "文件名没有后缀，从内容也看不出类型；请写明类型（--media，如 image/png）";
        return Err(invalid("media", words.to_owned()));
    };
    permit(media).map(|()| media)
}

fn check_media(media: Media, start: &[u8]) -> Result<(), Status> {
    if looks_like(media, start) {
        return Ok(());
    }
    let instead = sniff(start).map_or_else(String::new, |found| {
        format!("，看来是{}（{}）", found.label(), found.as_str())
    });
    let words = format!("文件内容不是{}{instead}；请核对文件和类型", media.label());
    let refused = Refusal::new(Class::Invalid, "attachment.not-that-media", words);
    Err(refusal::refused(&refused))
}

fn not_the_size(size: u64) -> Status {
    let words = format!("传来的内容不是所说的 {size} 字节；请重新上传");
    let refused = Refusal::new(Class::Invalid, "attachment.not-that-size", words);
    refusal::refused(&refused)
}

/// What the idempotency key stands for: the same file, under the same name, to the same ticket.
fn digest(head: &Head, matter: MatterId, name: &str, media: Media, content: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"hotline attach 1");
    hash.update(matter.0);
    hash.update(content);
    hash.update(head.size.to_be_bytes());
    hash.update([u8::from(head.local)]);
    hash.update(media.as_str());
    hash.update([0]);
    hash.update(name);
    hash.finalize().into()
}

async fn next(parts: &mut Streaming<pb::AttachFileRequest>) -> Result<Option<Part>, Status> {
    let part = timeout(PART_DEADLINE, parts.message()).await;
    let part = part
        .map_err(|_| Status::deadline_exceeded("文件内容迟迟不来，上传已取消"))?
        .map_err(wire::in_words)?;
    match part {
        None => Ok(None),
        Some(part) => match part.part {
            Some(part) => Ok(Some(part)),
            None => Err(invalid("part", "空的一段".to_owned())),
        },
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Status::unavailable("节点正在停止"))?;
    done.map_err(|error| match error {
        ShelfError::Full => {
            let refused = Refusal::new(Class::Unready, "attachment.disk-full", error.to_string());
            refusal::refused(&refused)
        }
        other => Status::unavailable(other.to_string()),
    })
}

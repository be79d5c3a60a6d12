//! What may be attached: sizes, numbers and types, by the pack.

use super::{Attached, SIZE_MAX};
use crate::refusal::{Class, Refusal};
use hotline_topology::policy::{AttachmentRule, Media};

/// References that other nodes may bring to one ticket; what goes beyond is refused.
pub const RECEIVED_MAX: usize = 400;

/// What a ticket holds already that was written at this node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Files.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

impl Held {
    /// What of these was written at this node.
    #[must_use]
    pub fn of(attached: &[Attached]) -> Self {
        let own = attached.iter().filter(|one| one.source.is_none());
        own.fold(Self::default(), |held, one| Self {
            files: held.files + 1,
            bytes: held.bytes.saturating_add(one.attachment.size),
        })
    }
}

/// May a file of that type and size (bytes) be attached?
///
/// # Errors
/// Refuses as `attachment.empty`, `attachment.media`, `attachment.file-size`, `attachment.ticket-size`,
/// `attachment.ticket-files`.
pub fn permit(rule: &AttachmentRule, held: Held, media: Media, size: u64) -> Result<(), Refusal> {
    let against =
        |name, words| Err(Refusal::new(Class::Policy, name, words).citing(rule.article.clone()));
    if size == 0 {
        let words = "附件是空文件；请核对后重新上传";
        return Err(Refusal::new(Class::Invalid, "attachment.empty", words));
    }
    if !rule.media.contains(&media) {
        let taken: Vec<_> = rule.media.iter().map(|media| media.label()).collect();
        let words = format!("不收{}；可收：{}", media.label(), taken.join("、"));
        return against("attachment.media", words);
    }
    let file_max = (u64::from(rule.file_kib) << 10).min(SIZE_MAX);
    if size > file_max {
        let words = format!(
            "附件 {} KiB，超过单个上限 {} KiB；请压缩或拆分后再传",
            size.div_ceil(1024),
            file_max >> 10
        );
        return against("attachment.file-size", words);
    }
    if held.files >= rule.ticket_files {
        let words = format!("本工单在本节点已有 {} 份附件，已达上限", held.files);
        return against("attachment.ticket-files", words);
    }
    let ticket_max = u64::from(rule.ticket_kib) << 10;
    if held.bytes.saturating_add(size) > ticket_max {
        let words = format!(
            "本工单的附件将达 {} KiB，超过每件上限 {} KiB",
            held.bytes.saturating_add(size).div_ceil(1024),
            rule.ticket_kib
        );
        return against("attachment.ticket-size", words);
    }
    Ok(())
}

/// May another node bring a reference to a file of that size (bytes) to a ticket that knows of so many already?
///
/// # Errors
/// Refuses as `attachment.file-size`, `attachment.too-many`.
pub fn permit_received(known: usize, size: u64) -> Result<(), Refusal> {
    if size == 0 || size > SIZE_MAX {
        let words = format!("附件大小 {size} 字节不在许可范围内，未接收");
        return Err(Refusal::new(Class::Invalid, "attachment.file-size", words));
    }
    if known >= RECEIVED_MAX {
        let words = format!("本工单已有 {known} 份附件，不再接收");
        return Err(Refusal::new(Class::Policy, "attachment.too-many", words));
    }
    Ok(())
}

//! Attachments (附件): how large, how many, of which sorts.

use super::read::article;
use super::words::words;
use crate::read::{Located, Table};

words! {
    /// What a file is, by its media type.
    Media, "附件类型", 9 {
        /// JPEG 图片
        Jpeg = "image/jpeg" / "JPEG 图片",
        /// PNG 图片
        Png = "image/png" / "PNG 图片",
        /// PDF 文档
        Pdf = "application/pdf" / "PDF 文档",
        /// MP4 视频
        Mp4 = "video/mp4" / "MP4 视频",
        /// MP3 录音
        Mp3 = "audio/mpeg" / "MP3 录音",
        /// AMR 录音
        Amr = "audio/amr" / "AMR 录音",
        /// Word 文档
        Docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document" / "Word 文档",
        /// Excel 表格
        Xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" / "Excel 表格",
        /// 纯文本
        Text = "text/plain" / "纯文本",
    }
}

words! {
    /// The sorts that people speak of.
    MediaKind, "附件种类", 4 {
        /// 图片
        Picture = "picture" / "图片",
        /// 文档
        Document = "document" / "文档",
        /// 录音
        Audio = "audio" / "录音",
        /// 视频
        Video = "video" / "视频",
    }
}

impl Media {
    /// The sort that it belongs to.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Media::Jpeg | Media::Png => MediaKind::Picture,
            Media::Pdf | Media::Docx | Media::Xlsx | Media::Text => MediaKind::Document,
            Media::Mp3 | Media::Amr => MediaKind::Audio,
            Media::Mp4 => MediaKind::Video,
        }
    }

    /// The ending of a file's name, as programs give it: up to five ASCII letters and digits, not digits alone. What
    /// follows the last point of 第1.2版 is none.
    #[must_use]
    pub fn ending_of(name: &str) -> Option<&str> {
        let (_, ending) = name.rsplit_once('.')?;
        let is_one = (1..=5).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && ending.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_one.then_some(ending)
    }

    /// The type that a file's name suggests; `None` for endings of no type known here.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Media> {
        let ending = Media::ending_of(name)?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Media::Jpeg,
            "png" => Media::Png,
            "pdf" => Media::Pdf,
            "mp4" => Media::Mp4,
            "mp3" => Media::Mp3,
            "amr" => Media::Amr,
            "docx" => Media::Docx,
            "xlsx" => Media::Xlsx,
            "txt" => Media::Text,
            _ => return None,
        })
    }
}

/// What may be attached to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRule {
    /// Largest file, in KiB.
    pub file_kib: u32,
    /// All attachments of one ticket that were written at one node, in KiB.
    pub ticket_kib: u32,
    /// How many of them.
    pub ticket_files: u32,
    /// Types taken.
    pub media: Vec<Media>,
    /// The article.
    pub article: String,
}

impl Default for AttachmentRule {
    /// What holds under packs that say nothing.
    fn default() -> AttachmentRule {
        AttachmentRule {
            file_kib: 200 << 10,
            ticket_kib: 1 << 20,
            ticket_files: 50,
            media: Media::ALL.to_vec(),
            article: "本包默认".to_owned(),
        }
    }
}

/// Upper bound of sizes, in KiB: 2 GiB. More is a slip of the pen.
const KIB_END: u32 = (2 << 20) + 1;
/// Upper bound of the number of files of a ticket.
const FILES_END: u32 = 201;

pub(super) fn read_attachments(table: Table<'_>) -> Option<AttachmentRule> {
    let file_kib = table.number("file_kib", 1..KIB_END);
    let ticket_kib = table.number("ticket_kib", 1..KIB_END);
    let ticket_files = table.number("ticket_files", 0..FILES_END);
    let media: Vec<Located<Media>> = table.list("media");
    let article = article(&table);
    if let (Some(file), Some(ticket)) = (&file_kib, &ticket_kib)
        && file.value > ticket.value
    {
        table.fault("单个附件的上限（file_kib）不能大于一件工单的上限（ticket_kib）");
    }
    table.finish();
    Some(AttachmentRule {
        file_kib: file_kib?.value,
        ticket_kib: ticket_kib?.value,
        ticket_files: ticket_files?.value,
        media: media.into_iter().map(|media| media.value).collect(),
        article: article?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyPack;

    #[test]
    fn a_pack_without_a_word_on_attachments_takes_the_usual_ones() {
        let text = PolicyPack::default_text();
        let start = text.find("# ---- 附件").expect("its passage");
        let silent = PolicyPack::parse("old.toml", &text[..start]).expect("a pack");
        assert_eq!(silent.attachments, AttachmentRule::default());
        assert_eq!(
            PolicyPack::default_pack().attachments,
            AttachmentRule::default()
        );
    }

    #[test]
    fn limits_are_checked_against_each_other() {
        let text = PolicyPack::default_text();
        let faults = PolicyPack::parse(
            "pack.toml",
            &text.replace("ticket_kib = 1048576", "ticket_kib = 10"),
        )
        .expect_err("smaller than one file");
        assert!(faults[0].to_string().contains("file_kib"), "{faults:?}");
        let faults =
            PolicyPack::parse("pack.toml", &text.replace("\"image/png\"", "\"image/gif\""))
                .expect_err("no type known here");
        assert!(faults[0].to_string().contains("image/gif"), "{faults:?}");
    }

    #[test]
    fn names_suggest_types_and_every_type_has_a_sort() {
        assert_eq!(Media::of_name("现场.JPG"), Some(Media::Jpeg));
        assert_eq!(Media::of_name("a.tar.gz"), None);
        assert_eq!(Media::of_name("无后缀"), None);
        for media in Media::ALL {
            assert_eq!(media.as_str().parse(), Ok(media));
            assert!(MediaKind::ALL.contains(&media.kind()));
        }
    }
}

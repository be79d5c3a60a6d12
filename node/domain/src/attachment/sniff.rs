//! Is a file what it says it is? Looked at are its first bytes only.

use hotline_topology::policy::Media;

/// Where PDF allows its mark to stand, in bytes from the start (ISO 32000-1, annex H).
const PDF_WITHIN: usize = 1024;

/// Whether a file that begins with these bytes may be of that type; `head` is its first chunk.
#[must_use]
pub fn looks_like(media: Media, head: &[u8]) -> bool {
    match media {
        Media::Jpeg => head.starts_with(&[0xFF, 0xD8, 0xFF]),
        Media::Png => head.starts_with(b"\x89PNG\r\n\x1a\n"),
        Media::Pdf => holds(&head[..head.len().min(PDF_WITHIN)], b"%PDF-"),
        Media::Mp4 => head.get(4..8) == Some(b"ftyp"),
        Media::Mp3 => head.starts_with(b"ID3") || is_layer_three(head),
        Media::Amr => head.starts_with(b"#!AMR\n") || head.starts_with(b"#!AMR-WB\n"),
        Media::Docx => is_office(head, b"word/", b"xl/"),
        Media::Xlsx => is_office(head, b"xl/", b"word/"),
        Media::Text => is_text(head),
    }
}

/// The type that a file's first bytes tell; `None` where they tell none. What only might be an MP4 film, such as a
/// telephone's picture in a container of the same family, is none.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Media> {
    let found = Media::ALL
        .into_iter()
        .find(|media| looks_like(*media, head))?;
    let pictures: [&[u8]; 6] = [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"];
    let is_picture = head
        .get(8..12)
        .is_some_and(|brand| pictures.contains(&brand));
    (found != Media::Mp4 || !is_picture).then_some(found)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The frame header of MPEG audio, layer III: eleven bits set, then version, then layer.
fn is_layer_three(head: &[u8]) -> bool {
    matches!(head, [0xFF, second, ..] if second & 0xE6 == 0xE2)
}

/// A ZIP archive that begins like an office document; which one, its folders tell, unless they stand further back.
fn is_office(head: &[u8], own: &[u8], other: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
        && (holds(head, own) || holds(head, b"[Content_Types].xml"))
        && (holds(head, own) || !(holds(head, other) || holds(head, b"ppt/")))
}

/// Text has no control characters but those of layout, in UTF-8 as in GB 18030, and no other type's mark.
fn is_text(head: &[u8]) -> bool {
    let layout = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C);
    let others = [
        Media::Jpeg,
        Media::Png,
        Media::Pdf,
        Media::Mp4,
        Media::Mp3,
        Media::Amr,
    ];
    head.iter().all(|byte| *byte >= 0x20 || layout(byte))
        && !others.iter().any(|other| looks_like(*other, head))
}

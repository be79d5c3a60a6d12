use super::*;
use crate::testing::{CITY, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, tree};
use hotline_topology::policy::AttachmentRule;
use proptest::prelude::*;

fn manifest_of(size: u64, seed: u8) -> (Manifest, Vec<Vec<u8>>) {
    let mut left = size;
    let chunks: Vec<Vec<u8>> = (0..Manifest::chunks_of(size))
        .map(|no| {
            let len = left.min(CHUNK_BYTES as u64);
            left -= len;
            let fill = seed.wrapping_add(no as u8);
            vec![fill; len as usize + TAG_BYTES]
        })
        .collect();
    let hashes = chunks.iter().map(|chunk| Manifest::hash(chunk)).collect();
    (
        Manifest::new(size, hashes).expect("as many as there are"),
        chunks,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn chunks_lie_end_to_end_and_only_theirs_fit(
        size in 0u64..3 * CHUNK_BYTES as u64 + 2,
        seed: u8,
        flip in 0usize..usize::MAX,
    ) {
        let (manifest, chunks) = manifest_of(size, seed);
        let mut at = 0;
        for (no, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(Manifest::offset(no), at);
            prop_assert_eq!(manifest.sealed_len(no), chunk.len());
            prop_assert!(manifest.is_chunk(no, chunk));
            let mut wrong = chunk.clone();
            let place = flip % wrong.len();
            wrong[place] ^= 1;
            prop_assert!(!manifest.is_chunk(no, &wrong), "a flipped bit");
            prop_assert!(!manifest.is_chunk(no, &chunk[1..]), "cut short");
            prop_assert!(!manifest.is_chunk(no + 1, chunk) || no + 1 < chunks.len());
            at += chunk.len() as u64;
        }
        prop_assert_eq!(manifest.sealed_size(), at);
        prop_assert_eq!(manifest.sealed_len(chunks.len()), 0);
    }

    #[test]
    fn the_id_names_size_content_and_order(size in 1u64..3 * CHUNK_BYTES as u64, seed: u8) {
        let (manifest, _) = manifest_of(size, seed);
        let (other, _) = manifest_of(size, seed.wrapping_add(1));
        prop_assert_ne!(manifest.id(), other.id());
        let mut turned = manifest.hashes().to_vec();
        turned.reverse();
        let turned = Manifest::new(size, turned).expect("as many");
        prop_assert_eq!(turned.id() == manifest.id(), manifest.chunks() == 1);
        prop_assert_eq!(manifest.id().to_string().parse(), Ok(manifest.id()));
        let shorter = manifest.hashes()[1..].to_vec();
        prop_assert_eq!(Manifest::new(size, shorter), None);
    }
}

#[test]
fn a_file_is_what_it_says() {
    let zip = |folder: &str| [b"PK\x03\x04....[Content_Types].xml..", folder.as_bytes()].concat();
    let good: [(Media, Vec<u8>); 11] = [
        (Media::Jpeg, vec![0xFF, 0xD8, 0xFF, 0xE0, 0]),
        (Media::Png, b"\x89PNG\r\n\x1a\n....".to_vec()),
        (Media::Pdf, b"%PDF-1.7\n".to_vec()),
        (Media::Mp4, b"\0\0\0\x18ftypisom".to_vec()),
        (Media::Mp3, b"ID3\x04".to_vec()),
        (Media::Mp3, vec![0xFF, 0xFB, 0x90, 0x64]),
        (Media::Amr, b"#!AMR\n\x3c".to_vec()),
        (Media::Docx, zip("word/document.xml")),
        (Media::Xlsx, zip("xl/workbook.xml")),
        (Media::Text, "路灯不亮\r\n".as_bytes().to_vec()),
        (Media::Text, vec![0xC2, 0xB7, 0xB5, 0xC6, b'\n']),
    ];
    for (media, head) in &good {
        assert!(looks_like(*media, head), "{media:?} {head:?}");
        for other in Media::ALL.iter().filter(|other| *other != media) {
            // An archive is no control-free text, so nothing passes as two things.
            assert!(!looks_like(*other, head), "{media:?} as {other:?}");
        }
    }
    for media in Media::ALL {
        assert_eq!(looks_like(media, b""), media == Media::Text, "{media:?}");
        assert!(
            !looks_like(media, b"MZ\x90\0\x03"),
            "a program as {media:?}"
        );
    }
    assert!(!looks_like(Media::Docx, &zip("ppt/slides")));
}

#[test]
fn limits_name_their_rule_and_article() {
    let rule = AttachmentRule {
        file_kib: 10,
        ticket_kib: 15,
        ticket_files: 2,
        media: vec![Media::Jpeg],
        article: "第八条".to_owned(),
    };
    let permit = |files, bytes, media, size| permit(&rule, Held { files, bytes }, media, size);
    assert_eq!(permit(0, 0, Media::Jpeg, 10 << 10), Ok(()));
    let cases = [
        (permit(0, 0, Media::Jpeg, 0), "attachment.empty"),
        (permit(0, 0, Media::Mp4, 1), "attachment.media"),
        (
            permit(0, 0, Media::Jpeg, (10 << 10) + 1),
            "attachment.file-size",
        ),
        (
            permit(1, 10 << 10, Media::Jpeg, (5 << 10) + 1),
            "attachment.ticket-size",
        ),
        (permit(2, 0, Media::Jpeg, 1), "attachment.ticket-files"),
    ];
    for (refused, name) in cases {
        let refusal = refused.expect_err(name);
        assert_eq!(refusal.rule, name);
        assert_eq!(refusal.article.is_some(), name != "attachment.empty");
    }
    assert!(permit_received(RECEIVED_MAX, 1).is_err());
    assert!(permit_received(0, SIZE_MAX + 1).is_err() && permit_received(0, SIZE_MAX).is_ok());
}

#[test]
fn a_request_is_passed_only_along_the_way_between_the_two() {
    let tree = tree();
    let pass = |me, peer, asker, holder| {
        permit_passing(&tree, me, peer, asker, holder).map_err(|refusal| refusal.rule)
    };
    assert_eq!(pass(CITY, ZEZHOU, ZEZHOU, CITY), Ok(None));
    assert_eq!(pass(ZEZHOU, NANCUN, NANCUN, CITY), Ok(Some(CITY)));
    assert_eq!(pass(CITY, ZEZHOU, NANCUN, PROVINCE), Ok(Some(PROVINCE)));
    assert_eq!(
        pass(CITY, ZEZHOU, LINGCHUAN, CITY),
        Err("authority.not-on-that-side")
    );
    assert_eq!(pass(CITY, ZEZHOU, NANCUN, ZEZHOU), Err("link.no-way"));
}

//! What an answer is made of, here and on the wire.

use hotline_domain::attachment::Manifest;
use hotline_domain::refusal::Refusal;
use hotline_proto::attachment::v1 as pb;
use hotline_show::is_hidden;
use pb::piece::Piece as Choice;

/// Largest piece, in bytes: the hashes of the largest file, or one chunk, with room to spare.
pub const PIECE_BYTES_MAX: usize = 1 << 20;

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// First: what the attachment is made of.
    Head(Manifest),
    /// Then the sealed chunks, in order.
    Chunk(Vec<u8>),
}

/// Why nothing comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}（规则 {rule}）")]
pub struct Refused {
    /// Name of the rule.
    pub rule: String,
    /// For people.
    pub words: String,
    /// Worth asking again.
    pub later: bool,
}

impl Refused {
    /// A refusal for good.
    pub fn new(rule: &str, words: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            words: words.into(),
            later: false,
        }
    }

    /// Not now.
    pub fn later(rule: &str, words: impl Into<String>) -> Self {
        Self {
            later: true,
            ..Self::new(rule, words)
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.rule, refusal.message)
    }
}

/// An answer, part by part.
pub type Parts = futures::stream::BoxStream<'static, Result<Part, Refused>>;

/// A part as it travels.
#[must_use]
pub fn piece(part: Result<Part, Refused>) -> pb::Piece {
    let choice = match part {
        Ok(Part::Head(manifest)) => Choice::Head(pb::Head {
            size: manifest.size(),
            hashes: manifest.hashes().concat(),
        }),
        Ok(Part::Chunk(sealed)) => Choice::Chunk(sealed),
        Err(refused) => Choice::Refusal(pb::Refusal {
            rule: refused.rule,
            message: refused.words,
            later: refused.later,
        }),
    };
    pb::Piece {
        no: 0,
        piece: Some(choice),
    }
}

/// A part that came.
///
/// # Errors
/// What the other side refused, or that it sent nonsense.
pub fn part(piece: pb::Piece) -> Result<Part, Refused> {
    let nonsense = || Refused::new("attachment.malformed", "对方发来的附件数据不可读");
    match piece.piece.ok_or_else(nonsense)? {
        Choice::Head(head) => {
            let (hashes, rest) = head.hashes.as_chunks::<32>();
            let manifest = Manifest::new(head.size, hashes.to_vec());
            match manifest {
                Some(manifest) if rest.is_empty() => Ok(Part::Head(manifest)),
                _ => Err(nonsense()),
            }
        }
        Choice::Chunk(sealed) => Ok(Part::Chunk(sealed)),
        Choice::Refusal(refusal) => Err(Refused {
            rule: short(refusal.rule, 160),
            words: short(refusal.message, 4096),
            later: refusal.later,
        }),
    }
}

/// What a peer writes is shown to people: bounded, without control or format characters.
fn short(text: String, chars: usize) -> String {
    text.chars()
        .filter(|letter| !is_hidden(*letter))
        .take(chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_travel_and_nonsense_does_not() {
        let manifest = Manifest::new(5, vec![[3; 32]]).unwrap();
        for one in [
            Ok(Part::Head(manifest)),
            Ok(Part::Chunk(vec![1, 2])),
            Err(Refused::later("attachment.busy", "稍后")),
        ] {
            assert_eq!(part(piece(one.clone())), one);
        }
        let head = |size, len| pb::Piece {
            no: 0,
            piece: Some(Choice::Head(pb::Head {
                size,
                hashes: vec![0; len],
            })),
        };
        for wrong in [
            head(5, 31),
            head(5, 64),
            head(5, 33),
            head(u64::MAX, 32),
            pb::Piece::default(),
        ] {
            assert_eq!(part(wrong).unwrap_err().rule, "attachment.malformed");
        }
    }
}

//! Several files against each other: whoever says two things is convicted by his own signatures.
//!
//! | rule | what convicts |
//! | --- | --- |
//! | `two-statements` | one envelope id, two contents, both signed by its author |
//! | `two-acts` | one numbered act on a leg (offer, request, ruling, due date, term) with two contents, both signed |
//! | `forked-log` | two log heads of one epoch and number with different hashes, both signed |
//! | `rewritten-log` | an own letter stands in the exporter's log elsewhere than its signature says |
//! | `false-receipt` | a receipt over a content that the author never signed, and the receipter cannot show it either |
//! | `denied-letter` | a letter that its author's own, later, sealed file leaves out |
//! | `denied-receipt` | a receipt whose author's own, later, sealed file leaves out what it receipted |
//! | `closed-and-open` | a leg's giver signed to one that it is closed and to another, later, that it is open |
//!
//! Only a letter in the clear whose signature is good speaks, and only a sealed file binds its exporter by what it leaves
//! out. Of a letter that is shut, or says so, nothing but the log head in its signature counts. Everything is looked up by
//! author, id and statement together and each rule compares all that was said, so neither what others say beside it nor
//! the order of files or letters changes a verdict. A node whose disk went back and that said so, by a higher epoch, is
//! not convicted of what its old disk knew.
//!
//! | file | rules |
//! | --- | --- |
//! | contents | `two-statements`, `two-acts` |
//! | heads | `forked-log`, `rewritten-log` |
//! | held | `false-receipt`, `denied-letter`, `denied-receipt` |
//! | standing | `closed-and-open` |

mod contents;
mod heads;
mod held;
mod standing;

use super::bundle::Letter;
use super::examine::{Examined, Seen};
use hotline_domain::id::EnvelopeId;
use hotline_domain::link::LogHead;
use hotline_topology::RegionKey;

/// A signed thing that convicts: which, and in which file it lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exhibit {
    /// The file's name.
    pub file: String,
    /// The letter; `None` for the file's seal.
    pub letter: Option<EnvelopeId>,
    /// What it shows, in words.
    pub shows: String,
}

/// Somebody is convicted by his own signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conviction {
    /// Who.
    pub who: RegionKey,
    /// By which rule of the table above.
    pub rule: &'static str,
    /// In words.
    pub words: String,
    /// The proof.
    pub exhibits: Vec<Exhibit>,
}

/// A letter that speaks.
#[derive(Clone, Copy)]
struct Voice<'a> {
    file: &'a Examined,
    letter: &'a Letter,
    seen: &'a Seen,
}

impl Voice<'_> {
    fn author(&self) -> RegionKey {
        self.letter.envelope.author
    }

    fn id(&self) -> EnvelopeId {
        self.letter.envelope.id
    }

    fn head(&self) -> Option<LogHead> {
        self.letter.envelope.proof.as_ref()?.head
    }

    fn exhibit(&self, shows: String) -> Exhibit {
        Exhibit {
            file: self.file.name.clone(),
            letter: Some(self.id()),
            shows,
        }
    }
}

/// Convicts. The order in which files are given says nothing.
#[must_use]
pub fn cross(files: &[Examined]) -> Vec<Conviction> {
    let mut files: Vec<&Examined> = files.iter().collect();
    files.sort_by_key(|file| (file.file.bundle.node, file.file.statement, &file.name));
    let signed: Vec<Voice<'_>> = files
        .iter()
        .flat_map(|file| {
            let letters = file.file.bundle.letters.iter().zip(&file.letters);
            letters
                .filter(|(_, seen)| seen.proven.is_ok())
                .map(|(letter, seen)| Voice { file, letter, seen })
        })
        .collect();
    let speaking = signed.iter().filter(|voice| voice.seen.speaks());
    let voices: Vec<Voice<'_>> = speaking.copied().collect();
    let mut found = Vec::new();
    contents::two_statements(&voices, &mut found);
    contents::two_acts(&voices, &mut found);
    heads::forked(&files, &signed, &mut found);
    heads::rewritten(&files, &voices, &mut found);
    held::receipts(&files, &voices, &mut found);
    held::letters(&files, &voices, &mut found);
    standing::closed_and_open(&files, &voices, &mut found);
    found.dedup();
    found
}

/// Bytes for people.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! What is found, from the strongest to the weakest; a subject gets the strongest that applies.
//!
//! | class | exit | when |
//! | --- | --- | --- |
//! | [`Class::Lie`] | 1 | a node's own signatures exclude each other, and no honest run of it can have made them all |
//! | [`Class::Contradiction`] | 1 | what was signed excludes each other, and the signatures do not tell who is wrong |
//! | [`Class::VoidDenial`] | 1 | a node lost it with its disk, as it says; what it signed stands |
//! | [`Class::Unusable`] | 2 | a file that counts as not given |
//! | [`Class::TooOld`] | 3 | a file that ends before what is asked of it: no denial, and no fault |
//! | [`Class::Unproven`] | 3 | a signature that counts neither for nor against anybody |
//!
//! None of these: what is given agrees, and whoever gave no file is named. The words of a verdict claim no more than was
//! proven.

use hotline_domain::id::EnvelopeId;
use hotline_topology::RegionKey;

/// See the table above; the strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Proven lie of one node.
    Lie,
    /// Somebody is wrong, and nobody can say who.
    Contradiction,
    /// What is denied was signed, and the denial counts for nothing.
    VoidDenial,
    /// The file counts as not given.
    Unusable,
    /// The file does not answer.
    TooOld,
    /// Not provable.
    Unproven,
}

impl Class {
    /// The exit code of the program.
    #[must_use]
    pub fn exit(self) -> u8 {
        match self {
            Class::Lie | Class::Contradiction | Class::VoidDenial => 1,
            Class::Unusable => 2,
            Class::TooOld | Class::Unproven => 3,
        }
    }

    /// The word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Class::Lie => "lie",
            Class::Contradiction => "contradiction",
            Class::VoidDenial => "void-denial",
            Class::Unusable => "unusable",
            Class::TooOld => "too-old",
            Class::Unproven => "unproven",
        }
    }
}

/// A signed thing that shows something: which, and in which file it lies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Exhibit {
    /// The file's name.
    pub file: String,
    /// The letter; `None` for the file's seal.
    pub letter: Option<EnvelopeId>,
    /// What it shows, in words.
    pub shows: String,
}

/// One thing found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// How strong it is.
    pub class: Class,
    /// Of whom: of a lie, who lied.
    pub who: RegionKey,
    /// By which rule of `cross/mod.rs`.
    pub rule: &'static str,
    /// In words.
    pub words: String,
    /// What shows it.
    pub exhibits: Vec<Exhibit>,
}

/// The exit code for what was found: 1 before 2 before 3 before 0.
#[must_use]
pub fn exit(found: &[Finding]) -> u8 {
    let codes = found.iter().map(|finding| finding.class.exit());
    codes.min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_says_how_the_program_ends() {
        let finding = |class| Finding {
            class,
            who: RegionKey::literal("210100000000"),
            rule: "",
            words: String::new(),
            exhibits: Vec::new(),
        };
        assert_eq!(exit(&[]), 0);
        for (classes, code) in [
            (vec![Class::Unproven, Class::TooOld], 3),
            (vec![Class::TooOld, Class::Unusable], 2),
            (vec![Class::Unusable, Class::VoidDenial], 1),
            (vec![Class::Unproven, Class::Contradiction], 1),
            (vec![Class::Lie, Class::Unusable], 1),
        ] {
            let found: Vec<Finding> = classes.into_iter().map(finding).collect();
            assert_eq!(exit(&found), code);
        }
    }
}

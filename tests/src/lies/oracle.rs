//! What must come out, by what really happened alone: for each false claim, whether an honest file that is given, or the
//! liar's own, shows a signature of the liar that states the opposite, or somebody else's, or none. It reads files with the
//! decoders; of the judge it uses nothing.
//!
//! | what is shown | what must come out |
//! | --- | --- |
//! | the liar's own signature, of the past that his file speaks for | [`Need::Convicted`] |
//! | his own of a past that is lost, or another's | [`Need::Disputed`] |
//! | his own of later than his file's end | [`Need::Open`] |
//! | nothing | nothing: consistent is right |
//!
//! Without restart statements a lost past is told by its epoch alone, so what a node denies below the commit that it was
//! restored to is, for now, no more than disputed.

mod claims;
mod shown;

pub use shown::{Given, Shown};

use super::life::world::World;
use super::scene::Claim;
use hotline_topology::RegionKey;

/// What must come out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Need {
    /// Not consistent: exit other than 0.
    Open,
    /// A contradiction or a void denial: exit 1.
    Disputed,
    /// The liar by name.
    Convicted,
}

/// The strongest that one of the claims demands of the liar's file, which stands first among the files.
#[must_use]
pub fn need(world: &World, liar: RegionKey, claims: &[Claim], files: &[Given<'_>]) -> Option<Need> {
    let shown = Shown::new(world, files);
    claims
        .iter()
        .filter_map(|claim| claims::need(&shown, liar, claim))
        .max()
}

//! Evidence: what was handed over is signed by its author and receipted by its addressee, so that either can prove it
//! to a third party, years later and without the other.
//!
//! ```text
//! author     group.finish ──▶ sign: statements ─▶ merkle root ─▶ one signature; a proof for each envelope ──▶ log ──▶ out
//! addressee  envelope ──▶ prove: statement, path, certificate, signature ──▶ applied ──▶ receipt, signed in its turn
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | merkle | many statements under one signature |
//! | sign | a commit's envelopes are signed before it is written |
//! | prove | whether an envelope is its author's, judged at its arrival |
//! | receipt | what an addressee says of what it got |
//! | kept | which kinds of messages stay as evidence |
//! | letters | out of the log, for a node that forgot what it wrote |
//! | judge | "we never got it" against "you were down" |
//!
//! An author's certificate reaches far nodes beside the first envelope of a lane that needs it: each hop keeps the chain
//! ([`crate::row::RowKey::Certificate`]) and passes it on once a stream. Nothing secret and nothing personal is in it.

mod judge;
mod kept;
mod letters;
pub mod merkle;
mod prove;
mod receipt;
mod sign;

pub use judge::{Delivery, Shown, judge};
pub use kept::is_kept;
pub use letters::Letters;
pub use prove::{
    Nobody, Notary, Signed, Unproven, fingerprint, judge_letter, judge_proof, signed_of,
};
pub use receipt::{Effect, Receipted};
pub use sign::{NotSigned, Signature, Signer, sign, signed_bytes};

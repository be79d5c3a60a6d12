//! Attachments: the files behind the references that tickets and legs hold (see [`hotline_domain::attachment`]).
//!
//! ```text
//! grpc/attachment   people's door: upload, list, take out
//! shelf/            the folder: whole files, fetches in part, uploads under way
//! cover, cipher     name and key of a file; chunks sealed and opened
//! holder            one node's attachments: what is wanted, what is under way
//! take              fetching: asks, checks, keeps, goes on after a cut
//! give, pace        answering: who may, how many at once, how fast; the link's urgent messages go first
//! peers, service    who is asked by which way; the gRPC service that children call
//! upkeep            what is missing is wanted again, what nobody refers to goes
//! ```
//!
//! ```text
//! child ── Fetch ──────────────▶ parent      the child wants: chunks come in the answer
//! child ◀─ Ask ── Wanted ─────── parent      the parent wants: it asks on the stream that the child holds open,
//! child ── Give ───────────────▶ parent      and the child brings the chunks
//! ```
//!
//! A node between giver and taker passes asks and chunks on; it keeps nothing and has no key. A transfer holds a few
//! chunks in memory, however large the file: each stage waits for the next, down to HTTP/2's flow control.

mod cipher;
mod cover;
mod give;
mod holder;
mod pace;
mod part;
mod peers;
mod service;
mod shelf;
mod take;
#[cfg(test)]
mod tests;
mod upkeep;

pub use cipher::{ChunkCipher, NotOpened};
pub use cover::{ChunkKey, Cover, NAME_CHARS_MAX, plain_name};
pub use holder::{Attachments, Counts};
pub use part::{Part, Refused, part, piece};
pub use service::AttachmentService;
pub use shelf::{FOLDER, Incoming, Listing, Shelf, ShelfError, Stored, files, verify};
pub use take::Progress;

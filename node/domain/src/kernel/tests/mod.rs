//! What holds for every verb: keys, versions, clocks, what may cross an edge, and what becomes of every envelope.

mod attachments;
mod commands;
mod conduct;
mod envelopes;
mod laws;
mod random;
pub(in crate::kernel) mod resealing;
pub(in crate::kernel) mod sealing;
mod sealing_random;
mod sessions;

mod locality;

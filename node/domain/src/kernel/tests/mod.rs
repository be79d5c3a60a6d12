//! What holds for every verb: keys, versions, clocks, what may cross an edge, and what becomes of every envelope.

mod attachments;
mod commands;
mod conduct;
mod envelopes;
mod laws;
mod random;
pub(super) mod sealing;
mod sealing_random;

mod locality;

//! The rules: pure, without runtime, wire, engine or serialisation. Time, randomness and policy are passed in.
//!
//! Layers, upper ones see only lower ones:
//!
//! ```text
//! kernel        step: events in, commits and actions out
//! ticket lead supervision figures      the verbs, one a file
//! evidence      signatures and receipts over what travels
//! leg           the contract between giver and taker; the heart
//! link          lanes, marks, envelopes, sessions
//! tally         accounts closed once a day, and signed for by neighbours
//! sealing       keys for what only the addressee may read, and records of keys destroyed
//! fact row view command                what is recorded, read and asked
//! reading       who opened which texts, what for
//! attachment    references, chunks, who may have them
//! id body field refusal                nouns
//! ```

pub mod attachment;
pub mod body;
pub mod clock;
pub mod command;
pub mod evidence;
pub mod exchange;
pub mod fact;
pub mod field;
pub mod figures;
pub mod id;
pub mod kernel;
pub mod lead;
pub mod leg;
pub mod link;
pub mod policy;
pub mod reading;
pub mod refusal;
pub mod row;
pub mod sealing;
pub mod supervision;
pub mod tally;
#[cfg(test)]
mod testing;
pub mod ticket;
pub mod view;
pub mod world;

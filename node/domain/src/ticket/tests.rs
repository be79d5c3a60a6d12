//! The verbs, one group a verb, and whole lives of matters.

mod lives;

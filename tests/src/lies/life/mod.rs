//! Lives that really happen: real kernels, logs, keys and certificates, with the truth written down beside them.
//!
//! | file | what |
//! | --- | --- |
//! | place | the tree |
//! | keys | certificates, and who signs with what |
//! | truth | what happened, by node, copy of its disk and commit |
//! | node | one node |
//! | fed | all of them, the lines between them, people |
//! | story | what happens in every life |
//! | troubles | what happens besides, in each its own |
//! | world | a life with its exported files |

pub mod fed;
pub mod keys;
pub mod node;
pub mod place;
pub mod story;
pub mod troubles;
pub mod truth;
pub mod world;

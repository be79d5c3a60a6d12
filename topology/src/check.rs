//! Checks of a federation as a whole: all faults at once.

use crate::fault::Fault;
use crate::tree::{Federation, Parts};

impl Federation {
    /// A federation from parts made in memory, checked as a file would be.
    ///
    /// # Errors
    /// All faults found; their lines are 0.
    pub fn build(parts: Parts) -> Result<Federation, Vec<Fault>> {
        Federation::assemble(parts).ok_or_else(|| {
            vec![Fault {
                file: String::new(),
                line: 0,
                column: 0,
                field: "region".into(),
                message: "区划不成一棵树".into(),
            }]
        })
    }
}

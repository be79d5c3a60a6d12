//! One fault of a file, told to the person who has to mend it.

use std::fmt;

/// A fault in a configuration file. Readers report all faults of a file at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file as the caller named it; empty for values built in memory.
    pub file: String,
    /// Line, from 1; 0 when there is no text behind the value.
    pub line: u32,
    /// Column in characters, from 1; 0 when there is no text behind the value.
    pub column: u32,
    /// Path of the field, written as in the file: `region[3].endpoint`.
    pub field: String,
    /// What is wrong and what to do, in Chinese.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        } else if !self.file.is_empty() {
            write!(f, "{}: ", self.file)?;
        }
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}：{}", self.field, self.message)
        }
    }
}

impl std::error::Error for Fault {}

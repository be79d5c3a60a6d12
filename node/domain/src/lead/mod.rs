//! Co-handling (会办): one giver, several bodies, one of them leads (主办).
//!
//! ```text
//! offer to each ──► provisional lead, term 1
//!                        │  receipts come in, legs end
//!                        ▼
//!            all receipts in, or named by name ──► lead fixed (another body: next term)
//!                        │  the lead's leg is returned, escalated or recalled
//!                        ▼
//!            the next among the remaining, next term
//! ```
//!
//! Pure functions over what the giver knows of the legs; they record nothing. A change of lead raises the term, and
//! takers hear of it as [`Act::NameLead`](crate::leg::Act), whose older terms have no effect. So a matter has one lead
//! at every moment, and a taker that is behind believes an older one at most, never a second of the same term.

mod closing;
mod naming;
#[cfg(test)]
mod tests;

pub use closing::{may_close, may_release};
pub use naming::{Naming, Receipt, fix, next, provisional};

//! Two nodes with real keys and real logs; then an outsider with their files, the roots and nothing else.

mod audited;
mod crowd;
mod days;
mod disputes;
mod lies;
mod pair;
mod pasts;
mod rolled;
mod tampering;
mod years;

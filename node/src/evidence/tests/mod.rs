//! Two nodes with real keys and real logs; then an outsider with their files, the roots and nothing else.

mod disputes;
mod pair;
mod tampering;

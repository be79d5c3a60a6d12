//! The forms in which nodes speak and remember: Rust types generated from the `.proto` files under `hotline/`.
//!
//! One module a package: `hotline_proto::matter::v1` and so on. What a field means and in which unit stands in the
//! `.proto` file and is carried over as documentation. Fields are added, never renumbered; values of an enumeration
//! likewise, and 0 is always "unspecified", which nobody writes and every reader refuses.

#![allow(missing_docs, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/hotline_modules.rs"));

pub use hotline::*;

/// All packages in the form that server reflection wants.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/hotline_descriptors.bin"));

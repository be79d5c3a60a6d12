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

/// Writing and reading messages in code that is compiled in this crate.
///
/// What prost generates is generic, so that it would be compiled where it is called; this crate is optimised in
/// development builds too, which is worth a factor in the simulation.
pub trait Bytes: Sized {
    /// The message's bytes; the same for the same message.
    fn to_bytes(&self) -> Vec<u8>;

    /// The message of bytes; unknown fields are skipped.
    ///
    /// # Errors
    /// The bytes are no such message.
    fn from_bytes(bytes: &[u8]) -> Result<Self, prost::DecodeError>;
}

macro_rules! bytes {
    ($($message:ty),+ $(,)?) => {$(
        impl Bytes for $message {
            fn to_bytes(&self) -> Vec<u8> {
                prost::Message::encode_to_vec(self)
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
                prost::Message::decode(bytes)
            }
        }
    )+};
}

bytes!(
    figures::v1::Report,
    leg::v1::Arrived,
    leg::v1::LegAct,
    leg::v1::Notice,
    leg::v1::Receipts,
    leg::v1::Refused,
    leg::v1::Reseal,
    leg::v1::SealingAsk,
    leg::v1::SealingKeys,
    leg::v1::Inventory,
    leg::v1::PastAct,
    leg::v1::SightNote,
    link::v1::SealedContent,
    record::v1::Commit,
    record::v1::Row,
    tally::v1::Tally,
    world::v1::Document,
    world::v1::Have,
    world::v1::Header,
    world::v1::Part,
);

#[cfg(test)]
mod released;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::{env, fs};

    /// Every field and value there is, the door's included: name, number, type. Between two releases it keeps people
    /// from changing a number by mistake; what was released is kept by `released.rs`. Written anew with
    /// `HOTLINE_RELEASE=1`.
    const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/numbers.txt");

    #[test]
    fn numbers_are_never_given_another_meaning() {
        let now = include_str!(concat!(env!("OUT_DIR"), "/numbers.txt"));
        if env::var_os("HOTLINE_RELEASE").is_some() {
            fs::write(RELEASED, now).expect("a writable source folder");
        }
        let released = fs::read_to_string(RELEASED).expect("the list of the last release");
        let now: BTreeSet<&str> = now.lines().collect();
        let broken: Vec<&str> = released
            .lines()
            .filter(|line| !now.contains(line))
            .collect();
        assert!(
            broken.is_empty(),
            "taken away, renamed or given another number or type: {broken:#?}\n\
             what no release has written yet may change; then run this test with HOTLINE_RELEASE=1"
        );
        assert!(
            released.lines().count() > 100,
            "the list of the last release is cut off"
        );
    }
}

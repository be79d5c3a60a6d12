//! Identities that last for ever: made from the random bits that came with an event, never from a clock or a counter.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Text that is not the 32 hexadecimal digits of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("「{0}」不是有效编号：应为 32 位十六进制数字")]
pub struct BadId(pub String);

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = || BadId(text.to_owned());
                if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(bad());
                }
                let mut id = [0u8; 16];
                for (at, byte) in id.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
                }
                Ok(Self(id))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadId;
            fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId(format!("{bytes:02x?}")))
            }
        }
    };
}

id_type! {
    /// A matter (诉求事项): the same at every level.
    MatterId
}
id_type! {
    /// A leg (交办): one contract between a giver and a taker.
    LegId
}
id_type! {
    /// A supervision order (督办单).
    OrderId
}
id_type! {
    /// An envelope, whichever links it passes.
    EnvelopeId
}

/// The ids that one event may draw: a stream keyed by the event's 128 random bits.
#[derive(Debug, Clone)]
pub struct Ids {
    bits: [u8; 16],
    drawn: u32,
}

impl Ids {
    /// Starts the stream of an event from the random bits the shell drew for it.
    #[must_use]
    pub fn new(bits: [u8; 16]) -> Self {
        Self { bits, drawn: 0 }
    }

    /// The stream of a group as a whole, from the bits of its last event; it meets no event's.
    #[must_use]
    pub fn of_group(bits: [u8; 16]) -> Self {
        let mut ids = Self::new(bits);
        ids.drawn = u32::MAX;
        Self::new(ids.draw())
    }

    /// The next sixteen bytes; different for every call and every event.
    pub fn draw(&mut self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(b"hotline id 1");
        hash.update(self.bits);
        hash.update(self.drawn.to_be_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        let mut id = [0u8; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_read_back() {
        let mut ids = Ids::new([7; 16]);
        let (first, second) = (MatterId(ids.draw()), MatterId(ids.draw()));
        assert_ne!(first, second);
        assert_eq!(first.to_string().parse::<MatterId>(), Ok(first));
        assert!("xyz".parse::<MatterId>().is_err());
    }
}

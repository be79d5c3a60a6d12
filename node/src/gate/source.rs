//! Where a connection comes from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of an IPv4 address that one network has in common.
const V4_PREFIX: u32 = 24;
/// Bits of an IPv6 address that one household or office has in common: it chooses all others itself.
const V6_PREFIX: u32 = 64;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Over the network.
    Address(IpAddr),
    /// A user of this machine, on a Unix socket.
    User(u32),
}

impl Source {
    /// The source behind an address. An IPv4 address that was mapped into IPv6 is the IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }

    /// The network that it belongs to; a user is a network of his own.
    #[must_use]
    pub(super) fn prefix(self) -> Self {
        match self {
            Self::Address(IpAddr::V4(address)) => {
                let kept = address.to_bits() & (u32::MAX << (32 - V4_PREFIX));
                Self::Address(Ipv4Addr::from_bits(kept).into())
            }
            Self::Address(IpAddr::V6(_)) => self.home(),
            Self::User(_) => self,
        }
    }

    /// What is remembered of somebody welcome: the address; of IPv6, where addresses change within their network by
    /// themselves, the network.
    #[must_use]
    pub(super) fn home(self) -> Self {
        match self {
            Self::Address(IpAddr::V6(address)) => {
                let kept = address.to_bits() & (u128::MAX << (128 - V6_PREFIX));
                Self::Address(Ipv6Addr::from_bits(kept).into())
            }
            Self::Address(IpAddr::V4(_)) | Self::User(_) => self,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(uid) => write!(f, "uid {uid}"),
        }
    }
}

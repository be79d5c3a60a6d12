//! Enumerations as numbers, and the checks of contents that occur in many messages.

use super::malformed::{Malformed, Why};
use hotline_topology::RegionKey;

/// A domain enumeration without contents; its form is a number.
pub(crate) trait Coded: Sized {
    /// The number, never 0.
    fn code(self) -> i32;

    /// The value of a number that stood in field `at`.
    ///
    /// # Errors
    /// 0, and numbers this version does not know.
    fn from_code(code: i32, at: &'static str) -> Result<Self, Malformed>;
}

/// Implements [`Coded`] where the variants of both enumerations have the same names.
macro_rules! coded {
    ($domain:ty => $proto:ty { $($variant:ident),+ $(,)? }) => {
        impl $crate::codec::form::Coded for $domain {
            fn code(self) -> i32 {
                match self {
                    $(<$domain>::$variant => <$proto>::$variant as i32,)+
                }
            }

            fn from_code(
                code: i32,
                at: &'static str,
            ) -> Result<Self, $crate::codec::malformed::Malformed> {
                match <$proto>::try_from(code) {
                    $(Ok(<$proto>::$variant) => Ok(<$domain>::$variant),)+
                    Ok(<$proto>::Unspecified) | Err(_) => Err($crate::codec::form::bad_code(code, at)),
                }
            }
        }

        $crate::codec::form::number!($domain);
    };
}
pub(crate) use coded;

/// Lets a [`Coded`] enumeration stand in a field.
macro_rules! number {
    ($domain:ty) => {
        impl $crate::codec::field::Field<i32> for $domain {
            fn put(&self) -> i32 {
                $crate::codec::form::Coded::code(*self)
            }

            fn take(
                content: i32,
                at: &'static str,
            ) -> Result<Self, $crate::codec::malformed::Malformed> {
                $crate::codec::form::Coded::from_code(content, at)
            }
        }
    };
}
pub(crate) use number;

/// The error of a number that is no value of the enumeration in field `at`.
pub(crate) fn bad_code(code: i32, at: &'static str) -> Malformed {
    let why = match code {
        0 => Why::Unspecified,
        other => Why::UnknownValue(other),
    };
    Malformed::new(at, why)
}

/// A field that must be there.
pub(crate) fn need<T>(field: Option<T>, at: &'static str) -> Result<T, Malformed> {
    field.ok_or_else(|| Malformed::new(at, Why::Missing))
}

/// Bytes of exactly one length: ids (16), hashes (32), marks (4).
pub(crate) fn exactly<const N: usize>(
    bytes: &[u8],
    at: &'static str,
) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| {
        let (is, should) = (bytes.len(), N);
        Malformed::new(at, Why::Length { is, should })
    })
}

/// Bytes of exactly one length, where they are there at all.
pub(crate) fn maybe_exactly<const N: usize>(
    bytes: Option<Vec<u8>>,
    at: &'static str,
) -> Result<Option<[u8; N]>, Malformed> {
    bytes.map(|bytes| exactly(&bytes, at)).transpose()
}

/// A region key as text.
pub(crate) fn region_text(region: RegionKey) -> String {
    region.as_str().to_owned()
}

/// A region key from text.
pub(crate) fn region(text: &str, at: &'static str) -> Result<RegionKey, Malformed> {
    text.parse()
        .map_err(|error| Malformed::new(at, Why::Region(error)))
}

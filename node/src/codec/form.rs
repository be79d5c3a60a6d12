//! The trait that every conversion implements, and the fields that occur in many messages.

use super::malformed::{Malformed, Why};
use hotline_domain::id::LegId;
use hotline_topology::RegionKey;

/// A domain value with a Protocol Buffers form.
///
/// Laws, tested for every value in `tests.rs`: `from_proto(to_proto(x)) == x`, and `from_proto` never panics. Both
/// directions take the other side's structure apart field by field, so that a field added on either side does not
/// compile until it is converted.
pub(crate) trait Form: Sized {
    /// The generated message.
    type Proto: prost::Message + Default;

    /// The message of this value.
    fn to_proto(&self) -> Self::Proto;

    /// The value of a message.
    ///
    /// # Errors
    /// Names message and field of what is wrong.
    fn from_proto(proto: Self::Proto) -> Result<Self, Malformed>;
}

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
    };
}
pub(crate) use coded;

/// The error of a number that is no value of the enumeration in field `at`.
pub(crate) fn bad_code(code: i32, at: &'static str) -> Malformed {
    let why = match code {
        0 => Why::Unspecified,
        other => Why::UnknownValue(other),
    };
    Malformed::new(at, why)
}

/// The messages of a list.
pub(crate) fn all_to<T: Form>(values: &[T]) -> Vec<T::Proto> {
    values.iter().map(T::to_proto).collect()
}

/// The values of a list of messages.
pub(crate) fn all_from<T: Form>(protos: Vec<T::Proto>) -> Result<Vec<T>, Malformed> {
    protos.into_iter().map(T::from_proto).collect()
}

/// A field that must be there.
pub(crate) fn need<T>(field: Option<T>, at: &'static str) -> Result<T, Malformed> {
    field.ok_or_else(|| Malformed::new(at, Why::Missing))
}

/// A message that must be there, as its value.
pub(crate) fn need_from<T: Form>(
    field: Option<T::Proto>,
    at: &'static str,
) -> Result<T, Malformed> {
    T::from_proto(need(field, at)?)
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

/// A region key from text, where it is there at all.
pub(crate) fn maybe_region(
    text: Option<String>,
    at: &'static str,
) -> Result<Option<RegionKey>, Malformed> {
    text.map(|text| region(&text, at)).transpose()
}

/// A region key from text.
pub(crate) fn region(text: &str, at: &'static str) -> Result<RegionKey, Malformed> {
    text.parse()
        .map_err(|error| Malformed::new(at, Why::Region(error)))
}

/// The ids of legs as bytes.
pub(crate) fn legs_to(legs: &[LegId]) -> Vec<Vec<u8>> {
    legs.iter().map(|leg| leg.0.to_vec()).collect()
}

/// The ids of legs from bytes.
pub(crate) fn legs_from(legs: &[Vec<u8>], at: &'static str) -> Result<Vec<LegId>, Malformed> {
    legs.iter().map(|leg| exactly(leg, at).map(LegId)).collect()
}

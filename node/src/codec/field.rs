//! One trait for whatever can stand in a field of a message, and macros that make conversions from lists of fields.
//!
//! A noun's conversion is a list of its fields; `at: at_ms` where the message's field has another name. Both
//! structures are taken apart whole, so a field added on either side does not compile until it stands in the list.

use super::form::{exactly, region, region_text};
use super::malformed::{Malformed, Why};
use hotline_domain::id::{EnvelopeId, LegId, MatterId, OrderId};
use hotline_topology::{RegionKey, Time};

/// A domain value that can stand in a message's field of type `P`.
///
/// Laws, tested in `tests.rs` over one of each fact, row and message: `take(put(x)) == x`; `put` never fails and is
/// deterministic; `take` never panics.
pub(crate) trait Field<P>: Sized {
    /// The field's content.
    fn put(&self) -> P;

    /// The value of a content that stood in field `at`.
    ///
    /// # Errors
    /// Names the innermost message and field of what is wrong.
    fn take(content: P, at: &'static str) -> Result<Self, Malformed>;
}

/// Values that stand in a message as they are.
macro_rules! plain {
    ($($plain:ty),+) => {$(
        impl Field<$plain> for $plain {
            fn put(&self) -> $plain {
                self.clone()
            }

            fn take(content: $plain, _: &'static str) -> Result<Self, Malformed> {
                Ok(content)
            }
        }
    )+};
}
plain!(bool, i32, u32, u64, String, Vec<u8>);

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl Field<Vec<u8>> for $id {
            fn put(&self) -> Vec<u8> {
                self.0.to_vec()
            }

            fn take(content: Vec<u8>, at: &'static str) -> Result<Self, Malformed> {
                exactly(&content, at).map($id)
            }
        }
    )+};
}
ids!(MatterId, LegId, OrderId, EnvelopeId);

/// Hashes and marks.
impl<const N: usize> Field<Vec<u8>> for [u8; N] {
    fn put(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn take(content: Vec<u8>, at: &'static str) -> Result<Self, Malformed> {
        exactly(&content, at)
    }
}

impl Field<i64> for Time {
    fn put(&self) -> i64 {
        self.0
    }

    fn take(content: i64, _: &'static str) -> Result<Self, Malformed> {
        Ok(Time(content))
    }
}

impl Field<String> for RegionKey {
    fn put(&self) -> String {
        region_text(*self)
    }

    fn take(content: String, at: &'static str) -> Result<Self, Malformed> {
        region(&content, at)
    }
}

impl<P, T: Field<P>> Field<P> for Box<T> {
    fn put(&self) -> P {
        T::put(self)
    }

    fn take(content: P, at: &'static str) -> Result<Self, Malformed> {
        T::take(content, at).map(Box::new)
    }
}

impl<P, T: Field<P>> Field<Option<P>> for Option<T> {
    fn put(&self) -> Option<P> {
        self.as_ref().map(T::put)
    }

    fn take(content: Option<P>, at: &'static str) -> Result<Self, Malformed> {
        content.map(|content| T::take(content, at)).transpose()
    }
}

impl<P, T: Field<P>> Field<Vec<P>> for Vec<T> {
    fn put(&self) -> Vec<P> {
        self.iter().map(T::put).collect()
    }

    fn take(content: Vec<P>, at: &'static str) -> Result<Self, Malformed> {
        content.into_iter().map(|one| T::take(one, at)).collect()
    }
}

/// A message that must be there.
pub(crate) fn take_message<P, T: Field<P>>(
    content: Option<P>,
    at: &'static str,
) -> Result<T, Malformed> {
    T::take(content.ok_or_else(|| Malformed::new(at, Why::Missing))?, at)
}

/// Where a value is a message of its own, it may also stand in the optional field that messages always have.
macro_rules! required {
    ($domain:ty => $proto:ty) => {
        impl $crate::codec::field::Field<Option<$proto>> for $domain {
            fn put(&self) -> Option<$proto> {
                Some($crate::codec::field::Field::put(self))
            }

            fn take(
                content: Option<$proto>,
                at: &'static str,
            ) -> Result<Self, $crate::codec::malformed::Malformed> {
                $crate::codec::field::take_message(content, at)
            }
        }
    };
}
pub(crate) use required;

/// A message made of bindings named like the domain's fields: `put!(pb::Due { at: at_ms, calendar, provisional })`.
macro_rules! put {
    ($($proto:ident)::+ { $($field:ident $(: $wire:ident)?),* $(,)? }) => {
        $crate::codec::field::put!(@ [$($proto)::+] [] $($field $(: $wire)?,)*)
    };
    (@ [$($proto:tt)*] [$(($field:ident $wire:ident))*]) => {
        $($proto)* { $($wire: $crate::codec::field::Field::put($field)),* }
    };
    (@ $proto:tt [$($done:tt)*] $field:ident : $wire:ident, $($rest:tt)*) => {
        $crate::codec::field::put!(@ $proto [$($done)* ($field $wire)] $($rest)*)
    };
    (@ $proto:tt [$($done:tt)*] $field:ident, $($rest:tt)*) => {
        $crate::codec::field::put!(@ $proto [$($done)* ($field $field)] $($rest)*)
    };
}
pub(crate) use put;

/// The reverse: `take!(content as "Due", Due, pb::Due { at: at_ms, calendar, provisional })`; the text is the
/// message's name in errors.
macro_rules! take {
    ($from:ident as $name:expr, $($domain:ident)::+, $($proto:ident)::+ {
        $($field:ident $(: $wire:ident)?),* $(,)?
    }) => {
        $crate::codec::field::take!(
            @ $from ($name) [$($domain)::+] [$($proto)::+] [] $($field $(: $wire)?,)*
        )
    };
    (@ $from:ident ($name:expr) [$($domain:tt)*] [$($proto:tt)*] [$(($field:ident $wire:ident))*]) => {{
        let $($proto)* { $($wire: $field),* } = $from;
        $($domain)* {
            $($field: $crate::codec::field::Field::take($field, concat!($name, ".", stringify!($wire)))?),*
        }
    }};
    (@ $from:ident $name:tt $domain:tt $proto:tt [$($done:tt)*] $field:ident : $wire:ident, $($rest:tt)*) => {
        $crate::codec::field::take!(@ $from $name $domain $proto [$($done)* ($field $wire)] $($rest)*)
    };
    (@ $from:ident $name:tt $domain:tt $proto:tt [$($done:tt)*] $field:ident, $($rest:tt)*) => {
        $crate::codec::field::take!(@ $from $name $domain $proto [$($done)* ($field $field)] $($rest)*)
    };
}
pub(crate) use take;

/// The conversion of a structure: `noun!(Due => pb::Due { at: at_ms, calendar, provisional });`
macro_rules! noun {
    ($domain:ident => $($proto:ident)::+ { $($field:ident $(: $wire:ident)?),+ $(,)? }) => {
        impl $crate::codec::field::Field<$($proto)::+> for $domain {
            fn put(&self) -> $($proto)::+ {
                let $domain { $($field),+ } = self;
                $crate::codec::field::put!($($proto)::+ { $($field $(: $wire)?),+ })
            }

            fn take(
                content: $($proto)::+,
                _: &'static str,
            ) -> Result<Self, $crate::codec::malformed::Malformed> {
                Ok($crate::codec::field::take!(
                    content as stringify!($domain), $domain, $($proto)::+ { $($field $(: $wire)?),+ }
                ))
            }
        }

        $crate::codec::field::required!($domain => $($proto)::+);
    };
}
pub(crate) use noun;

/// The conversion of an enumeration with contents, whose message holds one `oneof` with members of the same names:
/// `Name(content)` where the member is the content itself, `Name: Message { fields }` where it is a message around it.
macro_rules! choice {
    ($domain:ident => $($proto:ident)::+ [$member:ident: $($choice:ident)::+] {
        $($variant:ident $(($noun:ident))? $(: $($message:ident)::+ {
            $($field:ident $(: $wire:ident)?),* $(,)?
        })?),+ $(,)?
    }) => {
        impl $crate::codec::field::Field<$($proto)::+> for $domain {
            fn put(&self) -> $($proto)::+ {
                use $($choice)::+ as Choice;
                let choice = match self {
                    $($domain::$variant $(($noun))? $({ $($field),* })? => Choice::$variant(
                        $($crate::codec::field::Field::put($noun))?
                        $($crate::codec::field::put!($($message)::+ { $($field $(: $wire)?),* }))?
                    ),)+
                };
                $($proto)::+ { $member: Some(choice) }
            }

            fn take(
                content: $($proto)::+,
                _: &'static str,
            ) -> Result<Self, $crate::codec::malformed::Malformed> {
                use $($choice)::+ as Choice;
                let $($proto)::+ { $member } = content;
                let at = concat!(stringify!($domain), ".", stringify!($member));
                Ok(match $crate::codec::form::need($member, at)? {
                    $(Choice::$variant(inner) => $crate::codec::field::choice!(
                        @ inner $domain $variant $(($noun))? $([$($message)::+] { $($field $(: $wire)?),* })?
                    ),)+
                })
            }
        }

        $crate::codec::field::required!($domain => $($proto)::+);
    };
    (@ $inner:ident $domain:ident $variant:ident ($noun:ident)) => {
        $domain::$variant($crate::codec::field::Field::take(
            $inner,
            concat!(stringify!($domain), ".", stringify!($variant)),
        )?)
    };
    (@ $inner:ident $domain:ident $variant:ident [$($message:tt)*] $fields:tt) => {
        $crate::codec::field::take!(
            $inner as concat!(stringify!($domain), ".", stringify!($variant)),
            $domain::$variant, $($message)* $fields
        )
    };
}
pub(crate) use choice;

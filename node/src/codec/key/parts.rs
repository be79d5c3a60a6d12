//! The parts that keys are made of, written so that bytes order as values do.

use crate::codec::malformed::{Malformed, Why};
use hotline_topology::{RegionKey, Time};

const ESCAPED: u8 = 0xFF;

/// Puts the parts of a key behind each other.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(tag: u8) -> Self {
        let mut bytes = Vec::with_capacity(48);
        bytes.push(tag);
        Self(bytes)
    }

    /// Bytes whose number never varies at this place of the key.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.u8(tag);
        self.raw(bytes);
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.raw(&number.to_be_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.raw(&number.to_be_bytes());
    }

    pub(super) fn i32(&mut self, number: i32) {
        self.u32(number.cast_unsigned() ^ (1 << 31));
    }

    pub(super) fn time(&mut self, at: Time) {
        self.u64(at.0.cast_unsigned() ^ (1 << 63));
    }

    pub(super) fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(ESCAPED);
            }
        }
        self.raw(&[0, 0]);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes the parts of a key off one after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    name: &'static str,
}

impl<'a> Reader<'a> {
    /// `name` is the key's, for errors.
    pub(super) fn new(rest: &'a [u8], name: &'static str) -> Self {
        Self { rest, name }
    }

    pub(super) fn error(&self, why: Why) -> Malformed {
        Malformed::new(self.name, why)
    }

    pub(super) fn unknown(&self, byte: u8) -> Malformed {
        self.error(Why::UnknownValue(i32::from(byte)))
    }

    pub(super) fn raw<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let Some((head, tail)) = self.rest.split_first_chunk::<N>() else {
            let (is, should) = (self.rest.len(), N);
            return Err(self.error(Why::Length { is, should }));
        };
        self.rest = tail;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.raw::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.raw().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.raw().map(u64::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Malformed> {
        Ok((self.u32()? ^ (1 << 31)).cast_signed())
    }

    pub(super) fn time(&mut self) -> Result<Time, Malformed> {
        Ok(Time((self.u64()? ^ (1 << 63)).cast_signed()))
    }

    pub(super) fn region(&mut self) -> Result<RegionKey, Malformed> {
        let bytes = self.raw()?;
        RegionKey::from_bytes(bytes).ok_or_else(|| self.error(Why::Control))
    }

    /// A byte that is a position in the list.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, Malformed> {
        let byte = self.u8()?;
        all.get(usize::from(byte))
            .copied()
            .ok_or_else(|| self.unknown(byte))
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let mut text = Vec::new();
        loop {
            match self.rest {
                [0, ESCAPED, tail @ ..] => {
                    text.push(0);
                    self.rest = tail;
                }
                [0, 0, tail @ ..] => {
                    self.rest = tail;
                    break;
                }
                [byte, tail @ ..] if *byte != 0 => {
                    text.push(*byte);
                    self.rest = tail;
                }
                _ => return Err(self.error(Why::Text)),
            }
        }
        String::from_utf8(text).map_err(|_| self.error(Why::Text))
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.error(Why::Trailing(left))),
        }
    }
}

//! Follows the messages of a gRPC body as its bytes come: five bytes that say how long one is, then it; pure.

/// A flag, and the length in four bytes.
const PREFIX_BYTES: usize = 5;
/// A longer message is refused by whoever decodes it before any room is made for it: no door takes so much.
const ROOM_BYTES_MAX: usize = 16 << 20;

/// How far a body has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Framing {
    prefix: [u8; PREFIX_BYTES],
    /// How much of the prefix has come; nothing of it between messages.
    read: usize,
    /// What the prefix says, and how much of that is still to come.
    length: usize,
    left: usize,
}

impl Framing {
    /// More bytes have come. Whether a message ended among them.
    pub(super) fn feed(&mut self, mut data: &[u8]) -> bool {
        let mut ended = false;
        while !data.is_empty() {
            if self.read < PREFIX_BYTES {
                let (head, rest) = data.split_at(data.len().min(PREFIX_BYTES - self.read));
                self.prefix[self.read..][..head.len()].copy_from_slice(head);
                self.read += head.len();
                data = rest;
                let [_, length @ ..] = self.prefix;
                self.length = u32::from_be_bytes(length) as usize;
                self.left = self.length;
            } else {
                let taken = data.len().min(self.left);
                self.left -= taken;
                data = &data[taken..];
            }
            if self.read == PREFIX_BYTES && self.left == 0 {
                *self = Self::default();
                ended = true;
            }
        }
        ended
    }

    /// Whether a message was begun and is not whole.
    pub(super) fn is_unfinished(&self) -> bool {
        self.read > 0
    }

    /// Bytes that are held for the unfinished message: all of it as soon as its length is known, since whoever decodes
    /// it makes room for all of it at once.
    pub(super) fn held(&self) -> usize {
        match self.read {
            PREFIX_BYTES if self.length <= ROOM_BYTES_MAX => PREFIX_BYTES + self.length,
            PREFIX_BYTES => PREFIX_BYTES + self.length - self.left,
            read => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(length: usize) -> Vec<u8> {
        let said = u32::try_from(length).unwrap();
        let mut bytes = vec![0];
        bytes.extend(said.to_be_bytes());
        bytes.resize(PREFIX_BYTES + length, 7);
        bytes
    }

    #[test]
    fn what_is_held_is_what_is_begun() {
        let long = [&[0, 0xff, 0xff, 0xff, 0xff], &[7; 3][..]].concat();
        let two = [message(3), message(4)].concat();
        for (what, bytes, ended, held) in [
            ("nothing", &[][..], false, 0),
            ("a prefix begun", &message(9)[..1], false, 1),
            ("a prefix but for its end", &message(9)[..4], false, 4),
            ("a prefix", &message(9)[..5], false, 14),
            ("a message begun", &message(9)[..8], false, 14),
            ("a message", &message(9), true, 0),
            ("an empty message", &message(0), true, 0),
            ("many empty messages", &[0; 500], true, 0),
            ("two messages", &two, true, 0),
            ("one, and the next begun", &two[..10], true, 2),
            ("one, and the next prefix", &two[..13], true, 9),
            ("more than anybody takes", &long, false, 8),
        ] {
            let mut framing = Framing::default();
            assert_eq!(framing.feed(bytes), ended, "{what}");
            assert_eq!(framing.held(), held, "{what}");
            assert_eq!(framing.is_unfinished(), held > 0, "{what}");
        }
    }

    proptest! {
        /// However the bytes are cut, as much is held as if they came at once, and as many messages end.
        #[test]
        fn it_does_not_matter_how_bytes_are_cut(
            lengths in prop::collection::vec(0..40_usize, 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            whole in any::<prop::sample::Index>(),
        ) {
            let all: Vec<u8> = lengths.iter().flat_map(|length| message(*length)).collect();
            let all = &all[..whole.index(all.len() + 1)];
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
            cuts.extend([0, all.len()]);
            cuts.sort_unstable();
            let (mut cut, mut at_once) = (Framing::default(), Framing::default());
            let mut ended = false;
            for piece in cuts.windows(2) {
                ended |= cut.feed(&all[piece[0]..piece[1]]);
                // Never more than the longest message, and never less than what came of it.
                prop_assert!(cut.held() < PREFIX_BYTES + 40);
            }
            prop_assert_eq!(at_once.feed(all), ended);
            prop_assert_eq!(cut, at_once);
        }
    }
}

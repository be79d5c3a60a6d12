//! Every kind of lie that can be told today, as a row of a table: what it is, who can tell it, and what must come out where
//! nobody else gives a file, where the other end does, and where a third does besides.
//!
//! Kinds that need what is not there yet have no row: those about restart statements (6, 8), and of the tallies 17, 19, 27,
//! 28, 29, 31, 37, 45 and 49; certificates of other authorities (39) and tree versions (40). A new kind is a new row here.
//!
//! | file | kinds |
//! | --- | --- |
//! | accounts | days, epochs and answers |
//! | leaves_out | what is held back |
//! | says_twice | what is said otherwise the second time |
//! | rewrites | logs, heads and times that are not what they were |
//! | pretends | receipts, acknowledgements and standings that are not true |
//! | borrows | others' signatures, others' keys, others' files |

mod accounts;
mod borrows;
mod leaves_out;
mod pretends;
mod rewrites;
mod says_twice;

use super::scene::Scene;

/// What must have come out at least once in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// The liar convicted.
    Convicted,
    /// Somebody is wrong, or the denial counts for nothing.
    Disputed,
    /// Not answered, not provable or not usable.
    Open,
    /// Nobody holds against it.
    Unseen,
}
use Wanted::{Convicted, Disputed, Open, Unseen};

/// A kind of lie: its row in the theory, what it is, how it is told, and what must come out by column. The telling gives
/// nothing where the scene has not what it needs.
pub struct Kind {
    /// The row.
    pub no: u8,
    /// In words.
    pub what: &'static str,
    /// Tells it.
    pub tell: fn(&mut Scene<'_>) -> Option<()>,
    /// What must come out.
    pub wanted: [Wanted; 3],
}

const fn kind(
    no: u8,
    what: &'static str,
    tell: fn(&mut Scene<'_>) -> Option<()>,
    wanted: [Wanted; 3],
) -> Kind {
    Kind {
        no,
        what,
        tell,
        wanted,
    }
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind(
        1,
        "omits what it received and receipted",
        leaves_out::received,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        1,
        "omits what it received, and its receipt",
        leaves_out::received_and_receipt,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        2,
        "omits what it wrote",
        leaves_out::own,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        3,
        "seals an old log today",
        rewrites::old_log_today,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        4,
        "seals an old log as of then",
        rewrites::old_log,
        [Unseen, Open, Open],
    ),
    kind(
        4,
        "calls a file of another leg its answer",
        accounts::answer,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        5,
        "takes an epoch that no restart began",
        accounts::epoch,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        7,
        "was restored, and denies what came back",
        leaves_out::came_back,
        [Unseen, Disputed, Disputed],
    ),
    kind(
        9,
        "leaves a leg out of a whole matter",
        leaves_out::leg,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        10,
        "two contents under one id",
        says_twice::contents,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        11,
        "two offers for one leg",
        says_twice::offers,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        11,
        "two offers, the other under another epoch",
        says_twice::offers_apart,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        12,
        "two acts of one number",
        says_twice::acts,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        12,
        "one act with two texts",
        says_twice::texts,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        13,
        "several contents, the first excused",
        says_twice::many,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        14,
        "an accomplice signs the same id",
        says_twice::accomplice,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        15,
        "dates back under a head that it used",
        rewrites::used_head,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        16,
        "dates back under an unused head",
        rewrites::unused_head,
        [Unseen, Disputed, Disputed],
    ),
    kind(
        18,
        "invents an acknowledgement",
        pretends::acknowledged,
        [Unseen, Disputed, Disputed],
    ),
    kind(
        20,
        "writes its log anew",
        rewrites::chain,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        20,
        "seals at another head",
        rewrites::other_head,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        21,
        "moves the times of its log",
        rewrites::times,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        20,
        "makes a day anew",
        accounts::day,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        22,
        "hands in a file of another leg",
        leaves_out::subject,
        [Unseen, Open, Open],
    ),
    kind(
        23,
        "replays the other's old file",
        borrows::old_file,
        [Open, Open, Open],
    ),
    kind(
        24,
        "shows an unsealed file as another's",
        borrows::unsealed,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        25,
        "receipts other bytes",
        pretends::other_bytes,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        26,
        "a receipt that is not signed",
        pretends::broken_receipt,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        26,
        "a receipt by who is not the addressee",
        pretends::strange_receipt,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        30,
        "dates letter and receipt back with an accomplice",
        borrows::together,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        32,
        "closed to one, open to another",
        pretends::still_open,
        [Unseen, Convicted, Convicted],
    ),
    kind(
        33,
        "leaves a standing out",
        pretends::no_standing,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        34,
        "two acts of one number over two lanes",
        says_twice::lanes,
        [Convicted, Convicted, Convicted],
    ),
    kind(35, "a thief signs", borrows::thief, [Open, Open, Open]),
    kind(
        36,
        "a thief and an accomplice",
        borrows::thief_and_accomplice,
        [Open, Open, Open],
    ),
    kind(
        41,
        "erased, as an excuse",
        pretends::erased,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        42,
        "true signatures dressed up",
        borrows::dressed,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        43,
        "a shut letter as proof of content",
        borrows::shut,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        44,
        "tells a past that was not",
        borrows::past,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        46,
        "signs with a clock far off",
        rewrites::clock,
        [Unseen, Unseen, Unseen],
    ),
    kind(
        47,
        "says another effect than its receipt",
        pretends::other_effect,
        [Convicted, Convicted, Convicted],
    ),
    kind(
        48,
        "shows a letter that stands in no day",
        accounts::outside,
        [Convicted, Convicted, Convicted],
    ),
];

//! Accounts of each day, and what neighbours say of theirs.

use super::field::{Field, noun};
use super::malformed::{Malformed, Why};
use hotline_domain::tally::{Account, Day, Diary, Held, Peaks, Tally, Told};
use hotline_proto::record::v1 as record;
use hotline_proto::tally::v1 as pb;

noun!(Day => pb::Day { no, opened, from, to, at: at_ms, entries, root });
noun!(Held => pb::Held { epoch, no, value });
noun!(Tally => pb::Tally { day, base, before, since, yours });
noun!(Told => record::account::Told { no, restarts, seq });
noun!(Account => record::Account { held, held_under, quoted, told });

/// The day that runs is told by its number of entries and the roots over them, which must go together.
impl Field<record::Diary> for Diary {
    fn put(&self) -> record::Diary {
        record::Diary {
            last: Some(self.last.put()),
            value: self.value.put(),
            entries: self.open.entries(),
            roots: self.open.roots().iter().map(Field::put).collect(),
        }
    }

    fn take(content: record::Diary, _: &'static str) -> Result<Self, Malformed> {
        let record::Diary {
            last,
            value,
            entries,
            roots,
        } = content;
        let roots = Field::take(roots, "Diary.roots")?;
        let open = Peaks::kept(entries, roots);
        Ok(Self {
            last: Field::take(last, "Diary.last")?,
            value: Field::take(value, "Diary.value")?,
            open: open.ok_or_else(|| Malformed::new("Diary.roots", Why::Missing))?,
        })
    }
}

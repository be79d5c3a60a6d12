//! The header of a table: which separator the file uses, and where the columns stand that it must have.

/// Separators that office programs write, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// A header, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The separator.
    pub separator: u8,
    /// Where each wanted column stands, in the order in which they were asked for.
    pub columns: Vec<usize>,
}

/// Finds the wanted columns in the first line of a table.
///
/// # Errors
/// Words about the columns that are missing under the separator that finds most, and what the header holds instead.
pub fn header(line: &str, wanted: &[&str]) -> Result<Header, String> {
    let mut best: Vec<&str> = wanted.to_vec();
    for separator in SEPARATORS {
        let names = cells(line, separator);
        let places: Vec<Option<usize>> = wanted
            .iter()
            .map(|name| names.iter().position(|known| *known == folded(name)))
            .collect();
        if let Some(columns) = places.iter().copied().collect::<Option<Vec<_>>>() {
            return Ok(Header { separator, columns });
        }
        let missing: Vec<_> = wanted
            .iter()
            .zip(&places)
            .filter(|(_, place)| place.is_none())
            .map(|(name, _)| *name)
            .collect();
        if missing.len() < best.len() {
            best = missing;
        }
    }
    Err(missing(line, wanted, &best))
}

fn missing(line: &str, wanted: &[&str], missing: &[&str]) -> String {
    let found: String = line.trim().chars().take(60).collect();
    let more = if missing.len() == wanted.len() && line.contains(['，', '、', '；']) {
        "；列与列之间请用半角的逗号，不要用全角的"
    } else {
        ""
    };
    format!(
        "表头缺少“{}”；第一行须有 {}，现为“{found}”{more}",
        missing.join("”“"),
        wanted.join("、")
    )
}

/// The cells of a line; quotes around a cell are no part of it.
fn cells(line: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator)
        .from_reader(line.as_bytes());
    let first = reader.records().next().and_then(Result::ok);
    first.iter().flatten().map(folded).collect()
}

/// A name without what cannot be seen or is a matter of the keyboard: marks and blanks dropped, full width as half.
fn folded(name: &str) -> String {
    let plain = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    name.chars()
        .filter(|letter| !letter.is_whitespace() && !letter.is_control() && !is_unseen(*letter))
        .map(plain)
        .collect::<String>()
        .trim_matches(['"', '“', '”', '*', ':'])
        .to_lowercase()
}

/// Marks that take no place: joiners, directions, byte order.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [&str; 3] = ["留言主题", "留言详情", "留言时间"];

    #[test]
    fn columns_are_found_whatever_the_separator_and_the_unseen_marks() {
        for (line, separator, columns) in [
            ("留言主题,留言详情,留言时间", b',', [0, 1, 2]),
            ("编号\t留言时间\t留言主题\t留言详情\r", b'\t', [2, 3, 1]),
            ("留言主题;留言详情;留言时间", b';', [0, 1, 2]),
            ("留言主题|留言详情|留言时间", b'|', [0, 1, 2]),
            (
                "\u{feff}\"留言主题\", 留言\u{3000}详情 ,留言时间\u{200b}",
                b',',
                [0, 1, 2],
            ),
        ] {
            let read = header(line, &WANTED).unwrap_or_else(|why| panic!("{line}: {why}"));
            assert_eq!(
                (read.separator, &read.columns[..]),
                (separator, &columns[..]),
                "{line}"
            );
        }
        let read = header("ＩＤ：,Ｎame", &["id", "NAME"]).unwrap();
        assert_eq!(read.columns, [0, 1]);
    }

    #[test]
    fn what_is_missing_is_named_with_what_stands_there() {
        let said = header("留言主题\t详情\t留言时间", &WANTED).unwrap_err();
        assert!(
            said.contains("缺少“留言详情”") && said.contains("现为“留言主题\t详情"),
            "{said}"
        );
        let said = header("留言主题，留言详情，留言时间", &WANTED).unwrap_err();
        assert!(said.contains("半角"), "{said}");
        assert!(header("", &WANTED).is_err());
    }
}

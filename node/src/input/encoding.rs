//! Which encoding a file is in, and its text. Office programs write GB 18030 (GBK) and UTF-16 as readily as UTF-8, and
//! nobody who saves a file there is asked.

use std::borrow::Cow;

/// The encodings that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// With or without a byte order mark.
    Utf8,
    /// Least significant byte first, as Windows writes it.
    Utf16Le,
    /// Most significant byte first.
    Utf16Be,
    /// The national standard, which contains GBK and GB 2312.
    Gb18030,
}

/// How each encoding is called.
const NAMES: [(Encoding, &str); 4] = [
    (Encoding::Utf8, "UTF-8"),
    (Encoding::Utf16Le, "UTF-16"),
    (Encoding::Utf16Be, "UTF-16"),
    (Encoding::Gb18030, "GB18030"),
];

/// Byte order marks.
const MARKS: [(Encoding, &[u8]); 3] = [
    (Encoding::Utf8, b"\xef\xbb\xbf"),
    (Encoding::Utf16Le, b"\xff\xfe"),
    (Encoding::Utf16Be, b"\xfe\xff"),
];

impl Encoding {
    /// The encoding of a file's bytes: by its mark, else by what the bytes can be.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let marked = MARKS.iter().find(|(_, mark)| bytes.starts_with(mark));
        if let Some((encoding, _)) = marked {
            return *encoding;
        }
        if let Some(unmarked) = utf16_without_mark(bytes) {
            return unmarked;
        }
        if std::str::from_utf8(bytes).is_ok() || is_damaged_utf8(bytes) {
            return Self::Utf8;
        }
        Self::Gb18030
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(encoding, _)| *encoding == self);
        found.map_or("UTF-8", |(_, name)| name)
    }

    /// The bytes after the mark.
    #[must_use]
    pub fn without_mark(self, bytes: &[u8]) -> &[u8] {
        let own = MARKS.iter().find(|(encoding, _)| *encoding == self);
        own.and_then(|(_, mark)| bytes.strip_prefix(*mark))
            .unwrap_or(bytes)
    }

    /// The text of bytes without a mark; `None` where they are no text of this encoding.
    #[must_use]
    pub fn text(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        let decoder = match self {
            Self::Utf8 => return std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Gb18030 => encoding_rs::GB18030,
        };
        decoder.decode_without_bom_handling_and_without_replacement(bytes)
    }
}

/// The text of a whole file.
///
/// # Errors
/// Words about where the bytes are no text, and what to do.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let encoding = Encoding::of(bytes);
    let bytes = encoding.without_mark(bytes);
    let text = encoding.text(bytes).ok_or_else(|| {
        format!(
            "第 {} 行不是 {} 文字；请在原来的程序里另存为 UTF-8",
            line_of_fault(encoding, bytes),
            encoding.name()
        )
    })?;
    match text.lines().position(|line| line.contains('\0')) {
        Some(line) => Err(format!(
            "第 {} 行有空字符，不是文字文件；请在原来的程序里另存为 UTF-8 的文本",
            line + 1
        )),
        None => Ok(text),
    }
}

/// The first line that cannot be read, from 1.
fn line_of_fault(encoding: Encoding, bytes: &[u8]) -> usize {
    let lines_before = match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => char::decode_utf16(units(encoding, bytes))
            .map_while(Result::ok)
            .filter(|letter| *letter == '\n')
            .count(),
        Encoding::Utf8 | Encoding::Gb18030 => bytes
            .split(|byte| *byte == b'\n')
            .take_while(|line| encoding.text(line).is_some())
            .count(),
    };
    lines_before + 1
}

fn units(encoding: Encoding, bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(move |pair| {
        let pair = [pair[0], pair[1]];
        match encoding {
            Encoding::Utf16Be => u16::from_be_bytes(pair),
            _ => u16::from_le_bytes(pair),
        }
    })
}

/// UTF-16 without a mark shows by the zeros beside its digits, commas and line ends: no other encoding writes any.
fn utf16_without_mark(bytes: &[u8]) -> Option<Encoding> {
    let zeros = |from: usize| {
        let every = bytes.iter().skip(from).step_by(2);
        every.filter(|byte| **byte == 0).count()
    };
    let encoding = match (zeros(0), zeros(1)) {
        (0, 0) => return None,
        (high, low) if high < low => Encoding::Utf16Le,
        _ => Encoding::Utf16Be,
    };
    let even = bytes.len().is_multiple_of(2);
    let text = encoding.text(bytes).filter(|_| even)?;
    (!text.chars().any(|letter| letter == '\0')).then_some(encoding)
}

/// Text in UTF-8 with a flaw in it, rather than another encoding: by far more letters than flaws. Read as GB 18030 it
/// would come out as other words than were written, and nobody would notice.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut letters, mut flaws) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        // Two bytes of GB 18030 may look like a letter of two bytes in UTF-8, but hardly ever like one of three.
        letters += chunk.valid().chars().filter(|c| c.len_utf8() > 2).count();
        flaws += usize::from(!chunk.invalid().is_empty());
    }
    letters > flaws
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "路灯不亮，请修。\n第二行 abc,123\n";

    fn utf16(text: &str, encoding: Encoding) -> Vec<u8> {
        let bytes = |unit: u16| match encoding {
            Encoding::Utf16Be => unit.to_be_bytes(),
            _ => unit.to_le_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn gb18030(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn one_text_in_every_encoding() {
        let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        let table: [(&str, Vec<u8>, Encoding); 8] = [
            ("plain", WORDS.into(), Encoding::Utf8),
            (
                "marked",
                marked(b"\xef\xbb\xbf", WORDS.into()),
                Encoding::Utf8,
            ),
            ("GBK", gb18030(WORDS), Encoding::Gb18030),
            (
                "LE",
                marked(b"\xff\xfe", utf16(WORDS, Encoding::Utf16Le)),
                Encoding::Utf16Le,
            ),
            (
                "BE",
                marked(b"\xfe\xff", utf16(WORDS, Encoding::Utf16Be)),
                Encoding::Utf16Be,
            ),
            (
                "LE, no mark",
                utf16(WORDS, Encoding::Utf16Le),
                Encoding::Utf16Le,
            ),
            (
                "BE, no mark",
                utf16(WORDS, Encoding::Utf16Be),
                Encoding::Utf16Be,
            ),
            // Four bytes a letter, outside GBK.
            ("rare", gb18030("㐂𠮷路灯"), Encoding::Gb18030),
        ];
        for (name, bytes, encoding) in table {
            assert_eq!(Encoding::of(&bytes), encoding, "{name}");
            let words = if name == "rare" {
                "㐂𠮷路灯"
            } else {
                WORDS
            };
            assert_eq!(text_of(&bytes).as_deref(), Ok(words), "{name}");
        }
        assert_eq!(text_of(b"").as_deref(), Ok(""));
    }

    #[test]
    fn a_flaw_is_named_by_its_line_and_never_read_as_other_words() {
        let mut utf8 = WORDS.as_bytes().to_vec();
        utf8[WORDS.find('第').unwrap()] = b'\xff';
        let said = text_of(&utf8).unwrap_err();
        assert!(said.contains("第 2 行不是 UTF-8"), "{said}");
        let cut = &"路灯不亮".as_bytes()[..11];
        assert!(text_of(cut).unwrap_err().contains("UTF-8"));
        let mut gbk = gb18030("路灯不亮\n第二行\n");
        let at = gbk.len() - 2;
        gbk[at] = b'\xff';
        let said = text_of(&gbk).unwrap_err();
        assert!(said.contains("第 2 行不是 GB18030"), "{said}");
        let half = [b"\xff\xfe".to_vec(), utf16("路\n灯", Encoding::Utf16Le)].concat();
        let said = text_of(&half[..half.len() - 1]).unwrap_err();
        assert!(said.contains("第 2 行不是 UTF-16"), "{said}");
        let said = text_of(b"abc\0\0\0def").unwrap_err();
        assert!(said.contains("空字符"), "{said}");
    }
}

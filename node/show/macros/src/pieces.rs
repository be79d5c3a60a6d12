//! A template's source, cut at its placeholders. Works on the source between the quotes, so that escapes stay as written.

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Source of a string literal.
    Literal(String),
    /// A placeholder.
    Hole {
        /// Name or number; empty for the next argument.
        name: String,
        /// What follows the colon.
        spec: String,
    },
}

/// The parts in their order.
pub fn pieces(source: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let taken = match letter {
            '\\' => escape(rest),
            '{' | '}' if rest[1..].starts_with(letter) => {
                literal.push(letter);
                rest = &rest[2..];
                continue;
            }
            '}' => return Err("a single } is written }}".to_owned()),
            '{' => {
                let end = rest
                    .find('}')
                    .ok_or("a { is not closed; a single { is written {{")?;
                if !literal.is_empty() {
                    found.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                found.push(hole(&rest[1..end])?);
                rest = &rest[end + 1..];
                continue;
            }
            other => other.len_utf8(),
        };
        literal.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    if !literal.is_empty() {
        found.push(Piece::Literal(literal));
    }
    Ok(found)
}

/// Bytes of the escape that `rest` begins with.
fn escape(rest: &str) -> usize {
    if rest.starts_with("\\u{") {
        return rest.find('}').map_or(rest.len(), |end| end + 1);
    }
    rest.chars().take(2).map(char::len_utf8).sum()
}

fn hole(inner: &str) -> Result<Piece, String> {
    let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
    let name = name.trim();
    let plain = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_');
    if !plain {
        return Err(format!(
            "{{{inner}}} is no name; give the value as an argument"
        ));
    }
    if spec.contains('$') {
        return Err(format!("{{{inner}}}: widths from arguments are not taken"));
    }
    Ok(Piece::Hole {
        name: name.to_owned(),
        spec: spec.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(name: &str, spec: &str) -> Piece {
        Piece::Hole {
            name: name.to_owned(),
            spec: spec.to_owned(),
        }
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn a_template_is_cut_at_its_placeholders() {
        assert_eq!(
            pieces("工单 {}：{name:>8} {{}}\\n\\u{2014}{1}").unwrap(),
            [
                literal("工单 "),
                hole("", ""),
                literal("："),
                hole("name", ">8"),
                literal(" {}\\n\\u{2014}"),
                hole("1", ""),
            ]
        );
        assert_eq!(pieces("").unwrap(), []);
        assert_eq!(pieces("\\\\{}").unwrap(), [literal("\\\\"), hole("", "")]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for wrong in ["{", "}", "{a.b}", "{:1$}", "{}}"] {
            assert!(pieces(wrong).is_err(), "{wrong}");
        }
    }
}

//! The table of categories (诉求事项分类): two levels of codes of our own making.
//!
//! Dispatch catalogues name prefixes of these codes and figures count by the second level. A
//! jurisdiction with its own table uses its own codes; nothing here is checked against them.

/// The table; the format is told in its first line.
const TABLE: &str = include_str!("../data/categories.txt");

/// A category of the built-in table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category {
    /// Two digits for the first level, four for the second, which begin with the first's.
    pub code: &'static str,
    /// Name for people.
    pub name: &'static str,
}

impl Category {
    /// The code of the first-level category that this one belongs to; `None` for those.
    pub fn parent(self) -> Option<&'static str> {
        self.code.get(..2).filter(|parent| *parent != self.code)
    }
}

/// The built-in table in order of code, each first-level category before its second-level
/// ones.
pub fn categories() -> impl Iterator<Item = Category> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(code, name)| Category { code, name })
}

/// The name of a code of the built-in table.
pub fn category_name(code: &str) -> Option<&'static str> {
    categories()
        .find(|category| category.code == code)
        .map(|category| category.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        let all: Vec<_> = categories().collect();
        assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code));
        let first = all
            .iter()
            .filter(|category| category.parent().is_none())
            .count();
        assert_eq!((first, all.len() - first), (19, 96));
        for category in &all {
            assert!(matches!(category.code.len(), 2 | 4) && !category.name.is_empty());
            assert!(
                category
                    .parent()
                    .is_none_or(|parent| category_name(parent).is_some())
            );
        }
        assert_eq!(category_name("0102"), Some("物业管理"));
        assert_eq!(category_name("01020"), None);
    }
}

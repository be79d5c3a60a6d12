//! The table of categories (诉求事项分类): two levels of codes of our own making.
//!
//! Dispatch catalogues name prefixes of these codes and figures count by the second level. A
//! jurisdiction with its own table uses its own codes: what its catalogues name counts as known.

use crate::tree::Federation;

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

/// Most codes under the same first level that are named beside an unknown one.
const NEAR_MAX: usize = 12;
/// With fewer of them the first levels are named, too.
const NEAR_MIN: usize = 3;

impl Federation {
    /// Whether a matter may bear the code: it stands in the built-in table, it is a third level
    /// of a jurisdiction's own under a second level of the table, or it begins with a code that a
    /// catalogue of this federation names and the table does not have.
    pub fn knows_category(&self, code: &str) -> bool {
        let own = |prefix: &str| {
            !prefix.is_empty() && category_name(prefix).is_none() && code.starts_with(prefix)
        };
        let standards = self.standards().iter().flat_map(|one| &one.rules);
        let third = |code: &str| {
            code.len() == 6
                && code.bytes().all(|byte| byte.is_ascii_digit())
                && category_name(&code[..4]).is_some()
        };
        category_name(code).is_some()
            || third(code)
            || self
                .catalogue()
                .entries()
                .iter()
                .any(|one| own(&one.category))
            || standards.into_iter().any(|rule| own(&rule.category))
    }
}

/// The codes of the built-in table that are nearest to one that is not in it: those under the same
/// first level, and the first levels themselves where these are few or none.
pub fn near_categories(code: &str) -> Vec<Category> {
    let first = code.get(..2).filter(|first| category_name(first).is_some());
    let under = |category: &Category| first.is_some() && category.parent() == first;
    let mut near: Vec<Category> = categories().filter(under).collect();
    // The same beginning first; the table's order among equals.
    near.sort_by_key(|category| {
        let same = category.code.bytes().zip(code.bytes());
        std::cmp::Reverse(same.take_while(|(one, other)| one == other).count())
    });
    near.truncate(NEAR_MAX);
    if near.len() < NEAR_MIN {
        near.extend(categories().filter(|category| category.parent().is_none()));
    }
    near
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
    #[test]
    fn near_an_unknown_code_are_its_own_first_level_or_all_of_them() {
        let near: Vec<_> = near_categories("0299").iter().map(|one| one.code).collect();
        assert!(near.iter().all(|code| code.starts_with("02")), "{near:?}");
        assert!(!near.is_empty() && near.len() <= NEAR_MAX);
        for far in ["8888", "", "水", "x"] {
            assert_eq!(near_categories(far).len(), 19, "{far}");
        }
        // Few stand under 99.
        let near = near_categories("9999");
        assert_eq!((near[0].code, near.len()), ("9901", 20));
    }
}

//! How any value gets into a text that may be shown.

use crate::filter::Line;
use crate::{Outside, Text};
use std::fmt::{Display, Write as _};

/// What can stand in a [`Text`].
pub trait Show {
    /// Adds itself at the end of the text.
    fn show_in(&self, text: &mut Text);
}

/// Whatever a value says of itself may hold text from outside: it stands there as one line.
impl<T: Display + ?Sized> Show for T {
    fn show_in(&self, text: &mut Text) {
        // Writing to a string cannot fail; a value whose own words fail says what it said before.
        let _ = write!(Line::new(text.letters()), "{self}");
    }
}

impl Show for Outside {
    fn show_in(&self, text: &mut Text) {
        self.raw().show_in(text);
    }
}

impl Show for Text {
    fn show_in(&self, text: &mut Text) {
        text.letters().push_str(self.as_str());
    }
}

impl Show for &Text {
    fn show_in(&self, text: &mut Text) {
        (**self).show_in(text);
    }
}

//! The generator of lies: lives that really happened, lies told about them in real files with real keys, and a judge that
//! must convict no honest node and let no liar go whose lie somebody honest holds against.
//!
//! ```text
//! life ──truth──────────────────▶ oracle ──what must come out──┐
//!   └──exported files──▶ scene ──▶ tell ──files──▶ judge ──────┴──▶ check
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | life | lives with their accidents, and the truth of them |
//! | scene | a liar's file while it is bent, and what is false in it |
//! | tell | the kinds of lies |
//! | oracle | what must come out, by truth alone |
//! | check | what did, and whether that is right |
//! | draw | one lie beside more and more honest files |
//! | many | many draws; honest files without any lie |
//! | run | the command, its table |
//!
//! The oracle uses nothing of the judge: where the two part, one of them is wrong, and the draw says how to see it again.

pub mod check;
pub mod draw;
pub mod life;
pub mod many;
pub mod oracle;
pub mod run;
pub mod scene;
pub mod tell;

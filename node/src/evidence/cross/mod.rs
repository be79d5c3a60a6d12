//! Several files against each other: whoever says two things is convicted by his own signatures.
//!
//! One test decides every rule: a rule convicts a node only by statements that it signed itself, and that no honest run of it,
//! accidents included, can all have produced. Beside each rule stands what in the program makes it so.
//!
//! | rule | no. | what convicts |
//! | --- | --- | --- |
//! | `two-statements` | K1 | one envelope id, two contents, both signed by its author |
//! | `two-acts` | K2 | one numbered act on a leg (offer, request, ruling, due date, term) with two contents, both signed |
//! | `two-roots` | K3 | one commit that was signed twice |
//! | `forked-log` | K4 | two log heads of one past and number with different hashes, both signed |
//! | `rewritten-log` | K5 | an own letter stands in the exporter's log elsewhere than its signature says |
//! | `denied-letter` | K6 | a letter that its author's own, later, sealed file leaves out |
//! | `denied-receipt` | K7 | a receipt whose author's own, later, sealed file leaves out what it receipted |
//! | `false-receipt` | K8 | a receipt over another content, or with another effect, than its author's file holds |
//! | `short-answer` | K11 | a file that names another as answered and does not answer what that one shows |
//! | `time-turned`, `moved-times` | K9 | commits and times that do not go one way |
//! | `unexplained-epoch` | K10 | a file that is sealed under an epoch which its own list of restarts does not begin |
//! | `sealed-falsehood` | K12 | a sealed file shows its own node's letters under signatures that are not over them |
//! | `closed-and-open`, `false-standing` | K13 | a leg that is closed by one signature and open by a later one |
//! | `outside-its-day` | K14 | a sealed file shows a letter that is not in the account of its day |
//! | `two-days` | K15 | one day of one past with two accounts, both signed |
//!
//! Only a letter in the clear whose signature is good speaks, and only a sealed file binds its exporter by what it leaves
//! out. Of a letter that is shut, or says so, nothing but the log head in its signature counts. Everything is looked up by
//! author, id and statement together and each rule compares all that was said, so neither what others say beside it nor
//! the order of files or letters changes a verdict. A node whose disk went back and that said so, by a higher epoch, is
//! not convicted of what its old disk knew; nor does it free itself by that: what it signed in any past binds it.
//!
//! | file | rules |
//! | --- | --- |
//! | voice | what speaks, and where it stands in its author's log |
//! | contents | K1, K2 |
//! | heads | K3, K4, K5 |
//! | held | K6, K7, K8, K11; what is too old to answer, and what is not answered |
//! | order | K9 |
//! | sealed | K12 |
//! | standing | K13 |
//! | epochs | K10 |
//! | days | K14, K15 |

mod contents;
mod days;
mod epochs;
mod heads;
mod held;
mod order;
mod sealed;
mod standing;
mod voice;

use super::examine::Examined;
use super::hold::Matters;
use super::rules::Rules;
use super::verdict::Finding;
use voice::Voice;

/// What the usable files say against each other. The order in which files are given says nothing.
#[must_use]
pub fn cross(files: &[&Examined], rules: &Rules) -> Vec<Finding> {
    let signed: Vec<Voice<'_>> = files
        .iter()
        .flat_map(|file| {
            let letters = file.seen().filter(|(_, seen)| seen.convicts());
            letters.map(|(letter, seen)| Voice { file, letter, seen })
        })
        .collect();
    let speaking = signed.iter().filter(|voice| voice.seen.speaks());
    let voices: Vec<Voice<'_>> = speaking.copied().collect();
    let matters = Matters::of(files);
    let epochs = heads::Epochs::of(files, &signed);
    let mut found = Vec::new();
    contents::two_statements(&voices, &mut found);
    contents::two_acts(&voices, &epochs, &mut found);
    heads::two_roots(&voices, &epochs, &mut found);
    heads::forked(files, &signed, &epochs, &mut found);
    heads::rewritten(files, &voices, &mut found);
    held::letters(files, &voices, &matters, &mut found);
    held::receipts(files, &voices, &matters, &mut found);
    order::turned(files, &voices, &epochs, &mut found);
    order::moved(files, &voices, &mut found);
    sealed::falsehoods(files, &mut found);
    standing::closed_and_open(files, &voices, &epochs, &mut found);
    standing::standings(files, &voices, &mut found);
    days::two_days(files, &voices, &epochs, &mut found);
    days::outside(files, &voices, &mut found);
    epochs::unexplained(files, &mut found);
    held::too_old(files, &voices, &matters, &mut found);
    held::unanswered(files, &voices, &matters, &mut found);
    found.retain(|finding| rules.apply(finding.rule));
    found
}

/// Bytes for people.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

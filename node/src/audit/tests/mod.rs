//! The judge on honest logs finds nothing; on logs that were tampered with it names what is wrong.

mod honest;
mod net;
mod pasts;
mod people;
mod tampered;

use super::{Case, Verdict, judge};
use net::Net;

fn judged(net: &Net, quiet: bool) -> Verdict {
    judge(&Case {
        quiet,
        confirmed: &net.confirmed,
        ..Case::new(&net.logs, &net.tree)
    })
}

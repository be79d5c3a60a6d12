//! Two pasts of one leg: the disk was put back in secret, and this node acted on before it met anybody.
//!
//! After an announced restore there is none: a node does nothing on a leg before the answers are in. After a roll-back
//! that nobody announced each end keeps all acts of both pasts, but some exclude each other, say two rulings on one
//! request, and each end keeps the one that it had first. No rule can tell which is to hold. People do; here they learn
//! of which leg. The same act done in both pasts is one act, and each end keeps the time that it had first.

use super::{acts, missing};
use crate::exchange::{Exchange, LegNote};
use crate::kernel::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::Leg;

/// The other side has answered: it told acts of this node's that were forgotten here, and lacks others.
pub(super) fn look(
    draft: &mut Draft<'_>,
    leg: &Leg,
    exchange: &Exchange,
    theirs: &LegNote,
) -> Result<(), Stop> {
    let own = acts::own_party(leg);
    let forked = acts::came_back(draft, leg, exchange.since)?
        && theirs.heard != acts::hash(draft, leg, own)?;
    if forked {
        missing::forked(draft, leg)?;
    }
    Ok(())
}

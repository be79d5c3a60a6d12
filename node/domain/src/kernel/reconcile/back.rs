//! Acts that come back.

use super::letters::{self, Examined};
use super::{acts, awaits, missing, orders, replies};
use crate::clock::{self, Basis, DueOf};
use crate::exchange::PastAct;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::LegId;
use crate::kernel::Draft;
use crate::kernel::legs::leg_message;
use crate::kernel::offered::{check_fields, field_of, offered};
use crate::kernel::outcome::Stop;
use crate::kernel::receive::Header;
use crate::kernel::{conduct, reckon};
use crate::leg::{self, Act, Leg, LegKind, Offer, Party, RuleVersion};
use crate::link::Offence;
use crate::policy::authority;
use crate::refusal::{Class, Refusal};
use crate::row::TimerKey;
use crate::supervision;
use crate::ticket::TicketAct;
use crate::view::Rows;
use hotline_topology::{Federation, RegionKey, Time};

/// Takes an act that the other side of a leg has on record.
pub(in crate::kernel) fn take(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    header: &Header<'_>,
    mut past: PastAct,
    mut fields: Vec<SealedField>,
) -> Result<(), Stop> {
    let author = header.author;
    let forgot = awaits(draft, author)?;
    let known = Rows::leg(draft, past.leg)?;
    let tree = given_under(draft, header, &past.act);
    let offer = match (&known, &past.act) {
        (Some(leg), _) => Some(&leg.offer),
        (None, Act::Offer(offer)) => Some(&**offer),
        (None, _) => None,
    };
    check_fields(draft, header.tree, author, offer, &fields)?;
    if let Some(known) = &known {
        if orders::is_issuer(draft, known, author, &past) {
            return orders::take_again(draft, known, past, fields);
        }
        if replies::is_told(draft, known, author, &past)? {
            return replies::take_again(draft, peer, author, known, past);
        }
        if acts::other_end(known) != Some(author) {
            let words = format!("{author} 不是这一交办的另一方，不能补送它的经过");
            return Err(Refusal::new(Class::Forbidden, "restore.not-a-party", words).into());
        }
        if acts::is_superiors(known, &past.act) {
            let words = format!("{author} 转述的督办须由签发的上级自己补送，未采信");
            return Err(Refusal::new(Class::Forbidden, "restore.not-its-word", words).into());
        }
        leg::permits(known, past.by, &past.act)?;
        // Who ordered it tells of it, and of the reply behind it.
        let unknown = |order| known.order(order).is_none();
        if matches!(past.act, Act::ReplyOrder { order } if unknown(order))
            || acts::knows(draft, known, &past)?
        {
            return Ok(());
        }
    }
    if known.is_none() && orders::take(draft, header, &past)? {
        return Ok(());
    }
    let own = match (&known, &past.act) {
        (Some(leg), _) => acts::own_party(leg).is_none_or(|party| past.by == party),
        (None, Act::Offer(offer)) => offer.giver == draft.me(),
        // It never came here, or it was refused.
        (None, _) => return Ok(()),
    };
    // What this node did it knows itself, but for what it forgot; and that it believes with its signature alone.
    if own && !forgot {
        return Ok(());
    }
    if own {
        match letters::examine(draft, known.as_ref(), &past)? {
            Examined::Proven(signed) => past = signed,
            Examined::Harmless => {
                missing::unproven(draft, known.as_ref(), author, &past, None)?;
            }
            Examined::Unproven(why, is_false) => {
                if is_false && author == peer {
                    conduct::charge(draft, peer, Offence::Forbidden, &why)?;
                }
                return missing::unproven(draft, known.as_ref(), author, &past, Some(&why));
            }
        }
        if let Some(letter) = &past.letter {
            let signed = &letter.envelope.fields;
            fields.retain(|field| {
                let mut marks = signed.iter();
                marks.any(|mark| (mark.name, mark.hash) == (field.name, field.hash))
            });
        }
    }
    match (known, past.act) {
        (Some(known), act) => {
            let past = PastAct { act, ..past };
            if forgot {
                return act_back(draft, &known, past, fields);
            }
            leg_message(draft, tree, author, past.leg, past.at, past.act, fields).map(|_| ())
        }
        (None, Act::Offer(offer)) if forgot => {
            leg_back(draft, tree, author, past.leg, past.at, *offer, fields)
        }
        (None, Act::Offer(offer)) if offer.giver == author => {
            offered(draft, tree, author, past.leg, past.at, *offer, fields).map(|_| ())
        }
        (None, _) => Ok(()),
    }
}

/// The tree by which what comes back is judged: an offer by the one that let its giver give it, since whoever tells it
/// does so under a newer one, which may have parted the two.
fn given_under<'a>(draft: &Draft<'a>, header: &Header<'a>, act: &Act) -> &'a Federation {
    let Act::Offer(offer) = act else {
        return header.tree;
    };
    let (world, author) = (draft.world, header.author);
    let permits = |tree: &&Federation| {
        offer.giver != author || authority::permit_offer(&world, tree, author, offer).is_ok()
    };
    let mut trees = std::iter::once(header.tree).chain(world.trees());
    trees.find(permits).unwrap_or(header.tree)
}

/// An act of a leg, the other side's or this node's own, is on record again.
pub(super) fn act_back(
    draft: &mut Draft<'_>,
    leg: &Leg,
    past: PastAct,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    let happened_at = clock::happened(past.at, leg.offered_at, draft.now());
    draft.record(Fact::Leg {
        leg: leg.id,
        matter: leg.matter(),
        by: past.by,
        at: draft.now(),
        happened_at,
        actor: None,
        act: past.act.clone(),
        fields,
    })?;
    // A leg that this node closed in another past keeps the order too, and what follows it.
    supervision::stands(draft, leg.id, happened_at, &past.act)?;
    supervision::came_back(draft, leg, happened_at, &past.act)
}

/// A leg that this node forgot: it took it, or it gave it.
fn leg_back(
    draft: &mut Draft<'_>,
    tree: &Federation,
    author: RegionKey,
    id: LegId,
    at: Time,
    offer: Offer,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    let me = draft.me();
    // What the other side no longer has, or may not send back, goes as erased.
    let fields: Vec<_> = offer
        .content
        .iter()
        .map(|mark| field_of(mark, &fields))
        .collect();
    let taken = offer.giver == author && offer.taker.region() == me;
    let given = offer.giver == me && offer.taker.region() == author;
    if taken {
        authority::permit_offer(&draft.world, tree, author, &offer)?;
    } else if !given {
        let words = format!("{author} 不是这一交办的另一方，不能补送它");
        return Err(Refusal::new(Class::Forbidden, "restore.not-a-party", words).into());
    }
    let (matter, now) = (offer.matter, draft.now());
    let happened_at = clock::happened(at, Time(0), now);
    let is_new = Rows::ticket(draft, matter)?.is_none();
    own_again(draft, &offer, &fields)?;
    draft.record(Fact::Leg {
        leg: id,
        matter,
        by: Party::Giver,
        at: now,
        happened_at,
        actor: None,
        act: Act::Offer(Box::new(offer.clone())),
        fields: if given { fields.clone() } else { Vec::new() },
    })?;
    let leg = draft.leg(id)?;
    if taken {
        let kept = Rows::ticket(draft, matter)?.filter(|ticket| ticket.is_own(me));
        let kept = kept.and_then(|ticket| ticket.due);
        let own = clock::own_due(&draft.world, &leg);
        let due = kept.unwrap_or(own.at);
        draft.ticket_act(matter, None, TicketAct::Received { leg: id, due }, fields)?;
        if kept.is_none() {
            reckon::note(draft, DueOf::Ticket(matter), own, Basis::Incoming, 0)?;
        }
        return draft.set_timer(due, TimerKey::TicketDue(matter));
    }
    if is_new && offer.origin != me {
        draft.ticket_act(matter, None, TicketAct::Returned { leg: id }, fields)?;
    }
    Ok(())
}

/// A matter of this node's own that it forgot comes back with the first of its legs, given or taken: number, kind and day
/// stand in every offer. Without its intake it would be counted, and nobody could say where it came from.
pub(in crate::kernel) fn own_again(
    draft: &mut Draft<'_>,
    offer: &Offer,
    fields: &[SealedField],
) -> Result<(), Stop> {
    if offer.origin != draft.me() || Rows::ticket(draft, offer.matter)?.is_some() {
        return Ok(());
    }
    let given = offer.giver == draft.me();
    let pack = draft.pack();
    // What a superior gives back down names the superior's rules.
    let rules = match given {
        true => offer.rules.clone(),
        false => RuleVersion {
            pack: pack.id.clone(),
            version: pack.version,
        },
    };
    let pack = draft.world.pack_for(&rules);
    let (kind, urgency) = (offer.request_kind, offer.urgency);
    let limit = pack.handling(kind, urgency).and_then(|rule| rule.limit);
    let by_rules = limit.map(|limit| clock::due(&draft.world, offer.taken_in_at, limit));
    let due = match offer.kind {
        LegKind::Downward if given => by_rules.map_or(offer.due.at, |due| due.at.max(offer.due.at)),
        _ => by_rules.map_or(offer.due.at, |due| due.at),
    };
    let act = TicketAct::TakenIn {
        number: offer.number.clone(),
        channel: String::new(),
        kind,
        category: offer.category.clone(),
        urgency,
        place: offer.place,
        due,
        happened_at: offer.taken_in_at,
        rules,
        content: crate::field::marks(fields),
    };
    draft.ticket_act(offer.matter, None, act, fields.to_vec())?;
    draft.set_timer(due, TimerKey::TicketDue(offer.matter))?;
    if let (Some(by_rules), Some(limit)) = (by_rules.filter(|rules| rules.at == due), limit) {
        let of = DueOf::Ticket(offer.matter);
        reckon::note_span(draft, of, by_rules, offer.taken_in_at, limit)?;
    }
    missing::petitioner(draft, offer)
}

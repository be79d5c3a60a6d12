//! Public keys for sealing: stated by their owners, learned, asked for, and passed on where they are needed.
//!
//! Own keys go up to every superior and down to every node below; a key that revokes others goes everywhere. Whoever
//! needs another asks towards its owner, and the first node that knows it answers.

use super::draft::Draft;
use super::outcome::Stop;
use super::sealed;
use crate::body::Actor;
use crate::fact::Fact;
use crate::leg::Lane;
use crate::link::{Message, MessageKind};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, Row, RowKey, TimerKey};
use crate::sealing::{
    Destroyed, NewKey, OwnKey, SealingKey, SignedKey, Standing, made_standing, own_standing,
    standing,
};
use crate::view::{View, ViewFailed};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// Keys in one message: below any bound on payloads, whatever the certificates measure.
const KEYS_PER_MESSAGE: usize = 16;
/// Rows read at a time.
const PAGE: usize = 256;
/// No region key orders before it.
pub(super) const FIRST_REGION: RegionKey = RegionKey::literal("000000000000");
/// No region key orders after it.
pub(super) const LAST_REGION: RegionKey = RegionKey::literal("zzzzzzzzzzzz");

/// The key that a region stated last.
///
/// # Errors
/// The view failed.
pub(super) fn known(view: &dyn View, region: RegionKey) -> Result<Option<SignedKey>, ViewFailed> {
    Ok(match view.get(&RowKey::SealingKey(region))? {
        Some(Row::SealingKey(key)) => Some(*key),
        _ => None,
    })
}

/// This node's own keys, oldest first.
pub(super) fn own(draft: &Draft<'_>) -> Result<Vec<OwnKey>, Stop> {
    let rows = draft.scan(&RowKey::OwnKey(0), &RowKey::OwnKey(u32::MAX), PAGE)?;
    Ok(rows
        .into_iter()
        .filter_map(|(_, row)| match row {
            Row::OwnKey(key) => Some(*key),
            _ => None,
        })
        .collect())
}

/// People have the key changed, or revoke what may have become known to others.
///
/// # Errors
/// Refuses as `keys.reason`, `keys.unmade`, `keys.number`.
pub(super) fn rotate(
    draft: &mut Draft<'_>,
    actor: &Actor,
    reason: &str,
    new: Option<&NewKey>,
) -> Result<Done, Stop> {
    if reason.trim().is_empty() {
        let words = "更换密钥须写明事由".to_owned();
        return Err(Refusal::new(Class::Invalid, "keys.reason", words).into());
    }
    let Some(new) = new else {
        let words = "本节点没有做出新密钥；请查看节点日志".to_owned();
        return Err(Refusal::new(Class::State, "keys.unmade", words).into());
    };
    take_own(draft, new, Some(actor.name.clone()), reason)?;
    Ok(Done::default())
}

/// Takes a key that the shell made into use, and tells others.
///
/// # Errors
/// Refuses as `keys.number` what is not newer than the last.
pub(super) fn take_own(
    draft: &mut Draft<'_>,
    new: &NewKey,
    actor: Option<String>,
    reason: &str,
) -> Result<(), Stop> {
    let (me, now) = (draft.me(), draft.now());
    let known = known(draft, me)?.map(|signed| signed.key);
    let key = &new.signed.key;
    if key.region != me || made_standing(known.as_ref(), key, now) != Standing::Newer {
        let words = format!("第 {} 号密钥不比现有的新，没有启用", key.no);
        return Err(Refusal::new(Class::State, "keys.number", words).into());
    }
    let replaced = own(draft)?;
    draft.record(Fact::SealingKeyMade {
        new: new.clone(),
        actor,
        reason: reason.to_owned(),
    })?;
    for old in replaced {
        let at = old
            .retire_at
            .map_or(new.retire_at, |at| at.min(new.retire_at));
        draft.set_timer(at.max(now), TimerKey::RetireKey(old.no))?;
    }
    let signed = new.signed.clone();
    pass_on(draft, &signed, None, &[])?;
    if known.is_none() {
        sealed::copy_unsealed(draft)?;
    }
    sealed::ask_again(draft, &signed)
}

/// The bound of an old key passed: its private half goes, with a record.
pub(super) fn retire(draft: &mut Draft<'_>, no: u32) -> Result<(), Stop> {
    let Some(Row::OwnKey(key)) = draft.get(&RowKey::OwnKey(no))? else {
        return Ok(());
    };
    let due = key.retire_at.is_some_and(|at| at <= draft.now());
    if due {
        sealed::destroy_key(draft, &key)
    } else {
        Ok(())
    }
}

/// A neighbour is met for the first time, or anew after it lost its disk: it is told what it needs.
pub(super) fn introduce(draft: &mut Draft<'_>, peer: RegionKey) -> Result<(), Stop> {
    let mut keys = BTreeMap::new();
    let mut from = RowKey::SealingKey(FIRST_REGION);
    loop {
        let page = draft.scan(&from, &RowKey::OwnKey(0), PAGE)?;
        let full = page.len() == PAGE;
        for (key, row) in page {
            let (RowKey::SealingKey(region), Row::SealingKey(signed)) = (key, row) else {
                continue;
            };
            from = RowKey::SealingKey(region);
            // Its own, too: whose disk was lost or is old learns that others remember a newer one.
            if region == peer || concerns(draft, peer, &signed.key) {
                keys.insert(region, *signed);
            }
        }
        if !full {
            break;
        }
    }
    let keys: Vec<_> = keys.into_values().collect();
    for some in keys.chunks(KEYS_PER_MESSAGE) {
        tell(draft, peer, some.to_vec())?;
    }
    Ok(())
}

/// A neighbour states keys of its own and of others. What is genuine and new is taken and passed on.
pub(super) fn stated(
    draft: &mut Draft<'_>,
    peer: RegionKey,
    keys: Vec<SignedKey>,
) -> Result<(), Stop> {
    for signed in keys {
        learn(draft, peer, signed)?;
    }
    Ok(())
}

/// Takes one stated key, whoever brought it: its owner's signature speaks, not the way it came.
pub(super) fn learn(draft: &mut Draft<'_>, peer: RegionKey, signed: SignedKey) -> Result<(), Stop> {
    let (region, no) = (signed.key.region, signed.key.no);
    let known = known(draft, region)?.map(|known| known.key);
    // A clock that stands still would turn away every key that is made from now on, and nobody states them a second time.
    let in_doubt = draft.node()?.clock_held.is_some();
    let now = (!in_doubt).then(|| draft.now());
    let stands = match region == draft.me() {
        true => own_standing(known.as_ref(), &signed.key),
        false => standing(known.as_ref(), &signed.key, now),
    };
    match stands {
        Standing::Known | Standing::Older => return Ok(()),
        Standing::Newer => {}
        Standing::Forked if region == draft.me() => return made_twice(draft, peer, signed),
        Standing::Forked => {
            draft.alarm(format!(
                "{peer} 传来 {region} 第 {no} 号封装公钥，与本节点所知的同号公钥不同，未采用；请与 {region} 核对其证书私钥是否外泄、数据是否被复制"
            ));
            return Ok(());
        }
        Standing::Ahead => {
            draft.alarm(format!(
                "{peer} 传来 {region} 的封装公钥，编号 {no} 在将来，未采用；请核对两地时钟"
            ));
            return Ok(());
        }
    }
    if let Err(why) = draft.world.wire.genuine(&signed) {
        draft.alarm(format!(
            "{peer} 传来 {region} 的封装公钥，签名不能采信：{why}；未采用"
        ));
        return Ok(());
    }
    if region == draft.me() {
        // Only a lost or older disk explains a key of one's own that one does not have; the shell makes a newer one.
        draft.alarm(format!(
            "{peer} 记得本节点第 {no} 号封装密钥，而本节点没有它：数据曾被恢复到旧状态；将换用新密钥"
        ));
    }
    let askers = askers(draft, region)?;
    draft.record(Fact::SealingKeyLearned {
        signed: signed.clone(),
        peer,
        answered: askers.clone(),
    })?;
    pass_on(draft, &signed, Some(peer), &askers)?;
    sealed::take_up(draft, region)
}

/// Others know another key of this node's under the same number: it made two, one of them in a past that its disk forgot.
/// What comes is sealed to theirs; the own one goes, and the shell makes a newer.
fn made_twice(draft: &mut Draft<'_>, peer: RegionKey, signed: SignedKey) -> Result<(), Stop> {
    let no = signed.key.no;
    if let Err(why) = draft.world.wire.genuine(&signed) {
        draft.alarm(format!(
            "{peer} 传来本节点第 {no} 号封装公钥，签名不能采信：{why}；未采用"
        ));
        return Ok(());
    }
    draft.alarm(format!(
        "{peer} 记得的本节点第 {no} 号封装密钥与本节点的不是同一把：数据曾被恢复到旧状态；将换用新密钥"
    ));
    if let Some(Row::OwnKey(own)) = draft.get(&RowKey::OwnKey(no))? {
        let reason = ("与他处所知的同号密钥不同".to_owned(), None);
        let of = Destroyed::SealingKey(no);
        sealed::destroy(draft, vec![own.slot], of, None, reason)?;
    }
    draft.record(Fact::SealingKeyLearned {
        signed,
        peer,
        answered: Vec::new(),
    })
}

/// A neighbour asks for a key: answered where it is known, else asked further towards its owner.
pub(super) fn asked(draft: &mut Draft<'_>, peer: RegionKey, region: RegionKey) -> Result<(), Stop> {
    if let Some(signed) = known(draft, region)?
        && signed.key.serves(draft.now())
    {
        return tell(draft, peer, vec![signed]);
    }
    let next = draft.world.federation.next_hop(draft.me(), region);
    if next.is_none() || next == Some(peer) {
        return Ok(());
    }
    draft.record(Fact::SealingKeyAsked {
        region,
        asker: peer,
    })?;
    ask(draft, region)
}

/// Asks the next node towards the owner.
pub(super) fn ask(draft: &mut Draft<'_>, region: RegionKey) -> Result<(), Stop> {
    match draft.world.federation.next_hop(draft.me(), region) {
        Some(next) if draft.speaks(next, MessageKind::SealingAsk)? => {
            let message = Message::SealingAsk { region };
            draft.send(next, Lane::Ordinary, &message, Vec::new())
        }
        _ => Ok(()),
    }
}

/// Tells neighbours whom a key concerns, but not the one that brought it; and those who asked.
fn pass_on(
    draft: &mut Draft<'_>,
    signed: &SignedKey,
    from: Option<RegionKey>,
    askers: &[RegionKey],
) -> Result<(), Stop> {
    for peer in neighbours(draft) {
        let needs = from != Some(peer) && concerns(draft, peer, &signed.key);
        if askers.contains(&peer) || needs {
            tell(draft, peer, vec![signed.clone()])?;
        }
    }
    Ok(())
}

/// Neighbours that wait for a region's key.
fn askers(draft: &Draft<'_>, region: RegionKey) -> Result<Vec<RegionKey>, Stop> {
    let mut askers = Vec::new();
    for peer in neighbours(draft) {
        if draft.get(&RowKey::SealingAsked(region, peer))?.is_some() {
            askers.push(peer);
        }
    }
    Ok(askers)
}

fn neighbours(draft: &Draft<'_>) -> Vec<RegionKey> {
    let (me, federation) = (draft.me(), draft.world.federation);
    let children = federation.children(me).iter().copied();
    federation.parent(me).into_iter().chain(children).collect()
}

/// Superiors know the keys below them, a node those of its superiors, and everybody what was revoked.
fn concerns(draft: &Draft<'_>, peer: RegionKey, key: &SealingKey) -> bool {
    let federation = draft.world.federation;
    let of = key.region;
    of != peer
        && (key.revoked > 0 || federation.is_below(of, peer) || federation.is_below(peer, of))
}

/// A neighbour that was never met, or does not speak of keys yet, is told when it is met and does.
fn tell(draft: &mut Draft<'_>, peer: RegionKey, keys: Vec<SignedKey>) -> Result<(), Stop> {
    if !draft.speaks(peer, MessageKind::SealingKeys)? {
        return Ok(());
    }
    draft.send(peer, Lane::Bulk, &Message::SealingKeys { keys }, Vec::new())
}

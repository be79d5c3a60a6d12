//! What people mean when they name a ticket: the one leg or request of it that the verb can be about.

use crate::cli::client::Client;
use crate::cli::door::{Caller, Usage};
use crate::cli::words::word;
use hotline_domain::ticket::folded_number;
use hotline_proto::operator::v1 as pb;
use hotline_show::{Text, shown};

/// Which half of a leg a verb is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The giver's: rule, recall, …
    Giver,
    /// The taker's: sign, return, …
    Taker,
}

impl Half {
    /// Sides that are meant, the likeliest first: a node's own incoming leg before one that it gave a unit of its own, of
    /// which a handler sees no other.
    fn sides(self) -> &'static [&'static [&'static str]] {
        match self {
            Half::Giver => &[&["giver", "both"]],
            Half::Taker => &[&["taker"], &["both"]],
        }
    }
}

/// The leg that a text names: by its own id, or as the only open one of a ticket.
///
/// # Errors
/// The node refuses; no open leg, or several: the words list them.
pub async fn leg(caller: &Caller, text: &str, half: Half) -> anyhow::Result<pb::Leg> {
    let detail = ticket(&caller.client, caller.who(), text).await?;
    Ok(pick(detail.legs, text, half)?)
}

fn pick(legs: Vec<pb::Leg>, text: &str, half: Half) -> Result<pb::Leg, Usage> {
    let id = folded_number(text).to_ascii_lowercase();
    if let Some(leg) = legs.iter().find(|leg| leg.id == id) {
        return Ok(leg.clone());
    }
    let of = |sides: &&[&str]| -> Vec<pb::Leg> {
        let fits = |leg: &&pb::Leg| leg.closure.is_empty() && sides.contains(&leg.side.as_str());
        legs.iter().filter(fits).cloned().collect()
    };
    let found = half.sides().iter().map(of).find(|found| !found.is_empty());
    let mut open = found.unwrap_or_default();
    if open.len() > 1 {
        let lines: Vec<Text> = open
            .iter()
            .map(|leg| {
                shown!(
                    "\n  {}  {}  {}",
                    leg.id,
                    leg.taker_name,
                    word("leg", &leg.stage)
                )
            })
            .collect();
        return Err(Usage(shown!(
            "工单 {text} 有 {} 项交办，请写明是哪一项：{}",
            open.len(),
            lines.into_iter().collect::<Text>()
        )));
    }
    open.pop()
        .ok_or_else(|| Usage(shown!("工单 {text} 在本节点没有可以这样办理的未结交办")))
}

/// The request to answer or to take back: the one named, or the leg's open one.
///
/// # Errors
/// None is open and none was named.
pub fn request(leg: &pb::Leg, named: Option<u32>) -> Result<u32, Usage> {
    match named {
        Some(request) => Ok(request),
        None if leg.request != 0 => Ok(leg.request),
        None => Err(Usage(shown!("交办 {} 没有待审的申请或结果", leg.id))),
    }
}

async fn ticket(
    client: &Client,
    person: Option<&str>,
    text: &str,
) -> anyhow::Result<pb::TicketDetail> {
    let request = pb::GetTicketRequest {
        ticket: text.to_owned(),
        with_texts: false,
        purpose: String::new(),
    };
    Ok(client.get_ticket(person, request).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(id: &str, side: &str, closure: &str) -> pb::Leg {
        pb::Leg {
            id: id.to_owned(),
            side: side.to_owned(),
            closure: closure.to_owned(),
            ..pb::Leg::default()
        }
    }

    #[test]
    fn the_only_open_leg_of_the_half_is_meant() {
        let legs = || {
            vec![
                leg("1", "taker", ""),
                leg("2", "both", "returned"),
                leg("3", "both", ""),
                leg("4", "sight", ""),
            ]
        };
        assert_eq!(pick(legs(), "N", Half::Taker).unwrap().id, "1");
        assert_eq!(pick(legs(), "N", Half::Giver).unwrap().id, "3");
        assert_eq!(pick(legs(), "２\u{200b}", Half::Giver).unwrap().id, "2");
        // A handler sees only what the own unit has.
        assert_eq!(pick(legs().split_off(2), "N", Half::Taker).unwrap().id, "3");
        let two = || vec![leg("5", "giver", ""), leg("6", "giver", "")];
        let several = pick(two(), "N", Half::Giver).unwrap_err();
        assert!(several.0.as_str().contains("2 项"), "{several}");
        assert!(pick(Vec::new(), "N", Half::Giver).is_err());
    }

    #[test]
    fn requests_are_found_on_their_leg() {
        let mut found = leg("1", "taker", "");
        assert!(request(&found, None).is_err());
        found.request = 2;
        assert_eq!(request(&found, None).unwrap(), 2);
        assert_eq!(request(&found, Some(1)).unwrap(), 1);
    }
}

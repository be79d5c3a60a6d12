//! Attachments go where legs and edges let them, and are given to nobody else.

use crate::attachment::{Attachment, AttachmentId, RECEIVED_MAX, permit_fetch};
use crate::id::{LegId, MatterId};
use crate::kernel::{Input, LinkNews};
use crate::leg::Act;
use crate::link::Message;
use crate::testing::{CITY, Fed, LINGCHUAN, NANCUN, PROVINCE, ZEZHOU, node, text, unit};
use crate::ticket::TicketAct;
use hotline_topology::policy::Media;
use hotline_topology::{Federation, FieldName, RegionKey, Way};

fn ids(fed: &Fed, region: RegionKey, matter: MatterId) -> Vec<u8> {
    let attached = fed.attachments(region, matter);
    attached.iter().map(|one| one.attachment.id.0[0]).collect()
}

/// Whether `from` would give the attachment to `to` by that leg.
fn gives(fed: &Fed, from: RegionKey, matter: MatterId, id: u8, leg: LegId, to: RegionKey) -> bool {
    let held = fed.attachments(from, matter);
    let held = held.iter().find(|one| one.attachment.id.0[0] == id);
    held.is_some_and(|held| permit_fetch(held, &fed.leg(from, leg), to).is_ok())
}

#[test]
fn they_go_down_with_the_offer_and_at_once_and_up_with_the_result() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).attach(matter, 1, false).done();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert_eq!(ids(&fed, ZEZHOU, matter), [1], "with the offer");
    assert_eq!(fed.at(CITY).attach(matter, 2, false).leg(), leg);
    assert_eq!(ids(&fed, ZEZHOU, matter), [1, 2], "on the open leg");
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    assert_eq!(ids(&fed, NANCUN, matter), [1, 2], "and on with the next");
    fed.at(NANCUN).attach(matter, 3, false).done();
    assert_eq!(ids(&fed, ZEZHOU, matter), [1, 2, 3]);
    assert_eq!(
        ids(&fed, CITY, matter),
        [1, 2],
        "what came up waits for the result"
    );
    fed.at(NANCUN).submit_result(below, "solved").done();
    fed.at(ZEZHOU).grant(below, 1).done();
    fed.at(ZEZHOU).submit_result(leg, "solved").done();
    assert_eq!(ids(&fed, CITY, matter), [1, 2, 3]);
    assert_eq!(ids(&fed, PROVINCE, matter), Vec::<u8>::new());
    // Each gives what it sent, to the other end of that leg, open or closed; nobody else gets anything.
    assert!(gives(&fed, CITY, matter, 1, leg, ZEZHOU));
    assert!(gives(&fed, ZEZHOU, matter, 3, leg, CITY));
    assert!(gives(&fed, NANCUN, matter, 3, below, ZEZHOU));
    assert!(!gives(&fed, CITY, matter, 1, leg, LINGCHUAN));
    assert!(
        !gives(&fed, CITY, matter, 3, leg, ZEZHOU),
        "what came from there"
    );
    assert!(!gives(&fed, NANCUN, matter, 3, below, CITY));
}

#[test]
fn what_comes_after_the_work_was_given_on_follows_it() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let below = fed.at(ZEZHOU).assign(matter, [node(NANCUN)]).leg();
    fed.at(CITY).attach(matter, 1, false).done();
    assert_eq!(ids(&fed, NANCUN, matter), [1], "with those who work on it");
    assert!(gives(&fed, ZEZHOU, matter, 1, below, NANCUN));
    assert!(!gives(&fed, CITY, matter, 1, leg, NANCUN));
    // Not to whom the work was taken from.
    fed.at(ZEZHOU).recall(below).done();
    fed.at(CITY).attach(matter, 2, false).done();
    assert_eq!(ids(&fed, ZEZHOU, matter), [1, 2]);
    assert_eq!(ids(&fed, NANCUN, matter), [1]);
}

#[test]
fn local_ones_and_those_that_an_edge_bars_stay() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).attach(matter, 1, true).done();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert!(fed.attachments(ZEZHOU, matter).is_empty());
    assert!(!gives(&fed, CITY, matter, 1, leg, ZEZHOU));

    for node in fed.nodes.values_mut() {
        let mut parts = node.tree.clone().into_parts();
        parts.edges.default.set(Way::Down, [FieldName::Content]);
        node.tree = Federation::build(parts).expect("the same tree");
    }
    fed.at(CITY).attach(matter, 2, false).done();
    assert!(fed.attachments(ZEZHOU, matter).is_empty());
    // A giver that sends it all the same is refused by the receiver.
    let attachment = fed.attachments(CITY, matter)[1].attachment;
    let act = Act::Attach { attachment };
    let message = Message::Leg {
        leg,
        at: fed.now,
        act,
    };
    let cover = text(FieldName::Attachment, "照片.jpg");
    fed.forge_envelope(CITY, ZEZHOU, &message, |envelope| {
        envelope.fields = vec![cover];
    });
    assert!(fed.attachments(ZEZHOU, matter).is_empty());
    let alarms = &fed.nodes[&CITY].alarms;
    assert!(
        alarms
            .iter()
            .any(|text| text.contains("locality.field-policy")),
        "{alarms:?}"
    );
}

#[test]
fn a_reference_that_lies_or_floods_is_refused() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).attach(matter, 1, false).done();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let reference = |id: [u8; 32], size| Act::Attach {
        attachment: Attachment {
            id: AttachmentId(id),
            size,
            media: Media::Jpeg,
        },
    };
    // Without a cover nobody could ever open it.
    fed.forge(CITY, ZEZHOU, leg, reference([9; 32], 5));
    let mut send = |act| {
        let message = Message::Leg {
            leg,
            at: fed.now,
            act,
        };
        let cover = text(FieldName::Attachment, "照片.jpg");
        fed.forge_envelope(CITY, ZEZHOU, &message, |envelope| {
            envelope.fields = vec![cover];
        });
    };
    send(reference([1; 32], 5));
    send(reference([9; 32], u64::MAX));
    for no in 0..RECEIVED_MAX {
        let mut id = [2; 32];
        id[..8].copy_from_slice(&(no as u64).to_be_bytes());
        send(reference(id, 5));
    }
    assert_eq!(fed.attachments(ZEZHOU, matter).len(), RECEIVED_MAX);
    let rules = [
        "attachment.cover",
        "attachment.changed",
        "attachment.file-size",
        "attachment.too-many",
    ];
    for rule in rules {
        let alarms = &fed.nodes[&CITY].alarms;
        assert!(
            alarms.iter().any(|text| text.contains(rule)),
            "{rule}: {alarms:?}"
        );
    }
    assert_eq!(fed.attachments(ZEZHOU, matter)[0].attachment.size, 5);
}

#[test]
fn a_pack_bounds_what_is_attached() {
    let mut fed = Fed::with(|_, pack| pack.attachments.ticket_files = 1);
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).attach(matter, 1, false).done();
    fed.at(CITY)
        .attach(matter, 1, false)
        .fails("attachment.known");
    fed.at(CITY)
        .attach(matter, 2, false)
        .fails_citing("attachment.ticket-files", "默认");
    fed.at(CITY)
        .wordless()
        .attach(matter, 3, false)
        .fails("attachment.cover");
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    // What came by a leg is not on the taker's account.
    assert_eq!(fed.at(ZEZHOU).attach(matter, 4, false).leg(), leg);
}

#[test]
fn units_have_to_do_with_their_own_tickets_and_reading_is_on_record() {
    let mut fed = Fed::new();
    let matter = fed.at(ZEZHOU).take_in();
    fed.at(ZEZHOU).attach(matter, 1, false).done();
    fed.at(ZEZHOU)
        .of_unit("住建局")
        .attach(matter, 2, false)
        .fails("authority.unit");
    fed.at(ZEZHOU)
        .of_unit("住建局")
        .read_attachment(matter, 1)
        .fails("authority.unit");
    fed.at(ZEZHOU)
        .assign(matter, [unit(ZEZHOU, "住建局")])
        .done();
    fed.at(ZEZHOU)
        .of_unit("住建局")
        .attach(matter, 2, false)
        .done();
    let before = fed.ticket(ZEZHOU, matter).version;
    fed.at(ZEZHOU)
        .of_unit("住建局")
        .read_attachment(matter, 1)
        .done();
    fed.at(ZEZHOU)
        .read_attachment(matter, 7)
        .fails("attachment.unknown");
    assert_eq!(
        fed.ticket(ZEZHOU, matter).version,
        before,
        "reading is no change"
    );
    let read = format!("{:?}", fed.nodes[&ZEZHOU].log.last());
    assert!(
        read.contains("Read(Reading") && read.contains("住建局承办人"),
        "{read}"
    );
}

#[test]
fn a_fetch_is_on_record_once_for_each_node() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    fed.at(CITY).attach(matter, 1, false).done();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    let fetched = Input::AttachmentFetched {
        matter,
        id: AttachmentId([1; 32]),
        leg,
        by: ZEZHOU,
    };
    fed.input(CITY, fetched.clone());
    let commits = fed.nodes[&CITY].log.len();
    fed.input(CITY, fetched);
    assert_eq!(fed.nodes[&CITY].log.len(), commits);
    assert_eq!(fed.attachments(CITY, matter)[0].fetched_by, [ZEZHOU]);
    let act = TicketAct::AttachmentFetched {
        id: AttachmentId([1; 32]),
        leg,
        by: ZEZHOU,
    };
    assert!(format!("{:?}", fed.nodes[&CITY].log).contains(&format!("{act:?}")));
}

#[test]
fn what_a_co_handler_adds_goes_with_its_result_to_the_lead() {
    let mut fed = Fed::new();
    let matter = fed.at(CITY).take_in();
    let both = [node(ZEZHOU), node(LINGCHUAN)];
    let [first, second] = fed.at(CITY).assign(matter, both).legs();
    let lead = fed.ticket(CITY, matter).lead;
    let (lead, other, helper) = if lead == Some(first) {
        (ZEZHOU, second, LINGCHUAN)
    } else {
        (LINGCHUAN, first, ZEZHOU)
    };
    fed.at(helper).attach(matter, 5, false).done();
    assert!(fed.attachments(lead, matter).is_empty());
    fed.at(helper).submit_result(other, "solved").done();
    fed.at(CITY).grant(other, 1).done();
    assert_eq!(ids(&fed, lead, matter), [5]);
}

#[test]
fn a_neighbour_that_does_not_know_them_gets_them_after_its_upgrade() {
    let mut fed = Fed::new();
    let met = |wire| Input::Link {
        peer: ZEZHOU,
        news: LinkNews::Met {
            epoch: 1,
            wire,
            shown: None,
        },
    };
    let matter = fed.at(CITY).take_in();
    fed.input(CITY, met(1));
    fed.at(CITY).attach(matter, 1, false).done();
    let leg = fed.at(CITY).assign(matter, [node(ZEZHOU)]).leg();
    assert!(fed.attachments(ZEZHOU, matter).is_empty());
    fed.input(CITY, met(2));
    assert_eq!(fed.at(CITY).attach(matter, 2, false).leg(), leg);
    fed.at(CITY).recall(leg).done();
    fed.at(CITY).assign(matter, [node(ZEZHOU)]).done();
    assert_eq!(ids(&fed, ZEZHOU, matter), [1, 2]);
}

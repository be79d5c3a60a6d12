//! The crossing tables of the module's documentation, row by row against the code.
//!
//! A row is the giver's act, a column the taker's; both are done before either hears of the other. A cell says what
//! changed on both records once everything has arrived, or `–` where the two cannot meet.

use super::*;

const TABLES: &str = include_str!("../crossings.md");

/// A table's head cells and rows.
fn table(name: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let lines = TABLES
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| **{name}**")));
    lines
        .take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|-") && !line.starts_with("| -"))
        .map(cells)
        .collect()
}

/// What a row or a column stands for: each of these acts in turn, made for the records it is done on.
type Tries = Vec<Box<dyn Fn(&Leg) -> Act>>;

fn one(act: Act) -> Tries {
    vec![Box::new(move |_| act.clone())]
}

fn each(kinds: &'static [RequestKind], act: fn(&Leg, RequestKind) -> Act) -> Tries {
    kinds
        .iter()
        .map(|kind| Box::new(move |leg: &Leg| act(leg, *kind)) as Box<dyn Fn(&Leg) -> Act>)
        .collect()
}

const RETURN: &[RequestKind] = &[RequestKind::Return];
const ESCALATION: &[RequestKind] = &[RequestKind::Escalation];
const EXTENSION: &[RequestKind] = &[RequestKind::Extension];
const RESULT: &[RequestKind] = &[RequestKind::Result];

fn rule(leg: &Leg, of: RequestKind, granted: bool) -> Act {
    let due =
        (granted && of == RequestKind::Extension).then(|| (leg.due_no + 1, due(leg.due_no + 1)));
    Act::Ruling {
        request: 1,
        of,
        granted,
        basis: String::new(),
        due,
    }
}

fn giver_acts(row: &str) -> Tries {
    let grant = |leg: &Leg, kind| rule(leg, kind, true);
    match row {
        "grants return" | "takes the refusal" => each(RETURN, grant),
        "accepts escalation" => each(ESCALATION, grant),
        "accepts result" | "takes the answer" => each(RESULT, grant),
        "grants extension" => each(EXTENSION, grant),
        "denies the request" => each(&RequestKind::ALL, |leg, kind| rule(leg, kind, false)),
        "recalls" => {
            let grounds = [
                RecallGround::Recalled,
                RecallGround::Withdrawn,
                RecallGround::Released,
            ];
            grounds
                .into_iter()
                .flat_map(|ground| one(Act::Recall { ground }))
                .collect()
        }
        "withdraws the matter" => one(Act::Recall {
            ground: RecallGround::Withdrawn,
        }),
        "sets due 1" => one(Act::NewDue { no: 1, due: due(1) }),
        "names lead, term 1" => one(Act::NameLead {
            term: 1,
            lead: OTHER_LEG,
        }),
        "supervises" => one(supervise(SUPERIOR_ORDER, CITY)),
        "reminds" => one(Act::Remind { order: ORDER }),
        "ends the order" => one(Act::EndOrder { order: ORDER }),
        "overdue" => one(Act::Overdue { due: due(0).at }),
        other => panic!("the table has an unknown row: {other}"),
    }
}

fn taker_acts(column: &str) -> Tries {
    let ask = |leg: &Leg, kind| Act::Request {
        no: leg.next_request(),
        asking: asking(kind),
    };
    match column {
        "receipt" => one(Act::Receipt),
        "signs" | "accepts" => [false, true]
            .into_iter()
            .flat_map(|deemed| one(Act::Sign { deemed }))
            .collect(),
        "progress" => one(Act::Progress {
            stage: "working".to_owned(),
        }),
        "asks anew" => each(&RequestKind::ALL, ask),
        "declines" => each(RETURN, ask),
        "answers" => each(RESULT, ask),
        "withdraws request 1" => one(Act::WithdrawRequest { no: 1 }),
        "replies to the order" => one(Act::ReplyOrder { order: ORDER }),
        "overdue" => one(Act::Overdue { due: due(0).at }),
        other => panic!("the table has an unknown column: {other}"),
    }
}

/// The pair before the crossing: as far along as both acts need, and no further.
fn before(kind: LegKind, row: &str, column: &str, giver_act: &Act) -> Option<Pair> {
    let released = Act::Recall {
        ground: RecallGround::Released,
    };
    let joint = matches!(giver_act, Act::NameLead { .. }) || *giver_act == released;
    let mut pair = Pair::new(offer(
        kind,
        if joint {
            LegRole::CoHandler
        } else {
            LegRole::Sole
        },
    ));
    if ["reminds", "ends the order"].contains(&row) || column == "replies to the order" {
        pair.giver(supervise(ORDER, CITY));
    }
    let asked = match giver_act {
        Act::Ruling { of, .. } => Some(*of),
        _ => (column == "withdraws request 1").then_some(RequestKind::Return),
    };
    if column != "receipt" {
        pair.taker(Act::Receipt);
        let accepted = kind == LegKind::Downward || row == "takes the answer";
        let unsigned = ["signs", "accepts"].contains(&column);
        let declines = column == "declines" || row == "takes the refusal";
        if !unsigned && (accepted || !declines) {
            pair.taker(Act::Sign { deemed: false });
        }
    }
    if let Some(kind) = asked {
        let no = 1;
        pair.try_taker(Act::Request {
            no,
            asking: asking(kind),
        })
        .ok()?;
    }
    // On an upward leg the giver rules by itself, so the request's arrival is the giver's act.
    if kind == LegKind::Upward && asked.is_some() {
        return Some(pair);
    }
    pair.settle();
    Some(pair)
}

/// Does both, lets both arrive, and says what changed. `None`: one of the two could not be done.
fn cross(
    kind: LegKind,
    row: &str,
    column: &str,
    giver_act: &Act,
    taker_act: &dyn Fn(&Leg) -> Act,
) -> Option<String> {
    let mut pair = before(kind, row, column, giver_act)?;
    if row == "overdue" || column == "overdue" {
        pair.pass(due(0).at);
    }
    let start = pair.taker.clone();
    let taker_act = taker_act(&start);
    if kind == LegKind::Upward && matches!(giver_act, Act::Ruling { .. }) {
        pair.arrives_up_all();
    } else {
        pair.try_giver(giver_act.clone()).ok()?;
    }
    pair.try_taker(taker_act).ok()?;
    pair.settle();
    Some(changes(&start, &pair.taker))
}

/// What is different after, in the table's words.
fn changes(before: &Leg, after: &Leg) -> String {
    let mut words = Vec::new();
    if let Stage::Closed(closure) = after.stage {
        words.push(match closure {
            Closure::Done => "done",
            Closure::Returned => "returned",
            Closure::Escalated => "escalated",
            Closure::Recalled(_) => "recalled",
        });
    }
    let mut note = |changed: bool, word| {
        if changed {
            words.push(word)
        }
    };
    note(after.delivered_at != before.delivered_at, "delivered");
    note(after.signed_at != before.signed_at, "signed");
    note(after.progress != before.progress, "progress");
    note(after.due_no != before.due_no, "due 1");
    note(after.term != before.term, "lead");
    note(after.overdue_since != before.overdue_since, "overdue");
    for order in &after.orders {
        match before.order(order.id) {
            None => note(true, "order given"),
            Some(old) => {
                note(order.reminders != old.reminders, "reminded");
                note(order.replied_at != old.replied_at, "replied");
                note(order.ended_at != old.ended_at, "ended");
            }
        }
    }
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if let Some(request) = after
        .request
        .as_ref()
        .filter(|_| after.request != before.request)
    {
        words.push(format!("request {} {:?}", request.no, request.outcome).to_lowercase());
    }
    words.join(", ")
}

fn agrees(kind: LegKind, name: &str) {
    let table = table(name);
    let (head, rows) = table.split_first().expect("the table is there");
    let mut wrong = Vec::new();
    for row in rows {
        for (column, cell) in head.iter().zip(row).skip(1) {
            let mut found: Vec<String> = Vec::new();
            for giver_act in giver_acts(&row[0]) {
                for taker_act in taker_acts(column) {
                    let sample = Leg::open(LEG, Side::Giver, offer(kind, LegRole::Sole), START);
                    let giver_act = giver_act(&sample);
                    found.extend(cross(kind, &row[0], column, &giver_act, &taker_act));
                }
            }
            found.dedup();
            let found = if found.is_empty() {
                "–".to_owned()
            } else {
                found.join(" / ")
            };
            if found != *cell {
                wrong.push(format!(
                    "{} × {column}: the code says “{found}”, the table “{cell}”",
                    row[0]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn the_downward_table_is_what_the_code_does() {
    agrees(LegKind::Downward, "downward");
}

#[test]
fn the_upward_table_is_what_the_code_does() {
    agrees(LegKind::Upward, "upward");
}

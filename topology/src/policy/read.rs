//! Reads a policy pack's file; every fault at once.

use std::collections::BTreeSet;

use super::attachments::{AttachmentRule, read_attachments};
use super::grounds::{Codes, read_closings, read_ground, read_grounds, read_refusals};
use super::{
    AssignRule, CallbackRule, CoHandlingRule, EscalationRule, ExtensionRule, HandlingRule, HopRule,
    Kind, PolicyPack, Rating, RedoRule, ReturnRule, ReviewRule, SignRule, SilenceRule,
    SupervisionRule, SupplementRule, Trigger, TriggerEvent, Urgency,
};
use crate::fault::Fault;
use crate::read::{Located, Source, Table};

/// The pack shipped with the program.
const DEFAULT: &str = include_str!("../../data/policy/default.toml");

/// Upper bound of every "at most so often" of a pack: more is a slip of the pen.
const TIMES_END: u32 = 101;

impl PolicyPack {
    /// The pack shipped with the program, made from the published regulations; each value
    /// cites the one that it comes from.
    pub fn default_pack() -> PolicyPack {
        match PolicyPack::parse("default.toml", DEFAULT) {
            Ok(pack) => pack,
            // The text is part of the program, and a test parses it.
            Err(faults) => unreachable!("the built-in policy pack is faulty: {faults:?}"),
        }
    }

    /// The text of [`PolicyPack::default_pack`], commented, to start one's own pack from.
    pub const fn default_text() -> &'static str {
        DEFAULT
    }

    /// A pack from the text of its file.
    ///
    /// # Errors
    /// All faults, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<PolicyPack, Vec<Fault>> {
        let source = Source::new(file_name, text);
        let document = source.parse()?;
        let pack = read_pack(Table::top(&source, &document));
        let faults = source.take();
        match pack {
            Some(pack) if faults.is_empty() => Ok(pack),
            _ => Err(faults),
        }
    }
}

fn read_pack(top: Table<'_>) -> Option<PolicyPack> {
    let (id, version) = (top.text("id"), top.number("version", 1..u32::MAX));
    let (title, issuer) = (top.text("title"), top.parsed_opt("issuer"));
    let effective_from = top.parsed("effective_from");
    let handling = read_handling(&top);
    let assign = top.table("assign").and_then(read_assign);
    let sign = top.table("sign").and_then(read_sign);
    let returns = top.table("return").and_then(read_return);
    let extension = top.table("extension").and_then(read_extension);
    let hops = top.table("hops").and_then(read_hops);
    let co_handling = top.table("co_handling").and_then(read_co_handling);
    let review = top.table("review").and_then(read_review);
    let callback = top.table("callback").and_then(read_callback);
    let redo = top.table("redo").and_then(read_redo);
    let supervision = top.table("supervision").and_then(read_supervision);
    let escalation = top.table("escalation").and_then(read_escalation);
    let refusals = read_refusals(&top);
    let closings = read_closings(&top);
    let silence = top.table("silence").and_then(read_silence);
    let supplement = top.table("supplement").and_then(read_supplement);
    // Packs from before there were attachments say nothing of them.
    let attachments = match top.table_opt("attachments") {
        Some(table) => read_attachments(table),
        None => Some(AttachmentRule::default()),
    };
    top.finish();
    Some(PolicyPack {
        id: id?.value,
        version: version?.value,
        title: title?.value,
        issuer: issuer.map(|key| key.value),
        effective_from: effective_from?.value,
        handling,
        assign: assign?,
        sign: sign?,
        returns: returns?,
        extension: extension?,
        hops: hops?,
        co_handling: co_handling?,
        review: review?,
        callback: callback?,
        redo: redo?,
        supervision: supervision?,
        escalation: escalation?,
        refusals,
        closings,
        silence: silence?,
        supplement: supplement?,
        attachments: attachments?,
    })
}

pub(super) fn article(table: &Table<'_>) -> Option<String> {
    table.text("article").map(|article| article.value)
}

/// One rule for each pair of kind and urgency: a pair left out or named twice is a fault.
fn read_handling(top: &Table<'_>) -> Vec<HandlingRule> {
    let mut rules = Vec::new();
    let mut seen = BTreeSet::new();
    for table in top.tables("handling") {
        let kinds: Vec<Located<Kind>> = table.list("kinds");
        let urgencies: Vec<Located<Urgency>> = table.list("urgencies");
        let (limit, left_to) = (table.parsed_opt("limit"), table.parsed_opt("left_to"));
        let (limit, left_to) = (limit.map(|limit| limit.value), left_to.map(|who| who.value));
        let article = article(&table);
        if kinds.is_empty() || urgencies.is_empty() {
            table.fault("kinds 和 urgencies 至少各写一项");
        }
        if table.has("limit") == table.has("left_to") {
            table.fault("limit（期限）和 left_to（留给谁规定）应当写且只写一个");
        }
        for kind in &kinds {
            for urgency in &urgencies {
                let (kind, urgency) = (kind.value, urgency.value);
                if !seen.insert((kind, urgency)) {
                    let message =
                        format!("“{}·{}”的期限已在前面规定", kind.label(), urgency.label());
                    table.fault(message);
                }
                let (left_to, article) = (left_to.clone(), article.clone().unwrap_or_default());
                rules.push(HandlingRule {
                    kind,
                    urgency,
                    limit,
                    article,
                    left_to,
                });
            }
        }
        table.finish();
    }
    let pairs = Kind::ALL
        .into_iter()
        .flat_map(|kind| Urgency::ALL.map(|urgency| (kind, urgency)));
    for (kind, urgency) in pairs.filter(|pair| !seen.contains(pair)) {
        top.fault(format!(
            "handling 没有规定“{}·{}”的期限；确实未定的，写 left_to 并注明条款",
            kind.label(),
            urgency.label()
        ));
    }
    rules.sort_by_key(|rule| (rule.kind, rule.urgency));
    rules
}

fn read_assign(table: Table<'_>) -> Option<AssignRule> {
    let (window, article) = (table.parsed("window"), article(&table));
    table.finish();
    Some(AssignRule {
        window: window?.value,
        article: article?,
    })
}

fn read_sign(table: Table<'_>) -> Option<SignRule> {
    let (window, deemed) = (table.parsed("window"), table.flag("deemed"));
    let article = article(&table);
    table.finish();
    Some(SignRule {
        window: window?.value,
        deemed: deemed?,
        article: article?,
    })
}

fn read_return(table: Table<'_>) -> Option<ReturnRule> {
    let (window, late) = (table.parsed("window"), table.parsed("late"));
    let max_dispatches = table.number("max_dispatches", 1..TIMES_END);
    let determination_article = table.text("determination_article");
    let (article, grounds) = (article(&table), read_grounds(&table, "ground"));
    table.finish();
    Some(ReturnRule {
        window: window?.value,
        max_dispatches: max_dispatches?.value,
        late: late?.value,
        grounds,
        article: article?,
        determination_article: determination_article?.value,
    })
}

fn read_extension(table: Table<'_>) -> Option<ExtensionRule> {
    let (max, length) = (table.number("max", 0..TIMES_END), table.parsed("length"));
    let apply_before = table.parsed("apply_before");
    let barred: Vec<Located<Urgency>> = table.list("barred");
    let escalate_after = table
        .number_opt("escalate_after", 1..TIMES_END)
        .map(|times| times.value);
    let article = article(&table);
    if let (Some(after), Some(max)) = (escalate_after, &max)
        && after > max.value
    {
        table.fault(format!(
            "最多延期 {} 次，escalate_after 不能是 {after}",
            max.value
        ));
    }
    table.finish();
    Some(ExtensionRule {
        max: max?.value,
        length: length?.value,
        apply_before: apply_before?.value,
        barred: barred.into_iter().map(|urgency| urgency.value).collect(),
        escalate_after,
        article: article?,
    })
}

fn read_hops(table: Table<'_>) -> Option<HopRule> {
    let (max, article) = (table.number("max", 1..TIMES_END), article(&table));
    table.finish();
    Some(HopRule {
        max: max?.value,
        article: article?,
    })
}

fn read_co_handling(table: Table<'_>) -> Option<CoHandlingRule> {
    let (lead, report_limit) = (table.parsed("lead"), table.parsed("report_limit"));
    let article = article(&table);
    table.finish();
    Some(CoHandlingRule {
        lead: lead?.value,
        report_limit: report_limit?.value,
        article: article?,
    })
}

fn read_review(table: Table<'_>) -> Option<ReviewRule> {
    let (reserve, article) = (table.parsed_opt("reserve"), article(&table));
    table.finish();
    Some(ReviewRule {
        reserve: reserve.map(|span| span.value),
        article: article?,
    })
}

fn read_callback(table: Table<'_>) -> Option<CallbackRule> {
    let (window, coverage) = (table.parsed("window"), table.parsed("coverage"));
    let article = article(&table);
    let mut scale = Vec::new();
    let mut codes = Codes::default();
    for rating in table.tables("rating") {
        let (code, text) = (codes.read(&rating), rating.text("text"));
        let satisfied = rating.flag("satisfied");
        if let (Some(code), Some(text), Some(satisfied)) = (code, text, satisfied) {
            scale.push(Rating {
                code,
                text: text.value,
                satisfied,
            });
        }
        rating.finish();
    }
    let satisfied = scale.iter().filter(|rating| rating.satisfied).count();
    if satisfied == 0 || satisfied == scale.len() {
        table.fault("评价等次（rating）应当既有满意的，也有不满意的");
    }
    table.finish();
    Some(CallbackRule {
        window: window?.value,
        coverage: coverage?.value,
        scale,
        article: article?,
    })
}

fn read_redo(table: Table<'_>) -> Option<RedoRule> {
    let (max, limit) = (table.number("max", 0..TIMES_END), table.parsed("limit"));
    let article = article(&table);
    table.finish();
    Some(RedoRule {
        max: max?.value,
        limit: limit?.value,
        article: article?,
    })
}

fn read_supervision(table: Table<'_>) -> Option<SupervisionRule> {
    let (reply_limit, remind_before) = (
        table.parsed("reply_limit"),
        table.parsed_opt("remind_before"),
    );
    let article = article(&table);
    let mut triggers: Vec<Trigger> = Vec::new();
    let mut codes = Codes::default();
    for trigger in table.tables("trigger") {
        let event: Option<Located<TriggerEvent>> = trigger.parsed("event");
        let ground = read_ground(&trigger, &mut codes);
        if let (Some(event), Some(ground)) = (event, ground) {
            let automatic = event.value != TriggerEvent::Manual;
            if automatic && triggers.iter().any(|other| other.event == event.value) {
                trigger.fault(format!("“{}”只能写一次", event.value.as_str()));
            }
            triggers.push(Trigger {
                event: event.value,
                ground,
            });
        }
        trigger.finish();
    }
    if !triggers
        .iter()
        .any(|trigger| trigger.event == TriggerEvent::Overdue)
    {
        table.fault("缺少 event = \"overdue\"（超期督办）");
    }
    table.finish();
    Some(SupervisionRule {
        reply_limit: reply_limit?.value,
        remind_before: remind_before.map(|span| span.value),
        triggers,
        article: article?,
    })
}

fn read_escalation(table: Table<'_>) -> Option<EscalationRule> {
    let (article, grounds) = (article(&table), read_grounds(&table, "ground"));
    table.finish();
    Some(EscalationRule {
        grounds,
        article: article?,
    })
}

fn read_silence(table: Table<'_>) -> Option<SilenceRule> {
    let (bound, article) = (table.parsed("bound"), article(&table));
    table.finish();
    Some(SilenceRule {
        bound: bound?.value,
        article: article?,
    })
}

fn read_supplement(table: Table<'_>) -> Option<SupplementRule> {
    let (window, pauses) = (table.parsed("window"), table.flag("pauses"));
    let article = article(&table);
    table.finish();
    Some(SupplementRule {
        window: window?.value,
        pauses: pauses?,
        article: article?,
    })
}

//! Figures with their completeness: who has reported up to when.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{echo, invalid, slip, unwell};
use hotline_domain::body::Actor;
use hotline_domain::figures::{
    Counts, Grouping, Label, Measure, Query, Table, Watermark, day_of, totals,
};
use hotline_domain::policy::reading::What;
use hotline_proto::operator::v1 as pb;
use hotline_topology::{Federation, RegionKey, Time};
use std::str::FromStr;
use tonic::Status;

pub(in crate::grpc) fn get(
    node: &NodeHandle,
    actor: &Actor,
    request: &pb::GetFiguresRequest,
) -> Result<pb::Figures, Status> {
    permit(node, actor, What::Figures)?;
    let query = Query {
        table: table(&request.table)?,
        from: day("from", &request.from)?.unwrap_or(i32::MIN),
        to: day("to", &request.to)?.unwrap_or(i32::MAX),
        by: grouping(&request.by)?,
    };
    let known = node.shared().surroundings.known();
    let (rows, me) = (node.shared().rows(), node.shared().surroundings.me());
    let totals = totals(&*rows, &known.federation, me, &query).map_err(unwell)?;
    let heard = node.shared().heard();
    let reported = totals.reported.iter().map(|mark| {
        // A heartbeat says that nothing changed since: then what is here is complete up to the heartbeat.
        let fresher = heard
            .get(&mark.author)
            .and_then(|heard| heard.watermark)
            .filter(|said| same(said, mark));
        completeness(
            &known.federation,
            mark.author,
            fresher.map_or(mark.as_of, |said| said.as_of.max(mark.as_of)),
        )
    });
    Ok(pb::Figures {
        measures: Measure::ALL
            .iter()
            .map(|measure| measure.as_str().to_owned())
            .collect(),
        lines: totals
            .lines
            .iter()
            .map(|(label, counts)| line(&known.federation, &query, label, counts))
            .collect(),
        total: Some(line(&known.federation, &query, &Label::Whole, &totals.sum)),
        reported: reported.collect(),
        missing: totals
            .missing
            .iter()
            .map(|region| completeness(&known.federation, *region, Time(0)))
            .collect(),
        complete: totals.is_complete(),
        absent: Measure::ALL
            .iter()
            .filter(|measure| !query.table.carries(**measure))
            .map(|measure| measure.as_str().to_owned())
            .collect(),
    })
}

fn same(said: &Watermark, known: &Watermark) -> bool {
    said.epoch == known.epoch && said.version == known.version
}

fn completeness(federation: &Federation, region: RegionKey, as_of: Time) -> pb::Completeness {
    pb::Completeness {
        name: federation
            .region(region)
            .map_or_else(String::new, |region| region.name.clone()),
        region: region.to_string(),
        as_of_ms: as_of.0,
    }
}

fn line(federation: &Federation, query: &Query, label: &Label, counts: &Counts) -> pb::FiguresLine {
    let label = match label {
        Label::Whole => "合计".to_owned(),
        Label::Day(day) => Time(i64::from(*day) * hotline_topology::time::DAY_MS)
            .date()
            .to_string(),
        Label::Region(key) => {
            let name = federation
                .region(*key)
                .map_or("", |region| region.name.as_str());
            format!("{key} {name}")
        }
        Label::Text(text) if text.is_empty() => nameless(query).to_owned(),
        Label::Text(text) => text.clone(),
    };
    pb::FiguresLine {
        label,
        counts: counts.to_vec(),
    }
}

/// What stands under no name of its own.
fn nameless(query: &Query) -> &'static str {
    match (query.table, query.by) {
        (Table::LegsByUnit, Grouping::First) => "节点本级，未到单位",
        (_, Grouping::Second) => "本表不再细分",
        _ => "未注明",
    }
}

fn table(text: &str) -> Result<Table, Status> {
    Ok(match text {
        "" | "matters" => Table::MattersByKindChannel,
        "matters-by-category" => Table::MattersByCategory,
        "legs" => Table::LegsByKindGiver,
        "legs-by-category" => Table::LegsByCategory,
        "legs-by-unit" => Table::LegsByUnit,
        other => {
            let known = "matters、matters-by-category、legs、legs-by-category、legs-by-unit";
            return Err(invalid(
                "table",
                format!("没有统计表“{}”；应为 {known} 之一", echo(other)),
            ));
        }
    })
}

fn grouping(text: &str) -> Result<Grouping, Status> {
    Ok(match text {
        "" | "whole" => Grouping::Whole,
        "day" => Grouping::Day,
        "region" => Grouping::Region,
        "child" => Grouping::Child,
        "first" => Grouping::First,
        "second" => Grouping::Second,
        "rules" => Grouping::Rules,
        other => {
            let known = "whole、day、region、child、first、second、rules";
            return Err(invalid(
                "by",
                format!("不能按“{}”分行；应为 {known} 之一", echo(other)),
            ));
        }
    })
}

fn day(field: &str, text: &str) -> Result<Option<i32>, Status> {
    let read = name::given(text).map(Time::from_str).transpose();
    Ok(read.map_err(|error| slip(field, text, &error))?.map(day_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_without_a_name() {
        let federation = crate::demo::world::federation().unwrap();
        for table in Table::ALL {
            for by in [
                "whole", "day", "region", "child", "first", "second", "rules",
            ] {
                let query = Query {
                    table,
                    from: i32::MIN,
                    to: i32::MAX,
                    by: grouping(by).unwrap(),
                };
                let label = Label::Text(String::new());
                let line = line(&federation, &query, &label, &Counts::default());
                assert!(!line.label.trim().is_empty(), "{table:?} by {by}");
            }
        }
    }
}

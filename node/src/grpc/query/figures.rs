//! Figures with their completeness: who has reported up to when.

use super::permit;
use crate::app::NodeHandle;
use crate::grpc::name;
use crate::grpc::refusal::{invalid, unwell};
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
            .map(|(label, counts)| line(&known.federation, label, counts))
            .collect(),
        total: Some(line(&known.federation, &Label::Whole, &totals.sum)),
        reported: reported.collect(),
        missing: totals
            .missing
            .iter()
            .map(|region| completeness(&known.federation, *region, Time(0)))
            .collect(),
        complete: totals.is_complete(),
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

fn line(federation: &Federation, label: &Label, counts: &Counts) -> pb::FiguresLine {
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
        Label::Text(text) => text.clone(),
    };
    pb::FiguresLine {
        label,
        counts: counts.to_vec(),
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
                format!("没有统计表“{other}”;应为 {known} 之一"),
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
                format!("不能按“{other}”分行;应为 {known} 之一"),
            ));
        }
    })
}

fn day(field: &str, text: &str) -> Result<Option<i32>, Status> {
    let read = name::given(text).map(Time::from_str).transpose();
    Ok(read.map_err(|error| invalid(field, error))?.map(day_of))
}

//! What a node measures stands in the operator's manual: name, unit, meaning, one line each.

use crate::grpc::tests::fixture::{CITY, World};
use opentelemetry::metrics::{
    AsyncInstrumentBuilder, InstrumentProvider, Meter, ObservableCounter, ObservableGauge,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const MANUAL: &str = include_str!("../../../../deploy/OPERATIONS.md");

/// Writes down what is registered, by the name that Prometheus shows: unit and meaning.
#[derive(Default)]
struct Registered(Mutex<BTreeMap<String, (String, String)>>);

impl Registered {
    fn note<I, M>(&self, one: AsyncInstrumentBuilder<'_, I, M>, total: bool) {
        let unit = one.unit.as_deref().unwrap_or_default();
        let (suffix, words) = match unit {
            "" => ("", "个"),
            "s" => ("_seconds", "秒"),
            "By" => ("_bytes", "字节"),
            other => panic!("no word for the unit {other}"),
        };
        let total = if total { "_total" } else { "" };
        let name = format!("hotline_{}{suffix}{total}", one.name);
        let meaning = one.description.as_deref().unwrap_or_default().to_owned();
        let known = self
            .0
            .lock()
            .unwrap()
            .insert(name, (words.to_owned(), meaning));
        assert!(known.is_none(), "{} twice", one.name);
    }
}

macro_rules! noted {
    ($($name:ident: $instrument:ident<$number:ty>, $total:literal;)*) => {
        impl InstrumentProvider for Registered {
            $(fn $name(
                &self,
                builder: AsyncInstrumentBuilder<'_, $instrument<$number>, $number>,
            ) -> $instrument<$number> {
                self.note(builder, $total);
                $instrument::new()
            })*
        }
    };
}

noted! {
    u64_observable_counter: ObservableCounter<u64>, true;
    f64_observable_counter: ObservableCounter<f64>, true;
    u64_observable_gauge: ObservableGauge<u64>, false;
    i64_observable_gauge: ObservableGauge<i64>, false;
    f64_observable_gauge: ObservableGauge<f64>, false;
}

/// The manual's table: name, unit, labels, meaning.
fn page() -> BTreeMap<String, (String, String)> {
    let rows = MANUAL
        .lines()
        .filter(|line| line.starts_with("| `hotline_"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, unit, _labels, meaning, _] = cells[..] else {
            panic!("not four cells: {line}");
        };
        (
            name.trim_matches('`').to_owned(),
            (unit.to_owned(), meaning.to_owned()),
        )
    };
    rows.map(row).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manual_lists_every_metric_as_it_is() {
    let world = World::make();
    let city = world.node(CITY, None, true).await;
    let registered = Arc::new(Registered::default());
    city.running
        .register_metrics(&Meter::new(Arc::clone(&registered) as Arc<_>));
    let registered = registered.0.lock().unwrap().clone();
    assert!(registered.len() >= 15, "{registered:?}");
    assert_eq!(
        page(),
        registered,
        "left: deploy/OPERATIONS.md, right: the program"
    );
    // And Prometheus shows them under these names.
    let metrics = crate::telemetry::Metrics::new(CITY.as_str()).unwrap();
    city.running.register_metrics(&metrics.meter());
    let text = metrics.text().unwrap();
    let shown = text.lines().filter_map(|line| line.strip_prefix("# HELP "));
    let mut seen = 0;
    for (name, meaning) in shown.filter_map(|line| line.split_once(' ')) {
        assert_eq!(
            registered.get(name).map(|(_, known)| known.as_str()),
            Some(meaning),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen >= 8, "{text}");
    city.running.stop().await.unwrap();
}

use super::*;
use crate::codec::testing::{Draw, keys};
use crate::store::view::KEY_BYTES_MAX;
use hotline_domain::row::Row;
use hotline_domain::view::{MemoryView, View as _};
use proptest::prelude::*;

proptest! {
    #[test]
    fn keys_are_read_back(seed: u64) {
        for key in keys(&mut Draw::new(seed)) {
            prop_assert_eq!(decode(tree(&key), &encode(&key)), Ok(key));
        }
    }

    #[test]
    fn bytes_order_as_keys_do(seed: u64) {
        let draw = &mut Draw::new(seed);
        let mut all = keys(draw);
        all.extend(keys(draw));
        for a in &all {
            for b in &all {
                prop_assert_eq!(encode(a).cmp(&encode(b)), a.cmp(b), "{:?} {:?}", a, b);
            }
        }
    }

    #[test]
    fn neighbours_in_one_kind_keep_their_order(seed: u64) {
        // Keys that differ in little, where an error in a part would show.
        let draw = &mut Draw::new(seed);
        let at = draw.time();
        let (one, two) = (draw.text(), draw.text());
        let pairs = [
            (RowKey::Answer(one.clone(), two.clone()), RowKey::Answer(two.clone(), one.clone())),
            (RowKey::Index(IndexKey::Number(one.clone())), RowKey::Index(IndexKey::Number(one + &two))),
            (RowKey::Timer(at, draw.timer()), RowKey::Timer(at, draw.timer())),
        ];
        for (a, b) in &pairs {
            prop_assert_eq!(encode(a).cmp(&encode(b)), a.cmp(b), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn noise_is_refused_or_read_never_feared(
        tree in 0usize..Tree::ALL.len(),
        tag in 0u8..120,
        rest in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let bytes = [vec![tag], rest].concat();
        if let Ok(key) = decode(Tree::ALL[tree], &bytes) {
            prop_assert_eq!(encode(&key), bytes);
        }
    }

    #[test]
    fn ranges_hold_what_lies_between(seed: u64) {
        let draw = &mut Draw::new(seed);
        let all = [keys(draw), keys(draw)].concat();
        let (from, to) = (draw.one_of(&all), draw.one_of(&all));
        let mut model = MemoryView::default();
        model.apply(all.iter().map(|key| (key.clone(), Some(Row::Mark))));
        let between: Vec<RowKey> = model.scan(&from, &to, usize::MAX).expect("in memory").into_iter().map(|(key, _)| key).collect();
        let mut held = Vec::new();
        for range in ranges(&from, &to) {
            let mut keys: Vec<_> = all
                .iter()
                .filter(|key| tree(key) == range.tree && (&range.from..&range.to).contains(&&encode(key)))
                .collect();
            keys.sort();
            keys.dedup();
            held.extend(keys.into_iter().cloned());
        }
        prop_assert_eq!(held, between);
    }
}

#[test]
fn tags_rise_and_stand_in_the_table() {
    assert!(KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    for key in keys(&mut Draw::new(1)) {
        assert_eq!(KINDS[kind(&key)].0, tag(&key), "{key:?}");
    }
}

#[test]
fn the_longest_codes_fit_into_a_key() {
    let code = || "7".repeat(crate::codec::payload::CODE_BYTES_MAX);
    let cell = CellKey {
        author: hotline_topology::RegionKey::literal("210000000000"),
        table: Table::LegsByUnit,
        day: 0,
        first: code(),
        second: code(),
        rules: RuleVersion {
            pack: code(),
            version: 1,
        },
    };
    assert!(encode(&RowKey::Cell(cell)).len() <= KEY_BYTES_MAX);
    assert!(encode(&RowKey::Answer(code(), code())).len() <= KEY_BYTES_MAX);
}

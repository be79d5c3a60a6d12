//! A dispute years later: every certificate has run out many times, the authority was renewed and has ended, the giver was
//! dissolved and the taker stands under another parent. Two sealed files, the roots, all lists and all trees settle it.

use super::disputes::{others, who};
use super::pair::{CITY, COUNTY, Pair, tree};
use crate::evidence::bundle::{read, write};
use crate::evidence::judge::{Judged, judge};
use crate::evidence::mark::State;
use crate::evidence::trust::Trusted;
use crate::evidence::verdict::Class;
use crate::evidence::words::report;
use crate::identity::Subject;
use crate::identity::authority::{Ground, Reason, Signer};
use crate::identity::revocation::{CertificateId, Serial};
use hotline_domain::command::Verb;
use hotline_domain::evidence::{Delivery, Signer as _};
use hotline_domain::id::LegId;
use hotline_topology::{Federation, Level, RegionKey, Time};
use std::path::PathBuf;

const PROVINCE: RegionKey = RegionKey::literal("210000000000");
const SUCCESSOR: RegionKey = RegionKey::literal("210200000000");
const OTHER: RegionKey = RegionKey::literal("210300000000");
/// Days for which a certificate is used.
const QUARTER: u64 = 85;

/// The tree in its three versions: the city is dissolved in the second, the county moves in the third.
fn trees(pair: &Pair) -> [Federation; 3] {
    let province = || (PROVINCE, Level::Province, None, vec![]);
    let successor = || (SUCCESSOR, Level::City, Some(PROVINCE), vec![CITY]);
    let other = || (OTHER, Level::City, Some(PROVINCE), vec![]);
    let county = |parent| (COUNTY, Level::County, Some(parent), vec![]);
    let second = vec![province(), successor(), other(), county(SUCCESSOR)];
    let third = vec![province(), successor(), other(), county(OTHER)];
    [pair.tree().clone(), tree(2, second), tree(3, third)]
}

/// A leg that was closed under the second certificates of both, three years and twelve certificates ago.
struct Years {
    pair: Pair,
    leg: LegId,
    /// The county's certificates, the first ones first.
    serials: Vec<Serial>,
    trees: [Federation; 3],
}

fn serial(pair: &Pair, at: usize) -> Serial {
    let chain = pair.nodes[at].notary.chain();
    let ders = [rustls_pki_types::CertificateDer::from(chain[0].as_slice())];
    CertificateId::of_chain(&ders).unwrap().remove(0).serial
}

impl Years {
    fn new() -> Self {
        let mut pair = Pair::new();
        let mut serials = vec![serial(&pair, 1)];
        let (_, leg) = pair.give();
        pair.deliver();
        pair.ask(1, Verb::Sign { leg });
        pair.deliver();
        pair.days(1);
        let mut quarter = |pair: &mut Pair, by: Option<RegionKey>| {
            pair.days(QUARTER);
            pair.rotate(0);
            pair.rotate_by(1, by);
            // Whoever renewed has the new lists of the other's issuer, too.
            pair.rotate(0);
            serials.push(serial(pair, 1));
        };
        quarter(&mut pair, None);
        let stage = "contacted".to_owned();
        pair.ask(1, Verb::Progress { leg, stage });
        pair.deliver();
        let ground = "solved".to_owned();
        pair.ask(1, Verb::SubmitResult { leg, ground });
        pair.deliver();
        let basis = "已核实".to_owned();
        let (request, granted) = (1, true);
        let ruling = Verb::Rule {
            leg,
            request,
            granted,
            basis,
        };
        pair.ask(0, ruling);
        pair.deliver();
        for no in 2..=13 {
            if no == 11 {
                let city = Subject::Authority(CITY);
                let now = pair.now();
                pair.authority
                    .renew(&city, 1_000, now, &mut pair.entropy)
                    .unwrap();
                pair.authority
                    .issue_authority(PROVINCE, Signer::Root, now, &mut pair.entropy)
                    .unwrap();
            }
            // Before it moves the county is certified by an authority that stays above it.
            quarter(&mut pair, (no == 13).then_some(PROVINCE));
        }
        let trees = trees(&pair);
        Self {
            pair,
            leg,
            serials,
            trees,
        }
    }

    fn revoke(&self, certificate: usize, ground: Ground) {
        let (serial, now) = (&self.serials[certificate], self.pair.now());
        self.pair.authority.revoke(serial, now, ground).unwrap();
    }

    fn stolen(&self, certificate: usize) {
        let ground = Ground {
            reason: Reason::KeyCompromise,
            stolen_since: Some(Time(self.pair.now().0 - 86_400_000)),
        };
        self.revoke(certificate, ground);
    }

    /// What an outsider keeps: the roots, the lists of today, those of before, and some versions of the tree.
    fn trusted(&self, versions: &[u32]) -> Trusted {
        let folder = self.pair.folder.path().join("outsider");
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir(&folder).unwrap();
        let public = self.pair.folder.path().join("keeper/public");
        let keep = |from: &str, to: &str| {
            std::fs::copy(public.join(from), folder.join(to)).unwrap();
        };
        keep("roots.crt", "roots.crt");
        keep("crl.pem", "crl-before.pem");
        let now = self.pair.now();
        self.pair.authority.refresh_lists(now).unwrap();
        keep("crl.pem", "crl.pem");
        for tree in &self.trees {
            let version = tree.version();
            if versions.contains(&version) {
                let newest = versions.last() == Some(&version);
                let name = match newest {
                    true => "federation.toml".to_owned(),
                    false => format!("federation-{version}.toml"),
                };
                std::fs::write(folder.join(name), tree.to_toml()).unwrap();
            }
        }
        Trusted::load(&folder, &[]).unwrap()
    }

    fn file(&self, at: usize) -> Vec<u8> {
        self.pair.file(at, &self.leg.to_string())
    }

    fn unsealed(&self, at: usize) -> Vec<u8> {
        write(&self.pair.bundle(at, &self.leg.to_string()).0, None).unwrap()
    }

    fn judge(&self, files: &[&[u8]], versions: &[u32], now: Time) -> Judged {
        let names = ["city", "county"].map(str::to_owned).into_iter();
        let given = names.zip(files.iter().map(|bytes| read(bytes))).collect();
        judge(given, &self.trusted(versions), now)
    }

    fn now(&self) -> Time {
        self.pair.now()
    }
}

/// All that is said of letters which do not count.
fn why(judged: &Judged) -> Vec<String> {
    let letters = judged.files.iter().flat_map(|file| &file.letters);
    let why = letters.filter_map(|seen| match &seen.state {
        State::Good => None,
        State::Unproven(why) | State::Nothing(why) => Some(why.clone()),
    });
    why.collect()
}

#[test]
fn three_years_and_twelve_certificates_later_two_files_settle_it() {
    let years = Years::new();
    assert_eq!(years.serials.len(), 14);
    // A certificate that had run out is listed as superseded; its letters were receipted long before.
    years.revoke(0, Reason::Superseded.into());
    let files = [years.file(0), years.file(1)];
    let files = [files[0].as_slice(), files[1].as_slice()];
    let judged = years.judge(&files, &[1, 2, 3], years.now());
    assert_eq!(judged.findings, [], "{:?}", why(&judged));
    assert_eq!((judged.exit(), judged.absent.as_slice()), (0, &[][..]));
    for (file, delivered) in judged.files.iter().zip(&judged.deliveries) {
        assert!(file.head().is_some() && file.letters.iter().all(|seen| seen.speaks()));
        let receipted = |(_, one): &(usize, Delivery)| matches!(one, Delivery::Receipted { .. });
        assert!(delivered.len() > 1 && delivered.iter().all(receipted));
    }
    // The version between is named by nobody's letter; each of the others is needed.
    assert_eq!(years.judge(&files, &[1, 3], years.now()).exit(), 0);
    for missing in [&[2, 3][..], &[1]] {
        assert_eq!(years.judge(&files, missing, years.now()).exit(), 3);
    }
    // Neither file alone depends on the other for what it says of itself.
    for alone in files {
        assert_eq!(years.judge(&[alone], &[1, 2, 3], years.now()).exit(), 0);
    }
}

#[test]
fn a_dissolved_nodes_letters_count_by_the_tree_that_they_name() {
    let mut pair = Pair::new();
    let (_, leg) = pair.give();
    pair.deliver();
    let files = [0, 1].map(|at| pair.file(at, &leg.to_string()));
    let given = || {
        let read = |(name, bytes): (&str, &Vec<u8>)| (name.to_owned(), read(bytes));
        [("city", &files[0]), ("county", &files[1])]
            .map(read)
            .to_vec()
    };
    pair.trusted();
    let folder = pair.folder.path().join("keeper/public");
    // In the second version the county is no more; the city goes on.
    let second = tree(2, vec![(CITY, Level::City, None, vec![COUNTY])]);
    let paths = [1, 2].map(|version| folder.join(format!("tree-{version}.toml")));
    std::fs::write(&paths[0], pair.tree().to_toml()).unwrap();
    std::fs::write(&paths[1], second.to_toml()).unwrap();
    let verdict = |trees: &[PathBuf]| {
        let trusted = Trusted::load(&folder, trees).unwrap();
        judge(given(), &trusted, pair.now())
    };
    let both = verdict(&paths);
    assert_eq!((both.findings.as_slice(), both.exit()), (&[][..], 0));
    let late = verdict(&paths[1..]);
    assert_eq!(who(&late), []);
    let open = [(Class::Unproven, "letters"), (Class::Unproven, "seal")];
    assert!(
        others(&late).iter().all(|one| open.contains(one)),
        "{:?}",
        late.findings
    );
    assert_eq!(late.exit(), 3);
    let told = report(&late);
    for words in ["都没有 210101000000", "写于第 1 版", "federation-1.toml"] {
        assert!(told.as_str().contains(words), "{told:?}");
    }
}

#[test]
fn under_a_key_stolen_in_between_only_what_its_own_node_adopts_counts() {
    let years = Years::new();
    years.stolen(1);
    let (city, county) = (years.file(0), years.file(1));
    let bare = years.unsealed(1);
    let without = years.judge(&[&city, &bare], &[1, 2, 3], years.now());
    assert_eq!(who(&without), []);
    assert_eq!(others(&without), [(Class::Unproven, "letters")]);
    assert_eq!(without.exit(), 3);
    let why = why(&without);
    assert!(
        !why.is_empty() && why.iter().all(|why| why.contains("失窃")),
        "{why:?}"
    );
    // Its letters under other certificates count all the same.
    let letters = without.files.iter().flat_map(|file| file.seen());
    let mut own: Vec<bool> = letters
        .filter(|(letter, _)| letter.envelope.author == COUNTY)
        .map(|(_, seen)| seen.speaks())
        .collect();
    own.sort_unstable();
    own.dedup();
    assert_eq!(own, [false, true]);
    // By its own file, under a key that is good today, the county stands by them.
    let with = years.judge(&[&city, &county], &[1, 2, 3], years.now());
    assert_eq!((with.findings.as_slice(), with.exit()), (&[][..], 0));
}

#[test]
fn the_moment_of_judging_moves_nothing_but_now() {
    let years = Years::new();
    let before = Time(years.now().0 - 3_600_000);
    years.stolen(1);
    let (city, bare) = (years.file(0), years.unsealed(1));
    let files = [city.as_slice(), bare.as_slice()];
    // A revocation of after that moment counts as much, and so does each version of the tree.
    let then = years.judge(&files, &[1, 2, 3], before);
    let today = years.judge(&files, &[1, 2, 3], years.now());
    assert_eq!(then.findings, today.findings);
    assert_eq!(why(&then), why(&today));
    assert_eq!(then.exit(), 3);
}

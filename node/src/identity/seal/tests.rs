//! Who may sign what, and what else is refused.

use super::super::authority::{Authority, Reason, Signer, Which};
use super::super::profile::Subject;
use super::super::revocation::CertificateId;
use super::super::{Material, TrustDomain, material};
use super::*;
use crate::entropy::SeededEntropy;
use hotline_domain::world::Series;
use hotline_topology::{Select, Settings, generate};

const PROVINCE: RegionKey = RegionKey::literal("140000000000");
const CITY: RegionKey = RegionKey::literal("140500000000");
const COUNTY: RegionKey = RegionKey::literal("140525000000");
const SIBLING: RegionKey = RegionKey::literal("140524000000");
const NOW: Time = Time(1_773_018_000_000);

/// A keeper with a root and three authorities, a tree, and the node that judges.
struct Keeper {
    _folder: tempfile::TempDir,
    authority: Authority,
    tree: Federation,
    judge: Material,
    entropy: SeededEntropy,
    /// When the node judges.
    now: Time,
}

impl Keeper {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let regions = vec![COUNTY, SIBLING, PROVINCE];
        let tree = generate(&Select::Regions(regions), &Settings::default()).unwrap();
        let domain: TrustDomain = tree.trust_domain().parse().unwrap();
        let mut entropy = SeededEntropy::new(3);
        let authority = Authority::init(folder.path(), &domain, NOW, &mut entropy).unwrap();
        for region in [CITY, COUNTY, SIBLING] {
            let by = if region == CITY {
                Signer::Root
            } else {
                Signer::Region(CITY)
            };
            authority
                .issue_authority(region, by, NOW, &mut entropy)
                .unwrap();
        }
        authority
            .issue_node(COUNTY, COUNTY, NOW, &mut entropy)
            .unwrap();
        let judge = Self::load(&authority);
        Self {
            _folder: folder,
            authority,
            tree,
            judge,
            entropy,
            now: NOW,
        }
    }

    fn load(authority: &Authority) -> Material {
        Material::load_node(&authority.folder_of(&Subject::Node(COUNTY))).unwrap()
    }

    fn examine(&self, bytes: &[u8]) -> Result<Examined, SealError> {
        let below = |above, region| self.tree.is_below(region, above);
        let trust = Trust {
            domain: self.authority.domain(),
            roots: &self.judge.roots,
            lists: &self.judge.lists,
            below: &below,
            now: self.now,
        };
        examine(bytes, &trust, &self.tree)
    }

    fn sealed(&self, by: Signer, header: &Header, content: &str) -> Vec<u8> {
        let content = content.as_bytes().to_vec();
        self.authority.seal(by, header, content).unwrap()
    }

    fn newer_tree(&self) -> Federation {
        let mut parts = self.tree.clone().into_parts();
        parts.version += 1;
        Federation::build(parts).unwrap()
    }
}

fn header(kind: DocumentKind, scope: RegionKey, name: &str, version: u32, at: Time) -> Header {
    Header {
        series: Series {
            kind,
            scope,
            name: name.to_owned(),
        },
        version,
        effective_at: at,
    }
}

/// The shipped pack as one of a region's own.
fn pack(issuer: RegionKey) -> (Header, String) {
    let text = include_str!("../../../../topology/data/policy/default.toml");
    let line = |key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned()
    };
    let text = text.replacen(
        &line("id"),
        &format!("id = \"own\"\nissuer = \"{issuer}\""),
        1,
    );
    let pack = PolicyPack::parse("own.toml", &text).unwrap();
    let header = header(
        DocumentKind::Pack,
        issuer,
        "own",
        pack.version,
        pack.effective_from,
    );
    (header, text)
}

#[test]
fn who_may_sign_what() {
    let keeper = Keeper::new();
    let tree = keeper.newer_tree();
    let topology = header(
        DocumentKind::Topology,
        PROVINCE,
        "",
        2,
        tree.effective_from(),
    );
    let (of_county, pack_text) = pack(COUNTY);
    let roots = keeper.authority.roots_pem().unwrap();
    let trust = header(DocumentKind::Trust, PROVINCE, "", 1, NOW);
    let lists = |scope| header(DocumentKind::Revocations, scope, "", 1, NOW);
    let of = |by| keeper.authority.lists(by, NOW).unwrap().pem;
    let (all, own) = (of(Signer::Root), of(Signer::Region(COUNTY)));
    let (root, city) = (Signer::Root, Signer::Region(CITY));
    let (county, sibling) = (Signer::Region(COUNTY), Signer::Region(SIBLING));
    let text = tree.to_toml();
    let cases: [(&str, Signer, Header, &str, bool); 13] = [
        ("the root's tree", root, topology.clone(), &text, true),
        ("a city's tree", city, topology, &text, false),
        (
            "a county's own pack",
            county,
            of_county.clone(),
            &pack_text,
            true,
        ),
        (
            "the city's pack for a county",
            city,
            of_county.clone(),
            &pack_text,
            true,
        ),
        (
            "the root's pack for a county",
            root,
            of_county.clone(),
            &pack_text,
            true,
        ),
        (
            "another county's pack",
            sibling,
            of_county,
            &pack_text,
            false,
        ),
        ("the root's roots", root, trust.clone(), &roots, true),
        ("a city's roots", city, trust, &roots, false),
        ("all lists by the root", root, lists(PROVINCE), &all, true),
        ("a county's own lists", county, lists(COUNTY), &own, true),
        (
            "a county's lists by the city",
            city,
            lists(CITY),
            &own,
            true,
        ),
        (
            "a county's lists by another",
            sibling,
            lists(SIBLING),
            &own,
            false,
        ),
        ("the root's lists by a city", city, lists(CITY), &all, false),
    ];
    for (what, by, header, content, good) in cases {
        let examined = keeper.examine(&keeper.sealed(by, &header, content));
        assert_eq!(examined.is_ok(), good, "{what}: {examined:?}");
        if let Ok(examined) = examined {
            assert_eq!(examined.header, header, "{what}");
            let dated = header.series.kind == DocumentKind::Revocations;
            assert_eq!(examined.lists_at.is_some(), dated, "{what}");
        }
    }
}

#[test]
fn what_was_changed_or_is_not_whole_is_refused() {
    let keeper = Keeper::new();
    let tree = keeper.newer_tree();
    let text = tree.to_toml();
    let topology = |version| {
        header(
            DocumentKind::Topology,
            PROVINCE,
            "",
            version,
            tree.effective_from(),
        )
    };
    let good = keeper.sealed(Signer::Root, &topology(2), &text);
    for at in (0..good.len()).step_by(good.len() / 97) {
        let mut spoilt = good.clone();
        spoilt[at] ^= 1;
        assert!(keeper.examine(&spoilt).is_err(), "byte {at} turned over");
    }
    let orphan = text.replacen("parent = \"140500000000\"", "parent = \"149900000000\"", 1);
    let cases = [
        (
            "another version than signed",
            topology(3),
            text.as_str(),
            "不一致",
        ),
        (
            "a tree that is none",
            topology(2),
            orphan.as_str(),
            "149900000000",
        ),
        ("no tree at all", topology(2), "version =", "TOML"),
    ];
    for (what, header, content, words) in cases {
        let error = keeper.examine(&keeper.sealed(Signer::Root, &header, content));
        let said = error.unwrap_err().to_string();
        assert!(said.contains(words), "{what}: {said}");
    }
    let (of_county, pack_text) = pack(COUNTY);
    let renamed = Header {
        version: of_county.version + 1,
        ..of_county
    };
    assert!(
        keeper
            .examine(&keeper.sealed(Signer::Root, &renamed, &pack_text))
            .is_err()
    );
    assert!(keeper.examine(b"noise").is_err());
    let unsigned = seal(&topology(2), text.into_bytes(), &[]).unwrap();
    assert!(matches!(
        keeper.examine(&unsigned),
        Err(SealError::Unsigned)
    ));
}

#[test]
fn a_new_root_is_believed_on_the_old_ones_word_and_a_revoked_authority_no_more() {
    let mut keeper = Keeper::new();
    let before = keeper.judge.roots.clone();
    keeper
        .authority
        .renew_root(NOW, &mut keeper.entropy)
        .unwrap();
    let trust = header(DocumentKind::Trust, PROVINCE, "", 1, NOW);
    let roots = keeper.authority.roots_pem().unwrap();
    let sealed = keeper.sealed(Signer::Root, &trust, &roots);
    assert_eq!(
        keeper.judge.roots, before,
        "the judge knows the old root alone"
    );
    assert!(keeper.examine(&sealed).is_ok());
    assert_eq!(certificates(roots.as_bytes()).unwrap().len(), 2);

    let (of_county, text) = pack(COUNTY);
    let sealed = keeper.sealed(Signer::Region(COUNTY), &of_county, &text);
    assert!(keeper.examine(&sealed).is_ok());
    let entries = keeper.authority.list().unwrap();
    let county = entries
        .iter()
        .find(|entry| entry.record.uri.ends_with("authority/140525000000"));
    let serial = crate::identity::revocation::Serial::from_hex(county.unwrap().record.serial());
    keeper
        .authority
        .revoke(&serial.unwrap(), NOW, Reason::KeyCompromise)
        .unwrap();
    keeper.judge = Keeper::load(&keeper.authority);
    let error = keeper.examine(&sealed).unwrap_err();
    assert!(
        matches!(error, SealError::Chain(IdentityError::Revoked)),
        "{error:?}"
    );
}

#[test]
fn a_list_that_its_issuer_did_not_sign_is_refused() {
    let keeper = Keeper::new();
    let of = |by| keeper.authority.lists(by, NOW).unwrap().pem;
    let own = of(Signer::Region(COUNTY));
    // The county's list with the sibling's certificates: nobody there signed it.
    let cut = own.find("-----BEGIN CERTIFICATE").unwrap();
    let sibling = of(Signer::Region(SIBLING));
    let theirs = &sibling[sibling.find("-----BEGIN CERTIFICATE").unwrap()..];
    let forged = format!("{}{theirs}", &own[..cut]);
    let lists = header(DocumentKind::Revocations, CITY, "", 1, NOW);
    assert!(
        keeper
            .examine(&keeper.sealed(Signer::Region(CITY), &lists, &forged))
            .is_err()
    );
}

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// A keeper whose city's authority was renewed and whose former one has ended since; the node has the new one's list.
fn after_a_renewal() -> Keeper {
    let mut keeper = Keeper::new();
    let (city, renewed_at) = (Subject::Authority(CITY), Time(NOW.0 + 1_090 * DAY));
    let renew = |keeper: &mut Keeper, subject: &Subject| {
        let authority = keeper.authority.clone();
        authority
            .renew(subject, 1_000, renewed_at, &mut keeper.entropy)
            .unwrap();
    };
    renew(&mut keeper, &city);
    renew(&mut keeper, &Subject::Authority(COUNTY));
    keeper.now = Time(NOW.0 + 1_100 * DAY);
    keeper.authority.refresh_lists(keeper.now).unwrap();
    keeper.judge = Keeper::load(&keeper.authority);
    keeper
}

#[test]
fn lists_of_an_authority_that_has_ended_are_handed_on_with_the_others() {
    let mut keeper = after_a_renewal();
    // A key that the city's former authority certified, the county's, is found stolen after that has ended.
    let first = keeper.authority.folder_of(&Subject::Authority(COUNTY));
    let first = material::read_certificates(&first.join("1/ca.crt")).unwrap();
    let revoked = CertificateId::of_chain(&first).unwrap().remove(0);
    keeper.now = Time(keeper.now.0 + DAY);
    keeper
        .authority
        .revoke(&revoked.serial, keeper.now, Reason::KeyCompromise)
        .unwrap();
    keeper.authority.refresh_lists(keeper.now).unwrap();
    let lists = keeper.authority.lists(Signer::Root, keeper.now).unwrap();
    let ended: Vec<&str> = lists.ended.iter().map(|(of, _)| of.as_str()).collect();
    // Both former generations, and the sibling's, which stands on the city's former one and was not renewed.
    let former = [
        "authorities/140500000000/1",
        "authorities/140524000000/1",
        "authorities/140525000000/1",
    ];
    assert_eq!(ended, former);
    let header = header(DocumentKind::Revocations, PROVINCE, "", 1, keeper.now);
    let examined = keeper.examine(&keeper.sealed(Signer::Root, &header, &lists.pem));
    assert_eq!(examined.unwrap().lists_at, Some(keeper.now));
    let handed_on = RevocationLists::parse(crl_ders(lists.pem.as_bytes()).unwrap()).unwrap();
    let all = handed_on.ages(keeper.now).len();
    assert_eq!(
        all,
        Keeper::load(&keeper.authority).lists.ages(keeper.now).len()
    );
    assert!(handed_on.is_revoked(&revoked).unwrap());
    assert!(
        keeper
            .authority
            .lists(Signer::Region(CITY), keeper.now)
            .is_ok()
    );
    let none = keeper.authority.lists(Signer::Region(SIBLING), keeper.now);
    assert!(none.unwrap_err().to_string().contains("请先为它续期"));
}

#[test]
fn the_list_of_an_authority_that_was_revoked_or_dissolved_keeps_no_others_back() {
    let mut keeper = Keeper::new();
    let sibling = Subject::Authority(SIBLING);
    keeper
        .authority
        .revoke_subject(&sibling, NOW, Reason::Cessation, Which::InUse)
        .unwrap();
    let mut parts = keeper.tree.clone().into_parts();
    parts.version += 1;
    parts.regions.retain(|region| region.key != SIBLING);
    let without = Federation::build(parts).unwrap();
    let lists = keeper.authority.lists(Signer::Root, NOW).unwrap();
    let of_root = header(DocumentKind::Revocations, PROVINCE, "", 1, NOW);
    let whole = keeper.sealed(Signer::Root, &of_root, &lists.pem);
    let examined = keeper.examine(&whole);
    assert!(examined.is_ok(), "revoked: {examined:?}");
    keeper.tree = without;
    let examined = keeper.examine(&whole);
    assert!(examined.is_ok(), "dissolved: {examined:?}");
    // By itself it speaks for nobody any more.
    keeper.judge = Keeper::load(&keeper.authority);
    let own = keeper
        .authority
        .lists(Signer::Region(SIBLING), NOW)
        .unwrap();
    let theirs = header(DocumentKind::Revocations, SIBLING, "", 1, NOW);
    let sealed = keeper.sealed(Signer::Region(SIBLING), &theirs, &own.pem);
    assert!(keeper.examine(&sealed).is_err());
}

#[test]
fn a_document_with_the_list_of_an_authority_that_has_ended_is_taken_and_a_forged_one_is_not() {
    let keeper = after_a_renewal();
    // What an earlier program signed: nothing left out.
    let all = keeper.authority.lists(Signer::Root, NOW).unwrap();
    assert_eq!(all.ended, []);
    let whole = header(DocumentKind::Revocations, PROVINCE, "", 1, keeper.now);
    let examined = keeper.examine(&keeper.sealed(Signer::Root, &whole, &all.pem));
    assert!(examined.is_ok(), "{examined:?}");
    // That one has ended lends it nothing: the sibling may not speak for the city's former authority.
    let of_city = keeper.authority.lists(Signer::Region(CITY), NOW).unwrap();
    let second = of_city.pem.rfind("-----BEGIN X509 CRL").unwrap();
    let former = &of_city.pem[..second];
    let theirs = |scope| header(DocumentKind::Revocations, scope, "", 1, keeper.now);
    let lent = keeper.sealed(Signer::Region(COUNTY), &theirs(COUNTY), former);
    let error = keeper.examine(&lent).unwrap_err().to_string();
    assert!(error.contains("不在 140525000000 之内"), "{error}");
    let own = keeper.sealed(Signer::Region(CITY), &theirs(CITY), former);
    assert!(keeper.examine(&own).is_ok());
}

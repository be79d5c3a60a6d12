//! Files of a ticket between real processes: to a far party over two levels that see nothing of them, through a SIGKILL
//! on the way in and on the way down, and to nobody whom the leg does not concern; refused in words, unreadable once erased, in bounded memory.

use super::wires::{arrived, connected, give, receipted};
use super::world::{linked, moved, places, publish, world};
use anyhow::Context as _;
use hotline::attachment::FOLDER;
use hotline::demo::world::{CLERK, DISPATCHER, OPERATOR, handler};
use hotline_domain::attachment::{AttachmentId, CHUNK_BYTES, Manifest, TAG_BYTES};
use hotline_domain::id::LegId;
use hotline_domain::world::DocumentKind;
use hotline_proto::attachment::v1 as wire;
use hotline_proto::attachment::v1::attachments_client::AttachmentsClient;
use hotline_proto::operator::v1 as pb;
use hotline_proto::operator::v1::command::Verb;
use hotline_tests::processes::{Town, calls_as, opened_texts, raw_bytes_hold, says, until};
use hotline_topology::RegionKey;
use sha2::{Digest as _, Sha256};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

const CANARY: &str = "金丝雀一三九零零零零六六六六";
const NAME: &str = "金丝雀照片.jpg";
/// Of the file that is fetched slowly enough to be killed in the middle.
const CHUNKS: usize = 24;
/// Most that a node may ever have in memory, in bytes.
const MEMORY_MAX: u64 = 150 << 20;

/// A JPEG by its first bytes, the canary all through it, no two pages alike; so many bytes.
fn picture(path: &Path, size: usize) -> anyhow::Result<[u8; 32]> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let (mut left, mut hash) = (size, Sha256::new());
    for page in 0_usize.. {
        let mut bytes = [0; 4096];
        if page == 0 {
            bytes[..4].copy_from_slice(&[0xFF, 0xD8, 0xFF, 0xE0]);
        }
        bytes[8..16].copy_from_slice(&page.to_be_bytes());
        bytes[16..16 + CANARY.len()].copy_from_slice(CANARY.as_bytes());
        let part = &bytes[..left.min(4096)];
        file.write_all(part)?;
        hash.update(part);
        left -= part.len();
        if left == 0 {
            break;
        }
    }
    file.flush()?;
    Ok(hash.finalize().into())
}

fn hash_of(path: &Path) -> anyhow::Result<[u8; 32]> {
    let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&bytes[..read]),
        }
    }
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of the test's own")
}

fn shelf(town: &Town, node: RegionKey) -> anyhow::Result<PathBuf> {
    Ok(town.folder(node)?.join("data").join(FOLDER))
}

/// Names in a node's folder of attachments.
fn shelved(town: &Town, node: RegionKey) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(shelf(town, node)?)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// Attaches by the command line; the attachment's id as the node lists it.
async fn attach(
    town: &Town,
    node: RegionKey,
    ticket: &str,
    file: &Path,
    more: &[&str],
) -> anyhow::Result<String> {
    let args = [&["ticket", "attach", ticket, text_of(file)], more].concat();
    let said = says(town, node, DISPATCHER, &args).await?;
    anyhow::ensure!(said.code == 0, "{}", said.text);
    let request = pb::ListAttachmentsRequest {
        ticket: ticket.to_owned(),
    };
    let listed = town.door(node).await?;
    let listed = listed.list_attachments(Some(DISPATCHER), request).await?;
    let [one] = &listed.attachments[..] else {
        anyhow::bail!("{listed:?}");
    };
    Ok(one.id.clone())
}

/// What a node says to another that asks for an attachment: a part of it, or the rule that refuses.
async fn asked(
    town: &Town,
    who: RegionKey,
    to: RegionKey,
    ask: wire::Ask,
) -> anyhow::Result<String> {
    let mut client = AttachmentsClient::new(calls_as(town, who, to)?);
    let mut pieces = client.fetch(ask).await?.into_inner();
    let piece = pieces.message().await?.context("an empty answer")?;
    Ok(match piece.piece.context("an empty piece")? {
        wire::piece::Piece::Refusal(refusal) => {
            anyhow::ensure!(!refusal.message.is_empty(), "no words");
            refusal.rule
        }
        _ => "given".to_owned(),
    })
}

/// The value of a metric that a node has once.
async fn metric(town: &Town, node: RegionKey, name: &str) -> anyhow::Result<u64> {
    let page = town.metrics(node).await?;
    let line = page
        .lines()
        .find(|line| line.starts_with(name) && !line.starts_with('#'));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Ok(value.with_context(|| format!("no {name} in {page}"))? as u64)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_party_gets_it_by_relays_through_a_kill_and_nobody_else_does() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (tree, city, [second, first], _) = places()?;
    let [township, sibling] = tree.children(first) else {
        anyhow::bail!("two townships");
    };
    let (township, sibling) = (*township, *sibling);
    let nodes = [city, first, second, township, sibling];
    let slowly = "[attachments]\nrate_kib = 1024\n";
    let mut town = Town::configured(folder.path(), &nodes, 1, slowly).await?;
    let (above, below) = (town.door(first).await?, town.door(township).await?);
    until("the link stands", || connected(&below, true)).await?;
    let matter = give(&above, township.as_str()).await?;
    until("the leg arrives", || arrived(&below, &matter)).await?;
    until("it is receipted", || receipted(&above, &matter)).await?;

    // The township gets another county: its leg's giver is three hops away now.
    let next = moved(&town, tree, township, second)?;
    let (from, text) = (next.effective_from(), next.to_toml());
    publish(&town, city, DocumentKind::Topology, 2, from, text).await?;
    for node in nodes {
        let door = town.door(node).await?;
        until("the version is in force", || async {
            Ok(world(&door).await?.topology_version == 2)
        })
        .await?;
    }
    until("the new parent is dialled", || linked(&below, second)).await?;

    let (file, out) = (folder.path().join("in.jpg"), folder.path().join("out.jpg"));
    let wanted = picture(&file, CHUNKS * CHUNK_BYTES - 77)?;
    let id = attach(&town, first, &matter, &file, &["--name", NAME]).await?;
    let part = shelf(&town, township)?.join(format!("{id}.part"));
    let whole = (CHUNK_BYTES + TAG_BYTES) as u64;
    until("a part has come", || async {
        Ok(std::fs::metadata(&part).is_ok_and(|part| part.len() >= 4 * whole))
    })
    .await?;
    town.kill(township).await?;
    let kept = std::fs::metadata(&part)?.len() / whole;
    assert!((4..CHUNKS as u64).contains(&kept), "{kept} chunks");
    town.restart(township).await?;
    until("it is whole", || async {
        Ok(shelved(&town, township)?.contains(&id))
    })
    .await?;
    let all = (CHUNKS * (CHUNK_BYTES + TAG_BYTES) - 77) as u64;
    let again = metric(&town, township, "hotline_attachment_received_bytes_total").await?;
    assert_eq!(
        again,
        all - kept * whole,
        "only what was missing came again"
    );

    let fetch = [
        "ticket",
        "fetch",
        &matter,
        &id[..12],
        "--out",
        text_of(&out),
        "--purpose",
        "办理",
    ];
    let said = says(&town, township, DISPATCHER, &fetch).await?;
    assert!(said.code == 0 && said.text.contains(NAME), "{}", said.text);
    assert_eq!(hash_of(&out)?, wanted);

    nobody_else(
        &town,
        &matter,
        &id,
        [city, first, second, township, sibling],
    )
    .await?;
    town.stop().await?;
    left(&town, &id, &out, [first, township], [city, second, sibling])
}

/// Asks by whom the leg does not concern: another child of the giver, a node between, a unit without the ticket.
async fn nobody_else(
    town: &Town,
    matter: &str,
    id: &str,
    [city, first, second, township, sibling]: [RegionKey; 5],
) -> anyhow::Result<()> {
    let request = pb::GetTicketRequest {
        ticket: matter.to_owned(),
        with_texts: false,
        purpose: String::new(),
    };
    let above = town.door(first).await?;
    let detail = above.get_ticket(Some(DISPATCHER), request).await?;
    let ask = |asker: RegionKey| -> anyhow::Result<wire::Ask> {
        Ok(wire::Ask {
            no: 0,
            id: id.parse::<AttachmentId>()?.0.to_vec(),
            leg: detail.legs[0].id.parse::<LegId>()?.0.to_vec(),
            asker: asker.to_string(),
            holder: first.to_string(),
            from_chunk: 0,
        })
    };
    let party = asked(town, second, city, ask(township)?).await?;
    assert_eq!(party, "given", "the control: what the party asks for comes");
    for (who, to, asker, rule) in [
        (sibling, first, sibling, "attachment.not-a-party"),
        (sibling, first, township, "authority.not-on-that-side"),
        (second, city, second, "attachment.not-a-party"),
        (second, city, sibling, "authority.not-on-that-side"),
    ] {
        let said = asked(town, who, to, ask(asker)?).await?;
        assert_eq!(said, rule, "{who} asks {to} as {asker}");
    }
    let unit = town.world.units(township, "");
    let (out, person) = (town.world.folder.join("no.jpg"), handler(&unit[0]));
    let fetch = ["ticket", "fetch", matter, &id[..12], "--out", text_of(&out)];
    let said = says(town, township, &person, &fetch).await?;
    assert!(
        said.code == 1 && said.text.contains("规则 authority.unit"),
        "{}",
        said.text
    );
    assert!(!out.exists());
    Ok(())
}

/// What stopped nodes left: parties can read it by their keys alone, all others hold no byte of it, sealed or not.
fn left(
    town: &Town,
    id: &str,
    out: &Path,
    parties: [RegionKey; 2],
    others: [RegionKey; 3],
) -> anyhow::Result<()> {
    let control = out.with_file_name("control");
    std::fs::create_dir(&control)?;
    std::fs::copy(out, control.join("out.jpg"))?;
    assert!(raw_bytes_hold(&control, CANARY.as_bytes())?, "the control");
    let sealed = std::fs::read(shelf(town, parties[0])?.join(id))?;
    let named = |node| -> anyhow::Result<bool> {
        let texts = opened_texts(node, town.folder(node)?)?;
        Ok(texts.iter().any(|text| text.contains(NAME)))
    };
    for node in parties {
        assert_eq!(shelved(town, node)?, [id]);
        assert!(named(node)?, "{node} knows what it is called");
        assert!(raw_bytes_hold(town.folder(node)?, &sealed[..64])?);
    }
    for node in others {
        assert!(shelved(town, node)?.is_empty(), "{node} keeps a file");
        assert!(!named(node)?, "{node} knows what it is called");
        for chunk in [0, CHUNKS / 2, CHUNKS - 1] {
            let at = usize::try_from(Manifest::offset(chunk))?;
            let seen = raw_bytes_hold(town.folder(node)?, &sealed[at..at + 64])?;
            assert!(!seen, "{node} keeps sealed bytes");
        }
    }
    for node in parties.iter().chain(&others) {
        for canary in [CANARY, NAME] {
            let seen = raw_bytes_hold(town.folder(*node)?, canary.as_bytes())?;
            assert!(!seen, "{node} wrote {canary} in the clear");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_attached_is_refused_in_words_and_what_was_erased_is_gone()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, city, ..) = places()?;
    let bounds = "[attachments]\nfile_mib = 1\n";
    let mut town = Town::configured(folder.path(), &[city], 1, bounds).await?;
    let door = town.door(city).await?;
    let text = |field: &str, value: &str| pb::Text {
        field: field.to_owned(),
        value: value.to_owned(),
        erased: false,
    };
    let take_in = pb::Command {
        texts: vec![text("content", "咨询医保")],
        verb: Some(Verb::TakeIn(pb::TakeIn {
            channel: "phone".into(),
            kind: "help".into(),
            category: "0201".into(),
            ..Default::default()
        })),
        ..Default::default()
    };
    let matter = door.execute(Some(CLERK), take_in).await?.matter;

    let (file, out) = (folder.path().join("a.jpg"), folder.path().join("out.jpg"));
    picture(&file, (1 << 20) + 1)?;
    let wrong = folder.path().join("a.exe");
    std::fs::write(&wrong, b"MZ")?;
    let false_friend = folder.path().join("b.jpg");
    std::fs::write(&false_friend, b"MZ")?;
    for (file, rule, words) in [
        (&file, "attachment.file-size", "超过本节点的上限 1 MiB"),
        (&wrong, "request.media", "看不出类型"),
        (
            &false_friend,
            "attachment.not-that-media",
            "请核对文件和类型",
        ),
    ] {
        let args = ["ticket", "attach", &matter, text_of(file)];
        let said = says(&town, city, CLERK, &args).await?;
        let refused = said.code == 1 && said.text.contains(words) && said.text.contains(rule);
        assert!(refused, "{rule}: {said:?}");
    }
    assert!(shelved(&town, city)?.is_empty(), "nothing is left of them");

    picture(&file, 700_000)?;
    let id = attach(&town, city, &matter, &file, &["--name", NAME]).await?;
    let answer = pb::Command {
        texts: vec![text("answer", "请携证件办理")],
        verb: Some(Verb::AnswerDirectly(pb::OnMatter {
            matter: matter.clone(),
        })),
        ..Default::default()
    };
    door.execute(Some(CLERK), answer).await?;
    let fetch = [
        "ticket",
        "fetch",
        &matter,
        &id,
        "--out",
        text_of(&out),
        "--purpose",
        "办理",
    ];
    let said = says(&town, city, CLERK, &fetch).await?;
    assert!(said.code == 0 && out.exists(), "{}", said.text);
    std::fs::remove_file(&out)?;
    let texts = opened(&town, city)?;
    assert!(texts.iter().any(|text| text.contains(NAME)), "the control");

    let erase = ["ticket", "erase", &matter, "--reason", "依本人申请"];
    let said = says(&town, city, OPERATOR, &erase).await?;
    assert!(said.code == 0, "{}", said.text);
    let said = says(&town, city, CLERK, &fetch).await?;
    let refused = said.code == 1 && said.text.contains("密钥已经销毁");
    assert!(refused && !out.exists(), "{said:?}");
    let list = ["ticket", "attachments", &matter];
    let said = says(&town, city, CLERK, &list).await?;
    assert!(
        said.text.contains("已清除") && !said.text.contains(NAME),
        "{said:?}"
    );
    let texts = opened(&town, city)?;
    assert!(
        !texts.iter().any(|text| text.contains(NAME)),
        "its key is gone"
    );

    // Killed before anybody looked after the folder: the next start sees to it, and is not alarmed at what is gone.
    town.kill(city).await?;
    town.restart(city).await?;
    until("the file is gone", || async {
        Ok(shelved(&town, city)?.is_empty())
    })
    .await?;
    let said = says(&town, city, CLERK, &fetch).await?;
    assert!(said.code == 1 && !out.exists(), "{said:?}");
    town.stop().await?;
    assert!(!raw_bytes_hold(town.folder(city)?, CANARY.as_bytes())?);
    Ok(())
}

/// A node killed while a file comes in has nothing of it, and takes it whole when it is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_an_upload_leaves_nothing_and_it_is_sent_again()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (_, city, [first, _], _) = places()?;
    let mut town = Town::start(folder.path(), &[city]).await?;
    let matter = give(&town.door(city).await?, first.as_str()).await?;
    let (file, out) = (folder.path().join("in.jpg"), folder.path().join("out.jpg"));
    let wanted = picture(&file, 160 << 20)?;
    let args = ["ticket", "attach", &matter, text_of(&file)];
    let cut = {
        let sending = says(&town, city, DISPATCHER, &args);
        tokio::pin!(sending);
        let begun = until("some of it is there", || async {
            Ok(bytes_in(&shelf(&town, city)?) > 8 << 20)
        });
        tokio::select! {
            said = &mut sending => anyhow::bail!("it was done before: {said:?}"),
            begun = begun => begun?,
        }
        town.signal(city, "KILL").await?;
        sending.await?
    };
    let advised = cut.text.contains("--key") && cut.text.contains("重试");
    assert!(cut.code == 1 && advised, "{cut:?}");
    town.kill(city).await?;
    town.restart(city).await?;
    let list = ["ticket", "attachments", &matter];
    let said = says(&town, city, DISPATCHER, &list).await?;
    assert!(said.code == 0 && !said.text.contains(".jpg"), "{said:?}");
    until("what had come is gone", || async {
        Ok(shelved(&town, city)?.is_empty())
    })
    .await?;

    let id = attach(&town, city, &matter, &file, &[]).await?;
    let fetch = [
        "ticket",
        "fetch",
        &matter,
        &id,
        "--out",
        text_of(&out),
        "--purpose",
        "办理",
    ];
    let said = says(&town, city, DISPATCHER, &fetch).await?;
    assert!(said.code == 0, "{}", said.text);
    assert_eq!(hash_of(&out)?, wanted);
    town.stop().await
}

/// How much lies in a folder, in bytes; nothing where there is none yet.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| Some(entry.metadata().ok()?.len()));
    sizes.sum()
}

/// All that a node's keys open now, while it runs.
fn opened(town: &Town, node: RegionKey) -> anyhow::Result<Vec<String>> {
    opened_texts(node, town.folder(node)?)
}

/// `HOTLINE_LARGE_MIB=200` for a file of that size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_takes_no_more_memory_than_a_small_one() -> anyhow::Result<()> {
    let mib = std::env::var("HOTLINE_LARGE_MIB").ok();
    let mib: usize = mib.map_or(Ok(32), |mib| mib.parse())?;
    let folder = tempfile::tempdir()?;
    let (_, city, [first, _], township) = places()?;
    let nodes = [city, first, township];
    let fast = "[attachments]\nrate_kib = 0\n";
    let mut town = Town::configured(folder.path(), &nodes, 1, fast).await?;
    let doors = [
        town.door(city).await?,
        town.door(first).await?,
        town.door(township).await?,
    ];
    until("the links stand", || connected(&doors[2], true)).await?;
    let matter = give(&doors[0], first.as_str()).await?;
    until("the leg arrives", || arrived(&doors[1], &matter)).await?;
    let on = pb::Command {
        verb: Some(Verb::Assign(pb::Assign {
            matter: matter.clone(),
            takers: vec![township.to_string()],
            basis: "属地管理".into(),
            ..Default::default()
        })),
        ..Default::default()
    };
    doors[1].execute(Some(DISPATCHER), on).await?;
    until("the next leg arrives", || arrived(&doors[2], &matter)).await?;

    let before = nodes.map(|node| town.peak_memory(node));
    let (file, out) = (folder.path().join("in.jpg"), folder.path().join("out.jpg"));
    let wanted = picture(&file, mib << 20)?;
    let begun = std::time::Instant::now();
    let id = attach(&town, city, &matter, &file, &[]).await?;
    let up = begun.elapsed();
    until("it came down two levels", || async {
        Ok(shelved(&town, township)?.contains(&id))
    })
    .await?;
    let down = begun.elapsed();
    let fetch = [
        "ticket",
        "fetch",
        &matter,
        &id,
        "--out",
        text_of(&out),
        "--purpose",
        "办理",
    ];
    let said = says(&town, township, DISPATCHER, &fetch).await?;
    assert!(said.code == 0, "{}", said.text);
    assert_eq!(hash_of(&out)?, wanted);
    println!(
        "{mib} MiB: up {up:?}, down two levels {down:?}, out {:?}",
        begun.elapsed()
    );
    for (node, before) in nodes.into_iter().zip(before) {
        let (before, peak) = (before?, town.peak_memory(node)?);
        println!(
            "{node}: VmHWM {} MiB before, {} MiB after",
            before >> 20,
            peak >> 20
        );
        assert!(peak < MEMORY_MAX, "{node}: {} MiB", peak >> 20);
    }
    town.stop().await
}

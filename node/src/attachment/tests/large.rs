//! Memory does not grow with the file.

use super::*;
use crate::grpc::tests::fixture::{CITY, CLERK, COUNTY, DISPATCHER, assign};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of this process in memory now, from the kernel's account.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap() << 10
}

fn piece(no: usize) -> Vec<u8> {
    let mut piece = vec![no as u8; 256 << 10];
    if no == 0 {
        piece[..3].copy_from_slice(&[0xFF, 0xD8, 0xFF]);
    }
    piece
}

/// Set in the process that is measured.
const ALONE: &str = "HOTLINE_LARGE_ALONE";

/// `HOTLINE_LARGE_MIB=200` for a file of that size. The kernel's account is of a whole process, so it passes in one of its
/// own, where no other test takes memory meanwhile.
#[test]
#[expect(clippy::disallowed_macros, reason = "how much memory it took")]
fn a_large_file_passes_in_bounded_memory() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(passes());
    }
    let done = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_large_file_passes_in_bounded_memory", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{why}");
    assert!(said.contains("up, across and down"), "{said}");
    println!("{said}");
}

#[expect(clippy::disallowed_macros, reason = "how much memory it took")]
async fn passes() {
    let mib = std::env::var("HOTLINE_LARGE_MIB").ok();
    let mib: usize = mib.and_then(|mib| mib.parse().ok()).unwrap_or(24);
    let mut world = World::make();
    world.more = "[attachments]\nrate_kib = 0\nprefetch = false".to_owned();
    let city = world.node(CITY, None, true).await;
    let county = world
        .node(COUNTY, city.running.federation_address, true)
        .await;
    let number = city.take_in().await.number;
    city.done(DISPATCHER, assign(&number, COUNTY.as_str()), &[])
        .await;
    county
        .until(&number, |detail| detail.ticket.is_some())
        .await;

    let before = resident();
    let (most, over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (watched, until) = (Arc::clone(&most), Arc::clone(&over));
    let watch = std::thread::spawn(move || {
        while !until.load(Ordering::Relaxed) {
            watched.fetch_max(resident(), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let pieces = mib * 4;
    let named = head(&number, "a.jpg", mib << 20);
    let parts =
        std::iter::once(Part::Head(named)).chain((0..pieces).map(|no| Part::Data(piece(no))));
    let parts = parts.map(|part| pb::AttachFileRequest { part: Some(part) });
    let mut answers = city
        .client
        .attach_file(Some(CLERK), futures::stream::iter(parts))
        .await
        .unwrap();
    let mut id = String::new();
    while let Some(answer) = answers.message().await.unwrap() {
        id = answer.id;
    }
    county
        .until(&number, |detail| {
            detail
                .timeline
                .iter()
                .any(|entry| entry.what == "leg.attach")
        })
        .await;
    let request = pb::FetchAttachmentRequest {
        ticket: number.clone(),
        id,
        purpose: "handle".to_owned(),
    };
    let mut parts = county
        .client
        .fetch_attachment(Some(DISPATCHER), request)
        .await
        .unwrap();
    let (mut hash, mut wanted) = (Sha256::new(), Sha256::new());
    while let Some(answer) = parts.message().await.unwrap() {
        if let Some(Down::Data(data)) = answer.part {
            hash.update(data);
        }
    }
    (0..pieces).for_each(|no| wanted.update(piece(no)));
    assert_eq!(hash.finalize(), wanted.finalize());
    over.store(true, Ordering::Relaxed);
    watch.join().unwrap();
    let grown = most.load(Ordering::Relaxed).saturating_sub(before);
    println!(
        "{mib} MiB up, across and down: {} MiB more at most",
        grown >> 20
    );
    // Two nodes, a client and five streams between them: each a window of 1 MiB and a few chunks.
    assert!(grown < 32 << 20, "{} MiB for {mib} MiB", grown >> 20);
    county.running.stop().await.unwrap();
    city.running.stop().await.unwrap();
}

//! Whole nodes in this process, over TLS on loopback: files up, across, and down.

mod across;
mod door;
mod large;

use super::*;
use crate::cli::client::CallError;
use crate::grpc::tests::fixture::{Desk, World};
use hotline_domain::attachment::AttachmentId;
use hotline_proto::operator::v1 as pb;
use pb::attach_file_request::{Head, Part};
use pb::fetch_attachment_response::Part as Down;
use std::time::Duration;

/// Long enough for a loaded machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes of a picture: a mark at the start, then bytes that differ from place to place.
fn picture(size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..size).map(|at| (at / 11 + at / 4096) as u8).collect();
    bytes[..4].copy_from_slice(&[0xFF, 0xD8, 0xFF, 0xE0]);
    bytes
}

fn head(ticket: &str, name: &str, size: usize) -> Head {
    Head {
        ticket: ticket.to_owned(),
        name: name.to_owned(),
        size: size as u64,
        ..Head::default()
    }
}

impl Desk {
    /// Attaches a file; the last answer.
    pub async fn attach(
        &self,
        person: &str,
        head: Head,
        content: &[u8],
    ) -> Result<pb::AttachFileResponse, CallError> {
        let mut parts = vec![Part::Head(head)];
        parts.extend(
            content
                .chunks(100_000)
                .map(|data| Part::Data(data.to_vec())),
        );
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| pb::AttachFileRequest { part: Some(part) })
            .collect();
        let parts = futures::stream::iter(parts);
        let mut answers = self.client.attach_file(Some(person), parts).await?;
        let mut last = pb::AttachFileResponse::default();
        while let Some(answer) = answers.message().await? {
            last = answer;
        }
        Ok(last)
    }

    pub async fn files(&self, person: &str, ticket: &str) -> Vec<pb::Attachment> {
        let request = pb::ListAttachmentsRequest {
            ticket: ticket.to_owned(),
        };
        let listed = self.client.list_attachments(Some(person), request).await;
        listed.unwrap().attachments
    }

    /// Takes an attachment out: what it is, and its bytes.
    pub async fn take_out(
        &self,
        person: &str,
        ticket: &str,
        id: &str,
    ) -> Result<(pb::Attachment, Vec<u8>), CallError> {
        let request = pb::FetchAttachmentRequest {
            ticket: ticket.to_owned(),
            id: id.to_owned(),
            purpose: "handle".to_owned(),
        };
        let (mut what, mut bytes) = (pb::Attachment::default(), Vec::new());
        let mut parts = self.client.fetch_attachment(Some(person), request).await?;
        while let Some(answer) = parts.message().await? {
            match answer.part {
                Some(Down::Attachment(attachment)) => what = attachment,
                Some(Down::Data(data)) => bytes.extend(data),
                _ => {}
            }
        }
        Ok((what, bytes))
    }

    /// Waits until the ticket is here and so many of its files.
    pub async fn until_here(&self, person: &str, ticket: &str, many: usize) -> Vec<pb::Attachment> {
        self.until(ticket, |detail| detail.ticket.is_some()).await;
        let mut last = Vec::new();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                last = self.files(person, ticket).await;
                if last.iter().filter(|one| one.here).count() == many {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "still {last:?}");
        last
    }
}

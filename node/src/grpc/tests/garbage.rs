//! Callers whose bytes, names and lengths are not as they should be: each is told so in words, with a status that says
//! that nothing was done.

use super::*;
use crate::grpc::caller::PERSON_HEADER;
use prost::bytes::{Buf as _, BufMut as _};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

/// Sends bytes as they are.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; from.remaining()];
        from.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

/// What a method says to bytes.
async fn said(desk: &Desk, method: &str, person: &str, bytes: Vec<u8>) -> Status {
    let mut client = tonic::client::Grpc::new(channel(desk.socket.clone()).await);
    client.ready().await.unwrap();
    let path = format!("/hotline.operator.v1.Operator/{method}");
    let mut request = Request::new(tokio_stream::once(bytes));
    let person = crate::grpc::caller::encode(person).parse().unwrap();
    request.metadata_mut().insert(PERSON_HEADER, person);
    let answer = client.streaming(request, path.parse().unwrap(), Raw).await;
    match answer {
        Err(status) => status,
        Ok(answer) => answer.into_inner().message().await.unwrap_err(),
    }
}

fn is_chinese(status: &Status) -> bool {
    let latin = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let words: Vec<_> = status.message().split([' ', '，', '；', '。']).collect();
    !status.message().is_empty()
        && !words
            .windows(3)
            .any(|three| three.iter().all(|word| latin(word)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_request_are_the_callers_fault_and_said_in_words() {
    let (_world, desk) = city(true).await;
    let garbage: [(&str, Vec<u8>); 7] = [
        // A key that is no UTF-8, a length beyond the end, a field number of none, a wire type of none.
        ("Execute", vec![0x0a, 1, 0xff]),
        ("Execute", vec![0x0a, 100, 1]),
        ("Execute", vec![0x00, 0x00]),
        ("GetTicket", vec![0x0f, 0x0f, 0x0f]),
        ("ListTickets", vec![0xff; 64]),
        ("FetchAttachment", vec![0x0a, 1, 0xff]),
        ("AttachFile", vec![0x0a, 100, 1]),
    ];
    for (method, bytes) in garbage {
        let status = said(&desk, method, CLERK, bytes.clone()).await;
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "{method} {bytes:?}: {status:?}"
        );
        assert!(is_chinese(&status), "{status:?}");
    }
    // Larger than any request: the same.
    let status = said(&desk, "Execute", CLERK, vec![0; 8 << 20]).await;
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let status = said(&desk, "NoSuchMethod", CLERK, Vec::new()).await;
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(is_chinese(&status), "{status:?}");
    desk.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_value_of_any_length_comes_back_short() {
    let (_world, desk) = city(true).await;
    let long = "错".repeat(3000);
    let verbs = [
        close(&long, "solved"),
        close(&"0".repeat(32), &long),
        assign(&"0".repeat(32), &long),
        Verb::Sign(pb::OnLeg { leg: long.clone() }),
        Verb::ReopenLink(pb::ReopenLink {
            region: long.clone(),
        }),
    ];
    for verb in verbs {
        let error = desk.ask(DISPATCHER, "", verb, &[]).await.unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument, "{error:?}");
        assert!(error.message.chars().count() < 250, "{}", error.message);
    }
    let error = desk.show(CLERK, &long).await.unwrap_err();
    assert!(error.message.chars().count() < 250, "{}", error.message);
    let request = pb::ListTicketsRequest {
        stages: vec![long.clone()],
        kind: long.clone(),
        sort: long.clone(),
        ..pb::ListTicketsRequest::default()
    };
    let error = desk.client.list_tickets(Some(CLERK), request).await;
    assert!(error.unwrap_err().message.chars().count() < 250);
    let request = pb::GetFiguresRequest {
        table: long.clone(),
        ..pb::GetFiguresRequest::default()
    };
    let error = desk.client.get_figures(Some(CLERK), request).await;
    assert!(error.unwrap_err().message.chars().count() < 250);
    // In somebody's name that is longer than any.
    let error = desk.show(&"错".repeat(900), "1").await.unwrap_err();
    assert_eq!(error.code, Code::Unauthenticated);
    assert!(error.message.chars().count() < 250, "{}", error.message);
    desk.running.stop().await.unwrap();
}

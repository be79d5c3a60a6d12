//! The network between the nodes: real TLS, real gRPC, and a wire that can be cut or fall silent.

use super::fixture::{CITY, FakeNode};
use crate::clock::{Clock as _, SystemClock};
use crate::entropy::SeededEntropy;
use crate::gate::{Budget, Gate};
use crate::identity::example::Example;
use crate::identity::{Material, NodeTls, PeerIdentity, Rules, channel, incoming, server};
use crate::link::*;
use crate::net::TcpDialer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A wire that can be cut or fall silent.
pub struct Proxy {
    pub address: String,
    /// Counts the cuts; connections made before the last one end.
    cut: watch::Sender<u64>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    pub async fn start(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (cut, cuts) = watch::channel(0);
        let (silent, silence) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (target, mut cuts, silence) = (target.clone(), cuts.clone(), silence.clone());
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(called) = TcpStream::connect(&target).await else {
                        return;
                    };
                    let (from_caller, to_caller) = caller.into_split();
                    let (from_called, to_called) = called.into_split();
                    tokio::select! {
                        _ = cuts.changed() => {}
                        () = carry(from_caller, to_called, silence.clone()) => {}
                        () = carry(from_called, to_caller, silence) => {}
                    }
                });
            }
        });
        Self {
            address,
            cut,
            silent,
        }
    }

    /// Breaks every connection at once, whatever is under way.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Nothing comes through, and nobody is told.
    pub fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut silent: watch::Receiver<bool>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut bytes = [0; 4096];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        if silent.wait_for(|silent| !silent).await.is_err()
            || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}

/// Certificates, and servers and dialers that use them.
pub struct Net {
    folder: tempfile::TempDir,
    example: Example,
}

impl Net {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example =
            Example::parse(include_str!("../../../../certs-example/profile.toml")).unwrap();
        let now = SystemClock::new().now();
        example
            .make(folder.path(), now, &mut SeededEntropy::new(1))
            .unwrap();
        Self { folder, example }
    }

    fn tls(&self, folder: &str) -> Arc<NodeTls> {
        let example = self.example.clone();
        let rules = Rules {
            below: Arc::new(move |above, region| example.is_below(above, region)),
            admits: Arc::new(|_| true),
        };
        let material = Material::load_node(&self.folder.path().join(folder)).unwrap();
        let domain = self.example.trust_domain().clone();
        NodeTls::new(material, domain, rules, Arc::new(SystemClock::new())).unwrap()
    }

    /// Serves a node's links with the judge's certificate; the address, and the server's end.
    pub async fn serve(
        &self,
        links: &Links<FakeNode>,
    ) -> (String, tokio::task::JoinHandle<()>, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let gate = Gate::new("federation", Budget::of(4).federation);
        let callers = incoming::<_, PeerIdentity>(listener, self.tls("judge"), gate, stop.clone());
        let server = server().add_service(links.service(certified));
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(async move {
            server
                .serve_with_incoming_shutdown(callers, stopped)
                .await
                .unwrap();
        });
        (address, task, stop)
    }

    /// Dials the city with the certificate in a folder.
    pub fn dial(&self, folder: &str, address: &str) -> Dial {
        let (tls, address) = (self.tls(folder), address.to_owned());
        Arc::new(move || {
            channel(Arc::clone(&tls), TcpDialer, &address, CITY).map_err(|error| error.to_string())
        })
    }
}

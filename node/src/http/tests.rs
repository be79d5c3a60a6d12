use super::*;
use crate::clock::ManualClock;
use crate::gate::{Budget, Gate};
use axum::body::Body;
use axum::http::Request;
use hotline_topology::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

struct Fixed(Mutex<(Result<(), String>, Progress)>);

impl Fixed {
    fn set(&self, ready: Result<(), &str>, accepted: u64, applied: u64) {
        *self.0.lock().unwrap() = (ready.map_err(str::to_owned), Progress { accepted, applied });
    }
}

impl Status for Fixed {
    fn ready(&self) -> Result<(), String> {
        self.0.lock().unwrap().0.clone()
    }
    fn progress(&self) -> Progress {
        self.0.lock().unwrap().1
    }
}

struct Port {
    status: Arc<Fixed>,
    clock: Arc<ManualClock>,
    metrics: Metrics,
    router: Router,
}

impl Port {
    fn open() -> Self {
        let status = Arc::new(Fixed(Mutex::new((Ok(()), Progress::default()))));
        let clock = Arc::new(ManualClock::new(Time(0)));
        let metrics = Metrics::new("990100000000").unwrap();
        let router = router(status.clone(), metrics.clone(), clock.clone());
        Self {
            status,
            clock,
            metrics,
            router,
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn ready(&self) -> (u16, serde_json::Value) {
        let (status, body) = self.get("/readyz").await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn a_node_that_says_it_is_not_ready_is_not() {
    let port = Port::open();
    assert_eq!(port.ready().await.0, 200);
    port.status.set(Err("正在从检查点恢复"), 7, 7);
    let (status, body) = port.ready().await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (503, Some("正在从检查点恢复"))
    );
    assert_eq!(body["accepted"], 7);
    assert_eq!(port.get("/healthz").await, (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn a_backlog_that_moves_is_ready_and_one_that_stands_is_not() {
    let port = Port::open();
    for applied in 1..5 {
        port.status.set(Ok(()), 1_000, applied);
        port.clock.advance(STALLED_AFTER / 2);
        assert_eq!(port.ready().await.0, 200);
    }
    port.clock.advance(STALLED_AFTER);
    let (status, body) = port.ready().await;
    assert_eq!(status, 503);
    assert_eq!(body["reason"], "已接收的 996 条没有处理，停滞 10 秒");
    port.status.set(Ok(()), 1_000, 1_000);
    assert_eq!(port.ready().await.0, 200);
    // Nothing to do for an hour is no stall, nor is the first thing after it.
    port.clock.advance(Duration::from_secs(3_600));
    port.status.set(Ok(()), 1_001, 1_000);
    assert_eq!(port.ready().await.0, 200);
    port.clock.advance(STALLED_AFTER);
    assert_eq!(port.ready().await.0, 503);
}

#[tokio::test]
async fn figures_are_served_over_a_real_port_until_it_is_told_to_stop() {
    let port = Port::open();
    port.metrics
        .meter()
        .u64_counter("matters")
        .build()
        .add(5, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(
        listener,
        port.router.clone(),
        Gate::new("monitors", Budget::of(0).monitors),
        stop.clone(),
    ));
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    tcp.write_all(request).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("hotline_matters_total 5"),
        "{answer}"
    );
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn callers_who_never_finish_leave_room_for_whoever_asks_at_once() {
    let port = Port::open();
    let bounds = Budget::of(0).monitors;
    let gate = Gate::new("monitors", bounds);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(
        listener,
        port.router.clone(),
        gate.clone(),
        stop.clone(),
    ));
    let mut slow = Vec::new();
    for at in 0..20 * bounds.total() {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        // Half of them with a whole request first, so that they are in; then both say half a head and no more.
        if at % 2 == 0 {
            let whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
            tcp.write_all(whole).await.unwrap();
            let _ = tcp.read(&mut [0; 16]).await;
        }
        let _ = tcp.write_all(b"GET /healthz HTTP/1.1\r\nHo").await;
        slow.push(tcp);
        let (waiting, inside) = gate.standing();
        assert!(waiting <= bounds.waiting && inside <= bounds.inside);
    }
    let asked = async {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let request = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        tcp.write_all(request).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::time::timeout(HEADERS_DEADLINE, asked).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // And who never finishes is hung up on.
    let ended = tokio::time::timeout(4 * HEADERS_DEADLINE, async {
        for mut tcp in slow {
            let mut rest = Vec::new();
            let _ = tcp.read_to_end(&mut rest).await;
        }
    });
    ended.await.unwrap();
    stop.cancel();
    serving.await.unwrap().unwrap();
}

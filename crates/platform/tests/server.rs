//! Listeners under people who do not behave.

use std::time::Duration;

use axum::{Router, extract::ConnectInfo, routing::get};
use platform::http::Server;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

async fn start(
    connections: usize,
    head_timeout: Duration,
) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/who", get(|ConnectInfo(addr): ConnectInfo<std::net::SocketAddr>| async move { addr.to_string() }));
    let until = CancellationToken::new();
    let server = Server::new(listener, router, connections).head_timeout(head_timeout);
    (addr, until.clone(), tokio::spawn(server.run(until)))
}

async fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let size = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..size]).into_owned()
}

#[tokio::test]
async fn whoever_says_nothing_or_never_ends_is_let_go() {
    let (addr, ..) = start(100, Duration::from_millis(200)).await;
    for beginning in ["", "GET / HTTP/1.1\r\nHost: here\r\nX: "] {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap(); // ends, or the test's own deadline does
    }
    let mut idle = TcpStream::connect(addr).await.unwrap();
    assert!(ask(&mut idle, "/").await.contains("here"));
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn a_full_house_lets_the_next_one_in_when_somebody_leaves() {
    let (addr, ..) = start(2, Duration::from_secs(30)).await;
    let mut first = TcpStream::connect(addr).await.unwrap();
    let mut second = TcpStream::connect(addr).await.unwrap();
    assert!(ask(&mut first, "/who").await.contains("127.0.0.1"));
    assert!(ask(&mut second, "/").await.contains("here"));
    let mut third = TcpStream::connect(addr).await.unwrap();
    let mut answer = Box::pin(ask(&mut third, "/"));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut answer).await.is_err(), "waits outside");
    drop(first);
    assert!(answer.await.contains("here"));
}

#[tokio::test]
async fn open_requests_are_finished_and_idle_connections_closed() {
    let (addr, until, server) = start(10, Duration::from_secs(30)).await;
    let mut idle = TcpStream::connect(addr).await.unwrap();
    assert!(ask(&mut idle, "/").await.contains("here"));
    until.cancel();
    server.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

//! A server and a client, over loopback and HTTP/2: thousands of requests at once on a few connections.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn Error + Send + Sync>;

/// Connections of the client.
const CONNECTIONS: usize = 10;
/// Requests that one of them carries at once.
const STREAMS: u32 = 10_000;

/// What a request came to.
pub(crate) struct Answer {
    pub(crate) is_ok: bool,
    pub(crate) took: Duration,
}

/// Serves `answer` on a port of the system's choice, until the runtime ends.
pub(crate) async fn serve<F, A>(answer: F) -> Result<SocketAddr, Failure>
where
    F: Fn(String) -> A + Copy + Send + Sync + 'static,
    A: Future<Output = Result<String, String>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let respond = move |request: Request<Incoming>| async move {
                let (status, body) = match answer(request.uri().path().to_owned()).await {
                    Ok(body) => (StatusCode::OK, body),
                    Err(error) => (StatusCode::BAD_GATEWAY, error),
                };
                let mut response = Response::new(Full::new(Bytes::from(body)));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            };
            let connection = server::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(STREAMS)
                .serve_connection(TokioIo::new(stream), service_fn(respond));
            tokio::spawn(connection);
        }
    });
    Ok(address)
}

/// Sends all requests at once, and waits for all answers.
pub(crate) async fn request_all(address: SocketAddr, paths: Vec<String>) -> Result<Vec<Answer>, Failure> {
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let (sender, connection) = client::Builder::new(TokioExecutor::new())
            .initial_max_send_streams(STREAMS as usize)
            .handshake::<_, Empty<Bytes>>(stream)
            .await?;
        tokio::spawn(connection);
        senders.push(sender);
    }
    let mut requests = Vec::new();
    for (number, path) in paths.into_iter().enumerate() {
        let mut sender = senders[number % CONNECTIONS].clone();
        let request = Request::get(format!("http://{address}{path}")).body(Empty::new())?;
        requests.push(tokio::spawn(async move {
            let begun = Instant::now();
            let response = sender.send_request(request).await?;
            let is_ok = response.status() == StatusCode::OK;
            response.into_body().collect().await?;
            Ok::<_, hyper::Error>(Answer { is_ok, took: begun.elapsed() })
        }));
    }
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await??);
    }
    Ok(answers)
}

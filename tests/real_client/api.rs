//! A loopback stand-in for the Messages API, one per client, so that every request belongs to a known session.
//!
//! The real client cannot be tested against the real model: it would cost money, need an account and answer
//! differently every time. Here the test plays the model: rules say what to answer to which input, and every
//! request is kept with its time of arrival. Requests that are not the conversation (titles, quota probes,
//! summaries) get a harmless answer and are kept apart.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::reply::{Fault, Reply};
use crate::request::{Kind, Request};

type Matches = Box<dyn Fn(&Request) -> bool + Send>;
type Answers = Box<dyn FnOnce(&Request) -> Reply + Send>;

/// The model of one session: listens on its own port until the process ends.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    rules: Vec<Rule>,
    /// What befalls every request, whatever it says.
    broken: Option<Fault>,
    requests: Vec<Request>,
}

struct Rule {
    kind: Kind,
    matches: Matches,
    answers: Answers,
}

/// A rule waiting for its answer; does nothing until [`When::reply`] is called.
#[must_use]
pub struct When<'a> {
    api: &'a Api,
    kind: Kind,
    matches: Matches,
}

impl Api {
    /// Listens on a free loopback port and answers `ok` to everything no rule matches.
    pub fn start() -> Self {
        let server = tiny_http::Server::http("127.0.0.1:0").expect("a loopback port to listen on");
        let address = server.server_addr().to_ip().expect("an ip address");
        let api = Self { address, shared: Arc::default() };
        let shared = Arc::clone(&api.shared);
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let shared = Arc::clone(&shared);
                // A thread each: a held reply must not hold up the next request.
                thread::spawn(move || serve(request, &shared));
            }
        });
        api
    }

    /// What the client's `ANTHROPIC_BASE_URL` must be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request of the conversation whose newest input contains `text` gets the answer that follows.
    ///
    /// Rules are tried in the order in which they were added; a used rule is gone.
    pub fn when(&self, text: &str) -> When<'_> {
        let text = text.to_owned();
        self.when_it(move |request| request.newest().contains(&text))
    }

    /// Like [`Api::when`], for any condition.
    pub fn when_it(&self, matches: impl Fn(&Request) -> bool + Send + 'static) -> When<'_> {
        When { api: self, kind: Kind::Conversation, matches: Box::new(matches) }
    }

    /// Like [`Api::when`], for the conversation of a subagent.
    pub fn when_subagent(&self, text: &str) -> When<'_> {
        When { kind: Kind::Subagent, ..self.when(text) }
    }

    /// From now on no request is answered, however often the client tries; `None` ends that.
    pub fn breaks(&self, fault: Option<Fault>) {
        lock(&self.shared).broken = fault;
    }

    /// Every request of the conversation so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.of_kind(|kind| kind == Kind::Conversation)
    }

    /// Every request that was not the conversation: titles, probes, subagents.
    pub fn side_requests(&self) -> Vec<Request> {
        self.of_kind(|kind| kind != Kind::Conversation)
    }

    /// Whether a reply is still on its way to the client.
    pub fn is_busy(&self) -> bool {
        lock(&self.shared).requests.iter().any(|request| request.answered().is_none())
    }

    fn of_kind(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Request> {
        let shared = lock(&self.shared);
        shared.requests.iter().filter(|request| wanted(request.kind)).cloned().collect()
    }

    fn add(&self, rule: Rule) {
        lock(&self.shared).rules.push(rule);
    }
}

impl When<'_> {
    /// Answers once with `reply`.
    pub fn reply(self, reply: Reply) {
        self.reply_with(move |_| reply.clone());
    }

    /// Answers once with what `answer` makes of the request, such as a reply to a letter named in it.
    pub fn reply_with(self, answer: impl FnOnce(&Request) -> Reply + Send + 'static) {
        self.api.add(Rule { kind: self.kind, matches: self.matches, answers: Box::new(answer) });
    }
}

impl Shared {
    fn answer(&mut self, request: &Request) -> Reply {
        let Some(at) = self.rules.iter().position(|rule| rule.kind == request.kind && (rule.matches)(request)) else {
            return Reply::text("ok");
        };
        (self.rules.remove(at).answers)(request)
    }
}

fn serve(mut http: tiny_http::Request, shared: &Mutex<Shared>) {
    let arrived = Instant::now();
    let path = http.url().split('?').next().unwrap_or_default().to_owned();
    if *http.method() != tiny_http::Method::Post || path != "/v1/messages" {
        let missing = json!({"type": "error", "error": {"type": "not_found_error", "message": path}});
        let answer = tiny_http::Response::from_string(missing.to_string()).with_status_code(404);
        // The client may have hung up already, which is its right.
        drop(http.respond(answer));
        return;
    }
    let body: Value = serde_json::from_reader(http.as_reader()).expect("a JSON request");
    let headers = http.headers().iter().map(|h| (h.field.to_string(), h.value.to_string())).collect();
    let request = Request::new(arrived, headers, body);
    let reply = {
        let mut shared = lock(shared);
        let reply = match request.kind {
            Kind::Conversation => match shared.broken {
                Some(fault) => Reply::fault(fault),
                None => shared.answer(&request),
            },
            Kind::Subagent => shared.answer(&request),
            Kind::Side => Reply::text("ok"),
        };
        shared.requests.push(request.clone());
        reply
    };
    // A client that was interrupted or killed hangs up in mid-reply; the request counts as answered all the same.
    drop(send(http, &request, &reply));
    request.mark_answered();
}

fn send(http: tiny_http::Request, request: &Request, reply: &Reply) -> io::Result<()> {
    match reply.its_fault() {
        Some(fault) if fault == Fault::Dropped || fault == Fault::Cut && !request.wants_stream() => {
            let mut out = http.into_writer();
            out.write_all(b"\0\0\0\0 no HTTP\r\n\r\n")?;
            return out.flush();
        }
        Some(Fault::Status(status, word)) => {
            let body =
                json!({"type": "error", "error": {"type": word, "message": format!("the stand-in says {word}")}});
            let once = tiny_http::Header::from_bytes("x-should-retry", "false").expect("a header");
            let json = tiny_http::Header::from_bytes("Content-Type", "application/json").expect("a header");
            let answer = tiny_http::Response::from_string(body.to_string()).with_status_code(status);
            return http.respond(answer.with_header(once).with_header(json));
        }
        Some(Fault::UsedUp(until)) => {
            let body =
                json!({"type": "error", "error": {"type": "rate_limit_error", "message": "used up"}}).to_string();
            let mut answer = tiny_http::Response::from_string(body).with_status_code(429);
            let until = until.to_string();
            for (name, value) in [
                ("Content-Type", "application/json"),
                ("x-should-retry", "false"),
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
                ("anthropic-ratelimit-unified-reset", &until),
            ] {
                answer = answer.with_header(tiny_http::Header::from_bytes(name, value).expect("a header"));
            }
            return http.respond(answer);
        }
        Some(Fault::Dropped | Fault::Cut) | None => {}
    }
    let mut out = http.into_writer();
    if !request.wants_stream() {
        let body = reply.whole().to_string();
        write!(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len())?;
        out.write_all(body.as_bytes())?;
        return out.flush();
    }
    // Written by hand: tiny_http's own chunked writer keeps small chunks back, and a held reply must be seen to begin.
    write!(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    reply.stream(|events| {
        write!(out, "{:x}\r\n{events}\r\n", events.len())?;
        out.flush()
    })?;
    if reply.its_fault() == Some(Fault::Cut) {
        out.write_all(b"no chunk\r\n")?;
        return out.flush();
    }
    out.write_all(b"0\r\n\r\n")?;
    out.flush()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked while it held the lock has failed already; the others may go on.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

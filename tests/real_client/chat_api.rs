//! A loopback stand-in for the chat completions API, which OpenCode is told to use; otherwise as [`Api`](crate::api::Api).

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::reply::Gate;

/// One answer of the model.
#[derive(Clone, Debug)]
pub enum ChatReply {
    Text(String),
    Tool {
        name: String,
        input: Value,
    },
    /// It begins, and says the text when the gate opens.
    Held(Gate, String),
}

/// One request of a conversation.
#[derive(Clone, Debug)]
pub struct ChatRequest(Value);

impl ChatRequest {
    fn messages(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.0["messages"].as_array().into_iter().flatten()
    }

    /// What came behind the model's last answer.
    pub fn newest(&self) -> String {
        let behind = self.messages().rev().take_while(|message| message["role"] != "assistant");
        let texts: Vec<String> = behind.filter(|message| message["role"] != "system").map(text).collect();
        texts.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// All that the model was told, but for what the client tells it of itself.
    pub fn everything(&self) -> String {
        self.messages().filter(|message| message["role"] != "system").map(text).collect::<Vec<_>>().join("\n")
    }

    /// What the client tells the model of itself.
    pub fn system(&self) -> String {
        self.messages().filter(|message| message["role"] == "system").map(text).collect::<Vec<_>>().join("\n")
    }

    pub fn tools(&self) -> Vec<&str> {
        let tools = self.0["tools"].as_array().into_iter().flatten();
        tools.filter_map(|tool| tool["function"]["name"].as_str()).collect()
    }
}

fn text(message: &Value) -> String {
    let of_parts =
        |parts: &Vec<Value>| parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n");
    let content = &message["content"];
    content.as_str().map(str::to_owned).or_else(|| content.as_array().map(of_parts)).unwrap_or_default()
}

type Answers = Box<dyn FnOnce(&ChatRequest) -> ChatReply + Send>;

#[derive(Default)]
struct Shared {
    rules: Vec<(String, Answers)>,
    requests: Vec<ChatRequest>,
}

/// The model of one client.
#[derive(Clone)]
pub struct ChatApi {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl ChatApi {
    /// Listens on a free loopback port and answers `ok` to everything no rule matches.
    pub fn start() -> Self {
        let server = tiny_http::Server::http("127.0.0.1:0").expect("a loopback port to listen on");
        let address = server.server_addr().to_ip().expect("an ip address");
        let api = Self { address, shared: Arc::default() };
        let shared = Arc::clone(&api.shared);
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(serve(request, &shared))); // a client that was killed hangs up
            }
        });
        api
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The next request whose newest input contains `text` gets this answer.
    pub fn when(&self, text: &str, reply: ChatReply) {
        self.when_with(text, move |_| reply);
    }

    /// The same, with what `answer` makes of the request.
    pub fn when_with(&self, text: &str, answer: impl FnOnce(&ChatRequest) -> ChatReply + Send + 'static) {
        lock(&self.shared).rules.push((text.to_owned(), Box::new(answer)));
    }

    /// Every request of a conversation so far, oldest first. Those for a title have no tools.
    pub fn requests(&self) -> Vec<ChatRequest> {
        lock(&self.shared).requests.clone()
    }
}

fn serve(mut http: tiny_http::Request, shared: &Mutex<Shared>) -> io::Result<()> {
    if *http.method() != tiny_http::Method::Post {
        return http.respond(tiny_http::Response::from_string("{}"));
    }
    let body: Value = serde_json::from_reader(http.as_reader()).expect("a JSON request");
    let request = ChatRequest(body);
    let reply = if request.tools().is_empty() {
        ChatReply::Text("A title".to_owned())
    } else {
        let mut shared = lock(shared);
        shared.requests.push(request.clone());
        let newest = request.newest();
        let at = shared.rules.iter().position(|(text, _)| newest.contains(text));
        at.map_or_else(|| ChatReply::Text("ok".to_owned()), |at| (shared.rules.remove(at).1)(&request))
    };
    let mut out = http.into_writer();
    write!(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let mut send = |event: &str| {
        let event = format!("data: {event}\n\n");
        write!(out, "{:x}\r\n{event}\r\n", event.len()).and_then(|()| out.flush())
    };
    send(&chunk(&json!({"role": "assistant", "content": ""}), None))?;
    match reply {
        ChatReply::Tool { name, input } => {
            let function = json!({"name": name, "arguments": input.to_string()});
            let call = json!({"index": 0, "id": unique(), "type": "function", "function": function});
            send(&chunk(&json!({ "tool_calls": [call] }), None))?;
            send(&chunk(&json!({}), Some("tool_calls")))?;
        }
        ChatReply::Held(gate, text) => {
            send(&chunk(&json!({ "content": "streaming " }), None))?;
            gate.wait();
            send(&chunk(&json!({ "content": text }), None))?;
            send(&chunk(&json!({}), Some("stop")))?;
        }
        ChatReply::Text(text) => {
            send(&chunk(&json!({ "content": text }), None))?;
            send(&chunk(&json!({}), Some("stop")))?;
        }
    }
    send("[DONE]")?;
    out.write_all(b"0\r\n\r\n")?;
    out.flush()
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    json!({"id": "chat", "object": "chat.completion.chunk", "created": 1, "model": "stand-in", "choices": [choice]})
        .to_string()
}

fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("call_{:024}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A loopback stand-in for the Responses API, with which Codex speaks to its model. A story plays the model: rules say what
//! it answers to which input, and every request is kept. Requests without tools, for titles, are answered and left out.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::reply::Gate;

/// The model of one session or of several.
#[derive(Clone)]
pub struct Responses {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

type Answers = Box<dyn FnOnce(&Told) -> Answer + Send>;

#[derive(Default)]
struct Shared {
    rules: Vec<(String, Answers)>,
    told: Vec<Told>,
    next: usize,
}

/// What the model answers.
pub enum Answer {
    Text(&'static str),
    /// A text that is said once the gate opens.
    Held(Gate),
    /// A call of a tool, by the name of its server if it has one.
    Call {
        server: Option<&'static str>,
        tool: &'static str,
        arguments: Value,
    },
}

/// One request: what the model was told.
#[derive(Debug, Clone)]
pub struct Told(Value);

impl Told {
    /// All input, as JSON: what stands there once was told once.
    pub fn everything(&self) -> String {
        self.0["input"].to_string()
    }

    /// The input since the model last said something.
    pub fn newest(&self) -> String {
        let input = self.0["input"].as_array().cloned().unwrap_or_default();
        let is_answer = |item: &Value| item["role"] == "assistant" || item["type"] == "function_call";
        let after = input.iter().rposition(is_answer).map_or(0, |at| at + 1);
        Value::Array(input[after..].to_vec()).to_string()
    }

    /// What entered as the person's words since the model last said something.
    pub fn typed(&self) -> String {
        let newest: Value = serde_json::from_str(&self.newest()).expect("JSON");
        let items = newest.as_array().cloned().unwrap_or_default();
        items.iter().filter(|item| item["role"] == "user").map(|item| item["content"].to_string()).collect()
    }
}

impl Responses {
    pub fn start() -> Self {
        let server = tiny_http::Server::http("127.0.0.1:0").expect("a loopback port to listen on");
        let address = server.server_addr().to_ip().expect("an ip address");
        let api = Self { address, shared: Arc::default() };
        let shared = Arc::clone(&api.shared);
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(request, &shared));
            }
        });
        api
    }

    /// What a provider's `base_url` must be.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The next request whose newest input holds `text` gets what `answer` makes of it.
    pub fn when(&self, text: &str, answer: impl FnOnce(&Told) -> Answer + Send + 'static) {
        lock(&self.shared).rules.push((text.to_owned(), Box::new(answer)));
    }

    /// Every request of a conversation so far.
    pub fn told(&self) -> Vec<Told> {
        lock(&self.shared).told.clone()
    }
}

fn serve(mut http: tiny_http::Request, shared: &Mutex<Shared>) {
    let body: Value = serde_json::from_reader(http.as_reader()).unwrap_or_default();
    if *http.method() != tiny_http::Method::Post {
        let listed = tiny_http::Response::from_string(r#"{"models":[],"data":[]}"#);
        drop(http.respond(listed)); // the client may have hung up, which is its right
        return;
    }
    let is_conversation = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let told = Told(body);
    let (answer, number) = {
        let mut shared = lock(shared);
        shared.next += 1;
        let number = shared.next;
        let newest = told.newest();
        let rule = shared.rules.iter().position(|(text, _)| is_conversation && newest.contains(text.as_str()));
        let rule = rule.map(|at| shared.rules.remove(at).1);
        if is_conversation {
            shared.told.push(told.clone());
        }
        (rule.map_or(Answer::Text("ok"), |rule| rule(&told)), number)
    };
    let text = |text: &str| {
        json!({ "type": "message", "role": "assistant", "id": format!("msg_{number}"),
            "content": [{ "type": "output_text", "text": text }] })
    };
    let item = match answer {
        Answer::Text(said) => text(said),
        Answer::Held(gate) => {
            gate.wait();
            text("that was all")
        }
        Answer::Call { server, tool, arguments } => {
            let mut call = json!({ "type": "function_call", "id": format!("fc_{number}"),
                "call_id": format!("call_{number}"), "name": tool, "arguments": arguments.to_string() });
            if let Some(server) = server {
                call["namespace"] = format!("mcp__{server}").into();
            }
            call
        }
    };
    let id = format!("resp_{number}");
    let usage = json!({ "input_tokens": 1, "input_tokens_details": null, "output_tokens": 1,
        "output_tokens_details": null, "total_tokens": 2 });
    let events = [
        json!({ "type": "response.created", "response": { "id": id } }),
        json!({ "type": "response.output_item.done", "item": item }),
        json!({ "type": "response.completed", "response": { "id": id, "usage": usage } }),
    ];
    let mut stream = String::new();
    for event in events {
        stream += &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    }
    let mut out = http.into_writer();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length:";
    let _ = write!(out, "{head} {}\r\n\r\n{stream}", stream.len()).and_then(|()| out.flush()); // it may have hung up
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

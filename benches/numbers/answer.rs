//! From the reply in which one session's model asks to the request in which it reads the answer, and how many requests that
//! takes: `ask`, cc2cc's `send` both ways, and the client's own `SendMessage` both ways, in turn between the same two sessions.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    claude::Session,
    reply::Reply,
    request::Request,
    table::{Row, median_and_p90, milliseconds},
    wake::{SEND, introduce},
    world::World,
};

const RUNS: usize = 25;
const ASK: &str = "mcp__plugin_cc2cc_cc2cc__ask";

/// What was measured of one way.
#[derive(Default)]
struct Way {
    times: Vec<Duration>,
    requests: Vec<usize>,
}

pub fn measure() -> Vec<Row> {
    let world = World::with_cc2cc();
    let start = |name: &str| {
        let tools = ["--allowedTools", ASK, SEND, "SendMessage"];
        let session = world.session(name).args(&tools).env("CC2CC_NAME", name).start();
        session.wait_for_screen(&format!("cc2cc: you are {name}"));
        session
    };
    let (mut ann, mut bob) = (start("ann"), start("bob"));
    let bobs_name = introduce(&mut ann, &bob, "bob");
    let anns_name = introduce(&mut bob, &ann, "ann");
    let (mut asked, mut sent, mut theirs) = (Way::default(), Way::default(), Way::default());
    for run in 0..RUNS {
        let reply = |request: &Request, text: String| {
            Reply::tool(SEND, json!({ "to": "ann", "text": text, "reply_to": letter_id(request) }))
        };
        let (question, answer) = (format!("ask question {run}."), format!("ask answer {run}."));
        let call = json!({ "to": "bob", "text": question });
        asked.add(&mut ann, &bob, [&question, &answer], Reply::tool(ASK, call), reply);

        let (question, answer) = (format!("send question {run}."), format!("send answer {run}."));
        let call = json!({ "to": "bob", "text": question });
        sent.add(&mut ann, &bob, [&question, &answer], Reply::tool(SEND, call), reply);

        let (question, answer) = (format!("native question {run}."), format!("native answer {run}."));
        let call = json!({ "to": bobs_name, "message": question });
        let to = anns_name.clone();
        let reply = move |_: &Request, text: String| Reply::tool("SendMessage", json!({ "to": to, "message": text }));
        theirs.add(&mut ann, &bob, [&question, &answer], Reply::tool("SendMessage", call), reply);
    }
    let (our, our_requests) = asked.shown();
    let (their, their_requests) = theirs.shown();
    let (by_send, requests_by_send) = sent.shown();
    let ratio = asked.median().as_secs_f64() / theirs.median().as_secs_f64();
    vec![
        Row::new("question → answer in the asker's model request, `ask`", "", our),
        Row::new("the same with `send` both ways", "", by_send),
        Row::new("the same with the client's SendMessage both ways", "", their),
        Row::new("ratio of the medians, `ask` to SendMessage", "≤ 0.65", format!("{ratio:.2}")),
        Row::new(
            "requests of the asker's model for it: `ask`, `send`, SendMessage",
            "one fewer",
            format!("{our_requests}, {requests_by_send}, {their_requests}"),
        ),
    ]
}

impl Way {
    /// One question of ann's model, which bob's model answers.
    fn add(
        &mut self,
        ann: &mut Session,
        bob: &Session,
        [question, answer]: [&str; 2],
        call: Reply,
        reply: impl FnOnce(&Request, String) -> Reply + Send + 'static,
    ) {
        let word = format!("go {}", question.replace(' ', "-"));
        let text = answer.to_owned();
        ann.api.when(&word).reply(call);
        bob.api.when(question).reply_with(move |request| reply(request, text));
        ann.type_line(&word);
        let read = ann.wait_until_told(answer);
        let asked = ann.wait_for_request("to ask", |request| request.newest().contains(&word));
        let answered = ann.wait("the end of the reply", || asked.answered());
        let between = ann
            .requests()
            .iter()
            .filter(|request| request.arrived > answered && request.arrived <= read.arrived)
            .count();
        self.times.push(read.arrived.duration_since(answered));
        self.requests.push(between);
        ann.idle();
        bob.idle();
    }

    fn median(&self) -> Duration {
        median_and_p90(&mut self.times.clone()).0
    }

    /// The time it took, and the requests.
    fn shown(&self) -> (String, usize) {
        let (median, p90) = median_and_p90(&mut self.times.clone());
        let mut requests = self.requests.clone();
        requests.sort_unstable();
        (format!("{} (p90 {})", milliseconds(median), milliseconds(p90)), requests[requests.len() / 2])
    }
}

/// The id of the letter in what the model was told.
fn letter_id(request: &Request) -> Value {
    let told = request.newest();
    let (_, rest) = told.split_once("<letter id=\"").expect("a letter");
    rest.split('"').next().expect("an id").into()
}

//! From the reply in which one session's model sends, to the request in which the idle peer's model reads: cc2cc and
//! the client's own `SendMessage`, in turn, between the same two sessions.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    claude::Session,
    idle,
    reply::Reply,
    request::Request,
    table::{Row, median_and_p90, milliseconds},
    world::World,
};

const RUNS: usize = 25;
pub const SEND: &str = "mcp__plugin_cc2cc_cc2cc__send";

pub fn measure() -> Vec<Row> {
    let world = World::with_cc2cc();
    let start = |name: &str| {
        let session =
            world.session(name).args(&["--allowedTools", SEND, "SendMessage"]).env("CC2CC_NAME", name).start();
        session.wait_for_screen(&format!("cc2cc: you are {name}"));
        session
    };
    let (mut ann, bob) = (start("ann"), start("bob"));
    let native_name = introduce(&mut ann, &bob, "bob");
    let (mut ours, mut shares, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let (text, native) = (format!("cc2cc letter {run}."), format!("native letter {run}."));
        let (took, read) = once(&mut ann, &bob, SEND, json!({ "to": "bob", "text": text }), &text);
        ours.push(took);
        shares.push(own_share(&world, &read));
        theirs.push(once(&mut ann, &bob, "SendMessage", json!({ "to": native_name, "message": native }), &native).0);
    }
    let (our, our_p90) = median_and_p90(&mut ours);
    let (share, share_p90) = median_and_p90(&mut shares);
    let (their, their_p90) = median_and_p90(&mut theirs);
    let ratio = our.as_secs_f64() / their.as_secs_f64();
    let shown = |median, p90| format!("{} (p90 {})", milliseconds(median), milliseconds(p90));
    let mut rows = vec![
        Row::new("send → the idle peer's model request", "≤ 110 ms", shown(our, our_p90)),
        Row::new("of that cc2cc's own: stored → notified, claimed → delivered", "", shown(share, share_p90)),
        Row::new("the same with the client's SendMessage", "", shown(their, their_p90)),
        Row::new("ratio of the medians", "≤ 0.7", format!("{ratio:.2}")),
    ];
    rows.extend(idle::measure(&world, &ann, &bob));
    rows
}

/// One message from ann's model to bob's: how long it took, and the request in which it was read.
fn once(ann: &mut Session, bob: &Session, tool: &str, input: Value, text: &str) -> (Duration, Request) {
    let word = format!("go {}", text.replace(' ', "-"));
    ann.api.when(&word).reply(Reply::tool(tool, input));
    ann.type_line(&word);
    let read = bob.wait_until_told(text);
    let sent = ann.wait_for_request("to send", |request| request.newest().contains(&word));
    let answered = ann.wait("the end of the reply", || sent.answered());
    ann.idle();
    bob.idle();
    (read.arrived.duration_since(answered), read)
}

/// How long the letter in a request was in the hands of cc2cc; the rest of its way the two clients were at work.
fn own_share(world: &World, read: &Request) -> Duration {
    let told = read.newest();
    let (_, id) = told.split_once("<letter id=\"").expect("a letter");
    let (id, _) = id.split_once('"').expect("an id");
    let copy = world.cc2cc_json(&["status", id])["copies"][0].take();
    let steps = copy["steps"].as_array().expect("steps");
    let time = |value: &Value| value.as_str().expect("a time").parse::<Timestamp>().expect("a time");
    let step = |name: &str| time(&steps.iter().find(|step| step["step"] == name).expect("the step")["at"]);
    let rings = step("notified").duration_since(time(&copy["stored"]));
    let brings = step("delivered").duration_since(step("claimed"));
    (rings + brings).try_into().expect("a clock that does not jump")
}

/// Loads the client's own tool and learns in it the name of the other session.
pub fn introduce(ann: &mut Session, other: &Session, name: &str) -> String {
    other.idle();
    ann.api.when("look around").reply(Reply::tool("ListAgents", json!({})));
    let load = |_: &Request| Reply::tool("ToolSearch", json!({ "query": "select:SendMessage" }));
    ann.api.when("Peer sessions").reply_with(load);
    ann.type_line("look around");
    let listed = ann.wait_until_told("Peer sessions").newest();
    ann.idle();
    let (_, peers) = listed.split_once("Peer sessions").expect("peers");
    peers.split_whitespace().find(|word| word.starts_with(name)).expect("it is among the peers").to_owned()
}

//! What an idle session costs: server, waker and the mod's watch over some seconds, and the words the model always carries.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{claude::Session, support::eventually::within, table::Row, world::World};

const WATCHED: Duration = Duration::from_secs(20);

pub fn measure(world: &World, ann: &Session, bob: &Session) -> Vec<Row> {
    let ours = |kind: &str| {
        let mine = |(_, line): &(u32, String)| line.contains("bin/cc2cc") && line.contains(kind);
        world.processes().into_iter().find(mine).map(|(id, _)| id)
    };
    let all = [ours(" mcp"), ours("--ring"), ours("--session")];
    let all = all.map(|id| id.expect("a server, a waker and the mod's watch"));
    let before = all.map(ticks);
    let start = Instant::now();
    let stayed = within(WATCHED, || (ours(" mcp").is_none()).then_some(())).is_none();
    assert!(stayed, "the server has gone");
    let used: Vec<f64> =
        all.into_iter().zip(before).map(|(id, before)| (ticks(id) - before) / start.elapsed().as_secs_f64()).collect();
    bob.idle();
    vec![
        Row::new("idle: memory of server, waker, the mod's watch", "≤ 8 MiB each", all.map(resident).join(", ")),
        Row::new(
            "idle: CPU of the same",
            "0 %",
            format!("{:.2}, {:.2}, {:.2} % over {} s", used[0], used[1], used[2], WATCHED.as_secs()),
        ),
        words(ann),
    ]
}

/// Clock ticks used, which are hundredths of a second: per second, a percentage.
fn ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("a process");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    fields[11].parse::<f64>().expect("a number") + fields[12].parse::<f64>().expect("a number")
}

fn resident(id: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    let kibibytes: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    format!("{:.1} MiB", kibibytes / 1024.0)
}

/// What stands in every request because cc2cc is installed. Four characters make a token, roughly.
fn words(ann: &Session) -> Row {
    let last = ann.requests().pop().expect("a request");
    let tools = last.body["tools"].as_array().expect("tools");
    let ours = tools.iter().filter(|tool| tool["name"].as_str().is_some_and(|name| name.contains("cc2cc__")));
    let ours: usize = ours.map(|tool| tool.to_string().len()).sum();
    assert!(ours > 0, "the tools of the plugin");
    let everything = last.everything();
    let lines = everything
        .lines()
        .filter(|line| line.contains("cc2cc") && !line.contains("letter") || line.contains("This session's name is"));
    let context: usize = lines.map(str::len).sum();
    let tokens = (ours + context) / 4;
    Row::new("always in the model's context", "≤ 450 tokens", format!("≈ {tokens} tokens (characters / 4)"))
}

//! The clients of the crowd: each is a process of its own, since a session is known by its process. Two threads run the
//! prompt hook over and over, and write what it delivers into the transcript, as Claude Code does.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cc2cc::{
    agent::{host::HostKey, identity},
    mailbox::{State, home::Home},
};
use serde_json::{Value, json};

use super::hearing::{context, letters_in, turn};
use crate::support::{
    binary::lean,
    said::said,
    world::{World, names},
};

/// Prompt hooks that each of the two deliveries of a session runs before the session ends.
const TURNS: usize = 40;
const AGENT: &str = "CC2CC_CROWD_AGENT";

/// A letter that came before a model.
#[derive(Debug)]
pub struct Heard {
    pub id: String,
    /// Whether it said that it comes again.
    pub again: bool,
    /// From the hook's start until the letter was in the transcript.
    pub took: Duration,
}

/// One session after another of one agent, until all letters are there. Returns what they heard.
pub fn sessions_of(world: &World, agent: usize, sessions: &AtomicUsize) -> Vec<Heard> {
    let done = world.path(&format!("client-{agent}-is-done"));
    let deadline = Instant::now() + Duration::from_secs(600);
    while !done.exists() {
        assert!(Instant::now() < deadline, "agent {agent} never has all its letters");
        sessions.fetch_add(1, Ordering::SeqCst);
        let mut client = Command::new(env::current_exe().expect("this program"));
        client.args(["--exact", "faults::crowd_client::client", "--nocapture"]);
        world.furnish(&mut client);
        client.env(AGENT, agent.to_string()).stdin(Stdio::null());
        let ended = client.output().expect("started");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let heard = fs::read_to_string(world.path(&format!("heard-{agent}"))).unwrap_or_default();
    heard.lines().map(|line| read(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

fn read(line: &str) -> Option<Heard> {
    let mut words = line.split(' ');
    let (id, again, took) = (words.next()?.to_owned(), words.next()? == "true", words.next()?.parse().ok()?);
    Some(Heard { id, again, took: Duration::from_millis(took) })
}

/// Not a story: a process of `ten_thousand_letters`. Without an agent it is this binary's run of all tests, and does nothing.
#[test]
fn client() {
    let Ok(agent) = env::var(AGENT) else { return };
    let client = Client { agent, world: env::current_dir().expect("a directory").join(".."), pen: Mutex::default() };
    client.hook("session-start", &json!({ "source": "startup" }));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| client.delivery());
        }
    });
    client.hook("session-end", &json!({ "reason": "prompt_input_exit" }));
}

struct Client {
    agent: String,
    world: PathBuf,
    /// Held while writing the transcript.
    pen: Mutex<()>,
}

impl Client {
    fn delivery(&self) {
        for turn in 0.. {
            let begun = Instant::now();
            // The other delivery's turn may end meanwhile; this prompt waits in the queue until it is written down.
            self.write(&[json!({ "type": "queue-operation", "operation": "enqueue" })]);
            let event = if turn % 4 == 3 { "stop" } else { "user-prompt-submit" };
            let context = context(&self.hook(event, &json!({ "prompt": "go on", "permission_mode": "default" })));
            self.write_down(&context, begun);
            if self.world.join("all-sent").exists() && self.has_all() {
                fs::write(self.world.join(format!("client-{}-is-done", self.agent)), "").expect("written");
                break;
            }
            if turn >= TURNS && !self.world.join("all-sent").exists() {
                break;
            }
        }
    }

    fn write_down(&self, context: &str, begun: Instant) {
        let mut rows = vec![json!({ "type": "queue-operation", "operation": "dequeue" })];
        rows.extend(turn(context));
        self.write(&rows);
        let letters = letters_in(context);
        if letters.is_empty() {
            return thread::sleep(Duration::from_millis(20)); // a person who types that fast is rare
        }
        let took = begun.elapsed().as_millis();
        let lines: Vec<String> = letters.iter().map(|(id, again)| format!("{id} {again} {took}\n")).collect();
        append(&self.world.join(format!("heard-{}", self.agent)), &lines.concat());
    }

    /// All of it in one piece, as the other delivery writes, too.
    fn write(&self, rows: &[Value]) {
        let _pen = self.pen.lock().expect("the pen");
        let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
        append(&self.transcript(), &lines.concat());
    }

    fn transcript(&self) -> PathBuf {
        self.world.join(format!("transcript-{}.jsonl", self.agent))
    }

    fn has_all(&self) -> bool {
        let home = Home::at(self.world.join("mail"));
        let me = HostKey::of(std::process::id()).expect("this process runs");
        let Some(mailbox) = identity::find(&home, &me) else { return false };
        [State::Inbox, State::Claimed].iter().all(|state| names(&mailbox.dir(*state)).is_empty())
    }

    fn hook(&self, event: &str, more: &Value) -> String {
        let mut input =
            json!({ "session_id": format!("session-{}", self.agent), "transcript_path": self.transcript() });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let mut command = Command::new(lean());
        command.args(["hook", event]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("CC2CC_NAME", format!("agent-{}", self.agent)).env("CLAUDE_CODE_SESSION_ATTENDED", "1");
        said(&mut command, input.to_string().as_bytes()).fine().out
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
    file.write_all(text.as_bytes()).expect("written");
}

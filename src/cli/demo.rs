//! `cc2cc demo`: one letter's whole way on a throw-away home, with the real hooks and the real waker. The demo plays the
//! part of Claude Code: it starts them, and it keeps the transcript.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::printing;
use crate::{
    agent::{
        host::HostKey,
        identity::{self, Claimant, Trust},
        reach,
        send::{self, Draft},
        sender::Sender,
        status,
    },
    command::without_window,
    failure::Failure,
    mailbox::{Mailbox, disk, home::Home, letter::LetterId, name::AgentName},
};

/// Show a letter's whole way on a throw-away mailbox
#[derive(clap::Args)]
pub struct Args {
    /// Leave the throw-away mailbox there, to look into
    #[arg(long)]
    keep: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let path = env::temp_dir().join(format!("cc2cc-demo-{}", disk::unique()));
    let outcome = play(&path);
    if args.keep {
        printing::print(format!("\nkept in {}\n", path.display()));
    } else {
        let _ = fs::remove_dir_all(&path);
    }
    outcome?;
    Ok(ExitCode::SUCCESS)
}

fn play(path: &Path) -> Result<()> {
    let home = Home::at(path);
    let fox = claim(&home, "brave-fox")?;
    let stage = DemoHome { home: path.to_owned(), transcript: path.join("transcript.jsonl") };
    printing::print(format!("One letter's way, in {}\n", path.display()));

    let hello = stage.hook("session-start", &json!({ "source": "startup" }))?;
    let owl = home.mailbox(&"calm-owl".parse()?).context("the session-start hook made no mailbox")?;
    show("a session starts", &hello["systemMessage"]);
    let _server = identity::move_in(&owl)?;
    let waker = stage.waker()?;
    wait_until_set(&owl)?;

    let started = Instant::now();
    let draft = Draft { text: "please run the tests".into(), ..Draft::default() };
    let to = "calm-owl".parse()?;
    let sent = send::send(&home, &Sender::agent(&fox), &to, &draft, Timestamp::now())?.remove(0);
    line("brave-fox sends", "stored", &format!("to-calm-owl/inbox/{}.json", sent.id)); // by now it may be woken

    let woken = waker.wait_with_output().context("the waker was lost")?;
    let text = String::from_utf8_lossy(&woken.stderr);
    ensure!(woken.status.code() == Some(2), "calm-owl was not woken: {text}");
    step(&owl, &sent.id, &format!("calm-owl is woken after {} ms", started.elapsed().as_millis()))?;

    let answer = stage.hook("user-prompt-submit", &json!({ "prompt": text }))?;
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default();
    ensure!(context.contains("please run the tests"), "nothing was delivered");
    step(&owl, &sent.id, "the hook delivers it")?;
    show("the person sees", &answer["systemMessage"]);

    stage.record(context)?;
    stage.hook("stop", &json!({}))?;
    step(&owl, &sent.id, "it is in the transcript")?;

    let draft = Draft { text: "all green".into(), reply_to: Some(sent.id.clone()), ..Draft::default() };
    let reply = send::send(&home, &Sender::agent(&owl), &"brave-fox".parse()?, &draft, Timestamp::now())?.remove(0);
    step(&owl, &sent.id, "calm-owl answers")?;
    step(&fox, &reply.id, "the answer waits for brave-fox")
}

/// The part of Claude Code: whatever the hooks are started by is the session.
struct DemoHome {
    home: PathBuf,
    transcript: PathBuf,
}

impl DemoHome {
    fn hook(&self, event: &str, more: &Value) -> Result<Value> {
        let output = self.start(&["hook", event], more)?.wait_with_output()?;
        ensure!(output.status.success(), "the hook {event} failed");
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    fn waker(&self) -> Result<Child> {
        self.start(&["wait", "--ring"], &json!({ "hook_event_name": "SessionStart" }))
    }

    fn start(&self, words: &[&str], more: &Value) -> Result<Child> {
        let mut input = json!({ "session_id": "demo", "transcript_path": self.transcript, "cwd": env::current_dir()? });
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        let mut command = Command::new(env::current_exe()?);
        command.args(words).env("CC2CC_HOME", &self.home).env("CC2CC_NAME", "calm-owl");
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLAUDE")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = without_window(&mut command).spawn().context("could not start cc2cc")?;
        child.stdin.take().context("no pipe")?.write_all(input.to_string().as_bytes())?;
        Ok(child)
    }

    /// What Claude Code writes of a turn in which a hook's words were before the model.
    fn record(&self, context: &str) -> Result<()> {
        let row =
            json!({ "type": "attachment", "attachment": { "type": "hook_additional_context", "content": [context] } });
        let end = json!({ "type": "system", "subtype": "turn_duration" });
        Ok([row, end].iter().try_for_each(|row| disk::append_line(&self.transcript, &row.to_string()))?)
    }
}

fn claim(home: &Home, name: &str) -> Result<Mailbox> {
    let host = HostKey::from_text("demo").context("no key")?;
    let wanted: Option<AgentName> = Some(name.parse()?);
    Ok(identity::claim(home, &Claimant { wanted, ..Claimant::new(host, Trust::Host) })?.mailbox)
}

fn wait_until_set(mailbox: &Mailbox) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !reach::has_waker(mailbox) {
        ensure!(Instant::now() < deadline, "the waker did not start");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn step(mailbox: &Mailbox, id: &LetterId, what: &str) -> Result<()> {
    let found = status::find_in(mailbox, id).context("the letter is gone")?;
    let file = format!("to-{}/{}/{id}.json", mailbox.name(), found.state.dir());
    line(what, found.status().stage.as_str(), &file);
    Ok(())
}

fn line(what: &str, state: &str, file: &str) {
    printing::print(format!("  {what:<32} {state:<10} {file}\n"));
}

fn show(what: &str, text: &Value) {
    printing::print(format!("  {what:<32} {}\n", text.as_str().unwrap_or_default().replace('\n', " ")));
}

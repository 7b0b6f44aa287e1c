//! `cc2cc ask`: a question, and the answer to it.

use std::{process::ExitCode, time::Duration};

use jiff::Timestamp;

use super::{answers, caller, completions, printing, send};
use crate::{
    agent::{
        question::{LONGEST, Question, Terms, WITHIN},
        send::Draft,
    },
    failure::{Code, Failure},
    mailbox::{home::Home, letter::Kind},
    text::duration,
};

/// Ask a session something, and wait for the answer
#[derive(clap::Args)]
pub struct Args {
    /// A name, @all, @repo or @dir; several with commas between
    #[arg(add = completions::addresses())]
    to: String,
    /// The question; `-` reads it from standard input
    #[arg(required = true)]
    text: Vec<String>,
    /// Wait at most this long (90s, 10m); 2m if not given, at most 10m
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
    within: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let within = args.within.unwrap_or(WITHIN);
    if within > LONGEST {
        return Err(Failure::new(Code::Usage, "an answer is awaited for at most 10m")
            .hint("`cc2cc send --wait-reply` waits for as long as it is told, also for whoever is away"));
    }
    let sender = caller::sender(home)?;
    let draft = Draft { text: send::text(&args.text, None)?, kind: Some(Kind::Question), ..Draft::default() };
    let to = args.to.parse()?;
    send::check_for_a_second_name(home, "ask", &args.to, &args.text)?;
    printing::check_output()?;
    let now = Timestamp::now();
    let sent = crate::agent::send::send(home, &sender, &to, &draft, now)
        .map_err(|error| send::not_sent(error, &format!("ask {}", args.to), &args.text, None))?;
    send::say(home, &sent, args.json);
    if printing::is_unprinted() {
        return Ok(ExitCode::SUCCESS); // the exit code tells, and an answer is not taken that nobody could read
    }
    let question = Question::new(home, caller::mailbox(home, None)?, &sent, Terms::AnythingWhileReachable, now);
    answers::await_all(question, within, args.json)
}

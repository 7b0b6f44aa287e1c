//! `cc2cc wait`: sleep until there is mail. With `--ring`, see `clients::claude::waker`, it is the plugin's waker.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use super::{caller, completions, printing, waiting_for};
use crate::{
    agent::notice,
    failure::{Code, Failure},
    mailbox::{State, home::Home, watch::Watch},
    report,
    text::duration,
};

/// Wait until there is mail, and list it
#[derive(clap::Args)]
pub struct Args {
    /// Whose mail; yours if not given
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
    /// Not for mail, but for this session
    #[arg(long = "for", value_name = "NAME", add = completions::names(), requires = "until", conflicts_with = "agent")]
    about: Option<String>,
    /// With --for: until it is idle, away or blocked, or answers you
    #[arg(long, requires = "about", value_parser = ["idle", "away", "blocked", "answers"], value_name = "STATE")]
    until: Option<String>,
    /// Give up after this time (90s, 10m, 2h) with exit code 5
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
    timeout: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    if let (Some(about), Some(until)) = (&args.about, &args.until) {
        let until = until.parse().map_err(Failure::usage)?;
        return waiting_for::run(home, about, until, args.timeout, args.json);
    }
    let mut mailbox = caller::mailbox(home, args.agent.as_deref())?;
    let started = Instant::now();
    loop {
        let inbox = mailbox.dir(State::Inbox);
        let watch = Watch::over([inbox.as_path()]);
        while mailbox.exists() {
            let look = mailbox.look(Timestamp::now())?;
            notice::buried(&mailbox, &look.buried, Timestamp::now())?;
            let waiting = look.letters;
            let letters: Vec<_> =
                waiting.iter().filter_map(|letter| mailbox.read(State::Inbox, &letter.id).ok()).collect();
            if !letters.is_empty() {
                if args.json {
                    let letters: Vec<_> =
                        letters.iter().map(|letter| report::json::summary(State::Inbox, letter)).collect();
                    printing::print(json!({ "agent": mailbox.name(), "letters": letters }));
                } else {
                    let letters: Vec<_> = letters.into_iter().map(|letter| (State::Inbox, letter)).collect();
                    printing::print(report::text::letters(&letters, Timestamp::now()));
                }
                return Ok(ExitCode::SUCCESS);
            }
            let left = args.timeout.map_or(Duration::MAX, |timeout| timeout.saturating_sub(started.elapsed()));
            if left.is_zero() {
                return Err(Failure::new(Code::TimedOut, format!("no mail for {} in this time", mailbox.name())));
            }
            watch.sleep(left);
        }
        // Renamed meanwhile: the letters come to the new place.
        let name = mailbox.name().clone();
        mailbox = home.mailbox(&name).ok_or_else(|| Failure::no_such_agent(&name, Vec::new()))?;
    }
}

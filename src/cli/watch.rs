//! `cc2cc watch`: what happens, as it happens.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    caller::{self, Reader},
    completions, printing,
    shown::Shown,
};
use crate::{
    agent::{
        directory,
        feed::{Event, Feed},
        identity::{self, Trust},
    },
    clients::claude::{
        host_process::{self, Part},
        mod_wake,
    },
    delivery::wake::Calm,
    failure::{Code, Failure},
    mailbox::{
        Mailbox,
        home::Home,
        name::AgentName,
        watch::{BEAT, Watch, glance::Glance},
    },
    report, view,
};

/// Follow letters and agents live
#[derive(clap::Args)]
pub struct Args {
    /// Only what concerns this agent
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Only what concerns the session this process belongs to; ends with it (for the plugin)
    #[arg(long, hide = true, conflicts_with = "agent", requires = "json")]
    session: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    if !args.json {
        is_for_a_person()?;
    }
    if args.session {
        follow_session(home)?;
    } else {
        let scope = args.agent.as_deref().map(|text| named(home, text)).transpose()?;
        if !args.json {
            return view::run(home, scope);
        }
        printing::check_output()?;
        end_with_reader();
        follow(&mut Feed::open(home, scope)?, &Reader::of(home), |_| Ok(true))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The view needs somebody who looks at it, and whose words may pass for the person's.
fn is_for_a_person() -> Result<(), Failure> {
    const HINT: &str =
        "`cc2cc log -f` prints letters as they come, and `cc2cc watch --json` what happens, one JSON object a line";
    if caller::in_a_session() {
        return Err(Failure::new(Code::Held, "only a person watches on a terminal").hint(HINT));
    }
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Failure::new(Code::Usage, "this is no terminal to watch on").hint(HINT));
    }
    if env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(Failure::new(Code::Usage, "a terminal with TERM=dumb cannot show the live view").hint(HINT));
    }
    Ok(())
}

/// Whom a word means: an agent, under the name it has now, or the person, who need not have a mailbox yet.
fn named(home: &Home, text: &str) -> Result<AgentName, Failure> {
    let name: AgentName = text.parse()?;
    match home.mailbox(&name) {
        Some(mailbox) => Ok(mailbox.name().clone()),
        None if name.is_user() => Ok(name),
        None => Err(Failure::no_such_agent(&name, directory::nearest(home, name.as_str()))),
    }
}

/// Follows the agent of the session around this process, whichever it is; returns when the session takes no part.
fn follow_session(home: &Home) -> Result<(), Failure> {
    if host_process::part() == Part::None {
        return Ok(());
    }
    host_process::end_with_parent();
    end_with_reader();
    let Some(claimant) = host_process::claimant(None, Trust::Host) else { return Ok(()) };
    let own = || identity::find(home, &claimant.host);
    let reader = Reader::of(home);
    loop {
        let mailbox = await_claim(home, own)?;
        let mut feed = Feed::by_beat(home, Some(mailbox.name().clone()))?;
        // The session may take up another one's mailbox, as after a resume; a rename is no such move.
        let still = |feed: &Feed| {
            let followed = feed.scope().and_then(|name| home.mailbox(name));
            own().is_none_or(|own| followed.is_none_or(|followed| followed == own))
        };
        let mut calm = Calm::default();
        let mut wake = |feed: &Feed| -> Result<(), Failure> {
            let Some(mailbox) = feed.scope().and_then(|name| home.mailbox(name)) else { return Ok(()) };
            match mod_wake::due(home, &mailbox, &mut calm, Timestamp::now())? {
                Some(prompt) => print(json!({ "event": "wake", "at": Timestamp::now(), "prompt": prompt })),
                None => Ok(()),
            }
        };
        follow(&mut feed, &reader, |feed| {
            wake(feed)?;
            Ok(still(feed))
        })?;
    }
}

/// A name is claimed as the session starts, so it is waited for with short steps.
const CLAIMED_WITHIN: Duration = Duration::from_millis(250);

/// Waits until the session's first hook has claimed a name for it.
fn await_claim(home: &Home, own: impl Fn() -> Option<Mailbox>) -> Result<Mailbox, Failure> {
    let (watch, mut sessions) = (Watch::by_beat(), Glance::at(home.subdir("sessions")?));
    loop {
        if sessions.finds_change()
            && let Some(mailbox) = own()
        {
            return Ok(mailbox);
        }
        watch.sleep(CLAIMED_WITHIN);
    }
}

/// Prints what happens, as long as `goes_on` says so and somebody reads it.
fn follow(
    feed: &mut Feed,
    reader: &Reader,
    mut goes_on: impl FnMut(&Feed) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    print(report::json::ready(feed, Timestamp::now()))?;
    while goes_on(feed)? {
        for event in feed.next(BEAT) {
            let mut line = report::json::event(&event);
            if let Event::Sent(found) = &event
                && !reader.may_read(found)
            {
                line["firstLine"] = Value::Null;
            }
            print(line)?;
        }
    }
    Ok(())
}

/// Prints one line at once; a reader that has gone away ends the watch, and is no failure.
fn print(value: Value) -> Result<(), Failure> {
    match printing::print_surely(&Shown::json(value)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(Code::Failed, format!("could not print: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Ends this process when nobody reads what it prints any more, also while there is nothing to print. Where the system
/// does not tell, the next line will.
pub(super) fn end_with_reader() {
    #[cfg(unix)]
    let waiting = crate::threads::start("reader", || {
        use rustix::{
            event::{PollFd, PollFlags, poll},
            io::Errno,
        };
        let out = io::stdout();
        loop {
            let mut handle = [PollFd::new(&out, PollFlags::empty())];
            match poll(&mut handle, None) {
                Ok(_) if handle[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => std::process::exit(0),
                Err(Errno::INTR) => {}
                _ => return,
            }
        }
    });
    #[cfg(unix)]
    drop(waiting); // without it the next line will tell
}

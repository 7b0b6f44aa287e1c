//! `cc2cc send`: from words, a file or a pipe to a letter.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{ValueEnum, ValueHint};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{caller, completions, ids, printing, shown::Shown};
use crate::{
    agent::{
        policy::Config,
        send::{self, Draft, Fate, Sender, Sent},
    },
    failure::{Code, Failure},
    mailbox::{
        Mailbox, State,
        home::Home,
        letter::{Kind, Letter, LetterId, Priority, TEXT_LIMIT_BYTES},
        name::AgentName,
        receipt::{Receipt, Step},
        watch::Watch,
    },
    output, report,
};

/// Write a letter to a session
#[derive(clap::Args)]
pub struct Args {
    /// A name, @all, @repo or @dir; several with commas between
    #[arg(add = completions::addresses())]
    to: String,
    /// The text; `-` reads it from standard input
    #[arg(required_unless_present = "file")]
    text: Vec<String>,
    /// Read the text from a file
    #[arg(long, value_name = "FILE", conflicts_with = "text", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// The letter this one answers
    #[arg(long, value_parser = ids::letter_id, value_name = "ID")]
    reply_to: Option<LetterId>,
    /// What the letter is for
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<KindArg>,
    /// Low does not wake the session, high goes in first
    #[arg(long, value_enum, default_value = "normal", value_name = "PRIORITY")]
    priority: PriorityArg,
    /// Do not deliver it later than this (90s, 10m, 2h, 1d)
    #[arg(long, value_parser = duration, allow_hyphen_values = true, value_name = "TIME")]
    ttl: Option<Duration>,
    /// Your own id for the letter: sending it again stores it once
    #[arg(long, value_parser = ids::letter_id, value_name = "KEY")]
    id: Option<LetterId>,
    /// Wait this long for an answer and print it
    #[arg(long, value_parser = duration, allow_hyphen_values = true, value_name = "TIME")]
    wait_reply: Option<Duration>,
    /// With --wait-reply: only a letter that says which one it answers counts as an answer
    #[arg(long, requires = "wait_reply")]
    strict: bool,
    /// With @all, @repo or @dir: also agents that are away
    #[arg(long)]
    offline_too: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindArg {
    Message,
    Task,
    Response,
    Status,
}

#[derive(Clone, Copy, ValueEnum)]
enum PriorityArg {
    Low,
    Normal,
    High,
}

pub fn run(home: &Home, args: Args) -> Result<ExitCode, Failure> {
    let sender = caller::sender(home)?;
    let draft = Draft {
        text: text(&args)?,
        kind: args.kind.map(|kind| match kind {
            KindArg::Message => Kind::Message,
            KindArg::Task => Kind::Task,
            KindArg::Response => Kind::Response,
            KindArg::Status => Kind::Status,
        }),
        priority: match args.priority {
            PriorityArg::Low => Priority::Low,
            PriorityArg::Normal => Priority::Normal,
            PriorityArg::High => Priority::High,
        },
        reply_to: args.reply_to.as_ref().map(|id| ids::any(home, id)).transpose()?,
        ttl_seconds: args.ttl.map(|ttl| ttl.as_secs()),
        id: args.id,
        offline_too: args.offline_too,
    };
    let to = args.to.parse()?;
    check_for_a_second_name(home, &args.to, &args.text)?;
    if args.wait_reply.is_some() {
        printing::check_output()?;
    }
    // An answer may come before we look, so its mailbox must be watched from before the letter goes.
    let waiting = args.wait_reply.map(|_| caller::mailbox(home, None)).transpose()?;
    let sent_at = Timestamp::now();
    let sent = send::send(home, &sender, &to, &draft, sent_at)?;
    let warning = warning(home);
    if args.json {
        let mut said = json!({ "sent": sent.iter().map(report::json::sent).collect::<Vec<_>>() });
        if let Some(warning) = &warning {
            said["warning"] = warning.as_str().into();
        }
        printing::print(said);
    } else {
        let now = Timestamp::now();
        printing::print(sent.iter().map(|sent| report::text::sent(sent, now) + "\n").collect::<String>());
    }
    if let Some(warning) = warning {
        output::complain(&format!("cc2cc: warning: {warning}\n"));
    }
    if let Some(code) = worst(&sent) {
        return Ok(ExitCode::from(code as u8));
    }
    match (args.wait_reply, waiting) {
        (Some(longest), Some(mailbox)) => {
            let asked = sent.iter().map(|sent| Asked { id: sent.id.clone(), name: sent.to.clone() }).collect();
            Question { mailbox, asked, since: sent_at, strict: args.strict, json: args.json }
                .await_answers(longest, &sender)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Asks what is meant when the text begins with a name, as if it were another recipient.
///
/// # Errors
/// When the first of several words is an agent's name.
fn check_for_a_second_name(home: &Home, to: &str, words: &[String]) -> Result<(), Failure> {
    let [first, second, ..] = words else { return Ok(()) };
    let is_agent = first.parse::<AgentName>().is_ok_and(|name| home.mailbox(&name).is_some());
    if !is_agent && first.parse() != Ok(AgentName::user()) && !matches!(first.as_str(), "@all" | "@repo" | "@dir") {
        return Ok(());
    }
    let hint = format!(
        "`cc2cc send {to},{first} \"{second} …\"` writes to both, `cc2cc send {to} \"{first} {second} …\"` to one"
    );
    Err(Failure::new(Code::Usage, format!("is {first} a recipient, too, or does the text begin with that?")).hint(hint))
}

/// Why letters wait although they are stored. What the person sends is not judged when it goes out, but nothing is delivered
/// by a configuration that cannot be read.
fn warning(home: &Home) -> Option<String> {
    let error = Config::load(home).err()?;
    Some(format!("{error}; the letter is stored, and delivered when that is fixed"))
}

/// The exit code of what did not simply go out: a failure before what waits for a person.
fn worst(sent: &[Sent]) -> Option<Code> {
    let any = |test: fn(&Fate) -> bool| sent.iter().any(|sent| test(&sent.fate));
    if any(|fate| matches!(fate, Fate::Failed(_))) {
        Some(Code::Failed)
    } else if any(|fate| matches!(fate, Fate::Held(_) | Fate::Refused(_) | Fate::Already(State::Held))) {
        Some(Code::Held)
    } else {
        None
    }
}

fn text(args: &Args) -> Result<String, Failure> {
    let bytes = match (&args.file, args.text.as_slice()) {
        (Some(path), _) => File::open(path).and_then(read_text).map_err(|error| {
            Failure::new(Code::Failed, format!("could not read {}: {error}", path.display()))
                .hint("`-` in place of the text reads standard input")
        })?,
        (None, [dash]) if dash == "-" => read_text(io::stdin())
            .map_err(|error| Failure::new(Code::Failed, format!("could not read standard input: {error}")))?,
        (None, words) => return Ok(words.join(" ")),
    };
    if bytes.len() > TEXT_LIMIT_BYTES {
        return Err(send::SendError::TooLong(bytes.len()).into()); // cut off, perhaps in the middle of a character
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(Code::Usage, "the text is not UTF-8"))
}

/// A little more than a letter holds, however much there is.
fn read_text(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(TEXT_LIMIT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A time with a unit, as in `90s`, `10m`, `2h`, `1d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok());
    let time = match days {
        Some(days) => days.checked_mul(24 * 60 * 60).map(Duration::from_secs),
        None => text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok()),
    };
    time.filter(|time| *time >= Duration::from_secs(1))
        .ok_or_else(|| "a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d".to_owned())
}

/// One of those who were asked.
struct Asked {
    id: LetterId,
    name: AgentName,
}

/// A question that was sent, and waits for an answer of everyone asked.
struct Question {
    mailbox: Mailbox,
    asked: Vec<Asked>,
    since: Timestamp,
    strict: bool,
    json: bool,
}

impl Question {
    /// Waits for the answers, wherever a delivery in the session may have put them meanwhile, and prints each as it comes.
    fn await_answers(mut self, longest: Duration, me: &Sender) -> Result<ExitCode, Failure> {
        let inbox = self.mailbox.dir(State::Inbox);
        let watch = Watch::over([inbox.as_path()]);
        let deadline = Instant::now() + longest;
        if io::stderr().is_terminal() {
            output::complain(&format!("waiting for {}\n", self.missing()));
        }
        let mut taken = Vec::new();
        loop {
            while let Some((state, reply, whose)) = self.answer(&taken)? {
                self.show(state, &reply)?;
                taken.push(reply.id);
                self.asked.remove(whose);
                if self.asked.is_empty() {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let failure = Failure::new(Code::TimedOut, format!("no answer from {} in this time", self.missing()));
                return Err(failure.hint(format!("it will come to {}'s inbox all the same", me.name)));
            }
            watch.sleep(left);
        }
    }

    fn missing(&self) -> String {
        let names: Vec<&str> = self.asked.iter().map(|asked| asked.name.as_str()).collect();
        names.join(", ")
    }

    fn show(&self, state: State, reply: &Letter) -> Result<(), Failure> {
        let shown = if self.json {
            Shown::json(json!({ "reply": reply }))
        } else {
            report::text::letter(State::Done, reply, Timestamp::now()).into()
        };
        printing::print_surely(&shown).map_err(|error| {
            Failure::new(Code::Failed, format!("could not print the answer {}, it waits on: {error}", reply.id.short()))
        })?;
        if state == State::Inbox {
            self.mailbox.finish(&reply.id, state, Some(&Receipt::now(Step::Seen)))?;
        }
        Ok(())
    }

    /// An answer that was not taken yet, and whose it is.
    fn answer(&self, taken: &[LetterId]) -> Result<Option<(State, Letter, usize)>, Failure> {
        let now = Timestamp::now();
        for state in [State::Inbox, State::Claimed, State::Done] {
            for id in self.mailbox.ids(state)?.into_iter().filter(|id| !taken.contains(id)) {
                let Ok(letter) = self.mailbox.read(state, &id) else { continue };
                if state == State::Inbox && letter.lapsed(now) {
                    continue;
                }
                if let Some(whose) = self.answered_by(&letter) {
                    return Ok(Some((state, letter, whose)));
                }
            }
        }
        Ok(None)
    }

    /// Who of those asked answers with this letter. A model may forget to say which letter it answers.
    fn answered_by(&self, letter: &Letter) -> Option<usize> {
        if letter.kind == Kind::Status {
            return None;
        }
        let is_by = |asked: &Asked| asked.name == letter.from;
        match &letter.reply_to {
            Some(id) => {
                let of_id = |asked: &Asked| asked.id == *id;
                let by_sender = self.asked.iter().position(|asked| of_id(asked) && is_by(asked));
                // Who was renamed meanwhile answers under another name.
                by_sender.or_else(|| self.asked.iter().position(of_id).filter(|_| self.asked.len() == 1))
            }
            None if !self.strict && letter.timestamp >= self.since => self.asked.iter().position(is_by),
            None => None,
        }
    }
}

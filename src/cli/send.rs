//! `cc2cc send`: from words, a file or a pipe to a letter.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{ValueEnum, ValueHint};
use jiff::Timestamp;
use serde_json::json;

use super::{answers, caller, completions, ids, printing};
use crate::{
    agent::{
        policy::Config,
        question::{Question, Terms},
        send::{self, Draft, Fate, Sent},
        send_error::SendError,
    },
    failure::{Code, Failure},
    mailbox::{
        State,
        home::Home,
        letter::{Kind, LetterId, Priority, TEXT_LIMIT_BYTES},
        name::AgentName,
    },
    output, report,
    text::duration,
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
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
    ttl: Option<Duration>,
    /// Your own id for the letter: sending it again stores it once
    #[arg(long, value_parser = ids::letter_id, value_name = "KEY")]
    id: Option<LetterId>,
    /// Wait this long for an answer and print it
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
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
    let kind = args.kind.map(|kind| match kind {
        KindArg::Message => Kind::Message,
        KindArg::Task => Kind::Task,
        KindArg::Response => Kind::Response,
        KindArg::Status => Kind::Status,
    });
    let draft = Draft {
        text: text(&args.text, args.file.as_deref())?,
        kind: kind.or_else(|| args.wait_reply.map(|_| Kind::Question)),
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
    check_for_a_second_name(home, "send", &args.to, &args.text)?;
    if args.wait_reply.is_some() {
        printing::check_output()?;
    }
    let sent_at = Timestamp::now();
    let sent = send::send(home, &sender, &to, &draft, sent_at)
        .map_err(|error| not_sent(error, &format!("send {}", args.to), &args.text, args.file.as_deref()))?;
    say(home, &sent, args.json);
    if let Some(code) = worst(&sent) {
        return Ok(ExitCode::from(code as u8));
    }
    let Some(longest) = args.wait_reply else { return Ok(ExitCode::SUCCESS) };
    let terms = if args.strict { Terms::Replies } else { Terms::Anything };
    let question = Question::new(home, caller::mailbox(home, None)?, &sent, terms, sent_at);
    answers::await_all(question, longest, args.json)
}

/// Says what became of each letter, and why they wait although they are stored.
pub fn say(home: &Home, sent: &[Sent], json: bool) {
    let warning = warning(home);
    if json {
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
}

/// Asks what is meant when the text begins with a name, as if it were another recipient.
///
/// # Errors
/// When the first of several words is an agent's name.
pub fn check_for_a_second_name(home: &Home, verb: &str, to: &str, words: &[String]) -> Result<(), Failure> {
    let [first, second, ..] = words else { return Ok(()) };
    let is_agent = first.parse::<AgentName>().is_ok_and(|name| home.mailbox(&name).is_some());
    if !is_agent && first.parse() != Ok(AgentName::user()) && !matches!(first.as_str(), "@all" | "@repo" | "@dir") {
        return Ok(());
    }
    let hint = format!(
        "`cc2cc {verb} {to},{first} \"{second} …\"` writes to both, `cc2cc {verb} {to} \"{first} {second} …\"` to one"
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
pub fn worst(sent: &[Sent]) -> Option<Code> {
    let any = |test: fn(&Fate) -> bool| sent.iter().any(|sent| test(&sent.fate));
    if any(|fate| matches!(fate, Fate::Failed(_))) {
        Some(Code::Failed)
    } else if any(|fate| matches!(fate, Fate::Held(_) | Fate::Refused(_) | Fate::Already(State::Held))) {
        Some(Code::Held)
    } else {
        None
    }
}

/// The text of a letter: of a file, of standard input, or the words as they are.
///
/// # Errors
/// When it cannot be read, is too long, or is no text.
pub fn text(words: &[String], file: Option<&Path>) -> Result<String, Failure> {
    let bytes = match (file, words) {
        (Some(path), _) => File::open(path).and_then(read_text).map_err(|error| {
            Failure::new(Code::Failed, format!("could not read {}: {error}", path.display()))
                .hint("name a file that can be read, or `-` in place of the text to read standard input")
        })?,
        (None, [dash]) if dash == "-" => read_text(io::stdin())
            .map_err(|error| Failure::new(Code::Failed, format!("could not read standard input: {error}")))?,
        (None, words) => return Ok(words.join(" ")),
    };
    if bytes.len() > TEXT_LIMIT_BYTES {
        return Err(SendError::TooLong.into()); // cut off, perhaps in the middle of a character
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(Code::Usage, "the text is not UTF-8")
            .hint("send the path of the file, as in `cc2cc send NAME \"look at FILE\"`")
    })
}

/// Why nothing was sent. That there is no text has a way out that depends on where it was to come from; `command` is the verb
/// with its recipient.
pub fn not_sent(error: SendError, command: &str, words: &[String], file: Option<&Path>) -> Failure {
    let is_empty = matches!(error, SendError::Empty);
    let failure = Failure::from(error);
    if is_empty { failure.hint(way_to_a_text(command, words, file)) } else { failure }
}

fn way_to_a_text(command: &str, words: &[String], file: Option<&Path>) -> String {
    match (file, words) {
        (Some(file), _) => {
            format!(
                "there is nothing in {}; `cc2cc {command} \"please run the tests\"` has the text itself",
                file.display()
            )
        }
        (None, [dash]) if dash == "-" => {
            format!("nothing came in on standard input; `git diff | cc2cc {command} -` sends what a command prints")
        }
        (None, _) => format!("`cc2cc {command} \"please run the tests\"`, or `-` for the text to read standard input"),
    }
}

/// A little more than a letter holds, however much there is.
fn read_text(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(TEXT_LIMIT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

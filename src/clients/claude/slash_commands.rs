//! Commands a person types into a session, answered at once and without the model: `/cc2cc:send` and its like by the
//! hook, `/send`, `/inbox` and `/who` by the mod. Both say the same.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::hooks::answer::Answer;
use crate::{
    agent::{
        decisions, directory,
        history::{self, Filter},
        past,
        send::{self, Draft},
        sender::Sender,
        status::Found,
        which,
    },
    failure::{Code, Failure},
    mailbox::{
        Mailbox, Moved, State,
        home::Home,
        letter::{Letter, LetterId},
        receipt::{Receipt, Step},
    },
    report::text,
    text::terminal::one_line,
};

/// How many letters a person is shown at a time.
const SHOWN: usize = 20;
/// How many of those they have sent, of the newest that there are of all.
const SHOWN_SENT: usize = 10;
const LOOKED_AT: usize = 500;

/// How much a person is shown of what they have sent.
const QUOTED_LINES: usize = 8;
const QUOTED_CHARS: usize = 200;

/// Who answers a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// The hook; what it says is for the person alone.
    Hook,
    /// The mod. Its answer is for the person as well, but a client might send it to the model all the same, so it
    /// leaves out the text of what is held.
    Mod,
}

impl Through {
    fn slash(self) -> &'static str {
        match self {
            Self::Hook => "/cc2cc:",
            Self::Mod => "/",
        }
    }
}

/// The command of ours in a prompt, without its slash; `None` when the prompt is something else.
#[must_use]
pub fn command(prompt: &str) -> Option<&str> {
    prompt.trim().strip_prefix(Through::Hook.slash())
}

/// The answer to a command that a person typed; `None` when there is none of this name.
#[must_use]
pub fn answer(home: &Home, mailbox: &Mailbox, command: &str) -> Option<Answer> {
    let (verb, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let outcome = match verb {
        "send" => send(home, mailbox, rest, None, Through::Hook),
        "accept" => {
            let (always, rest) = is_always(rest);
            let decided = |id| if always { accept_always(home, mailbox, &id) } else { accept(home, mailbox, &id) };
            letter_id(mailbox, rest, Through::Hook)
                .and_then(|id| Ok(format!("{}: {}", decided(id.clone())?, id.short())))
        }
        "refuse" => letter_id(mailbox, rest, Through::Hook)
            .and_then(|id| Ok(format!("{}: {}", refuse(home, mailbox, &id)?, id.short()))),
        "inbox" => inbox(home, mailbox, Through::Hook),
        "who" => who(home, mailbox),
        _ => return None,
    };
    let reason = outcome.unwrap_or_else(|failure| format!("cc2cc: {failure}"));
    Some(Answer { block: Some(reason.trim_end().to_owned()), ..Answer::default() })
}

/// The letter that is meant.
///
/// # Errors
/// When none is named, or what is named is no id.
pub fn letter_id(mailbox: &Mailbox, words: &str, through: Through) -> Result<LetterId, Failure> {
    match words.trim() {
        "" => {
            let hint = format!("`{}inbox` shows what is held", through.slash());
            Err(Failure::new(Code::Usage, "say which letter, by its id").hint(hint))
        }
        id => Ok(which::letter(std::slice::from_ref(mailbox), &[State::Held], id)?),
    }
}

/// Sends a letter from a session by its person's hand: an address, white space, the text. The answer holds what was sent: a
/// client shows the command alone, or nothing of it.
///
/// # Errors
/// Without both, and when nothing could be sent.
pub fn send(
    home: &Home,
    mailbox: &Mailbox,
    words: &str,
    reply_to: Option<LetterId>,
    through: Through,
) -> Result<String, Failure> {
    let Some((to, body)) = words.trim().split_once(char::is_whitespace) else {
        let hint = format!("{}send calm-owl please run the tests", through.slash());
        return Err(Failure::new(Code::Usage, "say to whom and what").hint(hint));
    };
    let draft = Draft { text: body.trim().to_owned(), reply_to, ..Draft::default() };
    let sender = Sender::agent(mailbox).by_hand();
    let sent = send::send(home, &sender, &to.parse()?, &draft, Timestamp::now())?;
    let now = Timestamp::now();
    Ok(sent.iter().map(|sent| text::sent(sent, now)).chain(quoted(&draft.text, through)).collect::<Vec<_>>().join("\n"))
}

/// The first lines of a text, set apart from what is said of it. A client draws the mod's answer as Markdown, in which an empty
/// line and four spaces keep the marks in a text as they are.
fn quoted(text: &str, through: Through) -> Vec<String> {
    let indent = if through == Through::Mod { "    " } else { "  " };
    let line = |line: &str| {
        let begin: String = line.chars().take(QUOTED_CHARS).collect();
        let more = if begin.len() < line.len() { "…" } else { "" };
        format!("{indent}{}{more}", one_line(&begin)).trim_end().to_owned()
    };
    let mut lines = Vec::from_iter((through == Through::Mod).then(String::new));
    lines.extend(text.lines().take(QUOTED_LINES).map(line));
    lines.extend((text.lines().count() > QUOTED_LINES).then(|| format!("{indent}…")));
    lines
}

/// Lets a letter that is held for this session go on.
///
/// # Errors
/// When no such letter is held here.
pub fn accept(home: &Home, mailbox: &Mailbox, id: &LetterId) -> Result<&'static str, Failure> {
    decide(mailbox, id, |id| Ok(decisions::accept(home, id)?))?;
    Ok("accepted")
}

/// As [`accept`], and lets whatever this sender writes to this session through from now on.
///
/// # Errors
/// When no such letter is held here, or the rules cannot be written.
pub fn accept_always(home: &Home, mailbox: &Mailbox, id: &LetterId) -> Result<&'static str, Failure> {
    decide(mailbox, id, |id| Ok(decisions::accept_always(home, id)?))?;
    Ok("accepted, and so is what its sender writes from now on")
}

/// Whether a decision is to stand, and the words without that one.
#[must_use]
pub fn is_always(words: &str) -> (bool, &str) {
    let words = words.trim();
    let rest = words.strip_prefix("--always").or_else(|| words.strip_suffix("--always"));
    (rest.is_some(), rest.unwrap_or(words))
}

/// Refuses a letter that is held for this session.
///
/// # Errors
/// When no such letter is held here.
pub fn refuse(home: &Home, mailbox: &Mailbox, id: &LetterId) -> Result<&'static str, Failure> {
    decide(mailbox, id, |id| Ok(decisions::refuse(home, id, "the person did not want it", Timestamp::now())?))?;
    Ok("refused, and its sender is told")
}

/// The person's word on a held letter of this session.
fn decide(
    mailbox: &Mailbox,
    id: &LetterId,
    decision: impl FnOnce(&LetterId) -> Result<Vec<Found>, Failure>,
) -> Result<Vec<Found>, Failure> {
    if mailbox.state_of(id) != Some(State::Held) {
        return Err(Failure::new(Code::NotFound, format!("no letter `{id}` is held for {}", mailbox.name()))
            .hint("`/cc2cc:inbox` shows what is held"));
    }
    decision(id)
}

/// Marks a waiting letter as read by the person; the model is not given it any more.
///
/// # Errors
/// When no such letter waits here.
pub fn done(mailbox: &Mailbox, id: &LetterId) -> Result<&'static str, Failure> {
    let note = Receipt::now(Step::Seen).why("the person read it");
    match mailbox.finish(id, State::Inbox, Some(&note))? {
        Moved::Mine => Ok("marked as read"),
        Moved::Gone => Err(Failure::new(Code::NotFound, format!("no letter `{id}` waits for {}", mailbox.name()))
            .hint("`/cc2cc:inbox` shows what does")),
    }
}

/// What a session has sent of late, the newest first, a copy for each recipient.
///
/// # Errors
/// When the home cannot be listed.
pub fn sent(home: &Home, mailbox: &Mailbox) -> Result<Vec<Found>, Failure> {
    let (mut letters, _) = past::page(home, None, LOOKED_AT)?;
    letters.retain(|found| found.letter.from == *mailbox.name());
    letters.sort_by_key(|found| Reverse(found.letter.timestamp));
    letters.truncate(SHOWN_SENT);
    Ok(letters)
}

/// What a session's mailbox holds of letters: twenty, the newest first, after whatever is held.
///
/// # Errors
/// When the mailbox cannot be listed.
pub fn newest(mailbox: &Mailbox) -> Result<Vec<(State, Letter)>, Failure> {
    let mut letters = Vec::new();
    for state in [State::Inbox, State::Claimed, State::Held, State::Done] {
        letters.extend(mailbox.letters(state)?.into_iter().map(|letter| (state, letter)));
    }
    letters.sort_by_key(|(state, letter)| (*state != State::Held, Reverse(letter.timestamp)));
    let mut place = 0..;
    letters.retain(|(state, _)| *state == State::Held || place.next() < Some(SHOWN));
    Ok(letters)
}

/// The newest letters as a table, and what was sent with its state. The text of what is held is left out where the model may
/// read it.
///
/// # Errors
/// As [`newest`].
pub fn inbox(home: &Home, mailbox: &Mailbox, through: Through) -> Result<String, Failure> {
    let now = Timestamp::now();
    let mut letters = newest(mailbox)?;
    let came = match letters.len() {
        0 => format!("no letters for {} yet\n", mailbox.name()),
        _ => format!("the newest letters for {}\n", mailbox.name()),
    };
    if through == Through::Mod {
        for (_, letter) in letters.iter_mut().filter(|(state, _)| *state == State::Held) {
            "(`cc2cc read` in a terminal shows it)".clone_into(&mut letter.content.text);
        }
    }
    let filter = Filter { from: Some(mailbox.name().clone()), ..Filter::default() };
    let mut sent = history::newest(home, &filter, SHOWN)?;
    sent.reverse();
    let went =
        if sent.is_empty() { String::new() } else { "and what it sent\n".to_owned() + &text::on_the_way(&sent, now) };
    Ok(came + &text::letters(&letters, now) + &went)
}

/// The session's name and who is online.
///
/// # Errors
/// When the home cannot be listed.
pub fn who(home: &Home, mailbox: &Mailbox) -> Result<String, Failure> {
    let mut agents = directory::list(home)?;
    agents.retain(directory::Listed::is_online);
    let table = text::agents(&agents, Some(mailbox.name().as_str()), Timestamp::now());
    Ok(format!("you are {}\n{table}", mailbox.name()))
}

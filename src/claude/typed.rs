//! Commands a person types into a session, answered at once and without the model: `/cc2cc:send`, `/cc2cc:inbox`,
//! `/cc2cc:who`, `/cc2cc:accept`, `/cc2cc:refuse`.

use jiff::Timestamp;

use super::hook::Answer;
use crate::{
    agent::{
        directory, holding,
        post::{self, Draft, Sender},
        status::Found,
    },
    failure::{Code, Failure},
    mailbox::{Mailbox, State, home::Home, letter::LetterId},
    report::text,
};

/// The answer to a typed command of ours; `None` when the prompt is something else.
#[must_use]
pub fn answer(home: &Home, mailbox: &Mailbox, prompt: &str) -> Option<Answer> {
    let command = prompt.trim().strip_prefix("/cc2cc:")?;
    let (verb, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let outcome = match verb {
        "send" => send(home, mailbox, rest.trim()),
        "accept" => decide(mailbox, rest.trim(), "accepted", |id| Ok(holding::accept(home, id)?)),
        "refuse" => decide(mailbox, rest.trim(), "refused, and its sender is told", |id| {
            Ok(holding::refuse(home, id, "the person did not want it", Timestamp::now())?)
        }),
        "inbox" => inbox(mailbox),
        "who" => who(home, mailbox),
        _ => return None,
    };
    let reason = outcome.unwrap_or_else(|failure| format!("cc2cc: {failure}"));
    Some(Answer { block: Some(reason.trim_end().to_owned()), ..Answer::default() })
}

fn send(home: &Home, mailbox: &Mailbox, words: &str) -> Result<String, Failure> {
    let Some((to, body)) = words.split_once(char::is_whitespace) else {
        return Err(Failure::new(Code::Usage, "say to whom and what").hint("/cc2cc:send calm-owl please run the tests"));
    };
    let draft = Draft { text: body.trim().to_owned(), ..Draft::default() };
    let sender = Sender::agent(mailbox).by_hand();
    let sent = post::send(home, &sender, &to.parse()?, &draft, Timestamp::now())?;
    Ok(sent.iter().map(text::sent).collect::<Vec<_>>().join("\n"))
}

/// The person's word on a held letter of this session.
fn decide(
    mailbox: &Mailbox,
    id: &str,
    outcome: &str,
    decision: impl FnOnce(&LetterId) -> Result<Vec<Found>, Failure>,
) -> Result<String, Failure> {
    let id: LetterId = id.parse()?;
    if mailbox.state_of(&id) != Some(State::Held) {
        return Err(Failure::new(Code::NotFound, format!("no letter `{id}` is held for {}", mailbox.name())));
    }
    decision(&id)?;
    Ok(format!("{outcome}: {id}"))
}

fn inbox(mailbox: &Mailbox) -> Result<String, Failure> {
    let mut letters = Vec::new();
    for state in [State::Inbox, State::Claimed, State::Held, State::Done] {
        letters.extend(mailbox.letters(state)?.into_iter().map(|letter| (state, letter)));
    }
    letters.sort_by_key(|(_, letter)| std::cmp::Reverse(letter.timestamp));
    letters.truncate(20);
    if letters.is_empty() {
        return Ok(format!("no letters for {} yet", mailbox.name()));
    }
    Ok(format!("the newest letters for {}\n{}", mailbox.name(), text::letters(&letters, Timestamp::now())))
}

fn who(home: &Home, mailbox: &Mailbox) -> Result<String, Failure> {
    let mut agents = directory::list(home)?;
    agents.retain(|agent| agent.online);
    let table = text::agents(&agents, Some(mailbox.name().as_str()), Timestamp::now());
    Ok(format!("you are {}\n{table}", mailbox.name()))
}

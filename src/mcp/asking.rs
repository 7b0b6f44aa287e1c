//! The tool `ask`: a question, and the call that waits for the answers. It waits on a thread of its own, so that the server
//! answers other calls meanwhile; the client hears now and then that it waits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolResult, ContentBlock, ProgressNotificationParam},
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::sync::{
    mpsc::{self, UnboundedSender},
    watch,
};

use super::arguments::Ask;
use crate::{
    agent::{
        question::{LONGEST, Question, Reaction, Terms, WITHIN},
        send::{self, Draft},
        sender::Sender,
    },
    clients::claude::asking,
    failure::{Code, Failure},
    mailbox::{Mailbox, State, home::Home, letter::Kind, lock::Lock, log, name::AgentName, watch::Watch},
    report::json as report,
    text::duration,
    threads,
};

/// How often the client hears that the call waits.
const HEARD_EVERY: Duration = Duration::from_secs(5);

/// Whoever asks.
pub struct Asker {
    pub home: Home,
    pub me: Mailbox,
    pub is_subagent: bool,
}

/// What the thread that waits says to the call.
enum Word {
    Waiting { seconds: f64, whom: String },
    Over(Result<CallToolResult, Failure>),
}

/// As long as there is a lock, the call waits, and may claim letters.
type Place = Arc<Mutex<Option<Lock>>>;

/// Asks, and waits until there is something to say. A call that the client has cancelled, or whose client has gone, claims
/// nothing any more: what comes then is an ordinary letter.
pub async fn ask(
    asker: Asker,
    arguments: Ask,
    context: RequestContext<RoleServer>,
    mut gone: watch::Receiver<bool>,
) -> Result<Result<CallToolResult, Failure>, ErrorData> {
    let broken = |why: String| ErrorData::internal_error(why, None);
    let within = match within(arguments.within.as_deref()) {
        Ok(within) => within,
        Err(failure) => return Ok(Err(failure)),
    };
    let place = Place::default();
    let (say, mut said) = mpsc::unbounded_channel();
    let of_thread = Arc::clone(&place);
    let waits = move || {
        let over = threads::guarded(|| wait(&asker, &arguments, within, &of_thread, &say));
        *of_thread.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = say.send(Word::Over(over.unwrap_or_else(|why| Err(Failure::new(Code::Failed, why)))));
    };
    threads::start("ask", waits).map_err(|error| broken(error.to_string()))?;
    let token = context.meta.get_progress_token();
    loop {
        tokio::select! {
            word = said.recv() => match word {
                Some(Word::Over(over)) => return Ok(over),
                Some(Word::Waiting { seconds, whom }) => if let Some(token) = token.clone() {
                    let mut progress = ProgressNotificationParam::new(token, seconds);
                    progress.total = Some(within.as_secs_f64());
                    progress.message = Some(format!("waiting for {whom}"));
                    let _ = context.peer.notify_progress(progress).await; // it is for those who care
                },
                None => return Err(broken("nobody waits any more".to_owned())),
            },
            () = context.ct.cancelled() => break,
            () = has_gone(&mut gone) => break,
        }
    }
    *place.lock().unwrap_or_else(PoisonError::into_inner) = None;
    Err(broken("the call was cancelled".to_owned()))
}

async fn has_gone(gone: &mut watch::Receiver<bool>) {
    let _ = gone.wait_for(|gone| *gone).await; // who said so may have ended with it
}

/// How long to wait, as far as the client lets a call wait.
fn within(text: Option<&str>) -> Result<Duration, Failure> {
    let within = text.map(duration::parse).transpose().map_err(|why| Failure::new(Code::Usage, why))?;
    let within = within.unwrap_or(WITHIN);
    if within > LONGEST {
        return Err(Failure::new(Code::Usage, "an answer is awaited for at most 10m")
            .hint("the question stays: a later answer arrives by itself"));
    }
    Ok(asking::longest().map_or(within, |longest| within.min(longest)))
}

fn wait(
    asker: &Asker,
    arguments: &Ask,
    within: Duration,
    place: &Place,
    say: &UnboundedSender<Word>,
) -> Result<CallToolResult, Failure> {
    let Asker { home, me, is_subagent } = asker;
    if *is_subagent {
        return Err(Failure::new(Code::Failed, "a subagent cannot wait for an answer: it would come to its session")
            .hint("`send` writes a letter"));
    }
    let lock = asking::begin(me)?;
    let taken = lock.is_some();
    *place.lock().unwrap_or_else(PoisonError::into_inner) = lock;
    if !taken {
        return Err(Failure::new(Code::Failed, "another `ask` of this session waits already")
            .hint("one `ask` reaches several: `to` takes a,b"));
    }
    let started = Instant::now();
    let now = Timestamp::now();
    let draft = Draft { text: arguments.text.clone(), kind: Some(Kind::Question), ..Draft::default() };
    let sent = send::send(home, &Sender::agent(me), &arguments.to.parse()?, &draft, now)?;
    let mut question = Question::new(home, me.clone(), &sent, Terms::NextWord, now);
    let mut heard = started;
    loop {
        let inbox = question.mailbox().dir(State::Inbox);
        let watch = Watch::over([inbox.as_path()]);
        while !question.has_moved() {
            drop(check(place)?);
            question.look(Timestamp::now())?;
            let left = within.saturating_sub(started.elapsed());
            let is_over = question.awaited().next().is_none() || left.is_zero();
            if is_over || !question.asks_me().is_empty() {
                let mail = hand_out(home, &question, place)?;
                // A question that is held for the person, or was none of this call's, ends no wait.
                if is_over || mail.is_some() || asks_me_still(&mut question)? {
                    return Ok(result(&question, mail));
                }
            }
            if heard.elapsed() >= HEARD_EVERY || heard == started {
                heard = Instant::now();
                let whom: Vec<&str> = question.awaited().map(|asked| asked.name.as_str()).collect();
                let _ = say.send(Word::Waiting { seconds: started.elapsed().as_secs_f64(), whom: whom.join(", ") });
            }
            watch.sleep(left);
        }
    }
}

fn asks_me_still(question: &mut Question) -> Result<bool, Failure> {
    question.look(Timestamp::now())?;
    Ok(!question.asks_me().is_empty())
}

/// The place of a call that still waits.
fn check(place: &Place) -> Result<MutexGuard<'_, Option<Lock>>, Failure> {
    let place = place.lock().unwrap_or_else(PoisonError::into_inner);
    if place.is_some() { Ok(place) } else { Err(Failure::new(Code::Failed, "the call was cancelled")) }
}

/// The letters for the result, unless nobody waits for it any more. What cannot be delivered waits, and is logged.
fn hand_out(home: &Home, question: &Question, place: &Place) -> Result<Option<String>, Failure> {
    let _place = check(place)?;
    Ok(asking::hand_out(home, question.mailbox()).unwrap_or_else(|error| {
        log::line(home, &format!("ask: {error:#}"));
        None
    }))
}

/// What the model gets: what has come of the question with each, and the letters.
fn result(question: &Question, mail: Option<String>) -> CallToolResult {
    let now = Timestamp::now();
    let has = |id: &str| mail.as_ref().is_some_and(|mail| mail.contains(&format!("<letter id=\"{id}\"")));
    let asked: Vec<Value> = question
        .asked()
        .iter()
        .map(|asked| {
            let mut value = report::asked(asked, now);
            if let Reaction::Came(id) | Reaction::SomethingElse(id) = &asked.reaction
                && !has(id.as_str())
            {
                let is_held = question.mailbox().state_of(id) == Some(State::Held);
                value["why"] =
                    if is_held { "held until the person here accepts it" } else { "arrives by itself" }.into();
            }
            value
        })
        .collect();
    let mut said = json!({ "asked": asked });
    let askers: Vec<&str> = question.asks_me().iter().map(AgentName::as_str).collect();
    let mut note = Vec::new();
    if !askers.is_empty() {
        note.push(format!("{} asks you something: answer first.", askers.join(", ")));
    }
    if question.missing().next().is_some() {
        note.push("An answer that comes later arrives by itself.".to_owned());
    }
    if !note.is_empty() {
        said["note"] = note.join(" ").into();
    }
    let mut content = vec![ContentBlock::text(report::harmless(said).to_string())];
    content.extend(mail.map(ContentBlock::text));
    CallToolResult::success(content)
}

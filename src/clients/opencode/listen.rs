//! `cc2cc hook --client opencode listen`: the one process of ours beside an OpenCode. It lives as long as that, and so does
//! the presence of the sessions in it.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    panic,
    process::ExitCode,
    rc::Rc,
    time::Duration,
};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    host,
    plugin_link::{BEGIN, PluginLink, PluginWord},
    served::{Beginning, ServedSession},
    session::OpenCodeSession,
};
use crate::{
    agent::{Record, groups, host::command_line},
    clients::{
        calls::OF_SUBAGENT,
        claude::{
            background,
            host_process::{self, HOST_VARIABLE},
        },
    },
    mailbox::{home::Home, log, watch::BEAT},
    threads,
};

/// The one event that the plugin starts a process for.
pub const EVENT: &str = "listen";

/// Serves the sessions of the client that started this process, until it ends. Whatever goes wrong costs mail and nothing
/// else.
#[must_use]
pub fn run(event: &str) -> ExitCode {
    if event != EVENT {
        return ExitCode::SUCCESS;
    }
    panic::set_hook(Box::new(|_| {})); // the log line below says it
    host_process::end_with_parent();
    let complaint = match threads::guarded(listen) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => format!("{error:#}"),
        Err(broken) => broken,
    };
    if let Ok(home) = background::home() {
        log::line(&home, &format!("opencode: {complaint}"));
    }
    ExitCode::FAILURE
}

/// The client's words, and what was asked of it at its start.
struct CommandLine(Rc<[String]>);

impl CommandLine {
    fn of_client() -> Self {
        let pid = crate::agent::host::parent_of(std::process::id());
        Self(pid.map(command_line).unwrap_or_default().into())
    }

    fn options(&self) -> impl Iterator<Item = &str> {
        self.0.iter().skip(1).map(String::as_str).take_while(|word| *word != "--")
    }

    /// Whether the client answers one prompt and ends.
    fn is_one_shot(&self) -> bool {
        self.options().any(|word| word == "run")
    }

    /// The session that it goes on with, if its words name one.
    fn session(&self) -> Option<&str> {
        let joined = self.options().find_map(|word| word.strip_prefix("--session="));
        let mut words = self.options().skip_while(|word| !matches!(*word, "-s" | "--session"));
        joined.or_else(|| words.nth(1))
    }

    /// Whether it goes on with the last session.
    fn continues(&self) -> bool {
        self.options().any(|word| matches!(word, "-c" | "--continue"))
    }

    /// Whether it goes on with a copy.
    fn forks(&self) -> bool {
        self.options().any(|word| word == "--fork")
    }
}

fn listen() -> Result<()> {
    let words = CommandLine::of_client();
    if words.is_one_shot() {
        return Ok(());
    }
    let home = background::home()?;
    let link = Rc::new(RefCell::new(PluginLink::open()?));
    let mut listener = Listener {
        home,
        link,
        words,
        served: HashMap::new(),
        parents: HashMap::new(),
        has_named: false,
        goes_on: HashSet::new(),
    };
    loop {
        let waits = listener.served.values().map(ServedSession::waits).filter(|wait| !wait.is_zero()).min();
        let word = listener.link.borrow_mut().next(waits.unwrap_or(BEAT).min(BEAT));
        if listener.take(word)? == Goes::Ended {
            break;
        }
        // What came together is taken together; a full inbox raises many looks.
        while let Some(word) = { listener.link.borrow_mut().next(Duration::ZERO) } {
            if listener.take(Some(word))? == Goes::Ended {
                return Ok(());
            }
        }
        for served in listener.served.values_mut() {
            served.look();
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Goes {
    On,
    Ended,
}

struct Listener {
    home: Home,
    link: Rc<RefCell<PluginLink>>,
    words: CommandLine,
    served: HashMap<String, ServedSession>,
    /// The sessions that are subagents', and whose.
    parents: HashMap<String, String>,
    /// The calls by which it is asked for sessions that go on.
    goes_on: HashSet<u64>,
    /// Whether a session has been given the name that the person wants.
    has_named: bool,
}

impl Listener {
    fn take(&mut self, word: Option<PluginWord>) -> Result<Goes> {
        match word {
            None | Some(PluginWord::Look) => {}
            Some(PluginWord::End) => {
                self.served.drain().for_each(|(_, served)| served.end());
                return Ok(Goes::Ended);
            }
            Some(PluginWord::Event { name, data }) => {
                let taken = threads::guarded(|| self.event(&name, &data)).map_err(anyhow::Error::msg);
                self.complain(taken.and_then(|taken| taken));
            }
            Some(PluginWord::Outcome(outcome)) if self.goes_on.remove(&outcome.number) => {
                let told = outcome.answer.map_err(anyhow::Error::msg);
                let gone_on = told.and_then(|told| self.go_on(&told));
                self.complain(gone_on);
            }
            Some(PluginWord::Outcome(outcome)) => {
                let noted = self.served.values_mut().try_for_each(|served| served.session.note_outcome(&outcome));
                self.complain(noted.map_err(Into::into));
            }
            Some(PluginWord::Question { number, question, data }) => self.question(number, &question, &data)?,
        }
        Ok(Goes::On)
    }

    fn complain(&self, outcome: Result<()>) {
        if let Err(error) = outcome {
            log::line(&self.home, &format!("opencode: {error:#}"));
        }
    }

    fn event(&mut self, name: &str, data: &Value) -> Result<()> {
        let info = &data["info"];
        match name {
            BEGIN => return self.begin(data),
            "session.created" => return self.adopt(info, Beginning::New),
            "session.deleted" => {
                let served = info["id"].as_str().and_then(|id| self.served.remove(id));
                served.into_iter().for_each(ServedSession::end);
                return Ok(());
            }
            _ => {}
        }
        let told = ["sessionID", "session"].iter().find_map(|field| data[field].as_str()).or(info["id"].as_str());
        let Some(session) = told else { return Ok(()) };
        // A question of a subagent's is put to the person in its session.
        let is_dialog = name.starts_with("permission.") || name.starts_with("question.");
        let session = if is_dialog { self.root(session) } else { session.to_owned() };
        if name == "session.status" && data["status"]["type"] == "busy" || name == "wake" {
            self.adopt_known(&session)?;
        }
        let Some(served) = self.served.get_mut(&session) else { return Ok(()) };
        if name == "wake" {
            served.session.take_prompt(data);
        }
        served.note(name, data)
    }

    /// The plugin has started, or this process anew: there may be sessions already.
    fn begin(&mut self, data: &Value) -> Result<()> {
        let known = data["sessions"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let named = self.words.session().filter(|_| !self.words.forks());
        let mut link = self.link.borrow_mut();
        // The client answers once it has started.
        for session in known.chain(named) {
            self.goes_on.insert(link.call("session", &json!({ "session": session }))?);
        }
        if self.words.continues() && !self.words.forks() {
            self.goes_on.insert(link.call("sessions", &Value::Null)?);
        }
        Ok(())
    }

    /// Serves the session that goes on: the one that was told, or the last of several.
    fn go_on(&mut self, told: &Value) -> Result<()> {
        let Some(sessions) = told.as_array() else { return self.adopt(told, Beginning::Resumed) };
        let is_own = |info: &&Value| info["parentID"].is_null();
        let last = sessions.iter().filter(is_own).max_by_key(|info| info["time"]["updated"].as_i64());
        last.map_or(Ok(()), |last| self.adopt(last, Beginning::Resumed))
    }

    /// Serves a session of which only the id was told.
    fn adopt_known(&mut self, session: &str) -> Result<()> {
        if self.served.contains_key(session) || self.parents.contains_key(session) {
            return Ok(());
        }
        let info = self.look_up("session", &json!({ "session": session }));
        self.adopt(&info, Beginning::Resumed)
    }

    fn adopt(&mut self, info: &Value, beginning: Beginning) -> Result<()> {
        let Some(id) = info["id"].as_str() else { return Ok(()) };
        if let Some(parent) = info["parentID"].as_str() {
            self.parents.insert(id.to_owned(), parent.to_owned());
            return Ok(());
        }
        let Some(host) = host(id).filter(|_| !self.served.contains_key(id)) else { return Ok(()) };
        let mut session = OpenCodeSession::new(&self.link, &self.home, &self.words.0, id, host);
        session.take_info(info);
        // The variable is one, and sessions are many: the first has it.
        session.wanted = host_process::wanted_name().and_then(Result::ok).filter(|_| !self.has_named);
        self.has_named = true;
        let tell = self.link.borrow().teller();
        if let Some(served) = ServedSession::begin(session, &self.home, &tell, beginning)? {
            self.served.insert(id.to_owned(), served);
        }
        Ok(())
    }

    /// What the client says at once; nothing where it does not.
    fn look_up(&self, call: &str, data: &Value) -> Value {
        let answer = self.link.borrow_mut().look_up(call, data);
        answer.unwrap_or_else(|why| {
            log::line(&self.home, &format!("opencode: {call}: {why}"));
            Value::Null
        })
    }

    /// The session itself, or the one whose subagent it is.
    fn root(&self, session: &str) -> String {
        let mut at = session;
        for _ in 0..self.parents.len() {
            let Some(parent) = self.parents.get(at) else { break };
            at = parent;
        }
        at.to_owned()
    }

    /// Answers what the client waits for.
    ///
    /// # Errors
    /// When the client no longer reads.
    fn question(&mut self, number: u64, question: &str, data: &Value) -> Result<()> {
        let session = data["session"].as_str().unwrap_or_default();
        if question == "prompt" {
            return self.prompt(number, session, data);
        }
        let root = self.root(session);
        let served = self.served.get(&root);
        let answer = match question {
            "system" if root == session => served.map_or(Value::Null, |served| introduction(served).into()),
            "caller" if root == session => served.map_or(Value::Null, |_| root.into()),
            "caller" => served.map_or(Value::Null, |_| format!("{root}{OF_SUBAGENT}{session}").into()),
            "shell" => served.map_or(json!({}), |served| json!({ HOST_VARIABLE: served.session.host.as_str() })),
            _ => Value::Null,
        };
        Ok(self.link.borrow().answer(number, &answer)?)
    }

    /// A prompt is on its way; letters that wait go along.
    fn prompt(&mut self, number: u64, session: &str, data: &Value) -> Result<()> {
        let taken = threads::guarded(|| -> Result<_> {
            self.adopt_known(session)?;
            self.served.get_mut(session).map(|served| served.prompt(data)).transpose()
        });
        let taken = taken.map_err(anyhow::Error::msg).and_then(|taken| taken);
        let claimed = taken.unwrap_or_else(|error| {
            self.complain(Err(error));
            None
        });
        let part = claimed.as_ref().and_then(|(_, part)| part.clone());
        self.link.borrow().answer(number, &json!(part.into_iter().collect::<Vec<_>>()))?;
        if let (Some((delivery, _)), Some(served)) = (claimed, self.served.get(session)) {
            let noted = delivery.note_delivered(&served.mailbox);
            let shown = served.session.show_delivery(&served.mailbox, &delivery);
            self.complain(noted.and(shown).map_err(Into::into));
        }
        Ok(())
    }
}

/// What the model is told of itself.
fn introduction(served: &ServedSession) -> String {
    let name = served.mailbox.name();
    let is_in: Vec<String> = groups::of(&Record::of(&served.mailbox)).iter().map(ToString::to_string).collect();
    let member = if is_in.is_empty() { String::new() } else { format!(", in {}", is_in.join(", ")) };
    format!(
        "This session's name is {name}{member}. cc2cc carries letters between the coding sessions on this machine; they \
         arrive by themselves, in <cc2cc-mail>, which says whose words they are. The cc2cc_send tool writes to a session, \
         and answers a letter with reply_to; where there is no such tool, `cc2cc send NAME TEXT` in the shell does it, and \
         --reply-to ID."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> CommandLine {
        CommandLine(text.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn a_command_line_says_which_session_goes_on() {
        assert_eq!(line("opencode -s ses_1").session(), Some("ses_1"));
        assert_eq!(line("opencode --session=ses_2 --fork").session(), Some("ses_2"));
        assert_eq!(line("opencode -c").session(), None);
        assert!(line("opencode --continue").continues() && !line("opencode").continues());
        assert!(line("opencode -s ses_1 --fork").forks());
        assert!(line("opencode run hello").is_one_shot() && !line("opencode -- run").is_one_shot());
    }
}

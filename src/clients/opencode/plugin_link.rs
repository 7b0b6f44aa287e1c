//! The plugin inside OpenCode, as its child sees it: lines of JSON in both directions. The plugin tells what happens and
//! asks what it needs; this side answers, and asks for what only the client can do.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{mailbox::lenient, output, threads};

/// How long an answer of the client's may take, on a machine with too much to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// What comes from the plugin, or from a watch.
#[derive(Debug)]
pub enum PluginWord {
    /// Something happened.
    Event { name: String, data: Value },
    /// The client waits for an answer under this number.
    Question { number: u64, question: String, data: Value },
    /// What became of a call.
    Outcome(CallOutcome),
    /// Something may have changed in a mailbox.
    Look,
    /// The client has gone.
    End,
}

/// What became of a call of ours.
#[derive(Debug)]
pub struct CallOutcome {
    pub number: u64,
    pub answer: Result<Value, String>,
}

/// A line of the plugin's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PluginLine {
    begin: Option<Value>,
    event: Option<String>,
    ask: Option<u64>,
    question: String,
    result: Option<u64>,
    error: Option<String>,
    data: Value,
}

/// How an event is called by which a plugin introduces itself.
pub const BEGIN: &str = "begin";

/// The connection to the plugin.
#[derive(Debug)]
pub struct PluginLink {
    words: Receiver<PluginWord>,
    tell: Sender<PluginWord>,
    /// What came while a call was awaited.
    kept: VecDeque<PluginWord>,
    calls: u64,
}

impl PluginLink {
    /// Reads standard input from now on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open() -> io::Result<Self> {
        let (tell, words) = mpsc::channel();
        let told = tell.clone();
        threads::start("plugin", move || {
            let mut lines = io::stdin().lock();
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if let Some(word) = word(&line)
                    && told.send(word).is_err()
                {
                    return;
                }
                line.clear();
            }
            let _ = told.send(PluginWord::End);
        })?;
        Ok(Self { words, tell, kept: VecDeque::new(), calls: 0 })
    }

    /// Where to say that something may have changed.
    #[must_use]
    pub fn teller(&self) -> Sender<PluginWord> {
        self.tell.clone()
    }

    /// What comes next, waiting for it no longer than this.
    pub fn next(&mut self, longest: Duration) -> Option<PluginWord> {
        if let Some(word) = self.kept.pop_front() {
            return Some(word);
        }
        match self.words.recv_timeout(longest) {
            Ok(word) => Some(word),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(PluginWord::End),
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// When the client no longer reads.
    pub fn answer(&self, number: u64, answer: &Value) -> io::Result<()> {
        output::out(&format!("{}\n", json!({ "answer": number, "data": answer })))
    }

    /// Has the client do something; its outcome comes as a word with this number.
    ///
    /// # Errors
    /// When the client no longer reads.
    pub fn call(&mut self, call: &str, data: &Value) -> io::Result<u64> {
        self.calls += 1;
        output::out(&format!("{}\n", json!({ "call": call, "id": self.calls, "data": data })))?;
        Ok(self.calls)
    }

    /// Asks the client something that it knows at once. Whatever comes meanwhile is kept.
    ///
    /// # Errors
    /// What the client says, or that it says nothing.
    pub fn look_up(&mut self, call: &str, data: &Value) -> Result<Value, String> {
        let number = self.call(call, data).map_err(|error| error.to_string())?;
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.words.recv_timeout(give_up.saturating_duration_since(Instant::now())) {
                Ok(PluginWord::Outcome(outcome)) if outcome.number == number => return outcome.answer,
                Ok(word) => self.kept.push_back(word),
                Err(_) => return Err(format!("no answer to `{call}`")),
            }
        }
    }
}

/// What a line says; `None` for one that says nothing.
fn word(line: &[u8]) -> Option<PluginWord> {
    let line: PluginLine = lenient::from_slice(line).ok()?;
    let PluginLine { begin, event, ask, question, result, error, data } = line;
    if let Some(data) = begin {
        return Some(PluginWord::Event { name: BEGIN.to_owned(), data });
    }
    if let Some(name) = event {
        return Some(PluginWord::Event { name, data });
    }
    if let Some(number) = ask {
        return Some(PluginWord::Question { number, question, data });
    }
    let answer = error.map_or(Ok(data), Err);
    result.map(|number| PluginWord::Outcome(CallOutcome { number, answer }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_event_a_question_or_an_outcome() {
        let read = |line: Value| word(line.to_string().as_bytes());
        assert!(
            matches!(read(json!({"event": "session.idle", "data": {}})), Some(PluginWord::Event { name, .. }) if name == "session.idle")
        );
        assert!(matches!(read(json!({"begin": {}})), Some(PluginWord::Event { name, .. }) if name == BEGIN));
        assert!(matches!(read(json!({"ask": 7, "question": "prompt"})), Some(PluginWord::Question { number: 7, .. })));
        let outcome = |line| match read(line) {
            Some(PluginWord::Outcome(CallOutcome { number: 3, answer })) => answer,
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome(json!({"result": 3, "data": [1], "error": null})), Ok(json!([1])));
        assert_eq!(outcome(json!({"result": 3, "data": null, "error": "no"})), Err("no".to_owned()));
        assert!(word(b"no JSON\n").is_none() && read(json!({})).is_none());
    }
}

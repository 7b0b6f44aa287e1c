//! Processes of a story: how they are started, how they ended, and what they said.

use std::{
    fmt,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

use super::redact::redact;

/// Runs a command to its end.
#[track_caller]
pub fn said(command: &mut Command, input: &[u8]) -> Said {
    Said::of(&start(command, input).wait_with_output().expect("ended"))
}

/// Starts a command and gives it all its input.
#[track_caller]
pub fn start(command: &mut Command, input: &[u8]) -> Child {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A process that ends without reading closes its end first; that is its right.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child
}

/// How a run ended and what it said.
#[derive(Debug, Clone)]
pub struct Said {
    /// None when it was ended by a signal.
    pub code: Option<i32>,
    #[cfg(unix)]
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
    /// The directory that is taken out of what is shown.
    pub world: Option<PathBuf>,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            #[cfg(unix)]
            signal: std::os::unix::process::ExitStatusExt::signal(&output.status),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            world: None,
        }
    }

    /// The run succeeded and complained of nothing.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self}");
        self
    }

    /// It was killed, and did not end as something that aborts does.
    #[cfg(unix)]
    pub fn was_killed(&self) -> bool {
        self.signal == Some(9)
    }

    /// The one JSON value it printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

/// Status, standard output and standard error, without what differs from run to run.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        let text = format!("exit {code}\n--- out\n{}--- err\n{}", self.out, self.err);
        match &self.world {
            Some(world) => f.write_str(&redact(&text, world)),
            None => f.write_str(&text),
        }
    }
}

/// Whether a value has at least these fields: output grows, and what was there stays.
pub fn has(value: &Value, fields: &Value) -> bool {
    match (value, fields) {
        (Value::Object(value), Value::Object(fields)) => {
            fields.iter().all(|(name, field)| value.get(name).is_some_and(|value| has(value, field)))
        }
        (Value::Array(value), Value::Array(fields)) => {
            value.len() == fields.len() && value.iter().zip(fields).all(|(value, fields)| has(value, fields))
        }
        _ => value == fields,
    }
}

//! Standard input and output as the protocol library's transport, with a reader of our own; see `incoming` for why.

use std::{
    io::{self, BufReader},
    sync::{Arc, OnceLock},
};

use rmcp::{
    RoleServer,
    model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage, ServerResult},
    transport::Transport,
};
use serde_json::json;
use tokio::sync::{
    Notify,
    mpsc::{self, Receiver},
    watch,
};

use super::{
    incoming::{self, Incoming},
    lines::{self, Line},
};
use crate::{mailbox::letter::shorten, output, threads};

/// Lines that may wait; a client that sends more waits itself.
const QUEUE: usize = 16;
/// No error of ours is longer; one that is repeats what the client sent.
const LONGEST_ERROR_CHARS: usize = 1_000;

/// Our end of the connection.
#[derive(Debug)]
pub struct Stdio {
    lines: Receiver<Line>,
    out: Arc<Output>,
    /// Until something was answered with more than an error, a notification would end the library's service.
    is_open: Arc<OnceLock<()>>,
    /// Becomes true when the client says no more.
    gone: watch::Sender<bool>,
    /// Until the client has notified of something, its answers would; nothing was asked before that either.
    is_greeted: bool,
}

/// The writing half, shared with whoever wants to know how it ended.
#[derive(Debug, Default)]
pub struct Output {
    failure: OnceLock<io::Error>,
    has_failed: Notify,
}

impl Output {
    /// Why the client could not be answered; a client that has gone is no failure.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.get().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Whether nobody can be answered any more.
    pub fn has_ended(&self) -> bool {
        self.failure.get().is_some()
    }

    fn write(&self, message: &str) -> io::Result<()> {
        output::out(&format!("{message}\n")).inspect_err(|error| {
            let _ = self.failure.set(io::Error::new(error.kind(), error.to_string()));
            self.has_failed.notify_one();
        })
    }
}

impl Stdio {
    /// Begins to read.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open() -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(QUEUE);
        threads::start("client", move || {
            lines::read(BufReader::with_capacity(64 * 1024, io::stdin()), |line| sender.blocking_send(line).is_ok());
        })?;
        let gone = watch::Sender::new(false);
        Ok(Self { lines, out: Arc::default(), is_open: Arc::default(), gone, is_greeted: false })
    }

    pub fn output(&self) -> Arc<Output> {
        Arc::clone(&self.out)
    }

    /// Tells whoever still works for the client that it says no more: the library would wait for their answers.
    pub fn gone(&self) -> watch::Receiver<bool> {
        self.gone.subscribe()
    }

    async fn next(&mut self) -> Option<Line> {
        tokio::select! {
            line = self.lines.recv() => line,
            () = self.out.has_failed.notified() => None,
        }
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(&mut self, mut message: ServerJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        match &mut message {
            JsonRpcMessage::Error(error) if json!(error).to_string().len() > LONGEST_ERROR_CHARS => {
                error.error.message = shorten(&error.error.message, LONGEST_ERROR_CHARS / 2).into();
                error.error.data = None;
            }
            JsonRpcMessage::Response(response) if !matches!(response.result, ServerResult::EmptyResult(_)) => {
                let _ = self.is_open.set(());
            }
            _ => {}
        }
        let out = self.output();
        async move { out.write(&serde_json::to_string(&message)?) }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let Some(line) = self.next().await else {
                self.gone.send_replace(true);
                return None;
            };
            let incoming = match line {
                Line::Whole(line) => incoming::of(&line),
                Line::TooLong(id) => Incoming::Answer(incoming::too_long(id)),
            };
            match incoming {
                Incoming::Pass(message) => {
                    let is_early = match &*message {
                        JsonRpcMessage::Request(_) => false,
                        JsonRpcMessage::Notification(_) => self.is_open.get().is_none(),
                        JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => !self.is_greeted,
                    };
                    if !is_early {
                        self.is_greeted |= matches!(*message, JsonRpcMessage::Notification(_));
                        return Some(*message);
                    }
                }
                Incoming::Answer(answer) => self.out.write(&answer.to_string()).ok()?,
                Incoming::Nothing => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.lines.close();
        Ok(())
    }
}

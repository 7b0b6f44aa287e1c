//! The real client, driven and watched the way a person would.
//!
//! What counts is what a person sees and what the model is told, so a session offers the screen, the keys and the
//! requests, and every wait that fails shows all of them.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::api::Api;
use crate::request::{Request, describe};
use crate::support::eventually::{PATIENCE, within};
use crate::support::terminal::{COLUMNS, ROWS, Row, Terminal};
use crate::world::{World, client, old_client};

/// How a session is to be started.
#[must_use]
pub struct Builder {
    world: World,
    name: String,
    api: Api,
    args: Vec<String>,
    env: Vec<(String, String)>,
    without: Vec<String>,
    only: Vec<String>,
    inside: Vec<String>,
    client: PathBuf,
    columns: NonZero<u16>,
    rows: NonZero<u16>,
}

/// A running client; killed when dropped.
pub struct Session {
    /// The session's model: script it with [`Api::when`].
    pub api: Api,
    name: String,
    // The terminal goes first, so that the world's directory outlives the client.
    terminal: Terminal,
    _world: World,
}

impl Builder {
    pub(crate) fn new(world: &World, name: &str) -> Self {
        Self {
            world: world.clone(),
            name: name.to_owned(),
            api: Api::start(),
            args: Vec::new(),
            env: Vec::new(),
            without: Vec::new(),
            only: Vec::new(),
            inside: Vec::new(),
            client: client(),
            columns: COLUMNS,
            rows: ROWS,
        }
    }

    /// Command line arguments; without a `--permission-mode` among them it is `default`.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// One more environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One environment variable fewer.
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// Exactly these words on the command line, such as those of a command of the client's.
    pub fn only(mut self, words: &[&str]) -> Self {
        self.only = words.iter().map(ToString::to_string).collect();
        self
    }

    /// A program and its words that start the client, such as one that puts it into a namespace.
    pub fn inside(mut self, words: &[&str]) -> Self {
        self.inside = words.iter().map(ToString::to_string).collect();
        self
    }

    /// The model to talk to, when it is scripted before the start or shared with an earlier session.
    pub fn model(mut self, api: &Api) -> Self {
        self.api = api.clone();
        self
    }

    /// Takes a client from before there were mods.
    pub fn old(mut self) -> Self {
        self.client = old_client();
        self
    }

    /// Makes the terminal so many columns wide.
    pub fn columns(mut self, columns: u16) -> Self {
        self.columns = NonZero::new(columns).expect("a column");
        self
    }

    /// Makes the terminal so many rows high.
    pub fn rows(mut self, rows: u16) -> Self {
        self.rows = NonZero::new(rows).expect("a row");
        self
    }

    /// Starts the client and waits for its prompt; its start-up hooks may still be running then.
    #[track_caller]
    pub fn start(self) -> Session {
        let session = self.launch();
        session.wait("the prompt", || session.at_prompt().then_some(()));
        session
    }

    /// Starts the client and returns at once, for tests about the start itself.
    pub fn launch(self) -> Session {
        let client = self.client.display().to_string();
        let mut words = self.inside.iter().chain([&client]);
        let mut command = CommandBuilder::new(words.next().expect("a program"));
        command.args(words);
        command.env_clear();
        for (name, value) in self.world.environment(&self.api).iter().chain(&self.env) {
            command.env(name, value);
        }
        for name in &self.without {
            command.env_remove(name);
        }
        command.cwd(self.world.project(&self.name));
        if !self.only.is_empty() {
            command.args(&self.only);
            let terminal = Terminal::run_on(command, self.columns, self.rows);
            return Session { api: self.api, name: self.name, terminal, _world: self.world };
        }
        if !self.args.iter().any(|arg| arg == "--permission-mode") {
            command.args(["--permission-mode", "default"]);
        }
        command.arg("--debug-file");
        command.arg(self.world.log(&self.name));
        command.args(&self.args);
        let terminal = Terminal::run_on(command, self.columns, self.rows);
        Session { api: self.api, name: self.name, terminal, _world: self.world }
    }
}

impl Session {
    /// What is on the screen, as plain text.
    pub fn screen(&self) -> String {
        self.terminal.screen()
    }

    /// The rows of the screen.
    pub fn rows(&self) -> Vec<Row> {
        self.terminal.rows()
    }

    /// Every request of the conversation so far.
    pub fn requests(&self) -> Vec<Request> {
        self.api.requests()
    }

    /// Waits until `look` finds something; failing that, panics with the screen and the requests.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        match within(PATIENCE, look) {
            Some(found) => found,
            None => panic!("{what}: not seen within {PATIENCE:?}\n{}", self.report()),
        }
    }

    /// Waits until `text` is on the screen so many times, for what is said more than once.
    #[track_caller]
    pub fn wait_for_screen_times(&self, text: &str, times: usize) {
        let what = format!("{text:?} on the screen {times} times");
        self.wait(&what, || (self.screen().matches(text).count() >= times).then_some(()));
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn wait_for_screen(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), || self.screen().contains(text).then_some(()));
    }

    /// Waits for the first request, in order of arrival, for which `matches` holds.
    #[track_caller]
    pub fn wait_for_request(&self, what: &str, matches: impl Fn(&Request) -> bool) -> Request {
        let found = || self.requests().into_iter().find(|request| matches(request));
        self.wait(&format!("a request {what}"), found)
    }

    /// Waits until the model has been told `text`, and gives the request that told it first.
    #[track_caller]
    pub fn wait_until_told(&self, text: &str) -> Request {
        self.wait_for_request(&format!("that says {text:?}"), |request| request.newest().contains(text))
    }

    /// Waits until the client has been at its prompt, with no reply under way, for a moment on end.
    ///
    /// What was just typed, or woken for, may not have begun by then: wait for its request first.
    #[track_caller]
    pub fn idle(&self) {
        const MOMENT: Duration = Duration::from_millis(300);
        let quiet = || within(MOMENT, || self.is_busy().then_some(())).is_none();
        self.wait("an idle session", || quiet().then_some(()));
    }

    /// Whether the client shows that it is at work, or asks something.
    pub fn is_busy(&self) -> bool {
        self.api.is_busy() || !self.at_prompt()
    }

    /// Types `text`, sees it in the prompt box, presses Enter, and sees it gone from there: what is typed before would be
    /// added to it.
    #[track_caller]
    pub fn type_line(&mut self, text: &str) {
        self.type_text(text);
        self.press("\r");
        self.wait(&format!("{text:?} taken from the prompt box"), || (!self.has_draft(text)).then_some(()));
    }

    /// Waits until `text` has come back into the prompt box, and takes it out again.
    #[track_caller]
    pub fn empty_prompt(&mut self, text: &str) {
        self.wait_for_draft(text);
        self.press("\x15");
        self.wait(&format!("{text:?} taken out of the prompt box"), || (!self.has_draft(text)).then_some(()));
    }

    /// Types `text` and waits until it is in the prompt box; not for texts so long that they show as `[Pasted text]`.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.press(text);
        self.wait_for_draft(text);
    }

    /// Waits until `text` is in the prompt box, whoever put it there.
    #[track_caller]
    pub fn wait_for_draft(&self, text: &str) {
        self.wait(&format!("{text:?} in the prompt box"), || self.has_draft(text).then_some(()));
    }

    /// Sends raw keys: `"\x1b"` is Esc, `"\r"` Enter, `"\x03"` Ctrl-C.
    pub fn press(&mut self, keys: &str) {
        self.terminal.press(keys);
    }

    /// Presses `keys` until `text` has gone from the screen: a key that comes while the client draws a dialog anew is lost.
    #[track_caller]
    pub fn press_until_gone(&mut self, keys: &str, text: &str) {
        let gone = |session: &Self| (!session.screen().contains(text)).then_some(());
        for _ in 0..15 {
            self.press(keys);
            if within(Duration::from_secs(2), || gone(self)).is_some() {
                return;
            }
        }
        panic!("{text:?} stays on the screen\n{}", self.report());
    }

    /// Ends the client as a crash would, and reaps it.
    pub fn kill9(&mut self) {
        self.terminal.kill9();
    }

    /// Stops the client, as one is that gets no processor, or lets it go on.
    pub fn rest(&mut self, rests: bool) {
        self.terminal.rest(rests);
    }

    /// Ends the client as a person would, from an empty prompt, and waits until it has gone.
    #[track_caller]
    pub fn quit(&mut self) {
        self.type_text("/exit");
        self.press("\r");
        assert!(self.terminal.ends_within(PATIENCE), "the client goes on\n{}", self.report());
    }

    /// What is in the prompt box.
    pub fn draft(&self) -> String {
        let shown = self.prompt_box().unwrap_or_default();
        shown.trim_start_matches('❯').trim().to_owned()
    }

    fn has_draft(&self, text: &str) -> bool {
        self.prompt_box().is_some_and(|shown| squeezed(&shown).contains(&squeezed(text)))
    }

    fn at_prompt(&self) -> bool {
        self.prompt_box().is_some() && !self.screen().contains("esc to interrupt")
    }

    /// What is in the prompt box; `None` while a dialog has its place.
    fn prompt_box(&self) -> Option<String> {
        let screen = self.screen();
        let lines: Vec<&str> = screen.lines().collect();
        let border = lines.windows(2).rposition(|pair| pair[0].starts_with('─') && pair[1].starts_with('❯'))?;
        let inside: Vec<&str> = lines[border + 1..].iter().copied().take_while(|line| !line.starts_with('─')).collect();
        Some(inside.join("\n"))
    }

    fn report(&self) -> String {
        let (name, screen) = (&self.name, self.screen());
        let told = describe(&self.requests());
        let beside = describe(&self.api.side_requests());
        format!("=== screen of {name}\n{screen}\n=== conversation\n{told}\n=== beside it\n{beside}")
    }
}

/// A long line is wrapped and padded on the screen, so texts are compared without their white space.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

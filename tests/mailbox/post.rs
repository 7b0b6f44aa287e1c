//! The mail of one story: a home in a directory that goes when the story ends, and a clock that stands still.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use cc2cc::{
    agent::{
        Record,
        host::HostKey,
        identity::{self, Claimant, Trust},
        reach,
        send::{self, Draft, Sent},
        send_error::SendError,
        sender::Sender,
    },
    mailbox::{
        Key, Mailbox, Moved, State,
        home::Home,
        letter::{Letter, LetterId},
        lock::Lock,
        name::AgentName,
        presence::Presence,
        receipt::{Receipt, Step},
    },
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub struct Post {
    dir: TempDir,
    pub home: Home,
}

impl Post {
    pub fn new() -> Self {
        // Wine may not end removing what was watched; there the whole disk goes.
        let dir = tempfile::Builder::new().disable_cleanup(cfg!(windows)).tempdir();
        let dir = dir.expect("a directory for the story");
        let home = Home::at(dir.path().join("mail"));
        Self { dir, home }
    }

    pub fn agent(self, agent: &str) -> Self {
        self.home.claim(&name(agent)).expect("the name is free");
        self
    }

    /// The agent's mailbox under the name it has now.
    pub fn at(&self, agent: &str) -> Mailbox {
        self.home.mailbox(&name(agent)).expect("there is such an agent")
    }

    /// A directory beside the home.
    pub fn folder(&self, path: &str) -> PathBuf {
        let folder = dunce::canonicalize(self.dir.path()).expect("the story's directory").join(path);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// An idle session that has an agent's mailbox, with hooks, a server and a waker.
    pub fn there(&self, agent: &str) -> There {
        let mailbox = self.at(agent);
        let host = Some(format!("host-of-{agent}"));
        Record::change(&mailbox, noon(), |record| {
            record.host.clone_from(&host);
            record.delivers_in.clone_from(&host);
        })
        .expect("noted");
        let waker = reach::take_wakers_place(&mailbox).expect("a lock").expect("the place");
        There { presence: mailbox.hold_presence().expect("its presence"), waker }
    }

    /// A letter that has been published, as its file now says.
    pub fn posted(&self, from: &str, to: &str, text: &str) -> Letter {
        let letter = Letter::new(name(from), name(to), text, noon());
        self.at(to).publish(&letter, Key::Fresh).expect("published");
        letter
    }

    /// A letter claimed by delivery at noon, which noted where the evidence will be.
    pub fn claimed(&self, to: &str, transcript: Option<&Path>) -> LetterId {
        let letter = self.posted("ann", to, "hello");
        let mut note = Receipt::at(Step::Claimed, noon());
        note.evidence = transcript.map(|path| path.display().to_string());
        note.offset = transcript.map(cc2cc::clients::rows::length);
        assert_eq!(self.at(to).claim(&letter.id, &note).expect("claimed"), Moved::Mine);
        letter.id
    }

    /// Sends as the agent, whose record says where it works.
    pub fn send(&self, from: &str, to: &str, draft: &Draft) -> Result<Vec<Sent>, SendError> {
        let address = to.parse().expect("an address");
        send::send(&self.home, &Sender::agent(&self.at(from)), &address, draft, noon())
    }

    /// A file in somebody's inbox that cc2cc did not write, of an age at which its writer must be done.
    pub fn stray(&self, to: &str, file_name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.at(to).dir(State::Inbox).join(file_name);
        fs::write(&path, bytes).expect("written");
        age(&path, Duration::from_secs(60));
        path
    }

    /// How many files lie anywhere below the home.
    pub fn files(&self) -> usize {
        files_below(self.home.path())
    }
}

/// How many files lie below a directory; 0 when it is not there.
fn files_below(path: &Path) -> usize {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

/// Sets back when a file was last written.
pub fn age(path: &Path, by: Duration) {
    let file = File::options().write(true).open(path).expect("opened");
    file.set_modified(SystemTime::now() - by).expect("set back");
}

/// The locks of a session, by which it is there and can be woken.
#[expect(dead_code, reason = "they are held")]
pub struct There {
    pub presence: Presence,
    pub waker: Lock,
}

pub fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().expect("a time")
}

pub fn after_noon(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

pub fn name(text: &str) -> AgentName {
    text.parse().expect("a name")
}

pub fn id(text: &str) -> LetterId {
    text.parse().expect("an id")
}

pub fn says(text: &str) -> Draft {
    Draft { text: text.to_owned(), ..Draft::default() }
}

/// The letters a look finds, in full and in its order.
pub fn waiting(mailbox: &Mailbox) -> Vec<Letter> {
    let look = mailbox.look(noon()).expect("looked");
    look.letters.iter().map(|letter| mailbox.read(State::Inbox, &letter.id).expect("read")).collect()
}

/// The texts of the letters a look finds, in its order.
pub fn texts(mailbox: &Mailbox) -> Vec<String> {
    waiting(mailbox).into_iter().map(|letter| letter.content.text).collect()
}

pub fn steps(mailbox: &Mailbox, id: &LetterId) -> Vec<Step> {
    mailbox.receipts(id).iter().map(|receipt| receipt.step).collect()
}

/// A process that hooks and servers could belong to.
pub fn host(key: &str) -> HostKey {
    HostKey::from_text(key).expect("a key")
}

/// A hook or server of a host, which goes on with what the host had.
pub fn claimant(key: &str) -> Claimant {
    Claimant::new(host(key), Trust::Host)
}

/// The hook of a host in which a session has just been started or resumed.
pub fn starting(key: &str, session: &str) -> Claimant {
    Claimant { session: Some(session.to_owned()), trust: Trust::Session, ..claimant(key) }
}

/// A hook of a host whose session goes on under a new id, as after `/clear`.
pub fn going_on(key: &str, session: &str) -> Claimant {
    Claimant { session: Some(session.to_owned()), ..claimant(key) }
}

/// The session's server has come and gone: from now on only its presence could speak for the session.
pub fn abandoned(mailbox: &Mailbox) {
    drop(identity::move_in(mailbox).expect("the server comes"));
}

/// Looks until it is so; a story that waits for what never comes fails in the end.
#[cfg(windows)] // its only story is of Windows
#[track_caller]
pub fn until(what: &str, mut look: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + crate::support::eventually::PATIENCE;
    while !look() {
        assert!(std::time::Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

//! A session that this process serves: its name and mailbox, its place as the one who is woken, and what OpenCode tells of
//! it, noted where the others look.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use super::{plugin_link::PluginWord, session::OpenCodeSession};
use crate::{
    agent::{
        Activity, Record, groups,
        identity::{self, Claim},
        notice,
        obstacle::Obstacle,
        policy::Config,
        reach, wish,
        work::Work,
    },
    clients::claude::asking,
    delivery::{
        client::Client,
        deliver::Delivery,
        settle,
        wake::{self, Calm},
    },
    mailbox::{Mailbox, State, home::Home, lock::Lock, log, presence::Presence, watch::Watch},
    threads,
};

/// How long the first prompt of a new session may take to come after the session; letters let it go first.
const PROMPT_FIRST: Duration = Duration::from_secs(3);

/// How a session comes to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// It has just been made, for a prompt that comes next.
    New,
    /// It goes on.
    Resumed,
}

/// A session with its place in the mail.
#[derive(Debug)]
pub struct ServedSession {
    pub session: OpenCodeSession,
    pub mailbox: Mailbox,
    home: Home,
    tell: Sender<PluginWord>,
    here: Option<Here>,
    calm: Calm,
    quiet_until: Instant,
    swept: Instant,
    /// The dialogs that are open in it.
    dialogs: BTreeSet<String>,
    /// The error of its turn.
    error: Option<String>,
    complaint: Option<String>,
}

/// That the session is here, for as long as this lives.
#[derive(Debug)]
struct Here {
    mailbox: Mailbox,
    _presence: Presence,
    /// `None` while another process has the session open as well, which then wakes it.
    place: Option<Lock>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Here {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl ServedSession {
    /// Gives the session its name and its place.
    ///
    /// # Errors
    /// When the home cannot be used.
    pub fn begin(
        mut session: OpenCodeSession,
        home: &Home,
        tell: &Sender<PluginWord>,
        beginning: Beginning,
    ) -> Result<Option<Self>> {
        let Some(claimant) = session.claimant() else { return Ok(None) };
        let Claim { mailbox, denied } = identity::claim(home, &claimant)?;
        session.look_at_level();
        let (now, is_new) = (Timestamp::now(), beginning == Beginning::New);
        Record::change(&mailbox, now, |record| {
            if let Some(cwd) = &session.cwd {
                record.locate(cwd);
            }
            record.session = Some(session.id.clone());
            record.host = Some(session.host.to_string());
            record.delivers_in.clone_from(&record.host);
            record.evidence = None;
            record.level = session.level;
            record.state = Activity::Idle;
            // Wakes of a process before this one went with it.
            (record.started, record.ended, record.headless) = (Some(now), None, false);
            record.forget_obstacles();
            if is_new {
                record.work = None;
            }
        })?;
        if is_new && let (Ok(config), Some(cwd)) = (Config::load(home), &session.cwd) {
            groups::join(&mailbox, config.groups_of_dir(cwd), now)?;
        }
        let quiet = if is_new { PROMPT_FIRST } else { Duration::ZERO };
        let mut served = Self {
            session,
            mailbox,
            home: home.clone(),
            tell: tell.clone(),
            here: None,
            calm: Calm::default(),
            quiet_until: Instant::now() + quiet,
            swept: Instant::now(),
            dialogs: BTreeSet::new(),
            error: None,
            complaint: None,
        };
        served.move_in()?;
        notice::sweep(home, &served.mailbox, now);
        let mut message = format!("you are {}", served.mailbox.name());
        match notice::letters_waiting(&served.mailbox)? {
            0 => {}
            1 => message.push_str(" · 1 letter waiting"),
            many => message.push_str(&format!(" · {many} letters waiting")),
        }
        if let Some(denied) = denied {
            message.push_str(&format!(" ({denied} is in use by another session)"));
        }
        served.session.show(&message);
        Ok(Some(served))
    }

    /// Follows the session to wherever its mailbox is, and takes its place there.
    fn move_in(&mut self) -> Result<()> {
        if let Some(mailbox) = identity::find(&self.home, &self.session.host)
            && mailbox != self.mailbox
        {
            self.mailbox = mailbox;
            self.calm = Calm::default();
        }
        match &mut self.here {
            Some(here) if here.mailbox == self.mailbox => {
                if here.place.is_none() {
                    here.place = reach::take_wakers_place(&self.mailbox)?;
                }
            }
            here => {
                *here = None;
                let presence = identity::move_in(&self.mailbox)?;
                let place = reach::take_wakers_place(&self.mailbox)?;
                let is_over = watch(&self.home, &self.mailbox, &self.tell)?;
                *here = Some(Here { mailbox: self.mailbox.clone(), _presence: presence, place, is_over });
            }
        }
        Ok(())
    }

    /// Looks after the session's mail; what goes wrong is logged once and tried again with the next look.
    pub fn look(&mut self) {
        let complaint = match threads::guarded(|| self.round()) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(broken) => Some(broken),
        };
        if let Some(text) = complaint.as_ref().filter(|_| complaint != self.complaint) {
            log::line(&self.home, &format!("opencode: {text}"));
        }
        self.complaint = complaint;
    }

    fn round(&mut self) -> Result<()> {
        self.move_in()?;
        if self.here.as_ref().is_none_or(|here| here.place.is_none()) {
            return Ok(());
        }
        let now = Timestamp::now();
        if self.swept.elapsed() >= notice::SWEEP_EVERY {
            notice::sweep(&self.home, &self.mailbox, now);
            self.swept = Instant::now();
        }
        wish::look(&self.home, &self.mailbox, now)?;
        wish::look_after(&self.home, &self.mailbox, now)?;
        let others_first = !self.waits().is_zero() || !asking::left_to_call(&self.mailbox).is_zero();
        wake::round(&mut self.session, &self.home, &self.mailbox, others_first, None, &mut self.calm)?;
        Ok(())
    }

    /// How long nothing is brought to it.
    #[must_use]
    pub fn waits(&self) -> Duration {
        self.quiet_until.saturating_duration_since(Instant::now()).max(self.session.rests())
    }

    /// A prompt goes to the model: its person's, if it was typed. What waits goes along; gives the part with it.
    ///
    /// # Errors
    /// When the mailbox cannot be used; the prompt then goes without mail.
    pub fn prompt(&mut self, told: &Value) -> Result<(Delivery, Option<Value>)> {
        self.session.note_change();
        self.session.take_prompt(told);
        self.quiet_until = Instant::now();
        self.move_in()?;
        let now = Timestamp::now();
        let is_typed = told["typed"] == true;
        let words = told["words"].as_str().unwrap_or_default();
        let config = Config::load(&self.home);
        self.session.look_at_level();
        let level = self.session.level;
        Record::change(&self.mailbox, now, |record| {
            record.state = Activity::Busy;
            record.asks = None;
            record.level = level.or(record.level);
            if is_typed {
                record.hops = 0;
                let is_shared = config.as_ref().is_ok_and(Config::shares_activity);
                let has_said = record.work.as_ref().is_some_and(|work| work.said);
                if let Some(work) = Work::asked(words, now).filter(|_| !has_said) {
                    record.work = is_shared.then_some(work);
                }
            }
        })?;
        settle::settle(&mut self.session, &self.mailbox, now, settle::From::Session)?;
        Ok(self.session.claim_part(&self.mailbox, now)?)
    }

    /// Notes what the client tells of the session.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn note(&mut self, event: &str, data: &Value) -> Result<()> {
        self.session.note_change();
        match event {
            "session.status" if data["status"]["type"] == "idle" => self.note_idle(),
            "session.idle" => self.note_idle(),
            "session.status" => self.note_busy(),
            "session.error" => {
                let name = data["error"]["name"].as_str().unwrap_or("an error");
                if name != "MessageAbortedError" {
                    self.error = Some(data["error"]["data"]["message"].as_str().unwrap_or(name).to_owned());
                }
                Ok(())
            }
            "permission.asked" | "permission.updated" | "question.asked" => {
                let what = data["permission"].as_str().or(data["type"].as_str()).unwrap_or("a question");
                self.dialogs.insert(data["id"].as_str().unwrap_or_default().to_owned());
                let now = Timestamp::now();
                let asks = Obstacle::new(now, format!("asks about {what}"));
                self.change(now, |record| record.asks = Some(asks))
            }
            "permission.replied" | "question.replied" | "question.rejected" => {
                let id = ["requestID", "permissionID", "id"].iter().find_map(|field| data[field].as_str());
                self.dialogs.remove(id.unwrap_or_default());
                if self.dialogs.is_empty() {
                    self.change(Timestamp::now(), |record| record.asks = None)
                } else {
                    Ok(())
                }
            }
            "session.updated" => {
                self.session.take_info(&data["info"]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_busy(&mut self) -> Result<()> {
        self.error = None;
        if Record::of(&self.mailbox).state == Activity::Busy {
            return Ok(());
        }
        self.change(Timestamp::now(), |record| record.state = Activity::Busy)
    }

    fn note_idle(&mut self) -> Result<()> {
        self.dialogs.clear();
        let now = Timestamp::now();
        let record = Record::of(&self.mailbox);
        let failing = self.error.take().map(|why| {
            let since = record.failing.as_ref().map_or(now, |failing| failing.since);
            Obstacle::new(since, why)
        });
        // The client says it twice.
        if record.state == Activity::Idle && (failing.is_none() || record.failing.is_some()) {
            return Ok(());
        }
        let cwd = self.session.cwd.clone();
        self.change(now, |record| {
            (record.state, record.asks, record.failing) = (Activity::Idle, None, failing);
            if let Some(cwd) = &cwd {
                record.locate(cwd); // the turn may have changed the branch
            }
        })
    }

    fn change(&self, now: Timestamp, change: impl FnOnce(&mut Record)) -> Result<()> {
        Record::change(&self.mailbox, now, change)?;
        Ok(())
    }

    /// The session is over: deleted, or its client has gone.
    pub fn end(self) {
        let now = Timestamp::now();
        let host = self.session.host.to_string();
        let noted = Record::change(&self.mailbox, now, |record| {
            if record.host.as_ref() == Some(&host) {
                (record.ended, record.state) = (Some(now), Activity::Idle);
            }
        });
        if let Err(error) = noted {
            log::line(&self.home, &format!("opencode: {error}"));
        }
    }
}

/// Says when something may have changed in a mailbox, until told that it is over.
fn watch(home: &Home, mailbox: &Mailbox, tell: &Sender<PluginWord>) -> Result<Arc<AtomicBool>> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (seen, tell) = (Arc::clone(&is_over), tell.clone());
    let directories: [PathBuf; 3] = [mailbox.dir(State::Inbox), mailbox.dir(State::Held), home.subdir("sessions")?];
    threads::start("watch", move || {
        let watch = Watch::over(directories.iter().map(PathBuf::as_path));
        while !seen.load(Ordering::Relaxed) && tell.send(PluginWord::Look).is_ok() {
            watch.sleep(Duration::MAX);
        }
    })?;
    Ok(is_over)
}

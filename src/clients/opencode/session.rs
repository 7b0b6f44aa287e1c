//! A session of OpenCode's five answers; see [`Client`].
//!
//! It is woken and given its letters in one step: they go into its conversation as a part of ours, which starts a turn when
//! it is idle and is read with the next request of a turn that is under way. A claim notes the part's id, and the
//! conversation, asked through the plugin, says whether the model was given it.

use std::{
    cell::RefCell,
    collections::HashMap,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    outline::{self, Outline},
    permissions::{self, PermissionRule},
    plugin_link::{CallOutcome, PluginLink},
};
use crate::{
    agent::{
        Record,
        host::HostKey,
        identity::{Claimant, Trust},
    },
    clients::shown,
    delivery::{
        claimed_letter::ClaimedLetter,
        client::{Client, EvidencePlace},
        deliver::{DeliverError, Delivery, deliver},
        evidence::{Evidence, Facts, Shows, Turn, Way, Why, weigh},
    },
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        home::Home,
        level::Level,
        log,
        name::AgentName,
        scan::Waiting,
    },
};

/// The client takes any length; what is longer than this waits for the next part, so that no turn drowns in mail.
const ROOM_UNITS: usize = 20_000;
/// How the ids of our parts begin, in the client's own form.
const PART: &str = "prt_cc2cc";
/// How many messages are asked for at first; a claim that is older is looked for in all of them.
const LAST_MESSAGES: u32 = 50;
const ALL_MESSAGES: u32 = 10_000;
/// How long what was told of a conversation counts while nothing happens in its session.
const FRESH: Duration = Duration::from_secs(10);
/// How long a client that did not take a part is left alone, and how much longer at most after several.
const RESTS: Duration = Duration::from_secs(5);
const RESTS_AT_MOST: Duration = Duration::from_secs(600);
/// How long a session that goes on must have sat idle until it is sure that it does not answer what was asked before.
const SITS_IDLE: SignedDuration = SignedDuration::from_secs(5);

/// One of the sessions that a process of OpenCode serves.
#[derive(Debug)]
pub struct OpenCodeSession {
    pub id: String,
    pub host: HostKey,
    /// The name the person wants for it.
    pub wanted: Option<AgentName>,
    pub cwd: Option<PathBuf>,
    /// The agent and the model that its last prompt went to, which its letters go to as well.
    pub agent: Option<String>,
    pub model: Option<Value>,
    /// The rules that it has beside its agent's.
    pub rules: Vec<PermissionRule>,
    pub level: Option<Level>,
    link: Rc<RefCell<PluginLink>>,
    home: Home,
    command_line: Rc<[String]>,
    /// The part that letters are claimed for now.
    part: String,
    /// What was handed to the client, until it says whether it took it.
    handed: HashMap<u64, (Mailbox, Delivery)>,
    outlines: Option<(Instant, u32, Vec<Outline>)>,
    /// When something was last heard of it.
    changed: Instant,
    refusals: u32,
    rests_until: Option<Instant>,
    /// When this process began with it.
    began: Instant,
}

impl OpenCodeSession {
    #[must_use]
    pub fn new(
        link: &Rc<RefCell<PluginLink>>,
        home: &Home,
        command_line: &Rc<[String]>,
        id: &str,
        host: HostKey,
    ) -> Self {
        Self {
            id: id.to_owned(),
            host,
            wanted: None,
            cwd: None,
            agent: None,
            model: None,
            rules: Vec::new(),
            level: None,
            link: Rc::clone(link),
            home: home.clone(),
            command_line: Rc::clone(command_line),
            part: String::new(),
            handed: HashMap::new(),
            outlines: None,
            changed: Instant::now(),
            refusals: 0,
            rests_until: None,
            began: Instant::now(),
        }
    }

    /// Takes over what the client tells of the session.
    pub fn take_info(&mut self, info: &Value) {
        self.cwd = info["directory"].as_str().map(PathBuf::from).or(self.cwd.take());
        self.agent = info["agent"].as_str().map(str::to_owned).or(self.agent.take());
        if let (Some(model), Some(provider)) = (info["model"]["id"].as_str(), info["model"]["providerID"].as_str()) {
            self.model = Some(json!({ "providerID": provider, "modelID": model, "variant": info["model"]["variant"] }));
        }
        self.rules = permissions::rules(&info["permission"]);
    }

    /// Takes over what a prompt went to.
    pub fn take_prompt(&mut self, told: &Value) {
        self.agent = told["agent"].as_str().map(str::to_owned).or(self.agent.take());
        if told["model"].is_object() {
            self.model = Some(told["model"].clone());
        }
    }

    /// Something has happened in it, so what was told before of its conversation no longer counts.
    pub fn note_change(&mut self) {
        self.outlines = None;
        self.changed = Instant::now();
    }

    /// Asks how far its agent acts without asking; what cannot be known now stays as it was.
    pub fn look_at_level(&mut self) {
        let Some(agent) = &self.agent else { return };
        let agents = self.link.borrow_mut().look_up("agents", &Value::Null);
        let level = agents.ok().and_then(|agents| permissions::level(&agents, agent, &self.rules, &self.command_line));
        self.level = level.or(self.level);
    }

    /// How long its client is left alone after it did not take a part.
    #[must_use]
    pub fn rests(&self) -> Duration {
        self.rests_until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }

    /// Claims what waits as a new part of a message, and gives the part beside the delivery; `None` where nothing may go in.
    ///
    /// # Errors
    /// As [`deliver`].
    pub fn claim_part(&mut self, mailbox: &Mailbox, now: Timestamp) -> Result<(Delivery, Option<Value>), DeliverError> {
        self.look_at_level();
        self.part = format!("{PART}{}", disk::unique().replace('-', ""));
        let delivery = deliver(self, &self.home, mailbox, now, |_| true)?;
        if !delivery.is_empty() {
            let (hops, level) = (delivery.hops, self.level);
            Record::change(mailbox, now, |record| (record.hops, record.level) = (hops, level.or(record.level)))?;
        }
        let part = delivery.context.as_ref().map(|text| json!({ "id": self.part, "text": text }));
        Ok((delivery, part))
    }

    /// Says how a part that was handed to the client fared. What it did not take goes back.
    ///
    /// # Errors
    /// A `FsError` when the mailbox cannot be used.
    pub fn note_outcome(&mut self, outcome: &CallOutcome) -> Result<(), FsError> {
        let Some((mailbox, delivery)) = self.handed.remove(&outcome.number) else { return Ok(()) };
        self.note_change();
        let Err(why) = &outcome.answer else {
            (self.refusals, self.rests_until) = (0, None);
            return delivery.note_delivered(&mailbox);
        };
        log::line(&self.home, &format!("opencode: {} did not take a part: {why}", self.id));
        let longer = RESTS.saturating_mul(2_u32.saturating_pow(self.refusals)).min(RESTS_AT_MOST);
        (self.refusals, self.rests_until) = (self.refusals.saturating_add(1), Some(Instant::now() + longer));
        for letter in &delivery.letters {
            let receipts = mailbox.receipts(&letter.id).len();
            mailbox.give_back_if_still(&letter.id, receipts, Why::NotTaken.as_str())?;
        }
        Ok(())
    }

    /// Shows the person a line.
    pub fn show(&self, message: &str) {
        const SHOWN_MS: u32 = 10_000;
        let toast = json!({ "title": "cc2cc", "message": message, "variant": "info", "duration": SHOWN_MS });
        let _ = self.link.borrow_mut().call("toast", &toast); // a client without a screen shows nothing
    }

    /// Shows the person what came, and what waits for their yes.
    ///
    /// # Errors
    /// A `FsError` when a receipt cannot be written.
    pub fn show_delivery(&self, mailbox: &Mailbox, delivery: &Delivery) -> Result<(), FsError> {
        let decide = |id: &str| format!("`cc2cc accept {id}` or `cc2cc refuse {id}` in a terminal");
        let Some(lines) = shown::lines(delivery, decide) else { return Ok(()) };
        self.show(&lines);
        delivery.note_shown(mailbox)
    }

    /// What the conversation shows of a claim: a part of ours, or the result of a tool of ours.
    fn shows(&mut self, claim: &ClaimedLetter<'_>) -> Shows {
        let look = |messages: &[Outline]| match claim.record {
            Some(part) => outline::shows(messages, part),
            None => outline::shows_given(messages, claim.id.as_str()),
        };
        let last = self.outlines(LAST_MESSAGES).map(look);
        if last != Some(Shows::NoRow) {
            return last.unwrap_or(Shows::NoRecord);
        }
        self.outlines(ALL_MESSAGES).map_or(Shows::NoRecord, look)
    }

    /// The last messages; `None` where the client does not tell.
    fn outlines(&mut self, most: u32) -> Option<&[Outline]> {
        let is_fresh = |(at, asked, _): &(Instant, u32, _)| at.elapsed() < FRESH && *asked >= most;
        if !self.outlines.as_ref().is_some_and(is_fresh) {
            let asked = json!({ "session": self.id, "limit": most });
            let told = self.link.borrow_mut().look_up("messages", &asked).ok()?;
            self.outlines = Some((Instant::now(), most, serde_json::from_value(told).ok()?));
        }
        self.outlines.as_ref().map(|(_, _, messages)| messages.as_slice())
    }

    /// Whether a part was put into the conversation for an OpenCode that ended before its model answered: whoever goes on
    /// with the session goes on with its next prompt, and nothing else would put the letter before the model.
    fn is_left_over(&self, claim: &ClaimedLetter<'_>, shows: Shows, quiet: SignedDuration) -> bool {
        let is_of_before = claim.age.try_into().is_ok_and(|age: Duration| age > self.began.elapsed());
        let is_open = matches!(shows, Shows::LetterUnanswered | Shows::LetterInAnswer);
        let is_idle = matches!(claim.turn, Turn::Over(since) if since.min(quiet) >= SITS_IDLE);
        is_of_before && is_open && is_idle
    }
}

impl Client for OpenCodeSession {
    fn claimant(&self) -> Option<Claimant> {
        let (wanted, cwd) = (self.wanted.clone(), self.cwd.clone());
        let session = Some(self.id.clone());
        Some(Claimant { session, wanted, cwd, ..Claimant::new(self.host.clone(), Trust::Host) })
    }

    fn level(&self) -> Option<Level> {
        self.level
    }

    fn place(&self) -> EvidencePlace {
        EvidencePlace { way: Way::Push, record: Some(self.part.clone()), length: None }
    }

    fn evidence(&mut self, claim: &ClaimedLetter<'_>, _: Timestamp) -> Evidence {
        let shows = self.shows(claim);
        let quiet = SignedDuration::try_from(self.changed.elapsed()).unwrap_or(SignedDuration::MAX);
        let (way, delivered, age) = (claim.way(), claim.delivered, claim.age);
        let turn = if self.is_left_over(claim, shows, quiet) { Turn::Gone } else { claim.turn };
        match weigh(&Facts { shows, turn, way, delivered, age, quiet }) {
            // The client said that it took it, so that is not tried without end.
            Evidence::No(Why::NotTaken) => Evidence::No(Why::TurnOver),
            evidence => evidence,
        }
    }

    fn wake(&mut self, mailbox: &Mailbox, _: &[Waiting]) -> Result<(), FsError> {
        let (delivery, part) = match self.claim_part(mailbox, Timestamp::now()) {
            Ok(claimed) => claimed,
            Err(DeliverError::Fs(error)) => return Err(error),
            Err(DeliverError::Config(error)) => {
                log::line(&self.home, &format!("opencode: {error}"));
                return Ok(());
            }
        };
        self.show_delivery(mailbox, &delivery)?;
        let Some(mut part) = part else { return Ok(()) };
        (part["type"], part["synthetic"]) = ("text".into(), true.into());
        let mut prompt = json!({ "session": self.id, "parts": [part] });
        // Without them the client takes those that it starts with, and a planning session would act.
        if let Some(agent) = &self.agent {
            prompt["agent"] = agent.as_str().into();
        }
        if let Some(model) = &self.model {
            prompt["model"] = json!({ "providerID": model["providerID"], "modelID": model["modelID"] });
            if let Some(variant) = model["variant"].as_str().filter(|variant| *variant != "default") {
                prompt["variant"] = variant.into();
            }
        }
        let called = self.link.borrow_mut().call("prompt", &prompt);
        match called {
            Ok(number) => drop(self.handed.insert(number, (mailbox.clone(), delivery))),
            Err(error) => log::line(&self.home, &format!("opencode: {error}")), // the client has gone
        }
        Ok(())
    }

    fn room_units(&self) -> usize {
        ROOM_UNITS
    }
}

//! What `cc2cc link` shows: this machine, the others, who is on them, what waits and why.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    keys::{OwnKey, fingerprint},
    pairing::Asking,
};
use crate::{
    agent::{
        link_settings::without_password,
        machines::{self, Heard, LinkState, Pairing},
        policy::{Config, Rule},
    },
    mailbox::{State, home::Home, machine_name::MachineName},
    report::text::ago,
    text::terminal::one_line,
};

/// Everything there is to show.
#[derive(Debug)]
pub struct LinkOverview {
    me: Option<(MachineName, String)>,
    fingerprint: String,
    state: Result<LinkState, String>,
    machines: Vec<MachineShown>,
    asking: Vec<(MachineName, Asking)>,
}

#[derive(Debug)]
struct MachineShown {
    name: MachineName,
    fingerprint: String,
    rule: Rule,
    heard: Option<Heard>,
    waiting: usize,
    under_way: usize,
}

impl LinkOverview {
    /// Looks at everything.
    pub fn of(home: &Home) -> anyhow::Result<Self> {
        let config = Config::load(home)?;
        let me = config.link().map(|link| (link.name.clone(), without_password(&link.url)));
        let state = match LinkState::read(home.path()) {
            _ if me.is_none() => {
                Err("this machine is not linked; `cc2cc link up nats://HOST:4222` does that".to_owned())
            }
            _ if !machines::is_running(home.path()) => {
                Err("the link does not run; it starts with the next session, and `cc2cc-link run` starts it now"
                    .to_owned())
            }
            Some(state) => Ok(state),
            None => Err("the link has just been started".to_owned()),
        };
        let shown = |name: MachineName| {
            let pairing = machines::read::<Pairing>(home.path(), "machines", &name);
            let boxes = home.mailboxes().unwrap_or_default();
            let boxes = || boxes.iter().filter(|mailbox| mailbox.name().machine().as_ref() == Some(&name));
            let count = |state| boxes().map(|mailbox| mailbox.count(state).unwrap_or(0)).sum();
            MachineShown {
                fingerprint: pairing.map(|pairing| fingerprint(&pairing.key)).unwrap_or_default(),
                rule: config.of_machine(&name),
                heard: machines::heard(home.path(), &name),
                waiting: count(State::Inbox),
                under_way: count(State::Claimed),
                name,
            }
        };
        let asking = machines::named_in(&machines::place(home.path(), "asking"));
        let asking = asking.into_iter().filter_map(|name| {
            let asking = machines::read::<Asking>(home.path(), "asking", &name)?;
            Some((name, asking))
        });
        Ok(Self {
            me,
            fingerprint: fingerprint(&OwnKey::of(home)?.public()),
            state,
            machines: machines::known(home).into_iter().map(shown).collect(),
            asking: asking.collect(),
        })
    }

    /// For people.
    pub fn text(&self, now: Timestamp) -> String {
        let mut lines = Vec::new();
        match (&self.me, &self.state) {
            (None, Err(why)) => lines.push(why.clone()),
            (Some((me, url)), state) => {
                lines.push(format!("this machine is {me} ({}), on {}", self.fingerprint, one_line(url)));
                lines.push(match state {
                    Err(why) => why.clone(),
                    Ok(LinkState { connected: true, why: None, .. }) => "connected".to_owned(),
                    Ok(LinkState { connected, since, why }) => {
                        let how = if *connected { "connected, but" } else { "not connected:" };
                        let why = why.as_deref().map(one_line).unwrap_or_default();
                        format!("{how} {why} ({})", ago(*since, now))
                    }
                });
            }
            (None, Ok(_)) => {}
        }
        lines.extend(self.machines.iter().map(|machine| machine.text(self.state.as_ref().ok(), now)));
        if self.me.is_some() && self.machines.is_empty() {
            lines.push("no machine is paired; `cc2cc link pair` shows the code to take to one".to_owned());
        }
        for (name, asking) in &self.asking {
            if asking.is_disputed {
                lines.push(format!(
                    "more than one machine asks as {name}: `cc2cc link pair CODE` pairs the right one, with the code that \
                     `cc2cc link pair` shows there"
                ));
                continue;
            }
            let fingerprint = fingerprint(&asking.key);
            lines.push(format!(
                "{name} asks to be paired: if `cc2cc link` there shows {fingerprint}, `cc2cc link pair {name}` does it"
            ));
        }
        lines.join("\n") + "\n"
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "name": self.me.as_ref().map(|(name, _)| name),
            "url": self.me.as_ref().map(|(_, url)| url),
            "fingerprint": self.fingerprint,
            "running": self.state.is_ok(),
            "connected": self.state.as_ref().is_ok_and(|state| state.connected),
            "why": match &self.state { Ok(state) => state.why.clone(), Err(why) => Some(why.clone()) },
            "machines": self.machines.iter().map(MachineShown::json).collect::<Vec<_>>(),
            "asking": self.asking.iter().map(|(name, asking)| json!({ "name": name, "fingerprint": fingerprint(&asking.key), "disputed": asking.is_disputed }))
                .collect::<Vec<_>>(),
        })
    }
}

impl MachineShown {
    fn text(&self, state: Option<&LinkState>, now: Timestamp) -> String {
        let mut facts = Vec::new();
        let fresh = self.heard.as_ref().filter(|heard| state.is_some() && heard.is_fresh(now));
        facts.push(match (&self.heard, fresh) {
            (None, _) => "no contact yet; `cc2cc link` there says whether it has paired this machine".to_owned(),
            (Some(heard), None) => format!("last seen {}", ago(heard.at, now)),
            (Some(_), Some(heard)) => {
                let agents: Vec<String> =
                    heard.agents.iter().map(|agent| format!("{} {}", agent.name, one_line(&agent.reach))).collect();
                if agents.is_empty() { "nobody is there".to_owned() } else { agents.join(", ") }
            }
        });
        if self.waiting > 0 {
            let why = match (state, &self.heard) {
                (None, _) => "the link does not run",
                (Some(_), None) => "it has not paired this machine yet",
                (Some(state), _) => state.why.as_deref().unwrap_or("they are about to go"),
            };
            facts.push(format!("{} to go: {}", letters(self.waiting), one_line(why)));
        }
        if self.under_way > 0 {
            facts.push(format!("{} under way", letters(self.under_way)));
        }
        facts.push(match self.rule {
            Rule::Accept => "its letters are judged as those here are".to_owned(),
            Rule::Hold => format!("its letters are held; `cc2cc link trust {}` lets them in", self.name),
            Rule::Refuse => "its letters are refused".to_owned(),
        });
        format!("{} ({}): {}", self.name, self.fingerprint, facts.join("; "))
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "fingerprint": self.fingerprint,
            "lastContact": self.heard.as_ref().map(|heard| heard.at),
            "agents": self.heard.as_ref().map(|heard| &heard.agents),
            "waiting": self.waiting,
            "underWay": self.under_way,
            "rule": match self.rule { Rule::Accept => "accept", Rule::Hold => "hold", Rule::Refuse => "refuse" },
        })
    }
}

fn letters(count: usize) -> String {
    if count == 1 { "1 letter".to_owned() } else { format!("{count} letters") }
}

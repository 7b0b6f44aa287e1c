//! What all parts of a running link share.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::{connection::TeamPlaces, keys::OwnKey, state::StateKeeper};
use crate::{
    agent::{link_settings::LinkSettings, machines},
    mailbox::{Mailbox, home::Home, letter::LetterId, machine_name::MachineName, name::AgentName},
};

/// A letter of another machine whose way here is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedLetter {
    pub machine: MachineName,
    pub id: LetterId,
    pub to: AgentName,
}

/// What all parts of a running link share.
#[derive(Debug)]
pub struct Carrier {
    pub home: Home,
    pub settings: LinkSettings,
    pub key: OwnKey,
    pub places: TeamPlaces,
    pub state: Arc<StateKeeper>,
    /// There may be letters to send.
    pub to_go: Notify,
    /// Somebody has come, gone or begun something.
    pub to_say: Notify,
    pub changed: mpsc::UnboundedSender<FollowedLetter>,
}

impl Carrier {
    /// What the other machines call this one.
    pub fn me(&self) -> &MachineName {
        &self.settings.name
    }

    /// A letter of another machine may have made a step.
    pub fn tell(&self, machine: &MachineName, id: &LetterId, to: &AgentName) {
        let _ = self.changed.send(FollowedLetter { machine: machine.clone(), id: id.clone(), to: to.clone() });
    }

    /// The mailboxes whose letters go out, with the machine they go to.
    pub fn mailboxes_elsewhere(&self) -> Vec<(Mailbox, MachineName)> {
        let known = machines::known(&self.home);
        let all = self.home.mailboxes().unwrap_or_default();
        let elsewhere = all.into_iter().filter_map(|mailbox| {
            let machine = mailbox.name().machine()?;
            known.contains(&machine).then_some((mailbox, machine))
        });
        elsewhere.collect()
    }
}

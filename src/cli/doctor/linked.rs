//! Whether letters to other machines go out; nothing where none is linked.

use super::finding::{Finding, Outcome, finding};
use crate::{
    agent::{
        link_program::{self, PROGRAM},
        machines::{self, LinkState},
        policy::Config,
    },
    mailbox::home::Home,
    text::terminal::one_line,
};

pub(super) fn linked(home: &Home) -> Option<Finding> {
    let config = Config::load(home).ok()?;
    let link = config.link()?;
    let machines = machines::known(home).len();
    let outcome = if link_program::path().is_none() {
        Outcome::Broken {
            problem: format!("there is no {PROGRAM} beside cc2cc, so letters to other machines wait"),
            fix: "install it; docs/machines.md".to_owned(),
        }
    } else if !machines::is_running(home.path()) {
        Outcome::Note(format!("this machine is {}; {PROGRAM} runs while a session does", link.name))
    } else {
        match LinkState::read(home.path()) {
            Some(LinkState { connected: true, why: None, .. }) => {
                Outcome::Fine(format!("this machine is {}, connected; paired with {machines}", link.name))
            }
            Some(LinkState { why: Some(why), .. }) => {
                Outcome::Note(format!("letters to other machines wait: {}", one_line(&why)))
            }
            _ => Outcome::Note("not connected yet".to_owned()),
        }
    };
    Some(finding("link", outcome))
}

//! Whom an address means, when a letter is sent there.

use jiff::Timestamp;

use super::{
    Record, beside,
    directory::{self, Address, Meant},
    groups, machines,
    reach::Standing,
    repo,
    send_error::SendError,
    sender::Sender,
};
use crate::mailbox::{Mailbox, home::Home, name::AgentName};

/// An address of which each group is one: `@name` means the agent of that name where no group has it.
///
/// # Errors
/// [`SendError`] for a group or an agent that nobody knows.
pub(super) fn settled(home: &Home, address: &Address) -> Result<Address, SendError> {
    match address {
        Address::Group(name) => {
            let groups = groups::all(home)?;
            match home.mailbox(name.as_agent()) {
                _ if groups.contains_key(name) => Ok(address.clone()),
                Some(_) => Ok(Address::Agent(name.as_agent().clone())),
                None => Err(SendError::NoSuchGroup { name: name.clone(), groups: groups.into_keys().collect() }),
            }
        }
        Address::Several(all) => {
            all.iter().map(|one| settled(home, one)).collect::<Result<_, _>>().map(Address::Several)
        }
        Address::Agent(_) | Address::All | Address::AllOn(_) | Address::Repo | Address::Dir => Ok(address.clone()),
    }
}

/// The mailboxes of an address, each once.
///
/// # Errors
/// [`SendError`] where it means nobody, or nobody known.
pub(super) fn recipients(
    home: &Home,
    sender: &Sender,
    address: &Address,
    meant: Meant,
) -> Result<Vec<Mailbox>, SendError> {
    if let Address::Several(all) = address {
        let mut found: Vec<Mailbox> = Vec::new();
        for one in all {
            for mailbox in recipients(home, sender, one, meant)? {
                if !found.contains(&mailbox) {
                    found.push(mailbox);
                }
            }
        }
        return Ok(found);
    }
    let nobody = || SendError::NobodyThere { address: address.clone(), offline_too: meant == Meant::OfflineToo };
    if let Some(machine) = address.machine() {
        let known = machines::known(home);
        if !known.contains(&machine) {
            return Err(SendError::NoSuchMachine { machine, known });
        }
    }
    if let Address::AllOn(machine) = address {
        let heard = machines::heard(home.path(), machine).map(|heard| heard.agents).unwrap_or_default();
        let names = heard.iter().map(|agent| agent.name.on(machine));
        let there = names.filter(|name| {
            let standing = Standing::of(&home.mailbox_to_be(name), &Record::default(), Timestamp::now());
            !name.there().is_reserved() && (standing.is_online() || meant == Meant::OfflineToo)
        });
        let found: Vec<Mailbox> = there.map(|name| home.mailbox_to_be(&name)).collect();
        return if found.is_empty() { Err(nobody()) } else { Ok(found) };
    }
    let Address::Agent(name) = address else {
        if *address == Address::Repo && repo::at(&sender.cwd).is_none() {
            return Err(SendError::NoRepo(sender.cwd.clone()));
        }
        let group = directory::group(home, address, &sender.name, &sender.cwd, meant)?;
        return if group.is_empty() { Err(nobody()) } else { Ok(group) };
    };
    let found = if is_made_by_sending(name) { Some(home.mailbox_to_be(name)) } else { home.mailbox(name) };
    let mailbox = found.ok_or_else(|| SendError::NoSuchAgent {
        name: name.to_string(),
        nearest: directory::nearest(home, name.as_str()),
    })?;
    let mailbox = beside::meant(home, mailbox);
    if *mailbox.name() == sender.name { Err(SendError::ToYourself(sender.name.clone())) } else { Ok(vec![mailbox]) }
}

/// Whether a mailbox comes with the first letter to it: the person's, and here that of an agent of another machine.
pub(super) fn is_made_by_sending(name: &AgentName) -> bool {
    name.is_user() || name.is_elsewhere() && (name.there().is_user() || !name.there().is_reserved())
}

//! `cc2cc join` and `cc2cc leave`: which groups an agent is in.

use std::process::ExitCode;

use jiff::Timestamp;

use super::{caller, completions, printing};
use crate::{
    agent::{Record, group_name::GroupName, groups},
    failure::{Code, Failure},
    mailbox::{Mailbox, home::Home, name::AgentName},
};

/// Put a session into groups, such as @backend
///
/// It stays in them until it leaves, also as it is resumed, cleared or renamed. `CC2CC_GROUPS` and `[groups]` in
/// `config.toml` do the same as a session starts.
#[derive(clap::Args)]
pub struct JoinArgs {
    /// The groups, with `@` or without it; a new name begins a group
    #[arg(required = true, value_name = "GROUP", add = completions::groups())]
    groups: Vec<String>,
    /// Which session; your own if not given
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
}

/// Take a session out of groups
#[derive(clap::Args)]
pub struct LeaveArgs {
    /// The groups, with `@` or without it
    #[arg(required = true, value_name = "GROUP", add = completions::groups())]
    groups: Vec<String>,
    /// Which session; your own if not given
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
}

pub fn join(home: &Home, args: &JoinArgs) -> Result<ExitCode, Failure> {
    let (mailbox, groups) = meant(home, &args.groups, args.agent.as_deref())?;
    if let Some(group) = groups.iter().find(|group| home.mailbox(group.as_agent()).is_some()) {
        let agent = group.as_agent();
        return Err(Failure::new(Code::Usage, format!("{group} means the agent {agent}, so it cannot be a group"))
            .hint("a group needs a name that no agent has; `cc2cc agents --all` lists them"));
    }
    let new = groups::join(&mailbox, groups.clone(), Timestamp::now())?;
    let name = mailbox.name();
    let lines = groups.iter().map(|group| {
        let others = members(home, group).into_iter().filter(|member| member != name);
        let others: Vec<String> = others.map(|member| member.to_string()).collect();
        let with = if others.is_empty() { String::new() } else { format!(", with {}", others.join(", ")) };
        let already = if new.contains(group) { "is in" } else { "was already in" };
        format!("{name} {already} {group}{with}\n")
    });
    printing::print(lines.collect::<String>());
    Ok(ExitCode::SUCCESS)
}

pub fn leave(home: &Home, args: &LeaveArgs) -> Result<ExitCode, Failure> {
    let (mailbox, groups) = meant(home, &args.groups, args.agent.as_deref())?;
    let name = mailbox.name();
    let is_in = groups::of(&Record::of(&mailbox));
    if let Some(group) = groups.iter().find(|group| !is_in.contains(group)) {
        let names: Vec<String> = is_in.iter().map(ToString::to_string).collect();
        let hint = if names.is_empty() { "it is in none".to_owned() } else { format!("it is in {}", names.join(", ")) };
        return Err(Failure::new(Code::NotFound, format!("{name} is not in {group}")).hint(hint));
    }
    for group in &groups {
        groups::leave(&mailbox, group, Timestamp::now())?;
        printing::print(format!("{name} has left {group}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whose groups, and which; nothing is changed before all of it is known to be right.
fn meant(home: &Home, groups: &[String], agent: Option<&str>) -> Result<(Mailbox, Vec<GroupName>), Failure> {
    let groups = groups.iter().map(|group| group.parse()).collect::<Result<_, _>>()?;
    let mailbox = caller::session(home, agent, || {
        Failure::new(Code::Usage, "at a terminal you are `user`, who is in no group")
            .hint("`--agent NAME` says which session is meant")
    })?;
    Ok((mailbox, groups))
}

/// Everyone in a group, away or not.
fn members(home: &Home, group: &GroupName) -> Vec<AgentName> {
    let mailboxes = home.mailboxes().unwrap_or_default();
    let is_in = |mailbox: &Mailbox| groups::of(&Record::of(mailbox)).contains(group);
    mailboxes.into_iter().filter(is_in).map(|mailbox| mailbox.name().clone()).collect()
}

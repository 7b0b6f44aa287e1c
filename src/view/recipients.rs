//! Whom a letter can go to, as the person types an address.

use std::collections::BTreeSet;

use super::agents::Agent;

/// Everyone who is there. What `@repo` and `@dir` mean depends on where one works, and the view is for all places.
const EVERYONE: &str = "@all";

/// Those whom the last part of an address begins, without those named in it already: agents in their order, groups
/// last.
#[must_use]
pub fn beginning(address: &str, agents: &[Agent]) -> Vec<String> {
    let (before, last) = split(address);
    let named: Vec<_> = before.split(',').map(str::trim).collect();
    let all = agents.iter().filter(|agent| !agent.name.is_user()).map(|agent| agent.name.as_str());
    let groups: BTreeSet<&str> = agents.iter().flat_map(|agent| agent.groups.iter().map(String::as_str)).collect();
    let everyone = before.is_empty().then_some(EVERYONE);
    let wanted = all
        .chain(groups)
        .chain(everyone)
        .filter(|name| !named.contains(name) && name.starts_with(&last.to_lowercase()));
    wanted.map(str::to_owned).collect()
}

/// Whether the last part of an address is the beginning of a name and none itself.
#[must_use]
pub fn is_begun(address: &str, agents: &[Agent]) -> bool {
    let (_, last) = split(address);
    let found = beginning(address, agents);
    !last.is_empty() && !found.is_empty() && !found.iter().any(|name| name == last)
}

/// The address with this name in the place of its last part.
#[must_use]
pub fn with_last(address: &str, name: &str) -> String {
    let (before, _) = split(address);
    format!("{before}{name}")
}

/// How much of a name is typed already.
#[must_use]
pub fn typed(address: &str) -> &str {
    split(address).1
}

/// What stands up to the last comma, and what stands behind it.
fn split(address: &str) -> (&str, &str) {
    let (before, last) = address.split_at(address.rfind(',').map_or(0, |comma| comma + 1));
    (before, last.trim())
}

//! OpenCode's permissions, and how far an agent of it acts without asking.
//!
//! An agent has a list of rules, of which the last that fits decides. It acts as freely as its shell does: what a shell may
//! do unasked, an agent may that asks before it edits a file. So `plan`, as the client comes, is no careful level: its
//! instructions alone keep it from changing anything.

use serde::Deserialize;
use serde_json::Value;

use crate::mailbox::level::Level;

/// One rule of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct PermissionRule {
    pub permission: String,
    pub pattern: String,
    pub action: String,
}

/// The option by which the client answers its own questions with yes.
const AUTO: &str = "--auto";

/// The level of the agent `name` in a list of the client's agents, in a session with rules of its own. `None` when there is
/// no such agent.
#[must_use]
pub fn level(agents: &Value, name: &str, own: &[PermissionRule], command_line: &[String]) -> Option<Level> {
    let agent = agents.as_array()?.iter().find(|agent| agent["name"] == name)?;
    let rules: Vec<PermissionRule> = serde_json::from_value(agent["permission"].clone()).unwrap_or_default();
    Some(of_rules(&[&rules[..], own].concat(), says_auto(command_line)))
}

/// The rules in a value of the client's; none where it has another shape.
#[must_use]
pub fn rules(value: &Value) -> Vec<PermissionRule> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// Whether a client that was started with these words says yes in its person's place.
fn says_auto(words: &[String]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == AUTO)
}

fn of_rules(rules: &[PermissionRule], auto: bool) -> Level {
    let decided = |permission: &str| match action(rules, permission) {
        "ask" if auto => "allow",
        action => action,
    };
    match (decided("bash"), decided("edit")) {
        ("allow", _) => Level::Free,
        (_, "allow") => Level::Edits,
        (_, "deny") => Level::Plans,
        _ => Level::Asks,
    }
}

/// What the rules say of the most part of a permission: those for some commands or files alone are exceptions. A list
/// without any that fits asks.
fn action<'a>(rules: &'a [PermissionRule], permission: &str) -> &'a str {
    let fits =
        |rule: &&PermissionRule| rule.pattern == "*" && (rule.permission == "*" || rule.permission == permission);
    rules.iter().rfind(fits).map_or("ask", |rule| &rule.action)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(rules: &[(&str, &str, &str)], words: &[&str]) -> Level {
        let rules: Vec<Value> = rules
            .iter()
            .map(
                |(permission, pattern, action)| json!({"permission": permission, "pattern": pattern, "action": action}),
            )
            .collect();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        level(&json!([{"name": "build", "permission": rules}]), "build", &[], &words).expect("an agent")
    }

    #[test]
    fn an_agent_acts_as_freely_as_its_shell() {
        let everything = ("*", "*", "allow");
        assert_eq!(of(&[everything], &[]), Level::Free, "as the client comes");
        assert_eq!(of(&[everything, ("edit", "*", "deny")], &[]), Level::Free, "its shell may do all");
        assert_eq!(of(&[everything, ("bash", "*", "ask")], &[]), Level::Edits);
        let asks = [everything, ("bash", "*", "ask"), ("edit", "*", "ask")];
        assert_eq!(of(&asks, &[]), Level::Asks);
        assert_eq!(of(&asks, &["opencode", "--auto"]), Level::Free);
        assert_eq!(of(&asks, &["opencode", "--", "--auto"]), Level::Asks);
        assert_eq!(
            of(&[everything, ("bash", "*", "deny"), ("edit", "*", "deny")], &["opencode", "--auto"]),
            Level::Plans
        );
        assert_eq!(of(&[everything, ("bash", "*", "ask"), ("bash", "git *", "allow")], &[]), Level::Edits);
        assert_eq!(of(&[], &[]), Level::Asks);
    }

    #[test]
    fn the_rules_of_a_session_come_last() {
        let agents = json!([{"name": "build", "permission": [{"permission": "*", "pattern": "*", "action": "allow"}]}]);
        let own = rules(&json!([{"permission": "bash", "pattern": "*", "action": "ask"}]));
        assert_eq!(level(&agents, "build", &own, &[]), Some(Level::Edits));
        assert_eq!(level(&agents, "other", &own, &[]), None);
        assert_eq!(rules(&json!({"bash": true})), []);
    }
}

//! Whose a call of a tool is, where one server serves many sessions: each client names the session in its own way.

use std::env;

use serde_json::{Map, Value};

use crate::agent::{client_program::ClientProgram, host::HostKey};

/// Stands in the plugin's argument between a session and the subagent of it that makes the call.
pub const OF_SUBAGENT: char = '/';

/// Tells a server which client it serves, where that is one whose servers serve many sessions.
pub const CLIENT_VARIABLE: &str = "CC2CC_CLIENT";
/// The argument that the plugin for `OpenCode` puts into each call.
const SESSION_ARGUMENT: &str = "cc2cc_session";

/// The client whose many sessions this server serves; `None` where it belongs to one session.
#[must_use]
pub fn served() -> Option<ClientProgram> {
    let client = ClientProgram::named(&env::var(CLIENT_VARIABLE).ok()?)?;
    (client != ClientProgram::ClaudeCode).then_some(client)
}

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallMaker {
    pub host: HostKey,
    /// A subagent of the session, whose words are not its own.
    pub is_subagent: bool,
}

/// Who makes a call, by what the client sends along with it. An argument that only says that is taken out.
#[must_use]
pub fn maker(
    client: ClientProgram,
    along: &Map<String, Value>,
    arguments: Option<&mut Map<String, Value>>,
) -> Option<CallMaker> {
    match client {
        ClientProgram::ClaudeCode => None,
        ClientProgram::Codex => {
            let turn = || along.get("x-codex-turn-metadata")?.get("thread_id");
            let host = HostKey::of_session(client.word(), along.get("threadId").or_else(turn)?.as_str()?)?;
            Some(CallMaker { host, is_subagent: false })
        }
        ClientProgram::OpenCode => {
            let said = arguments?.remove(SESSION_ARGUMENT)?;
            let (session, subagent) = said.as_str()?.split_once(OF_SUBAGENT).unzip();
            let host = HostKey::of_session(client.word(), &session.or(said.as_str())?.replace('_', "-"))?;
            Some(CallMaker { host, is_subagent: subagent.is_some() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn each_client_names_the_session_of_a_call() {
        let key = |client, along: Value, arguments: Value| {
            let mut arguments = map(arguments);
            let maker = maker(client, &map(along), Some(&mut arguments));
            (maker.map(|maker| (maker.host.to_string(), maker.is_subagent)), Value::Object(arguments))
        };
        let codex = |along| key(ClientProgram::Codex, along, json!({ "to": "ann" }));
        let fine = (Some(("codex-01a2".to_owned(), false)), json!({ "to": "ann" }));
        assert_eq!(codex(json!({ "threadId": "01a2" })), fine);
        assert_eq!(codex(json!({ "x-codex-turn-metadata": { "thread_id": "01a2" } })), fine);
        assert_eq!(codex(json!({ "threadId": "../x" })).0, None);
        assert_eq!(codex(json!({})).0, None);
        let opencode =
            |session| key(ClientProgram::OpenCode, json!({}), json!({ "to": "ann", "cc2cc_session": session }));
        let of_session = |is_subagent| (Some(("opencode-ses-7f".to_owned(), is_subagent)), json!({ "to": "ann" }));
        assert_eq!(opencode("ses_7f"), of_session(false));
        assert_eq!(opencode("ses_7f/ses_8a"), of_session(true));
    }
}

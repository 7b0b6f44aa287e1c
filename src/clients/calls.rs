//! Whose a call of a tool is, where one server serves many sessions: each client names the session in its own way.

use std::env;

use serde_json::{Map, Value};

use crate::agent::{client_program::ClientProgram, host::HostKey};

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

/// The session that makes a call, by what the client sends along with it. An argument that only says that is taken out.
#[must_use]
pub fn host(
    client: ClientProgram,
    along: &Map<String, Value>,
    arguments: Option<&mut Map<String, Value>>,
) -> Option<HostKey> {
    match client {
        ClientProgram::ClaudeCode => None,
        ClientProgram::Codex => {
            let turn = || along.get("x-codex-turn-metadata")?.get("thread_id");
            HostKey::of_session(client.word(), along.get("threadId").or_else(turn)?.as_str()?)
        }
        ClientProgram::OpenCode => {
            let session = arguments?.remove(SESSION_ARGUMENT)?;
            HostKey::of_session(client.word(), &session.as_str()?.replace('_', "-"))
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
            let host = host(client, &map(along), Some(&mut arguments));
            (host.map(|host| host.to_string()), Value::Object(arguments))
        };
        let codex = |along| key(ClientProgram::Codex, along, json!({ "to": "ann" }));
        let fine = (Some("codex-01a2".to_owned()), json!({ "to": "ann" }));
        assert_eq!(codex(json!({ "threadId": "01a2" })), fine);
        assert_eq!(codex(json!({ "x-codex-turn-metadata": { "thread_id": "01a2" } })), fine);
        assert_eq!(codex(json!({ "threadId": "../x" })).0, None);
        assert_eq!(codex(json!({})).0, None);
        let given = json!({ "to": "ann", "cc2cc_session": "ses_7f" });
        let (host, left) = key(ClientProgram::OpenCode, json!({}), given);
        assert_eq!((host.as_deref(), left), (Some("opencode-ses-7f"), json!({ "to": "ann" })));
    }
}

//! Which program's session an agent is. The key of its host says so: that of a process is Claude Code's, and where one
//! process serves many sessions the key begins with the client's word; see [`HostKey::of_session`](super::host::HostKey).

use super::host::HostKey;

/// The programs whose sessions take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientProgram {
    ClaudeCode,
    Codex,
    OpenCode,
}

impl ClientProgram {
    pub const ALL: [Self; 3] = [Self::ClaudeCode, Self::Codex, Self::OpenCode];

    /// As hooks, keys and options call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude",
            Self::Codex => "codex",
            Self::OpenCode => "opencode",
        }
    }

    /// As people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::OpenCode => "OpenCode",
        }
    }

    /// The program that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.word() == word)
    }

    /// The program of the session that has this key; Claude Code where it does not say another.
    #[must_use]
    pub fn of_key(host: &HostKey) -> Self {
        Self::of_text(host.as_str())
    }

    /// The same of a key as it stands in a record.
    #[must_use]
    pub fn of_text(host: &str) -> Self {
        host.split('-').next().and_then(Self::named).unwrap_or(Self::ClaudeCode)
    }

    /// The word for it where that is worth saying: of Claude Code's sessions nothing is said.
    #[must_use]
    pub fn said(self) -> Option<&'static str> {
        (self != Self::ClaudeCode).then(|| self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_the_client() {
        for client in [ClientProgram::Codex, ClientProgram::OpenCode] {
            let key = HostKey::of_session(client.word(), "01a227fc-a455").unwrap();
            assert_eq!(ClientProgram::of_key(&key), client);
            assert_eq!(ClientProgram::named(client.word()), Some(client));
        }
        for host in ["4711-900-4026531836-49c63f3b", "something-else", ""] {
            assert_eq!(ClientProgram::of_text(host), ClientProgram::ClaudeCode, "{host:?}");
        }
    }
}

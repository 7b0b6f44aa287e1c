//! Whether Codex, where it is used, runs our hooks.

use super::finding::Outcome;
use crate::setup::codex::CodexFiles;

/// How it stands with Codex; `None` where it is not used.
pub fn registered() -> Option<Outcome> {
    let codex = CodexFiles::from_env().filter(CodexFiles::is_there)?;
    let folder = codex.folder().display();
    let install = "run `cc2cc install`";
    Some(match codex.registered() {
        Err(failure) => broken(failure.message, failure.hint.unwrap_or_default()),
        Ok(found) if found.hooks == 0 && !found.has_server => {
            Outcome::Note(format!("{folder} has no hooks of cc2cc: {install} if its sessions are to take part"))
        }
        Ok(found) if !found.is_whole() => broken(format!("{folder} lacks a hook or the server of cc2cc"), install),
        Ok(found) if found.trusted < found.hooks => broken(
            format!("{} of the {} hooks are not trusted, so they do not run", found.hooks - found.trusted, found.hooks),
            "start `codex` and choose `Trust all and continue`, or type `/hooks` in it",
        ),
        Ok(_) => Outcome::Fine(format!("hooks and server are registered in {folder}")),
    })
}

fn broken(problem: impl Into<String>, fix: impl Into<String>) -> Outcome {
    Outcome::Broken { problem: problem.into(), fix: fix.into() }
}

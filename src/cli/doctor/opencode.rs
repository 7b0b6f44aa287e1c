//! Whether OpenCode has the plugin, where somebody uses OpenCode.

use super::finding::Outcome;
use crate::setup::{
    install::Places,
    opencode::{self, PluginFile},
};

/// What there is to say; `None` where nobody uses OpenCode.
pub fn installed() -> Option<Outcome> {
    let (places, file) = (Places::from_env().ok()?, opencode::file().filter(|_| opencode::is_there())?);
    let file = file.display();
    let fix = "run `cc2cc install`".to_owned();
    Some(match opencode::look(&places.program().ok()?) {
        PluginFile::Current => Outcome::Fine(format!("the plugin is {file}")),
        PluginFile::Missing => Outcome::Note(format!("its sessions take no part: there is no {file}; {fix}")),
        PluginFile::Other => {
            Outcome::Broken { problem: format!("{file} is of another version, or for another program"), fix }
        }
        PluginFile::NotOurs => Outcome::Note(format!("its sessions take no part: {file} was not written by cc2cc")),
    })
}

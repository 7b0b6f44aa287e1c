//! The plugin as Claude Code has it from a marketplace.
//!
//! It then takes the place of the one in `skills/`, which Claude Code does not load beside it. What the client notes about
//! its plugins is its own affair and may change, so what cannot be read here counts as no such plugin.

use std::path::Path;

use serde_json::Value;

use crate::mailbox::disk;

/// A plugin that Claude Code has from a marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// `cc2cc@MARKETPLACE`.
    pub id: String,
    pub version: String,
}

/// Our plugin, where it is installed from a marketplace for all projects and not switched off; `config` is Claude Code's
/// folder.
#[must_use]
pub fn plugin(config: &Path) -> Option<Plugin> {
    let installed = read(&config.join("plugins/installed_plugins.json"))?;
    let settings = read(&config.join("settings.json")).unwrap_or_default();
    let plugins = installed["plugins"].as_object()?;
    plugins.iter().filter(|(id, _)| id.starts_with("cc2cc@")).find_map(|(id, copies)| {
        let copy = copies.as_array()?.iter().find(|copy| copy["scope"] == "user")?;
        let version = copy["version"].as_str()?.to_owned();
        (settings["enabledPlugins"][id] != false).then(|| Plugin { id: id.clone(), version })
    })
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&disk::read(path, 4 * 1024 * 1024).ok()?).ok()
}

//! Putting the plugin where OpenCode finds it: one file, and nothing in its settings. The plugin itself tells OpenCode of the
//! server.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::install::InstallError;
use crate::mailbox::{
    disk::{self, Durability},
    home,
};

/// The plugin, which names its program by this line.
const PLUGIN: &str = include_str!("../../opencode/cc2cc.js");
const COMMAND: &str = "const COMMAND = \"cc2cc\"";
/// How a file of ours begins, whatever version wrote it.
const OURS: &str = "// cc2cc's part inside OpenCode.";
const LIMIT_BYTES: u64 = 1024 * 1024;

/// What is where OpenCode looks for the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginFile {
    Missing,
    /// As this version writes it for this program.
    Current,
    /// Ours, of another version or for another program.
    Other,
    /// Somebody else's.
    NotOurs,
}

/// Where OpenCode keeps what a person has set; `None` when there is no home directory.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let given = |variable: &str| env::var_os(variable).filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let config = || given("XDG_CONFIG_HOME").or_else(|| Some(home::of_person()?.join(".config")));
    given("OPENCODE_CONFIG_DIR").or_else(|| Some(config()?.join("opencode")))
}

/// Whether somebody uses OpenCode here: it has been started once, or can be.
#[must_use]
pub fn is_there() -> bool {
    const PROGRAM: &str = if cfg!(windows) { "opencode.exe" } else { "opencode" };
    let on_path =
        || env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(PROGRAM).is_file()));
    folder().is_some_and(|folder| folder.is_dir()) || on_path()
}

/// The plugin's file.
#[must_use]
pub fn file() -> Option<PathBuf> {
    Some(folder()?.join("plugins").join("cc2cc.js"))
}

/// What is there now, of a plugin that starts `binary`.
#[must_use]
pub fn look(binary: &Path) -> PluginFile {
    match file().and_then(|file| disk::read(&file, LIMIT_BYTES).ok()) {
        None => PluginFile::Missing,
        Some(bytes) if bytes == rendered(binary).as_bytes() => PluginFile::Current,
        Some(bytes) if bytes.starts_with(OURS.as_bytes()) => PluginFile::Other,
        Some(_) => PluginFile::NotOurs,
    }
}

/// Writes the plugin, which starts `binary`; gives where. Repeating it updates.
///
/// # Errors
/// [`InstallError::NotOurs`] before anything is written, else what failed; repeating it is safe.
pub fn install(binary: &Path) -> Result<PathBuf, InstallError> {
    let file = file().ok_or(InstallError::NoHome)?;
    match look(binary) {
        PluginFile::NotOurs => return Err(InstallError::NotOurs(file)),
        PluginFile::Current => return Ok(file),
        PluginFile::Missing | PluginFile::Other => {}
    }
    file.parent().map_or(Ok(()), disk::create_dir_all)?;
    disk::replace(&file, rendered(binary).as_bytes(), Durability::Disk)?;
    Ok(file)
}

/// Removes the plugin; gives where it was, if it was there.
///
/// # Errors
/// What failed; repeating it is safe.
pub fn uninstall() -> Result<Option<PathBuf>, InstallError> {
    let Some(file) = file() else { return Ok(None) };
    match look(Path::new("")) {
        PluginFile::Missing | PluginFile::NotOurs => return Ok(None),
        PluginFile::Current | PluginFile::Other => disk::remove(&file)?,
    }
    if let Some(folder) = file.parent() {
        disk::remove_empty_dir(folder)?;
    }
    Ok(Some(file))
}

/// The plugin as it starts this program.
fn rendered(binary: &Path) -> String {
    let command = serde_json::Value::from(binary.display().to_string());
    PLUGIN.replacen(COMMAND, &format!("const COMMAND = {command}"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_names_its_program_and_is_known_as_ours() {
        let text = rendered(Path::new("/home/o'neil/\"bin\"/cc2cc"));
        assert!(text.starts_with(OURS));
        assert!(text.contains(r#"const COMMAND = "/home/o'neil/\"bin\"/cc2cc""#));
        assert!(!text.contains(COMMAND));
    }
}

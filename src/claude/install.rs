//! Putting the plugin where Claude Code finds it, and taking it away again.
//!
//! `installed.json` in the plugin folder lists what is ours. It is written first, so that an install that was cut off
//! can be repeated or removed; what it does not list is somebody else's and stays.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    marketplace::{self, Plugin},
    origin::Origin,
    version,
};
use crate::mailbox::disk::{self, Durability, FsError};

const LIST: &str = "installed.json";
const BINARY: &str = if cfg!(windows) { "bin/cc2cc.exe" } else { "bin/cc2cc" };

/// The plugin's files, by their place in its folder.
const FILES: [(&str, &[u8]); 14] = [
    (".claude-plugin/plugin.json", include_bytes!("../../plugin/.claude-plugin/plugin.json")),
    (".mcp.json", include_bytes!("../../plugin/.mcp.json")),
    ("hooks/hooks.json", include_bytes!("../../hooks/hooks.json")),
    ("hooks/register.js", include_bytes!("../../hooks/register.js")),
    ("hooks/pane.js", include_bytes!("../../hooks/pane.js")),
    ("commands/send.md", include_bytes!("../../plugin/commands/send.md")),
    ("commands/inbox.md", include_bytes!("../../plugin/commands/inbox.md")),
    ("commands/who.md", include_bytes!("../../plugin/commands/who.md")),
    ("commands/accept.md", include_bytes!("../../plugin/commands/accept.md")),
    ("commands/refuse.md", include_bytes!("../../plugin/commands/refuse.md")),
    ("README.md", include_bytes!("../../plugin/README.md")),
    ("icon.png", include_bytes!("../../plugin/icon.png")),
    ("LICENSE-MIT", include_bytes!("../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_bytes!("../../LICENSE-APACHE")),
];

/// Where things go.
#[derive(Debug, Clone)]
pub struct Places {
    /// The plugin's folder below Claude Code's own.
    pub plugin: PathBuf,
    /// The binary's name on the path.
    pub link: PathBuf,
}

/// What an install came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Link {
    Made,
    /// Something that is not ours has the name; it was left alone.
    Occupied,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("there is no home directory to install into")]
    NoHome,
    #[error("{} is there and was not written by cc2cc; it was left alone", .0.display())]
    NotOurs(PathBuf),
    #[error("nothing is installed in {}", .0.display())]
    NotInstalled(PathBuf),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error("could not find this binary: {0}")]
    NoBinary(io::Error),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Installed {
    v: u64,
    version: String,
    #[serde(default)]
    from: String,
    files: Vec<String>,
}

impl Places {
    /// `${CLAUDE_CONFIG_DIR:-~/.claude}/skills/cc2cc` and `~/.local/bin/cc2cc`.
    ///
    /// # Errors
    /// When there is no home directory.
    pub fn from_env() -> Result<Self, InstallError> {
        let home = dirs::home_dir().ok_or(InstallError::NoHome)?;
        let config = env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty());
        let config = config.map_or_else(|| home.join(".claude"), PathBuf::from);
        let name = if cfg!(windows) { "cc2cc.exe" } else { "cc2cc" };
        Ok(Self { plugin: config.join("skills/cc2cc"), link: home.join(".local/bin").join(name) })
    }

    /// The binary inside the plugin.
    #[must_use]
    pub fn binary(&self) -> PathBuf {
        self.plugin.join(BINARY)
    }

    /// Which version is installed, if any.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.list().map(|installed| installed.version)
    }

    /// Where what is installed came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.list().and_then(|installed| installed.from.parse().ok()).unwrap_or(Origin::Unknown)
    }

    /// The plugin that Claude Code loads instead of this one.
    #[must_use]
    pub fn from_marketplace(&self) -> Option<Plugin> {
        marketplace::plugin(self.plugin.parent()?.parent()?)
    }

    /// Whether the plugin itself is installed here, and not only its program.
    #[must_use]
    pub fn is_plugin(&self) -> bool {
        self.plugin.join(".claude-plugin/plugin.json").is_file()
    }

    fn list(&self) -> Option<Installed> {
        serde_json::from_slice(&disk::read(&self.plugin.join(LIST), 1024 * 1024).ok()?).ok()
    }

    /// Writes the plugin folder with the running binary in it, and the link. Repeating it updates. Where Claude Code has
    /// the plugin from a marketplace the binary is all it needs, and a second plugin of the name would be an error to it.
    ///
    /// # Errors
    /// [`InstallError::NotOurs`] before anything is written, else what failed; repeating it is safe.
    pub fn install(&self) -> Result<Link, InstallError> {
        let before = self.list();
        let is_foreign = |name: &std::ffi::OsString| !is_draft_of(LIST, &name.to_string_lossy());
        if before.is_none() && disk::names(&self.plugin).unwrap_or_default().iter().any(is_foreign) {
            return Err(InstallError::NotOurs(self.plugin.clone()));
        }
        let ours = |file: &str| before.as_ref().is_some_and(|list| list.files.iter().any(|listed| listed == file));
        let texts: &[(&str, &[u8])] = if self.from_marketplace().is_none() { &FILES } else { &[] };
        let files: Vec<&str> = texts.iter().map(|(file, _)| *file).chain([BINARY]).collect();
        if let Some(foreign) =
            files.iter().find(|file| !ours(file) && self.plugin.join(file).symlink_metadata().is_ok())
        {
            return Err(InstallError::NotOurs(self.plugin.join(foreign)));
        }
        let from = Origin::of_this(&self.binary(), self.origin());
        let mut all: Vec<String> = files.iter().map(ToString::to_string).collect();
        let gone: Vec<String> =
            before.into_iter().flat_map(|list| list.files).filter(|file| !all.contains(file)).collect();
        all.extend(gone.iter().cloned());
        self.write_list(&all, &from)?;
        for (file, bytes) in texts {
            let path = self.plugin.join(file);
            make_parent(&path)?;
            disk::replace(&path, bytes, Durability::Disk)?;
        }
        self.copy_binary()?;
        for file in &gone {
            disk::remove(&self.plugin.join(file))?;
        }
        all.retain(|file| !gone.contains(file));
        self.write_list(&all, &from)?;
        self.remove_folders();
        self.remove_drafts(&all)?;
        self.make_link()
    }

    /// Removes what was installed and nothing else. Returns what is left in the plugin's folder.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`], or what failed; repeating it is safe.
    pub fn uninstall(&self) -> Result<Vec<PathBuf>, InstallError> {
        let list = self.list().ok_or_else(|| InstallError::NotInstalled(self.plugin.clone()))?;
        if self.link_is_ours() {
            disk::remove(&self.link)?;
        }
        self.remove_drafts(&list.files)?;
        let _ = fs::remove_dir_all(self.plugin.join(".claude-plugin/types")); // generated by the client
        for file in &list.files {
            disk::remove(&self.plugin.join(file))?;
        }
        disk::remove(&self.plugin.join(LIST))?;
        self.remove_folders();
        let left = fs::read_dir(&self.plugin).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
        Ok(left.unwrap_or_default())
    }

    fn remove_folders(&self) {
        for dir in ["bin", "commands", "hooks", ".claude-plugin", ""] {
            let _ = fs::remove_dir(self.plugin.join(dir)); // only if empty
        }
    }

    /// Removes what an install that was cut off has begun: `NAME.….tmp` beside a file of ours.
    fn remove_drafts(&self, files: &[String]) -> Result<(), FsError> {
        let ours = files.iter().map(|file| self.plugin.join(file)).chain([self.plugin.join(LIST), self.link.clone()]);
        for path in ours {
            let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { continue };
            for draft in disk::names(dir).unwrap_or_default() {
                if is_draft_of(&name.to_string_lossy(), &draft.to_string_lossy()) {
                    disk::remove(&dir.join(&draft))?;
                }
            }
        }
        Ok(())
    }

    fn write_list(&self, files: &[String], from: &Origin) -> Result<(), FsError> {
        let version = version::HERE.to_owned();
        let installed = Installed { v: 1, version, from: from.to_string(), files: files.to_vec() };
        let path = self.plugin.join(LIST);
        make_parent(&path)?;
        disk::replace(&path, &serde_json::to_vec_pretty(&installed).unwrap_or_default(), Durability::Disk)
    }

    /// Replaces the binary in one step, also while sessions run the old one.
    fn copy_binary(&self) -> Result<(), InstallError> {
        let target = self.binary();
        make_parent(&target)?;
        let me = env::current_exe().and_then(fs::canonicalize).map_err(InstallError::NoBinary)?;
        if fs::canonicalize(&target).is_ok_and(|installed| installed == me) {
            return Ok(());
        }
        let draft = disk::draft_of(&target);
        let copied = disk::copy(&me, &draft).and_then(|()| {
            if cfg!(windows) && target.exists() {
                // A running binary cannot be replaced there, but it can be moved aside.
                disk::rename(&target, &target.with_extension("old.exe"))?;
            }
            disk::rename(&draft, &target)
        });
        if copied.is_err() {
            disk::discard(&draft);
        }
        Ok(copied?)
    }

    fn make_link(&self) -> Result<Link, InstallError> {
        if self.link.symlink_metadata().is_ok() && !self.link_is_ours() {
            return Ok(Link::Occupied);
        }
        make_parent(&self.link)?;
        let draft = disk::draft_of(&self.link);
        #[cfg(unix)]
        disk::link(&self.binary(), &draft)?;
        #[cfg(not(unix))]
        disk::copy(&self.binary(), &draft)?;
        disk::rename(&draft, &self.link)?;
        Ok(Link::Made)
    }

    fn link_is_ours(&self) -> bool {
        if cfg!(unix) {
            return fs::read_link(&self.link).is_ok_and(|target| target == self.binary());
        }
        // A copy is ours when it is the binary in the plugin.
        let same = |a: &Path, b: &Path| Some(fs::read(a).ok()? == fs::read(b).ok()?);
        same(&self.link, &self.binary()).unwrap_or(false)
    }
}

fn make_parent(path: &Path) -> Result<(), FsError> {
    path.parent().map_or(Ok(()), disk::create_dir_all)
}

/// Whether `draft` is what an install begins to write in the place of `name`.
fn is_draft_of(name: &str, draft: &str) -> bool {
    let rest = draft.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.strip_suffix(".tmp")).is_some_and(disk::is_unique)
}

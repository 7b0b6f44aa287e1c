//! Putting the plugin where Claude Code finds it, and taking it away again.
//!
//! `installed.json` in the plugin folder lists what is ours. It is written first, so that an install that was cut off
//! can be repeated or removed; what it does not list is somebody else's and stays.

use std::{
    borrow::Cow,
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    marketplace::{self, Plugin},
    origin::InstalledFrom,
};
use crate::{
    clients::claude::{host_process, version},
    failure::{Code, Failure},
    mailbox::{
        disk::{self, Durability, FsError},
        home,
    },
};

const LIST: &str = "installed.json";
const BINARY: &str = if cfg!(windows) { "bin/cc2cc.exe" } else { "bin/cc2cc" };
/// The program that carries letters between machines, for those who have it.
const LINK_BINARY: &str = if cfg!(windows) { "bin/cc2cc-link.exe" } else { "bin/cc2cc-link" };
/// How the plugin's files name it, in JSON and in JavaScript.
const IN_FILES: [&str; 3] = ["/bin/cc2cc\"", "/bin/cc2cc`", "/bin/cc2cc'"];

/// The plugin's files, by their place in its folder. Running clients load the mod anew when one of the last four changes,
/// so these come after all that they need, each after those it names.
const FILES: [(&str, &[u8]); 14] = [
    (".mcp.json", include_bytes!("../../plugin/.mcp.json")),
    ("commands/send.md", include_bytes!("../../plugin/commands/send.md")),
    ("commands/inbox.md", include_bytes!("../../plugin/commands/inbox.md")),
    ("commands/who.md", include_bytes!("../../plugin/commands/who.md")),
    ("commands/accept.md", include_bytes!("../../plugin/commands/accept.md")),
    ("commands/refuse.md", include_bytes!("../../plugin/commands/refuse.md")),
    ("README.md", include_bytes!("../../plugin/README.md")),
    ("icon.png", include_bytes!("../../plugin/icon.png")),
    ("LICENSE-MIT", include_bytes!("../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_bytes!("../../LICENSE-APACHE")),
    ("hooks/pane.js", include_bytes!("../../hooks/pane.js")),
    ("hooks/register.js", include_bytes!("../../hooks/register.js")),
    ("hooks/hooks.json", include_bytes!("../../hooks/hooks.json")),
    (".claude-plugin/plugin.json", include_bytes!("../../plugin/.claude-plugin/plugin.json")),
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
    #[error("there is no place for the command cc2cc: {0}")]
    NoPlace(FsError),
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
        let home = home::of_person().ok_or(InstallError::NoHome)?;
        let config = host_process::folder().ok_or(InstallError::NoHome)?;
        let name = BINARY.rsplit('/').next().unwrap_or(BINARY);
        Ok(Self { plugin: below(&config, "skills/cc2cc"), link: below(&home, ".local/bin").join(name) })
    }

    /// The binary inside the plugin.
    #[must_use]
    pub fn binary(&self) -> PathBuf {
        self.file(BINARY)
    }

    /// The program in its place, or else where it lies now: what other clients start.
    ///
    /// # Errors
    /// `NoBinary` when the system does not say where this program lies.
    pub fn program(&self) -> Result<PathBuf, InstallError> {
        let here = || env::current_exe().and_then(fs::canonicalize).map_err(InstallError::NoBinary);
        if self.binary().is_file() { Ok(self.binary()) } else { here() }
    }

    fn file(&self, name: &str) -> PathBuf {
        below(&self.plugin, name)
    }

    /// Which version is installed, if any.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.list().map(|installed| installed.version)
    }

    /// Where what is installed came from.
    #[must_use]
    pub fn origin(&self) -> InstalledFrom {
        self.list().and_then(|installed| installed.from.parse().ok()).unwrap_or(InstalledFrom::Unknown)
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
    /// The program that carries letters between machines goes beside the binary, from `with_link`; one that is there stays.
    ///
    /// # Errors
    /// [`InstallError::NotOurs`] before anything is written, else what failed; repeating it is safe.
    pub fn install(&self, with_link: Option<&Path>) -> Result<Link, InstallError> {
        let before = self.list();
        let is_foreign = |name: &std::ffi::OsString| !is_draft_of(LIST, &name.to_string_lossy());
        if before.is_none() && disk::names(&self.plugin).unwrap_or_default().iter().any(is_foreign) {
            return Err(InstallError::NotOurs(self.plugin.clone()));
        }
        let ours = |file: &str| before.as_ref().is_some_and(|list| list.files.iter().any(|listed| listed == file));
        let texts: &[(&str, &[u8])] = if self.from_marketplace().is_none() { &FILES } else { &[] };
        let files = texts.iter().map(|(file, _)| *file).chain([BINARY]);
        let is_linked = with_link.is_some() || ours(LINK_BINARY);
        let files: Vec<&str> = files.chain(is_linked.then_some(LINK_BINARY)).collect();
        if let Some(foreign) = files.iter().find(|file| !ours(file) && self.file(file).symlink_metadata().is_ok()) {
            return Err(InstallError::NotOurs(self.file(foreign)));
        }
        make_parent(&self.link).map_err(InstallError::NoPlace)?;
        let from = InstalledFrom::of_this(&self.binary(), self.origin());
        let mut all: Vec<String> = files.iter().map(ToString::to_string).collect();
        let gone: Vec<String> =
            before.into_iter().flat_map(|list| list.files).filter(|file| !all.contains(file)).collect();
        all.extend(gone.iter().cloned());
        self.write_list(&all, &from)?;
        let me = env::current_exe().and_then(fs::canonicalize).map_err(InstallError::NoBinary)?;
        // A copy is known as ours by being the same as the binary in the plugin, so it is made before that changes.
        let copied = if cfg!(windows) { Some(self.make_link(&me)?) } else { None };
        self.copy_binary(&me, BINARY)?;
        with_link.map_or(Ok(()), |program| self.copy_binary(program, LINK_BINARY))?;
        for (file, bytes) in texts {
            self.put(file, &rendered(file, bytes, BINARY))?;
        }
        for file in &gone {
            disk::remove(&self.file(file))?;
        }
        all.retain(|file| !gone.contains(file));
        self.write_list(&all, &from)?;
        self.remove_folders();
        self.remove_drafts(&all)?;
        Ok(copied.map_or_else(|| self.make_link(&me), Ok)?)
    }

    /// Removes what was installed and nothing else. Returns what is left in the plugin's folder.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`], or what failed; repeating it is safe.
    pub fn uninstall(&self) -> Result<Vec<PathBuf>, InstallError> {
        let list = self.list().ok_or_else(|| InstallError::NotInstalled(self.plugin.clone()))?;
        if self.link_is_ours(&self.binary()) {
            take_away(&self.link)?;
        }
        take_away(&self.binary())?;
        self.remove_drafts(&list.files)?;
        let _ = fs::remove_dir_all(self.file(".claude-plugin/types")); // generated by the client
        for file in &list.files {
            disk::remove(&self.file(file))?;
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

    /// Removes what an install that was cut off has begun, `NAME.….tmp` beside a file of ours, and the binaries set aside
    /// that nobody runs any more.
    fn remove_drafts(&self, files: &[String]) -> Result<(), FsError> {
        let ours = files.iter().map(|file| self.file(file)).chain([self.plugin.join(LIST), self.link.clone()]);
        for path in ours {
            let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { continue };
            for draft in disk::names(dir).unwrap_or_default() {
                let (name, text) = (name.to_string_lossy(), draft.to_string_lossy());
                if is_draft_of(&name, &text) {
                    disk::remove(&dir.join(&draft))?;
                } else if between(&name, &text, ASIDE) {
                    disk::discard(&dir.join(&draft)); // stays while a session runs it
                }
            }
        }
        Ok(())
    }

    fn write_list(&self, files: &[String], from: &InstalledFrom) -> Result<(), FsError> {
        let version = version::HERE.to_owned();
        let installed = Installed { v: 1, version, from: from.to_string(), files: files.to_vec() };
        let path = self.plugin.join(LIST);
        make_parent(&path)?;
        disk::replace(&path, &serde_json::to_vec_pretty(&installed).unwrap_or_default(), Durability::Disk)
    }

    /// Writes a file of the plugin, unless it is there already: whatever changes makes running clients load the mod anew.
    fn put(&self, file: &str, bytes: &[u8]) -> Result<(), FsError> {
        let path = self.file(file);
        if disk::read(&path, 1024 * 1024).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        make_parent(&path)?;
        disk::replace(&path, bytes, Durability::Disk)
    }

    /// Replaces the binary in one step; sessions that run the old one keep it until they end.
    fn copy_binary(&self, me: &Path, name: &str) -> Result<(), FsError> {
        let target = self.file(name);
        if fs::canonicalize(&target).is_ok_and(|installed| installed == me) {
            return Ok(());
        }
        make_parent(&target)?;
        put_copy(me, &target)
    }

    fn make_link(&self, me: &Path) -> Result<Link, FsError> {
        let ours = self.link_is_ours(&self.binary()) || self.link_is_ours(me);
        if self.link.symlink_metadata().is_ok() && !ours {
            return Ok(Link::Occupied);
        }
        make_parent(&self.link)?;
        #[cfg(unix)]
        {
            let draft = disk::draft_of(&self.link);
            disk::link(&self.binary(), &draft)?;
            disk::rename(&draft, &self.link)?;
        }
        #[cfg(windows)] // links are not for everyone there
        if !self.link_is_ours(me) {
            put_copy(me, &self.link)?;
        }
        Ok(Link::Made)
    }

    #[cfg(unix)]
    fn link_is_ours(&self, binary: &Path) -> bool {
        fs::read_link(&self.link).is_ok_and(|target| target == binary)
    }

    #[cfg(windows)]
    fn link_is_ours(&self, binary: &Path) -> bool {
        let same = |a: &Path, b: &Path| Some(fs::read(a).ok()? == fs::read(b).ok()?);
        same(&self.link, binary).unwrap_or(false)
    }
}

/// A file of the plugin as it is on this system: Windows starts only what is named in full.
fn rendered<'a>(file: &str, bytes: &'a [u8], binary: &str) -> Cow<'a, [u8]> {
    match std::str::from_utf8(bytes) {
        Ok(text) if names_binary(file) => {
            let named = |text: String, name: &str| {
                let quote = &name[name.len() - 1..];
                text.replace(name, &format!("/{binary}{quote}"))
            };
            Cow::Owned(IN_FILES.into_iter().fold(text.to_owned(), named).into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// Whether a file of the plugin may say what is to be started.
fn names_binary(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|kind| kind == "json" || kind == "js")
}

fn put_copy(binary: &Path, target: &Path) -> Result<(), FsError> {
    let draft = disk::draft_of(target);
    let put = disk::copy(binary, &draft).and_then(|()| {
        if cfg!(windows) && target.exists() {
            set_aside(target, target.parent().unwrap_or(target))?;
        }
        disk::rename(&draft, target)
    });
    if put.is_err() {
        disk::discard(&draft);
    }
    put
}

/// Removes a binary that may be running.
fn take_away(binary: &Path) -> Result<(), FsError> {
    if cfg!(windows) && binary.exists() {
        let beside = binary.parent().unwrap_or(binary);
        // Another drive takes no running binary; beside its place the next install finds it.
        return set_aside(binary, &env::temp_dir()).or_else(|_| set_aside(binary, beside));
    }
    disk::remove(binary)
}

/// Windows neither replaces nor removes a binary that runs, but it can be moved.
fn set_aside(binary: &Path, into: &Path) -> Result<(), FsError> {
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let aside = into.join(format!("{name}.{}{ASIDE}", disk::unique()));
    disk::rename(binary, &aside)?;
    disk::discard(&aside); // goes at once if nobody runs it
    Ok(())
}

/// A path below a directory, with the separators of this system.
fn below(directory: &Path, path: &str) -> PathBuf {
    path.split('/').fold(directory.to_owned(), |path, part| path.join(part))
}

fn make_parent(path: &Path) -> Result<(), FsError> {
    path.parent().map_or(Ok(()), disk::create_dir_all)
}

/// Whether `draft` is what an install begins to write in the place of `name`.
fn is_draft_of(name: &str, draft: &str) -> bool {
    between(name, draft, ".tmp")
}

/// Ends the name of a binary that was set aside.
const ASIDE: &str = ".old";

/// Whether `other` is `name`, something unique and `end`.
fn between(name: &str, other: &str, end: &str) -> bool {
    let rest = other.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.strip_suffix(end)).is_some_and(disk::is_unique)
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        let failure = Self::new(Code::Failed, error.to_string());
        match error {
            InstallError::NotOurs(_) => failure.hint("move it away, or set `CLAUDE_CONFIG_DIR` to another place"),
            InstallError::NotInstalled(_) => {
                failure.hint("`cc2cc install` installs it; with `CLAUDE_CONFIG_DIR` set, it looks there")
            }
            InstallError::Fs(_) => {
                failure.hint("make it yours and writable, or set `CLAUDE_CONFIG_DIR` to another place")
            }
            InstallError::NoPlace(_) => failure.hint("make that directory yours and writable; nothing was installed"),
            InstallError::NoHome => failure.hint("set `HOME` to yours"),
            InstallError::NoBinary(_) => {
                failure.hint("start it by its whole path, such as `~/.local/bin/cc2cc install`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_client_starts_on_windows_is_named_with_its_extension() {
        let mut starts = 0;
        for (file, bytes) in FILES.iter().filter(|(file, _)| names_binary(file)) {
            let text = String::from_utf8(rendered(file, bytes, "bin/cc2cc.exe").into_owned()).unwrap();
            starts += text.matches("/bin/cc2cc.exe").count();
            assert_eq!(text.matches("/bin/cc2cc").count(), text.matches("/bin/cc2cc.exe").count(), "{file}");
            assert_eq!(rendered(file, bytes, "bin/cc2cc"), *bytes, "{file}");
        }
        assert!(starts >= 8, "seven hooks and the server");
        assert_eq!(
            *rendered("x.js", b"run([`${root}/bin/cc2cc`])", "bin/cc2cc.exe"),
            *b"run([`${root}/bin/cc2cc.exe`])"
        );
    }
}

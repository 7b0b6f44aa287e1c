//! `cc2cc install` and `uninstall`: into the clients that are used here, and out of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{caller, printing};
use crate::{
    clients::claude::version,
    failure::{Code, Failure},
    mailbox::{
        disk,
        home::{Home, HomeError},
    },
    setup::{
        codex::{CodexFiles, ServerEntry},
        install::{InstallError, Link, Places},
        opencode,
    },
};

/// Install into Claude Code, Codex and OpenCode, or update
#[derive(clap::Args)]
pub struct Args {
    /// Install into this client alone
    #[arg(long, value_name = "CLIENT", value_parser = ["claude", "codex", "opencode"])]
    client: Option<String>,
    /// The program that carries letters between machines, to be put beside
    #[arg(long, value_name = "FILE", hide = true)]
    with_link: Option<PathBuf>,
}

/// Remove what was installed; letters stay
#[derive(clap::Args)]
pub struct RemovalArgs {
    /// Remove all letters and mailboxes as well
    #[arg(long)]
    purge: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let places = Places::from_env()?;
    let is_for = |client: &str| args.client.as_deref().is_none_or(|only| only == client);
    if is_for("claude") {
        into_claude(&places, args.with_link.as_deref())?;
    }
    if is_for("opencode") && (opencode::is_there() || args.client.is_some()) {
        into_opencode(&places)?;
    }
    let codex = CodexFiles::from_env().filter(|codex| codex.is_there() || args.client.is_some());
    if let Some(codex) = codex.filter(|_| is_for("codex")) {
        into_codex(&codex, &places)?;
    }
    printing::print("sessions that run now keep what they loaded; new ones get this\n");
    Ok(ExitCode::SUCCESS)
}

/// Registers the program with Codex.
fn into_codex(codex: &CodexFiles, places: &Places) -> Result<(), Failure> {
    let entry = codex.install(&places.program()?)?;
    let folder = codex.folder().display();
    printing::print(format!("Codex: hooks and server are registered in {folder}\n"));
    printing::print("Codex asks at its next start whether its hooks are to be trusted; until then they do not run\n");
    if entry == ServerEntry::Occupied {
        printing::print(format!("{folder}/config.toml has another server `cc2cc`, which was left alone\n"));
    }
    Ok(())
}

fn into_claude(places: &Places, with_link: Option<&Path>) -> Result<(), Failure> {
    let before = places.version();
    let link = places.install(with_link)?;
    let version = version::HERE;
    let what = match before.as_deref() {
        None => format!("cc2cc {version} is installed"),
        Some(old) if old == version => format!("cc2cc {version} is installed anew"),
        Some(old) => format!("cc2cc is updated from {old} to {version}"),
    };
    printing::print(format!("{what} in {}\n", places.plugin.display()));
    if let Some(plugin) = places.from_marketplace() {
        printing::print(format!("Claude Code has the plugin as {}, so this is only its program\n", plugin.id));
    }
    match link {
        Link::Made => printing::print(format!("command: {}\n", places.link.display())),
        Link::Occupied => printing::print(format!(
            "{} is there already and not ours, so it was left alone; the command is {}\n",
            places.link.display(),
            places.binary().display()
        )),
    }
    let on_path =
        |dir: &std::path::Path| env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|on| on == dir));
    if let Some(dir) = places.link.parent().filter(|dir| link == Link::Made && !on_path(dir)) {
        printing::print(format!(
            "{} is not on your PATH; to use `cc2cc` in a terminal, put this line into {}:\n    {}\n",
            dir.display(),
            if cfg!(windows) { "your PowerShell profile" } else { "the start file of your shell, such as ~/.bashrc" },
            onto_path(&dir.display().to_string())
        ));
    }
    Ok(())
}

/// Puts the plugin into OpenCode.
fn into_opencode(places: &Places) -> Result<(), Failure> {
    match opencode::install(&places.program()?) {
        Ok(file) => printing::print(format!("OpenCode: the plugin is {}\n", file.display())),
        Err(InstallError::NotOurs(file)) => {
            printing::print(format!("OpenCode: {} was not written by cc2cc, so it was left alone\n", file.display()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The line of a shell that puts a directory onto the PATH.
fn onto_path(dir: &str) -> String {
    if cfg!(windows) {
        return format!("$env:Path = '{};' + $env:Path", dir.replace('\'', "''"));
    }
    let means_something = |c: char| "\"$`\\!".contains(c);
    if dir.contains(means_something) {
        return format!("export PATH='{}':\"$PATH\"", dir.replace('\'', r"'\''"));
    }
    format!("export PATH=\"{dir}:$PATH\"")
}

pub fn remove(home: Result<Home, HomeError>, args: &RemovalArgs) -> Result<ExitCode, Failure> {
    if args.purge && caller::in_a_session() {
        return Err(Failure::new(Code::Held, "only a person removes letters")
            .hint("`cc2cc uninstall` without --purge leaves them; with it, use a terminal of your own"));
    }
    if args.purge
        && let Ok(home) = &home
    {
        nobody_is_there(home)?;
    }
    let places = Places::from_env()?;
    let codex = CodexFiles::from_env().filter(CodexFiles::is_there);
    let was_in_codex = codex.as_ref().map_or(Ok(false), CodexFiles::uninstall)?;
    let out_of_opencode = opencode::uninstall()?;
    let was_elsewhere = was_in_codex || out_of_opencode.is_some();
    let command_was_ours = places.link.symlink_metadata().is_ok();
    let (left, was_in_claude) = match places.uninstall() {
        Err(InstallError::NotInstalled(_)) if args.purge || was_elsewhere => (Vec::new(), false),
        removed => (removed?, true),
    };
    if was_in_claude || !was_elsewhere {
        printing::print(format!("cc2cc is removed from {}\n", places.plugin.display()));
        if command_was_ours && places.link.symlink_metadata().is_err() {
            printing::print(format!("the command {} is removed\n", places.link.display()));
        }
        printing::print("sessions that run now complain of the missing plugin until they are restarted\n");
    }
    if let Some(codex) = codex.filter(|_| was_in_codex) {
        printing::print(format!("Codex: hooks and server are removed from {}\n", codex.folder().display()));
    }
    if let Some(file) = out_of_opencode {
        printing::print(format!("OpenCode: the plugin {} is removed\n", file.display()));
    }
    for path in left {
        printing::print(format!("not ours, so it stays: {}\n", path.display()));
    }
    if let Some(plugin) = places.from_marketplace() {
        let id = plugin.id;
        printing::print(format!("the plugin {id} is Claude Code's to remove: `claude plugin uninstall {id}`\n"));
    }
    match home {
        Ok(home) if args.purge => purge(&home)?,
        Err(error) if args.purge => return Err(error.into()),
        Ok(home) if home.path().exists() => {
            let path = home.path().display();
            printing::print(format!("letters stay in {path}; remove that directory if you want them gone, too\n"));
        }
        Ok(_) | Err(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A session makes its mailbox anew with its next step, so mail is removed when there is none.
fn nobody_is_there(home: &Home) -> Result<(), Failure> {
    let online: Vec<String> = home
        .mailboxes()?
        .iter()
        .filter(|mailbox| mailbox.is_online())
        .map(|mailbox| mailbox.name().to_string())
        .collect();
    if online.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("the mail is in use by {}; nothing was removed", online.join(", ")))
        .hint("end these sessions first; `cc2cc uninstall` without --purge leaves the mail"))
}

/// Removes what cc2cc keeps in its home, and the home itself if nothing else is in it.
fn purge(home: &Home) -> Result<(), Failure> {
    for mailbox in home.mailboxes()? {
        home.remove(&mailbox)?;
    }
    home.remove_begun()?;
    for ours in ["sessions", "renamed", "locks"] {
        disk::remove_tree(&home.path().join(ours))?;
    }
    for ours in ["log", "log.1", "removing.lock"] {
        disk::remove(&home.path().join(ours))?;
    }
    let _ = fs::remove_dir(home.path()); // only if empty
    printing::print(format!("the mail in {} is removed\n", home.path().display()));
    Ok(())
}

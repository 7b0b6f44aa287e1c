//! Standing yeses, written into `config.toml` for the person: what else stands there stays as it is, comments included.

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::policy::{Config, ConfigError, Trusted};
use crate::mailbox::{
    disk::{self, Durability},
    home::Home,
    lock,
};

const LIMIT_BYTES: u64 = 1024 * 1024;

/// Whether something was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustChange {
    Yes,
    /// It stood so already.
    No,
}

/// Notes a standing yes.
///
/// # Errors
/// [`ConfigError`] when the file cannot be used or written; it is as it was then.
pub fn give(home: &Home, trusted: &Trusted) -> Result<TrustChange, ConfigError> {
    change(home, |rules| {
        let (path, key) = place(trusted);
        let table = at(rules, &path)?;
        let yes = "accept";
        if table.get(&key).and_then(Item::as_str) == Some(yes) {
            return Some(TrustChange::No);
        }
        table.insert(&key, value(yes));
        Some(TrustChange::Yes)
    })
}

/// Takes a standing yes back.
///
/// # Errors
/// As [`give`].
pub fn take_back(home: &Home, trusted: &Trusted) -> Result<TrustChange, ConfigError> {
    if !Config::load(home)?.trusted().contains(trusted) {
        return Ok(TrustChange::No);
    }
    change(home, |rules| {
        let (path, key) = place(trusted);
        at(rules, &path)?.remove(&key);
        Some(TrustChange::Yes)
    })
}

/// In which table a yes stands, and under which key.
fn place(trusted: &Trusted) -> (Vec<String>, String) {
    match trusted {
        Trusted::Pair { from, to } => (vec!["agents".into(), to.to_string(), "from".into()], from.to_string()),
        Trusted::Sender(from) => (vec!["from".into()], from.to_string()),
        Trusted::Machine(machine) => (vec!["machines".into()], machine.to_string()),
        Trusted::Repo(path) => (vec!["repos".into()], path.display().to_string()),
    }
}

/// The table at a path, made where it is missing; `None` when something else stands there.
fn at<'a>(rules: &'a mut DocumentMut, path: &[String]) -> Option<&'a mut dyn TableLike> {
    let mut table: &mut dyn TableLike = rules.as_table_mut();
    for (depth, key) in path.iter().enumerate() {
        let mut new = Table::new();
        new.set_implicit(true);
        new.set_dotted(depth > 1); // `from.brave-fox = "accept"`, as the documents write it
        table = table.entry(key).or_insert(Item::Table(new)).as_table_like_mut()?;
    }
    Some(table)
}

/// Writes `[link]`, or takes it away.
///
/// # Errors
/// As [`give`].
pub fn set_link(home: &Home, settings: Option<&[(&str, String)]>) -> Result<TrustChange, ConfigError> {
    change(home, |rules| {
        let Some(settings) = settings else {
            return Some(if rules.remove("link").is_some() { TrustChange::Yes } else { TrustChange::No });
        };
        // What else a person has set there stays.
        let table = rules.entry("link").or_insert(Item::Table(Table::new())).as_table_like_mut()?;
        for (key, text) in settings {
            table.insert(key, value(text));
        }
        Some(TrustChange::Yes)
    })
}

fn change(
    home: &Home,
    change: impl FnOnce(&mut DocumentMut) -> Option<TrustChange>,
) -> Result<TrustChange, ConfigError> {
    let path = home.path().join("config.toml");
    let _lock = lock::exclusive(&home.subdir("sessions")?.join("config.lock"))?;
    Config::load(home)?; // says what is wrong with the file, if anything is
    let bytes = match disk::read(&path, LIMIT_BYTES) {
        Err(error) if error.is_not_found() => Vec::new(),
        read => read?,
    };
    let strange = |why: &str| ConfigError::Invalid { path: path.clone(), why: why.to_owned() };
    let text = String::from_utf8(bytes).map_err(|_| strange("it is not UTF-8"))?;
    let mut rules: DocumentMut = text.parse().map_err(|_| strange("it cannot be changed"))?;
    let changed = change(&mut rules).ok_or_else(|| strange("a rule stands where there must be a table"))?;
    if changed == TrustChange::Yes {
        disk::replace(&path, rules.to_string().as_bytes(), Durability::Disk)?;
        if let Err(error) = Config::load(home) {
            disk::replace(&path, text.as_bytes(), Durability::Disk)?;
            return Err(error);
        }
    }
    Ok(changed)
}

//! The verbs as `--help` and `help` list them: by what one wants to do.

use std::sync::OnceLock;

use clap::{Command, builder::Styles};

const GROUPS: [(&str, &[&str]); 6] = [
    ("Write and read:", &["send", "ask", "inbox", "read", "wait", "notify-when", "status"]),
    ("Who is there:", &["agents", "whoami", "rename", "start", "join", "leave"]),
    ("Decide:", &["accept", "refuse", "retry", "trust"]),
    ("Watch:", &["watch", "peek", "log", "thread", "export", "statusline"]),
    (
        "Set up and look after:",
        &["install", "update", "uninstall", "doctor", "link", "demo", "prune", "completions", "help"],
    ),
    ("Started by the clients:", &["mcp", "hook"]),
];
/// For a verb that nobody has put anywhere.
const REST: &str = "More:";

static COMMAND: OnceLock<fn() -> Command> = OnceLock::new();

/// Says how the whole command line is made, for those parts that explain or complete it.
pub fn know(command: fn() -> Command) {
    COMMAND.get_or_init(|| command);
}

/// The whole command line.
pub fn command() -> Command {
    COMMAND.get().map_or_else(Command::default, |command| command())
}

/// The verbs that are shown, with what they do.
pub fn of(command: &Command) -> impl Iterator<Item = (&str, String)> {
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    shown.map(|verb| (verb.get_name(), verb.get_about().map(ToString::to_string).unwrap_or_default()))
}

/// A line for each name and what it stands for.
pub fn lines<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>, width: usize) -> String {
    let lines: Vec<String> = rows.map(|(name, about)| format!("  {name:<width$}  {about}\n")).collect();
    lines.concat()
}

/// All verbs by groups, a line each.
pub fn listing(command: &Command) -> String {
    let verbs: Vec<(&str, String)> = of(command).collect();
    let width = verbs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let is_placed = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    let rest: Vec<&str> = verbs.iter().map(|(name, _)| *name).filter(|name| !is_placed(name)).collect();
    let group = |(heading, names): (&str, &[&str])| {
        let known = names.iter().filter_map(|name| verbs.iter().find(|(verb, _)| verb == name));
        let lines = lines(known.map(|(name, about)| (*name, about.as_str())), width);
        if lines.is_empty() { lines } else { format!("{}\n{lines}\n", self::title(heading)) }
    };
    GROUPS.into_iter().chain([(REST, rest.as_slice())]).map(group).collect()
}

/// A heading as clap styles its own.
pub fn title(text: &str) -> String {
    let style = *Styles::default().get_header();
    format!("{style}{text}{style:#}")
}

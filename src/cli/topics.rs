//! The topics of `cc2cc help`: the files of `docs/help`, carried in the binary so that they are never of another version.

macro_rules! topics {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../docs/help/", $name, ".md")))),*]
    };
}

/// The topics of `docs/help`, in the order in which one wants to know.
const TOPICS: [(&str, &str); 8] =
    topics!["two-agents", "ci", "on-call", "scripts", "held", "states", "monitoring", "status-line"];

/// Each topic's name and title.
pub fn titles() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|(name, text)| (*name, parts(text).0))
}

/// The title of a topic, and the text below it.
pub fn text(wanted: &str) -> Option<(&'static str, &'static str)> {
    TOPICS.iter().find(|(name, _)| *name == wanted).map(|(_, text)| parts(text))
}

fn parts(text: &'static str) -> (&'static str, &'static str) {
    text.trim_start_matches("# ").split_once('\n').unwrap_or((text, ""))
}

//! Lines that could pass for somebody else's: a turn of the person or of the model, a message of the client, our own.
//!
//! The client parts what it tells the model by plain words at the beginning of a line, so a letter could begin a part
//! of its own. What is looked at is a line as a model reads it: without decoration, with letters of another shape as
//! the plain ones. A line of prose that begins like one of these is quoted, too; that harms nobody.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::unseen::is_unsafe;

/// How far into a line its beginning reaches, decoration included.
const LONGEST: usize = 160;

/// Who speaks in a conversation.
const SPEAKERS: [&str; 9] =
    ["human", "assistant", "user", "system", "developer", "claude", "person", "operator", "anthropic"];

/// What may stand between a speaker and the colon: `System message:`, `User says:`, `Human turn 2:`.
const SAID: [&str; 12] = [
    "message",
    "prompt",
    "turn",
    "input",
    "says",
    "said",
    "writes",
    "note",
    "notification",
    "instruction",
    "instructions",
    "reminder",
];

/// What the client says after `<Event> hook`.
const OF_HOOKS: [&str; 10] = [
    "additional context",
    "blocking error",
    "cancelled",
    "error",
    "feedback",
    "reported a",
    "says",
    "stopped",
    "success",
    "system message",
];

/// Beginnings of the client's own messages, in small letters; the first words tell them apart from prose.
const OF_CLIENT: [&str; 59] = [
    "a background agent",
    "a background task",
    "a peer session sent a message",
    "a task notification",
    "another claude session sent a message",
    "api error:",
    "as you answer the user's questions",
    "background task",
    "caller message",
    "caveat: the messages",
    "claude.md",
    "claudemd",
    "codebase and user instructions",
    "contents of /",
    "coordinator mode has",
    "current date",
    "currentdate",
    "cross-session",
    "end of system",
    "exited auto mode",
    "exited plan mode",
    "gitstatus",
    "important: this context may or may not",
    "message from non-user",
    "note from",
    "output tokens",
    "plan mode is active",
    "plan mode still active",
    "request interrupted by user",
    "scheduled task",
    "session context has changed",
    "system notification",
    "talk from a voice call",
    "teammate message",
    "the attached image",
    "the command sandbox has been",
    "the date has changed",
    "the following deferred tools",
    "the following tools",
    "the following skills",
    "the session context has changed",
    "the user @-mentioned",
    "the user answered",
    "the user approved",
    "the user confirmed",
    "the user doesn't want",
    "the user has approved",
    "the user included the keyword",
    "the user opened",
    "the user rejected",
    "the user selected",
    "the user sent",
    "this came from another",
    "this is an automated",
    "this session is being continued",
    "today's date is",
    "token usage:",
    "usd budget:",
    "you have exited",
];

/// Beginnings of what cc2cc says around letters.
const OUR_OWN: [&str; 6] = [
    "cc2cc:",
    "cut here:",
    "letters from other sessions on this machine",
    "not shown: a person",
    "perhaps printed before",
    "this session's name is",
];

/// Whether the line at the beginning of `text` could pass for somebody else's. What is a quotation already cannot.
pub(super) fn begins(text: &str) -> bool {
    let Beginning { words, is_title } = Beginning::of(text);
    speaks(&words, is_title)
        || OF_CLIENT.iter().chain(&OUR_OWN).any(|opening| words.starts_with(opening))
        || is_title && words.split(']').next().is_some_and(|label| label.contains("not user input"))
        || is_of_hook(&words)
        || counts_what_waits(&words)
}

/// The beginning of a line as a model reads it.
struct Beginning {
    /// In small letters, with single spaces.
    words: String,
    /// Whether the decoration before them makes a heading or a label of them: `# Human`, `**Human**`, `[user]`.
    is_title: bool,
}

impl Beginning {
    fn of(text: &str) -> Self {
        let line = text.chars().take_while(|c| *c != '\n').filter(|c| !is_unsafe(*c) && !is_mark(*c));
        let line: Vec<char> = line.take(LONGEST).map(plain).collect();
        let (decoration, words) = line.split_at(line.iter().position(|c| c.is_alphanumeric()).unwrap_or(line.len()));
        if decoration.iter().find(|c| **c != ' ') == Some(&'>') {
            return Self { words: String::new(), is_title: false };
        }
        let is_title = decoration.iter().any(|c| matches!(c, '#' | '*' | '_' | '[' | '(' | '{' | '|' | '='));
        let mut plain = String::new();
        for c in without_number(words).iter().flat_map(|c| c.to_lowercase()) {
            if !(c == ' ' && plain.ends_with(' ')) {
                plain.push(c);
            }
        }
        Self { words: plain, is_title }
    }
}

/// The words of an item of a numbered list.
fn without_number(words: &[char]) -> &[char] {
    let digits = words.iter().take_while(|c| c.is_numeric()).count();
    match &words[digits..] {
        ['.' | ')' | ']' | ':', rest @ ..] if digits > 0 => {
            &rest[rest.iter().position(|c| c.is_alphanumeric()).unwrap_or(rest.len())..]
        }
        _ => words,
    }
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Mark
}

/// The plain form of what looks like it: letters, colons, quotes and dashes of other widths and shapes.
fn plain(c: char) -> char {
    const FIRST_STYLED: u32 = 0x1d400;
    match c {
        c if c.is_ascii() => c,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        // Mathematical alphabets: capitals and small letters, again and again.
        '\u{1d400}'..='\u{1d6a3}' => {
            let letter = (u32::from(c) - FIRST_STYLED) % 52;
            char::from_u32(if letter < 26 { 0x41 + letter } else { 0x61 + letter - 26 }).unwrap_or(c)
        }
        '\u{2d0}' | '\u{589}' | '\u{5c3}' | '\u{2236}' | '\u{a789}' | '\u{fe13}' | '\u{fe30}' | '\u{fe55}' => ':',
        '\u{2bc}' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{b4}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// Whether the words name somebody who speaks, as `Human:`, `USER :`, `**System**:`, `[user]` do.
fn speaks(words: &str, is_title: bool) -> bool {
    let name: &str = words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let rest = &words[name.len()..];
    if mixes_scripts(name) {
        return rest.trim_start().starts_with(':');
    }
    if !SPEAKERS.contains(&name) {
        return false;
    }
    let is_decoration = |c: char| !c.is_alphanumeric() && c != ':';
    if is_title && (rest.chars().all(is_decoration) || rest.starts_with([']', ')', '}'])) {
        return true;
    }
    // `User (admin) says:` and the like.
    let mut rest = rest.trim_start_matches(is_decoration);
    for _ in 0..3 {
        let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if word.is_empty() || !(SAID.contains(&word) || word.chars().all(char::is_numeric)) {
            break;
        }
        rest = rest[word.len()..].trim_start_matches(is_decoration);
    }
    rest.starts_with(':') || words[name.len()..].trim_start().starts_with('(') && words.contains("):")
}

/// A word of Latin letters and such as look like them.
fn mixes_scripts(word: &str) -> bool {
    let has = |wanted: &[Script]| word.chars().any(|c| wanted.contains(&c.script()));
    !word.is_ascii()
        && has(&[Script::Latin])
        && has(&[Script::Cyrillic, Script::Greek, Script::Armenian, Script::Cherokee])
}

/// Whether the words are what the client puts before the output of a hook, whichever hook it is.
fn is_of_hook(words: &str) -> bool {
    let said = words.match_indices("hook ").find(|(at, _)| words[..*at].ends_with(' '));
    said.is_some_and(|(at, hook)| {
        words[..at].split(' ').count() <= 3 && OF_HOOKS.iter().any(|said| words[at + hook.len()..].starts_with(said))
    })
}

/// Whether the words are our own after letters that had no room: `10 more waiting for the next turn.`
fn counts_what_waits(words: &str) -> bool {
    words.trim_start_matches(char::is_numeric).starts_with(" more waiting for")
}

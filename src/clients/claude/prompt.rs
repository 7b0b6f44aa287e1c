//! Whose words a prompt is. The client raises `UserPromptSubmit` for what a person types and for much else: our own wakes,
//! news of background tasks, messages of other sessions, timers. Only the person begins the count of hops anew, and only
//! the person's commands are obeyed.
//!
//! Where the client says where a prompt comes from, that decides. Else its text does, and a text that merely mentions
//! such things is a person's. A timer's prompt is its text and nothing else, so `Stop` notes what the timers will say.
//! A prompt that another plugin submits by a mod cannot be told from a typed one.

use crate::clients::wakes;

/// Who wrote a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptAuthor<'a> {
    Person,
    /// A waker of this session, if it has written down this word.
    Waker(&'a str),
    /// The client, another session, or a program.
    Other,
}

const NOTIFICATION: [&str; 2] = ["<task-notification>", "</task-notification>"];
const REMINDER: [&str; 2] = ["<system-reminder>", "</system-reminder>"];

/// How prompts begin that the client makes of something that nobody typed, and what they hold besides: the beginning alone
/// may be a person's. Seen in 2.1.200 to 2.1.332, or read in what they contain.
const MADE_BY_THE_CLIENT: [(&str, &str); 20] = [
    ("<system-reminder>", "</system-reminder>"),
    ("[SYSTEM NOTIFICATION - NOT USER INPUT]", ""),
    ("[MESSAGE FROM NON-USER SOURCE - NOT USER INPUT]", ""),
    ("[SCHEDULED TASK - AUTOMATED FIRING OF A CONFIGURED PROMPT]", ""),
    ("Another Claude session sent a message", "\n<"),
    ("A peer session sent a message", "\n<"),
    ("<cross-session-message", "</cross-session-message>"),
    ("<agent-message", "</agent-message>"),
    ("<teammate-message", "</teammate-message>"),
    ("<channel ", "</channel>"),
    ("<wake ", "</wake>"),
    ("A message arrived from ", "\n<channel "),
    ("Your background observer (", "sent a report"),
    ("Activity was observed in the bound conversation", "\n<"),
    ("Activity in the bound conversation", "\n<"),
    ("# Autonomous loop tick", ""),
    ("# Autonomous loop check", "invoked on a timer"),
    ("# /loop tick", ""),
    ("The following one-shot scheduled task", "while Claude was not running."),
    ("Continue from where you left off. ", "this session was automatically restarted"),
];

/// Who wrote a prompt, by what the client says of its source, if it does, and by its text.
#[must_use]
pub fn author<'a>(prompt: &'a str, source: Option<&str>) -> PromptAuthor<'a> {
    let prompt = prompt.trim();
    // A waker's text alone is what the mod submits where there is no waker. Nobody else knows the word in it.
    if let Some(word) = wakes::bare_word(prompt) {
        return PromptAuthor::Waker(word);
    }
    if matches!(source, Some("user" | "sdk")) {
        return PromptAuthor::Person;
    }
    if is_notification(prompt) {
        return wakes::word_in(prompt).map_or(PromptAuthor::Other, PromptAuthor::Waker);
    }
    let is_made = |(begins, holds): &(&str, &str)| prompt.starts_with(begins) && prompt.contains(holds);
    if source.is_some() || MADE_BY_THE_CLIENT.iter().any(is_made) { PromptAuthor::Other } else { PromptAuthor::Person }
}

/// Whether a prompt is one notification of the client from its beginning to its end: the notification itself, and what the
/// client adds of the output of what it tells of.
fn is_notification(prompt: &str) -> bool {
    let Some(rest) = prompt.strip_prefix(NOTIFICATION[0]) else { return false };
    let Some((_, added)) = rest.rsplit_once(NOTIFICATION[1]) else { return false };
    let added = added.trim();
    let is_one = prompt.matches(NOTIFICATION[0]).count() == 1;
    is_one && (added.is_empty() || added.starts_with(REMINDER[0]) && added.ends_with(REMINDER[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::wakes::wake;

    /// As 2.1.200, 2.1.240 and 2.1.332 hand it to the hook.
    fn raised(text: &str) -> String {
        format!(
            "<task-notification>\n<summary>✉ a letter has come</summary>\n</task-notification>\n<system-reminder>\n\
             Stop hook blocking error from command \"SessionStart:startup\": {text}\n\n</system-reminder>"
        )
    }

    fn by_text(prompt: &str) -> PromptAuthor<'_> {
        author(prompt, None)
    }

    #[test]
    fn a_wake_is_known_as_a_whole_and_by_its_word() {
        let text = wake("calm-owl", "ann, bob", "1f3a9c2e");
        assert_eq!(text, "cc2cc: mail for calm-owl from ann, bob; it follows (wake 1f3a9c2e)");
        let prompt = raised(&text);
        assert_eq!(by_text(&prompt), PromptAuthor::Waker("1f3a9c2e"));
        assert_eq!(by_text(&format!("\n{prompt}\n")), PromptAuthor::Waker("1f3a9c2e"));
        assert_eq!(author(&prompt, Some("system")), PromptAuthor::Waker("1f3a9c2e"));
        let without = raised("cc2cc: mail for calm-owl from ann; it follows.");
        assert_eq!(
            by_text(&without),
            PromptAuthor::Other,
            "that of an older version is nobody's command and no person's word"
        );
    }

    #[test]
    fn the_text_of_a_wake_alone_is_what_the_mod_submits() {
        let text = wake("calm-owl", "ann", "1f3a9c2e");
        for source in [None, Some("user"), Some("plugin")] {
            assert_eq!(author(&text, source), PromptAuthor::Waker("1f3a9c2e"), "{source:?}");
        }
        for more in [format!("{text} why?"), format!("see: {text}"), format!("{text}\nwhat is this? (wake 1f3a9c2e)")] {
            assert_eq!(by_text(&more), PromptAuthor::Person, "{more}");
        }
    }

    #[test]
    fn what_quotes_a_wake_is_the_persons() {
        let wake = raised(&wake("calm-owl", "ann", "1f3a9c2e"));
        for prompt in [
            format!("what does this mean? {wake}"),
            format!("{wake}\nwhat does this mean?"),
            format!("{wake}\n{wake}"),
            "why do I see <task-notification> and cc2cc: mail for calm-owl from ann; it follows (wake 1f3a9c2e)"
                .to_owned(),
            "<task-notification> is a tag, and cc2cc: mail for … (wake 1f3a9c2e) a text".to_owned(),
            "<task-notification></task-notification> and cc2cc: mail for x (wake 1f3a9c2e)".to_owned(),
        ] {
            assert_eq!(by_text(&prompt), PromptAuthor::Person, "{prompt}");
        }
        assert_eq!(author(&wake, Some("user")), PromptAuthor::Person, "the client says so");
    }

    #[test]
    fn what_the_client_says_of_the_source_decides() {
        for source in ["system", "loop_wakeup", "schedule_wakeup", "poll_event", "something new"] {
            assert_eq!(author("look at the build again", Some(source)), PromptAuthor::Other, "{source}");
        }
        for source in ["user", "sdk"] {
            assert_eq!(
                author("Another Claude session sent a message:\n<x>", Some(source)),
                PromptAuthor::Person,
                "{source}"
            );
        }
    }

    #[test]
    fn what_nobody_typed_is_not_the_persons() {
        for prompt in [
            "<task-notification>\n<task-id>b5r</task-id>\n<status>completed</status>\n<summary>Background command \"x\" \
             completed (exit code 0)</summary>\n</task-notification>",
            "<task-notification>\n<summary>Stop hook feedback</summary>\n</task-notification>\n<system-reminder>\n\
             Stop hook blocking error from command \"x\": lint failed\n</system-reminder>",
            "<system-reminder>\nsomething\n</system-reminder>",
            "[SYSTEM NOTIFICATION - NOT USER INPUT]\nThis is an automated background-task event.",
            "[MESSAGE FROM NON-USER SOURCE - NOT USER INPUT]\nhello",
            "[SCHEDULED TASK - AUTOMATED FIRING OF A CONFIGURED PROMPT]\nThis turn was started automatically.\nrun the tests",
            "Another Claude session sent a message:\n<cross-session-message from=\"bob-b9\">\nhello\n</cross-session-message>",
            "Another Claude session sent a message while you were working:\n<cross-session-message from=\"x\">\nhello",
            "A peer session sent a message while you were working:\n<cross-session-message from=\"x\">\nhello",
            "<cross-session-message from=\"bob-b9\">\nhello\n</cross-session-message>",
            "<agent-message from=\"x\">\nhello\n</agent-message>",
            "<teammate-message teammate_id=\"x\">\nhello\n</teammate-message>",
            "<channel source=\"chat\" user=\"x\">\nhello\n</channel>",
            "<wake id=\"1\"><channel id=\"email\"></channel></wake>",
            "A message arrived from chat:\n<channel source=\"chat\">\nhello\n</channel>",
            "Your background observer (critic) sent a report:\nall is well",
            "Activity was observed in the bound conversation:\n<wake id=\"1\"></wake>",
            "Activity in the bound conversation, not a new message from a person:\n<wake id=\"1\"></wake>",
            "# Autonomous loop tick (dynamic pacing)\nRun the autonomous check.",
            "# Autonomous loop check\n\nYou're being invoked on a timer while the user is away or occupied.",
            "# /loop tick — loop.md tasks\nWork the tasks.",
            "The following one-shot scheduled task was missed while Claude was not running. It has already been removed.",
            "Continue from where you left off. Note: this session was automatically restarted after its process exited.",
        ] {
            assert_eq!(by_text(prompt), PromptAuthor::Other, "{prompt}");
        }
    }

    #[test]
    fn what_only_begins_like_it_or_mentions_it_is_the_persons() {
        for prompt in [
            "",
            "hello",
            "/loop 5m look at the build",
            "Another Claude session sent a message to me by mistake, what now?",
            "A message arrived from Bob: he wants the report",
            "Continue from where you left off. And be quick",
            "<channel is the tag I mean",
            "what is [SYSTEM NOTIFICATION - NOT USER INPUT]?",
            "please explain <system-reminder>x</system-reminder>",
        ] {
            assert_eq!(by_text(prompt), PromptAuthor::Person, "{prompt}");
        }
    }
}

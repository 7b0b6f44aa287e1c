//! A conversation as a Markdown document. What others wrote stands in fences and spans that it cannot close.

use super::transcript::{WITHHELD, recipient};
use crate::{
    agent::status::Found,
    mailbox::letter::{Kind, LetterId, Priority},
    text::terminal::{one_line, printable},
};

/// The document; `text` says what may be shown of a letter, if anything.
#[must_use]
pub fn conversation<'a>(
    thread: &LetterId,
    letters: &'a [Found],
    text: impl Fn(&'a Found) -> Option<&'a str>,
) -> String {
    let mut document = format!("# Conversation {}\n", span(thread.as_str()));
    for found in letters {
        document.push_str(&letter(found, text(found)));
    }
    document
}

fn letter(found: &Found, text: Option<&str>) -> String {
    let letter = &found.letter;
    let status = found.status();
    let mut facts = vec![
        format!("id: {}", span(letter.id.as_str())),
        format!("sent: {:.0}", letter.timestamp),
        format!("state: {}, since {:.0}", status.stage.as_str(), status.since),
    ];
    facts.extend(status.why.as_deref().map(|why| format!("because: {}", span(why))));
    facts.extend((letter.kind != Kind::Message).then(|| format!("type: {}", span(letter.kind.as_str()))));
    facts.extend((letter.priority != Priority::Normal).then(|| format!("priority: {}", letter.priority.as_str())));
    facts.extend(letter.reply_to.as_ref().map(|id| format!("answers: {}", span(id.as_str()))));
    let facts = facts.join("\n- ");
    let text = text.map_or_else(|| format!("*{WITHHELD}*\n"), fenced);
    format!("\n## {} → {}\n\n- {facts}\n\n{text}", letter.from, recipient(found))
}

/// A text between fences that are longer than any run of backticks in it.
fn fenced(text: &str) -> String {
    let text = printable(text);
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.strip_suffix('\n').unwrap_or(&text))
}

/// A few words between backticks, more of them than are in the words.
fn span(words: &str) -> String {
    let words = one_line(words);
    match longest_run(&words) {
        0 => format!("`{words}`"),
        run => {
            let ticks = "`".repeat(run + 1);
            format!("{ticks} {words} {ticks}")
        }
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_closes_its_fence() {
        assert_eq!(fenced("plain"), "```text\nplain\n```\n");
        assert_eq!(fenced("a\n```\nb\r\n~~~\n"), "````text\na\n```\nb\n~~~\n````\n");
        assert_eq!(fenced("``````"), "```````text\n``````\n```````\n");
        assert_eq!(fenced("\u{1b}[2J\r# heading"), "```text\n␛[2J␍# heading\n```\n");
        assert_eq!(fenced(""), "```text\n\n```\n");
    }

    #[test]
    fn no_words_close_their_span() {
        assert_eq!(span("plain *words*"), "`plain *words*`");
        assert_eq!(span("a `b` ``c"), "``` a `b` ``c ```");
        assert_eq!(span("one\n# two"), "`one␊# two`");
    }
}

//! What is known of a conversation: which messages there are, whose answers they are, and which hold parts of ours. The
//! plugin hands over this much and none of its words.

use serde::Deserialize;

use crate::delivery::evidence::Shows;

/// One message of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Outline {
    pub id: String,
    pub role: String,
    /// An answer of the model: the message it answers.
    pub parent: Option<String>,
    /// The request for it has ended, and the model said something.
    pub finished: bool,
    pub failed: bool,
    /// The parts of ours in it.
    pub ours: Vec<String>,
    /// The letters in the results of our tools in it.
    pub given: Vec<String>,
}

/// What a conversation, oldest message first, shows of the letters in one part of ours. The model is given all that stands
/// before the message it answers, so a letter is proved by any answer to its own message or to a later one.
#[must_use]
pub fn shows(messages: &[Outline], part: &str) -> Shows {
    let Some(at) = messages.iter().position(|message| message.ours.iter().any(|own| own == part)) else {
        return Shows::NoRow;
    };
    let asked: Vec<&str> =
        messages[at..].iter().filter(|message| message.role == "user").map(|message| message.id.as_str()).collect();
    let answers =
        || messages[at..].iter().filter(|message| message.parent.as_deref().is_some_and(|id| asked.contains(&id)));
    if answers().any(|answer| answer.finished && !answer.failed) {
        return Shows::Letter;
    }
    match answers().next_back() {
        Some(answer) if answer.failed => Shows::LetterInFailure,
        Some(_) => Shows::LetterInAnswer,
        None => Shows::LetterUnanswered,
    }
}

/// What a conversation shows of a letter that a tool of ours gave: the model has it with its next request.
#[must_use]
pub fn shows_given(messages: &[Outline], letter: &str) -> Shows {
    let Some(at) = messages.iter().position(|message| message.given.iter().any(|given| given == letter)) else {
        return Shows::NoRow;
    };
    let answers = || messages[at + 1..].iter().filter(|message| message.parent.is_some());
    if answers().any(|answer| answer.finished && !answer.failed) {
        return Shows::Letter;
    }
    match answers().next_back() {
        Some(answer) if answer.failed => Shows::LetterInFailure,
        Some(_) => Shows::LetterInAnswer,
        None => Shows::LetterUnanswered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, ours: &[&str]) -> Outline {
        let ours = ours.iter().map(ToString::to_string).collect();
        Outline { id: id.to_owned(), role: "user".to_owned(), ours, ..Outline::default() }
    }

    fn answer(to: &str, finished: bool, failed: bool) -> Outline {
        let (id, role, parent) = (format!("to-{to}"), "assistant".to_owned(), Some(to.to_owned()));
        Outline { id, role, parent, finished, failed, ..Outline::default() }
    }

    #[test]
    fn a_letter_is_proved_by_an_answer_to_its_message_or_a_later_one() {
        let letter = || user("m2", &["p1"]);
        let before = || [user("m1", &[]), answer("m1", true, false)];
        let of = |after: &[Outline]| shows(&[&before()[..], &[letter()], after].concat(), "p1");
        assert_eq!(shows(&before(), "p1"), Shows::NoRow);
        assert_eq!(of(&[]), Shows::LetterUnanswered);
        assert_eq!(of(&[answer("m1", true, false)]), Shows::LetterUnanswered, "that request was under way before");
        assert_eq!(of(&[answer("m2", false, false)]), Shows::LetterInAnswer);
        assert_eq!(of(&[answer("m2", true, false)]), Shows::Letter);
        assert_eq!(of(&[answer("m2", true, true)]), Shows::LetterInFailure);
        assert_eq!(of(&[user("m3", &["p2"]), answer("m3", true, false)]), Shows::Letter);
        assert_eq!(of(&[answer("m2", true, true), user("m3", &[]), answer("m3", true, false)]), Shows::Letter);
        assert_eq!(of(&[answer("m2", true, false), answer("m2", true, true)]), Shows::Letter, "a later step failed");
    }

    #[test]
    fn a_letter_that_a_tool_gave_is_proved_by_what_the_model_says_next() {
        let call = Outline { given: vec!["letter-1".to_owned()], ..answer("m1", true, false) };
        let of = |after: &[Outline]| shows_given(&[&[user("m1", &[]), call.clone()], after].concat(), "letter-1");
        assert_eq!(of(&[]), Shows::LetterUnanswered);
        assert_eq!(of(&[answer("m1", false, false)]), Shows::LetterInAnswer);
        assert_eq!(of(&[answer("m1", true, true)]), Shows::LetterInFailure);
        assert_eq!(of(&[answer("m1", true, false)]), Shows::Letter);
        assert_eq!(shows_given(std::slice::from_ref(&call), "letter-2"), Shows::NoRow);
    }
}

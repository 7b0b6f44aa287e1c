//! What is known of a letter that was put before the model: seen, still on its way, not seen, or beyond telling.
//!
//! Nothing here reads a file or a clock. Time alone is no evidence: the client writes its record late, by seconds on a
//! busy machine, keeps what goes with a prompt typed in a turn until the turn allows, and waits for slow hooks of other
//! plugins. A letter that takes minutes is not lost. So it is delivered again only on [`Evidence::No`], for the reasons
//! in [`Why`].

use jiff::SignedDuration;

/// What is known of one claimed letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The record holds it as something the model was given.
    Seen,
    /// The client has it, or may still get it.
    Queued,
    /// The model was not given it.
    No(Why),
    /// The record cannot tell, now or later. Such a letter ends as delivered and is never repeated: a record that
    /// cannot tell must not cost turn after turn.
    Unavailable(Cause),
}

/// Why a letter counts as not given to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The turn it was delivered to is over, and the record has it nowhere.
    TurnOver,
    /// The prompt it was delivered with was blocked, so there was no turn.
    Blocked,
    /// The session that was given it has ended.
    SessionEnded,
    /// The process that took it never said that it delivered it.
    NeverDelivered,
    /// The client did not take what was pushed to it.
    NotTaken,
    /// The turn it was delivered to ended in an error, and its session has been idle since.
    Failed,
}

impl Why {
    /// As it stands in a receipt.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TurnOver => "its turn ended without it",
            Self::Blocked => "its prompt was blocked",
            Self::SessionEnded => "its session ended",
            Self::NeverDelivered => "it was claimed and never delivered",
            Self::Failed => "its turn failed",
            Self::NotTaken => "the client did not take it",
        }
    }

    /// Whether a receipt with this reason stands for a turn that was had for nothing; those are limited. A blocked prompt
    /// costs no turn, and a session that ended begins anew.
    #[must_use]
    pub fn costs_a_turn(reason: Option<&str>) -> bool {
        [Self::TurnOver, Self::NeverDelivered, Self::Failed].iter().any(|why| reason == Some(why.as_str()))
    }
}

/// Why a session's record cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The client keeps no record of this session.
    NoRecord,
    /// The turn is over and nothing was written.
    NotWritten,
    /// What was written has a shape that this version does not know.
    UnknownShape,
    /// The transcript is written and understood, and yet the letter was in none of its turns.
    NeverShown,
}

impl Cause {
    /// As it stands in a receipt, and as people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRecord => "the client keeps no transcript of this session",
            Self::NotWritten => "the session's transcript is not written",
            Self::UnknownShape => "the session's transcript has rows that cc2cc does not know",
            Self::NeverShown => "the session's transcript never showed it",
        }
    }
}

/// What the record shows of one letter, behind its claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The letter, as something the model was given and has answered.
    Letter,
    /// The letter, behind which an answer has begun that may yet break off.
    LetterInAnswer,
    /// The letter, behind which no answer of the model stands: the request that carried it is under way, or was cut.
    LetterUnanswered,
    /// The letter, and behind it the error in which the request that carried it ended.
    LetterInFailure,
    /// The letter, in a row of an unknown shape.
    LetterSomewhere,
    /// The client has the letter, or the prompt it was delivered with, in its queue.
    Queue,
    /// A prompt that began behind the claim, and the end of its turn.
    WholeTurn,
    /// A prompt that was blocked.
    BlockedPrompt,
    /// The end of a turn that began before the claim.
    EndOfTurn,
    /// Rows, none of which says that a turn is over.
    OtherRows,
    /// No row behind the claim.
    NoRow,
    /// There was a record at the claim and there is none in that place now.
    Moved,
    /// There is no record.
    NoRecord,
}

/// What the session's hooks have said of the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    UnderWay,
    /// The session has sat idle for this long.
    Over(SignedDuration),
    /// The process that was given the letter has ended, or has gone on to another conversation.
    Gone,
    /// No hook takes part in this session.
    Unheard,
}

/// How a letter goes before the model. A claim says which way was taken, and only that way counts as evidence: the
/// result of a tool may quote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Way {
    /// With what the client gives the model of its own accord, as the answer of a hook.
    #[default]
    Hook,
    /// As a message that the client takes at any time and does not acknowledge.
    Push,
    /// In the result of a tool of ours that the model called.
    Tool,
}

impl Way {
    /// The word for it in a receipt; the ordinary way has none.
    #[must_use]
    pub fn word(self) -> Option<String> {
        match self {
            Self::Hook => None,
            Self::Push => Some("push".to_owned()),
            Self::Tool => Some("tool".to_owned()),
        }
    }

    /// The way that a receipt names.
    #[must_use]
    pub fn of(word: Option<&str>) -> Option<Self> {
        let word = word.map(|word| if word == "channel" { "push" } else { word }); // as earlier versions wrote
        [Self::Hook, Self::Push, Self::Tool].into_iter().find(|way| way.word().as_deref() == word)
    }
}

/// All that is known of one claim.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub shows: Shows,
    pub turn: Turn,
    pub way: Way,
    /// Whether the process that claimed it said that it delivered it.
    pub delivered: bool,
    /// Since then, or else since the claim.
    pub age: SignedDuration,
    /// For how long the record has not changed.
    pub quiet: SignedDuration,
}

/// How long a delivery may take from the claim to the client, on a machine with too much to do.
const SLOW_DELIVERY: SignedDuration = SignedDuration::from_secs(30);
/// How long rows that belong together may take to come to the record.
const ONE_BATCH: SignedDuration = SignedDuration::from_secs(2);
/// How long a session must have sat idle, with nothing more written, before what is missing is taken to stay missing.
const SETTLED: SignedDuration = SignedDuration::from_secs(15);
/// How long a session rests after an error before a letter of that turn is tried again.
const FAILED: SignedDuration = SignedDuration::from_mins(1);
/// How long the record of a push may be awaited, and a record that has moved.
const LONG: SignedDuration = SignedDuration::from_secs(30);
/// The same where no hook says when a turn is over.
const VERY_LONG: SignedDuration = SignedDuration::from_mins(10);

/// Weighs what is known of one claim.
#[must_use]
pub fn weigh(facts: &Facts) -> Evidence {
    let Facts { shows, turn, way, delivered, age, quiet } = *facts;
    if shows == Shows::Letter {
        return Evidence::Seen;
    }
    if !delivered && age < SLOW_DELIVERY {
        return Evidence::Queued;
    }
    if shows == Shows::LetterInAnswer && turn == Turn::Gone {
        return Evidence::Seen;
    }
    if turn == Turn::Gone && age < ONE_BATCH {
        return Evidence::Queued;
    }
    if turn == Turn::Gone {
        return if shows == Shows::NoRecord && delivered {
            Evidence::Unavailable(Cause::NoRecord)
        } else {
            Evidence::No(Why::SessionEnded)
        };
    }
    match shows {
        Shows::LetterInAnswer if is_last_word(turn, quiet) => return Evidence::Seen,
        // It stays in the conversation, so it goes before the model with the next request that is answered.
        Shows::LetterInAnswer | Shows::LetterUnanswered => return Evidence::Queued,
        Shows::LetterInFailure => {
            let rests = matches!(turn, Turn::Over(since) if since >= FAILED);
            return if rests { Evidence::No(Why::Failed) } else { Evidence::Queued };
        }
        Shows::WholeTurn => return Evidence::No(Why::TurnOver),
        Shows::EndOfTurn if way == Way::Tool => return Evidence::No(Why::TurnOver),
        // Rows of one prompt may come to the record one after another.
        Shows::BlockedPrompt if quiet >= ONE_BATCH => return Evidence::No(Why::Blocked),
        Shows::LetterSomewhere => return Evidence::Unavailable(Cause::UnknownShape),
        _ => {}
    }
    if shows == Shows::NoRecord && !delivered {
        return Evidence::No(Why::NeverDelivered); // nothing else will ever tell of it
    }
    let unknown_push = way == Way::Push && shows != Shows::Queue && turn != Turn::UnderWay;
    if unknown_push && age >= LONG {
        return Evidence::No(Why::NotTaken); // nobody acknowledges a push; the client drops it in silence
    }
    let is_settled = match turn {
        Turn::Over(since) => since.min(quiet) >= if shows == Shows::Moved { LONG } else { SETTLED },
        Turn::Unheard => age >= if delivered { VERY_LONG } else { SLOW_DELIVERY },
        Turn::UnderWay | Turn::Gone => false,
    };
    match shows {
        _ if !is_settled => Evidence::Queued,
        _ if !delivered => Evidence::No(Why::NeverDelivered),
        Shows::EndOfTurn | Shows::Queue | Shows::BlockedPrompt => Evidence::No(Why::TurnOver),
        Shows::NoRecord | Shows::Moved => Evidence::Unavailable(Cause::NoRecord),
        Shows::NoRow => Evidence::Unavailable(Cause::NotWritten),
        Shows::LetterInAnswer | Shows::LetterUnanswered | Shows::LetterInFailure => Evidence::Queued, // as above
        Shows::OtherRows | Shows::Letter | Shows::LetterSomewhere | Shows::WholeTurn => {
            Evidence::Unavailable(Cause::UnknownShape)
        }
    }
}

/// Whether nothing more comes behind an answer, which an error could still break off.
fn is_last_word(turn: Turn, quiet: SignedDuration) -> bool {
    match turn {
        Turn::Over(_) | Turn::Gone => true,
        Turn::Unheard => quiet >= SETTLED,
        Turn::UnderWay => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGES: [i64; 7] = [0, 1, 2, 15, 30, 600, 1_000_000];
    const SHOWS: [Shows; 13] = [
        Shows::Letter,
        Shows::LetterInAnswer,
        Shows::LetterUnanswered,
        Shows::LetterInFailure,
        Shows::LetterSomewhere,
        Shows::Queue,
        Shows::WholeTurn,
        Shows::BlockedPrompt,
        Shows::EndOfTurn,
        Shows::OtherRows,
        Shows::NoRow,
        Shows::Moved,
        Shows::NoRecord,
    ];

    /// All there can be, and what is made of it.
    fn everything() -> Vec<(Facts, Evidence)> {
        let mut all = Vec::new();
        let times = || AGES.into_iter().map(SignedDuration::from_secs);
        for (shows, way) in
            SHOWS.into_iter().flat_map(|shows| [Way::Hook, Way::Push, Way::Tool].map(|way| (shows, way)))
        {
            for turn in times().map(Turn::Over).chain([Turn::UnderWay, Turn::Gone, Turn::Unheard]) {
                for (age, quiet) in times().flat_map(|age| times().map(move |quiet| (age, quiet))) {
                    for delivered in [true, false] {
                        let facts = Facts { shows, turn, way, delivered, age, quiet };
                        all.push((facts, weigh(&facts)));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn seen_is_said_of_what_the_record_holds_and_of_nothing_else() {
        for (facts, evidence) in everything() {
            let is_answered = match facts.shows {
                Shows::Letter => true,
                Shows::LetterInAnswer => {
                    is_last_word(facts.turn, facts.quiet) && (facts.delivered || facts.age >= SLOW_DELIVERY)
                }
                _ => false,
            };
            assert_eq!(evidence == Evidence::Seen, is_answered, "{facts:?}");
        }
    }

    #[test]
    fn no_is_said_only_with_a_reason_other_than_time() {
        for (facts, evidence) in everything() {
            let Evidence::No(_) = evidence else { continue };
            let Facts { shows, turn, way, delivered, age, .. } = facts;
            let turn_went_by =
                matches!(shows, Shows::WholeTurn | Shows::BlockedPrompt | Shows::EndOfTurn | Shows::Queue);
            let dropped_push = way == Way::Push && turn != Turn::UnderWay;
            let failed = shows == Shows::LetterInFailure && evidence == Evidence::No(Why::Failed);
            assert!(
                turn_went_by || turn == Turn::Gone || !delivered || dropped_push || failed,
                "{facts:?} {evidence:?}"
            );
            assert!(delivered || age >= SLOW_DELIVERY, "{facts:?} {evidence:?}");
        }
    }

    #[test]
    fn while_its_turn_is_under_way_a_delivered_letter_is_on_its_way_for_as_long_as_it_takes() {
        for (facts, evidence) in everything() {
            let Facts { shows, turn, way, delivered, .. } = facts;
            let tells =
                matches!(shows, Shows::Letter | Shows::LetterSomewhere | Shows::WholeTurn | Shows::BlockedPrompt)
                    || shows == Shows::EndOfTurn && way == Way::Tool;
            if turn == Turn::UnderWay && delivered && !tells {
                assert_eq!(evidence, Evidence::Queued, "{facts:?}");
            }
        }
    }

    #[test]
    fn a_session_that_sits_idle_leaves_nothing_undecided_for_ever() {
        let long = SignedDuration::from_secs(1_000_000);
        for (facts, evidence) in everything() {
            let idle = match facts.turn {
                Turn::Over(since) => since == long,
                Turn::Gone | Turn::Unheard => true,
                Turn::UnderWay => false,
            };
            // What is in the conversation goes before the model with the next turn, whenever that comes.
            let is_in_conversation =
                matches!(facts.shows, Shows::LetterInAnswer | Shows::LetterUnanswered | Shows::LetterInFailure);
            if idle && facts.age == long && facts.quiet == long && !is_in_conversation {
                assert_ne!(evidence, Evidence::Queued, "{facts:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_named_by_its_cause() {
        let idle = SignedDuration::from_secs(60);
        let cause = |shows| {
            let turn = Turn::Over(idle);
            weigh(&Facts { shows, turn, way: Way::Hook, delivered: true, age: idle, quiet: idle })
        };
        assert_eq!(cause(Shows::NoRow), Evidence::Unavailable(Cause::NotWritten));
        assert_eq!(cause(Shows::NoRecord), Evidence::Unavailable(Cause::NoRecord));
        assert_eq!(cause(Shows::OtherRows), Evidence::Unavailable(Cause::UnknownShape));
        assert_eq!(cause(Shows::LetterSomewhere), Evidence::Unavailable(Cause::UnknownShape));
        assert_eq!(cause(Shows::EndOfTurn), Evidence::No(Why::TurnOver));
    }
}

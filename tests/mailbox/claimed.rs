//! A letter that was claimed for Bob, in the hands of stories about what becomes of it.

use cc2cc::{
    agent::{Activity, Record},
    clients::{
        claude::client::{Claude, ROOM_UNITS},
        rows::length,
    },
    delivery::{
        frame::Frame,
        settle::{From, settle},
    },
    mailbox::{
        Mailbox, Moved, State,
        letter::LetterId,
        receipt::{Receipt, Step},
    },
};
use jiff::Timestamp;

use super::{
    post::{Post, noon},
    transcript::{Transcript, turn_end, user},
};

/// The text a hook gives the client for a claimed letter.
pub fn framed(mailbox: &Mailbox, id: &LetterId) -> String {
    let letter = mailbox.read(State::Claimed, id).expect("a claimed letter");
    let mut frame = Frame::new(ROOM_UNITS);
    let rendered = frame.room_for(&letter, false).expect("room");
    frame.put(&letter, rendered);
    frame.finish(0)
}

/// Where a letter is after a look at the transcript.
pub fn settled(mailbox: &Mailbox, id: &LetterId, now: Timestamp) -> Option<State> {
    settle(&mut Claude::default(), mailbox, now, From::Session).expect("settled");
    mailbox.state_of(id)
}

pub struct Story {
    #[expect(dead_code, reason = "the home goes with it")]
    pub post: Post,
    pub transcript: Transcript,
    pub bob: Mailbox,
    pub id: LetterId,
}

impl Story {
    /// Bob's hooks have said this, at that time.
    pub fn session_is(&self, state: Activity, at: Timestamp) -> &Self {
        let change = |record: &mut Record| {
            record.host = Some("1-1".to_owned());
            record.delivers_in.clone_from(&record.host);
            record.session = Some("c8f4".to_owned());
            record.evidence = Some(self.transcript.path().display().to_string());
            record.state = state;
        };
        Record::change(&self.bob, at, change).unwrap();
        self
    }

    pub fn delivered(&self, at: Timestamp) -> &Self {
        self.bob.note(&self.id, &Receipt::at(Step::Delivered, at)).unwrap();
        self
    }

    /// Bob's next delivery takes the letter again.
    pub fn claimed_again(&self, at: Timestamp) -> &Self {
        let mut note = Receipt::at(Step::Claimed, at);
        note.evidence = Some(self.transcript.path().display().to_string());
        note.offset = Some(length(self.transcript.path()));
        assert_eq!(self.bob.claim(&self.id, &note).unwrap(), Moved::Mine);
        self.delivered(at)
    }

    pub fn whole_turn(&self) -> &Self {
        self.transcript.row(&user("go on")).row(&turn_end());
        self
    }

    pub fn last(&self) -> (Step, Option<String>) {
        let last = self.bob.receipts(&self.id).pop().expect("a receipt");
        (last.step, last.why)
    }
}

/// Bob's delivery has had one letter in hand since noon.
pub fn a_letter_in_hand() -> Story {
    let post = Post::new().agent("ann").agent("bob");
    let transcript = Transcript::of(&post);
    let id = post.claimed("bob", Some(transcript.path()));
    let bob = post.at("bob");
    Story { post, transcript, bob, id }
}

/// He has handed it over, in a session whose hooks take part.
pub fn a_letter_delivered() -> Story {
    let story = a_letter_in_hand();
    story.delivered(noon()).session_is(Activity::Busy, noon());
    story
}

//! What one sees of a home in which things happen, and what one's keys do there.

use std::fs;

use cc2cc::{
    agent::{Activity, Record},
    mailbox::{
        State,
        letter::{Letter, LetterId},
        receipt::{Receipt, Step},
    },
};
use jiff::Timestamp;

use super::terminal::Place;

fn with(agents: &[&str]) -> Place {
    let place = Place::new();
    for agent in agents {
        place.home().claim(&agent.parse().unwrap()).unwrap();
    }
    place
}

fn waiting(place: &Place, agent: &str) -> Vec<Letter> {
    place.home().mailbox(&agent.parse().unwrap()).unwrap().letters(State::Inbox).unwrap()
}

#[test]
fn a_letter_comes_and_climbs() {
    let place = with(&["ann", "bob"]);
    let watched = place.watch();
    watched.shows("no letters yet");
    watched.shows("0 of 2 online");
    place.run(&["send", "ann", "look at this"]);
    watched.shows_on_one_line("look at this", "○ user → ann");
    watched.shows_on_one_line("· ann", "○1");
    let mailbox = place.home().mailbox(&"ann".parse().unwrap()).unwrap();
    let id: LetterId = waiting(&place, "ann")[0].id.clone();
    mailbox.note(&id, &Receipt::now(Step::Notified)).unwrap();
    watched.shows_on_one_line("look at this", "◔");
    mailbox.claim(&id, &Receipt::now(Step::Claimed)).unwrap();
    mailbox.note(&id, &Receipt::now(Step::Delivered)).unwrap();
    watched.shows_on_one_line("look at this", "◑");
    mailbox.finish(&id, State::Claimed, Some(&Receipt::now(Step::Seen))).unwrap();
    watched.shows_on_one_line("look at this", "●");
}

#[test]
fn an_agent_comes_and_goes() {
    let place = with(&["ann"]);
    let watched = place.watch();
    watched.shows("0 of 1 online");
    let mailbox = place.home().mailbox(&"ann".parse().unwrap()).unwrap();
    let presence = mailbox.hold_presence().unwrap();
    Record::change(&mailbox, Timestamp::now(), |record| {
        record.state = Activity::Busy;
        (record.host, record.delivers_in) = (Some("its-host".to_owned()), Some("its-host".to_owned()));
    })
    .unwrap();
    watched.shows("1 of 1 online");
    watched.shows("◆ ann");
    drop(presence);
    watched.shows("0 of 1 online");
    place.run(&["rename", "--agent", "ann", "anna"]);
    watched.shows("· anna");
}

#[test]
fn an_answer_is_typed_and_stored() {
    let place = with(&["ann", "bob"]);
    let mailbox = place.home().mailbox(&"bob".parse().unwrap()).unwrap();
    let letter = Letter::new("ann".parse().unwrap(), "bob".parse().unwrap(), "who is on call?", Timestamp::now());
    mailbox.publish(&letter, cc2cc::mailbox::Key::Fresh).unwrap();
    let mut watched = place.watch();
    watched.shows("who is on call?");
    watched.press("\r");
    watched.shows(&format!("id {}", letter.id));
    watched.press("r");
    watched.shows("answers «who is on call?»");
    watched.press("I am\x0atoday\r");
    watched.shows("stored for ann");
    let answer = waiting(&place, "ann").remove(0);
    assert_eq!(answer.content.text, "I am\ntoday");
    assert_eq!((answer.from.as_str(), &answer.reply_to), ("user", &Some(letter.id.clone())));
    watched.press("\x1b");
    watched.shows_on_one_line("▸2", "I am today");
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is_lost() {
    let place = with(&["ann"]);
    let mut watched = place.watch();
    watched.shows("· ann");
    watched.press("nwords");
    watched.shows("words");
    place.home().remove(&place.home().mailbox(&"ann".parse().unwrap()).unwrap()).unwrap();
    watched.press("\r");
    watched.shows("× no agent named `ann`");
    watched.shows("words");
}

#[test]
fn the_screen_follows_its_size() {
    let place = with(&["ann"]);
    let mut watched = place.watch();
    watched.shows("cc2cc watch");
    watched.resize(40, 10);
    watched.shows("needs 60 × 16");
    watched.resize(140, 45);
    watched.shows("no letters yet");
    watched.until("the keys at the bottom", |watched| {
        watched.screen().lines().nth(44).is_some_and(|line| line.contains("q quit"))
    });
}

#[test]
fn an_id_goes_to_the_clipboard_and_no_colours_where_none_are_wanted() {
    let place = with(&["ann"]);
    place.run(&["send", "ann", "copy me", "--id", "k-1"]);
    let mut watched = place.start(Place::binary(), &["watch", "--agent", "ann"], &[("NO_COLOR", "1")]);
    watched.shows("copy me");
    watched.shows("letters of ann");
    watched.press("y");
    watched.shows("OSC 52");
    watched.until("the id in the clipboard", |watched| watched.written().contains("\u{1b}]52;c;ay0x"));
    let written = watched.written();
    let colours =
        written.split("\u{1b}[").skip(1).filter_map(|rest| rest.split_once('m')).filter(|(code, _)| {
            code.split(';').any(|part| matches!(part.parse::<u8>(), Ok(30..=38 | 40..=48 | 90..=107)))
        });
    assert_eq!(colours.collect::<Vec<_>>(), []);
}

#[test]
fn a_thousand_agents_and_a_hundred_thousand_letters() {
    let place = Place::new();
    let body = |id: &str, to: &str, k: u64| {
        let at = Timestamp::from_second(i64::try_from(1_700_000_000 + k).unwrap()).unwrap();
        format!(r#"{{"id":"{id}","timestamp":"{at}","from":"agent-0","to":"{to}","content":{{"text":"letter {k}"}}}}"#)
    };
    for agent in 0..1_000u64 {
        let name = format!("agent-{agent}");
        let mailbox = place.home().claim(&name.parse().unwrap()).unwrap();
        for letter in 0..100 {
            let k = letter * 1_000 + agent;
            let time = uuid::Timestamp::from_unix(uuid::NoContext, 1_700_000_000 + k, 0);
            let id = uuid::Uuid::new_v7(time).to_string();
            fs::write(mailbox.dir(State::Done).join(format!("{id}.json")), body(&id, &name, k)).unwrap();
        }
    }
    let mut watched = place.watch();
    watched.shows("letter 99999");
    watched.shows("0 of 1000 online");
    watched.press("G");
    watched.shows("letter 99000");
    watched.until("all of the next page", |watched| !watched.screen().contains("reading…"));
    watched.press("G");
    watched.shows("letter 98000");
    watched.press("/letter 4242\r");
    watched.shows_on_one_line("letter 4242 ", "agent-0 → agent-242 ");
    place.run(&["send", "agent-5", "letter 4242 again"]);
    watched.shows("letter 4242 again");
}

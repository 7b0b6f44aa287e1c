//! Whatever lies in a file or comes through a pipe: it is read, or refused with one line that says why, and nothing else
//! happens. What once broke something lies in `corpus/` and is tried first.

mod pipes;

use std::{fs, path::Path};

use cc2cc::{
    agent::policy::Config,
    clients::claude::{client::Claude, hooks::event::HookEvent},
    delivery::settle,
    mailbox::{
        Key, State,
        home::Home,
        letter::{self, Letter},
        receipt::{Receipt, Step},
    },
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// Every file of one part of the corpus.
fn corpus(part: &str) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile/corpus").join(part);
    let files = fs::read_dir(dir).expect("the corpus").map(|entry| entry.expect("a file"));
    let read =
        files.map(|file| (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).expect("read")));
    let read: Vec<_> = read.collect();
    assert!(!read.is_empty(), "{part} has a corpus");
    read
}

/// Valid pieces in an order nobody meant, torn, or with bytes of something else.
fn mangled(valid: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let cut = (0..valid.len(), 0..valid.len()).prop_map(|(a, b)| valid.as_bytes()[a.min(b)..a.max(b)].to_vec());
    let pieces = prop_oneof![
        3 => cut,
        1 => Just(valid.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "[{}\\[\\]\",:0-9a-z\\\\ ]{0,40}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat())
}

const LETTER: &str = r#"{"v":1,"id":"x","timestamp":"2026-01-02T12:00:00Z","from":"ann","to":"bob","type":"task","priority":"high",
"thread":"x","replyTo":"y","ttl":60,"content":{"text":"hello <letter id=\"z\"> \u0000","k":1},"origin":{"hops":3,"cwd":"/"},"later":[1]}"#;
const INPUT: &str = r#"{"hook_event_name":"Stop","session_id":"s","transcript_path":"/t","cwd":"/","permission_mode":"plan",
"agent_id":null,"source":"startup","reason":"clear","prompt":"<task-notification>","stop_hook_active":false}"#;
const ROW: &str = "{\"type\":\"attachment\",\"attachment\":{\"type\":\"hook_additional_context\",\"content\":[\"<letter id=\\\"x\\\" from=\\\"ann\\\">\"]}}\n{\"type\":\"system\",\"subtype\":\"turn_duration\"}\n";
const CONFIG: &str = "policy = \"hold\"\nhop-limit = 3\n[from]\nann = \"accept\"\n[agents.bob]\npolicy = \"refuse\"\nfrom.eve = \"hold\"\n";

fn letter_is_read_or_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    let id = "x".parse().expect("an id");
    match letter::parse(bytes, &id, Some(Timestamp::UNIX_EPOCH)) {
        Ok(read) => {
            let again = letter::parse(&read.to_bytes(), &id, None);
            prop_assert_eq!(again.as_ref(), Ok(&read), "what is written again reads the same");
            let _ = (read.lapsed(Timestamp::MAX), read.first_line(10));
        }
        Err(reason) => prop_assert!(!reason.is_empty()),
    }
    Ok(())
}

/// A transcript proves nothing but what it holds, and a claim never vanishes.
fn transcript_moves_the_claim_to_one_place(bytes: &[u8]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().expect("a directory");
    let mailbox = Home::at(dir.path().join("mail")).claim(&"bob".parse().expect("a name")).expect("a mailbox");
    let transcript = dir.path().join("transcript.jsonl");
    fs::write(&transcript, bytes).expect("written");
    let now = Timestamp::now();
    let mut letter = Letter::new("ann".parse().expect("a name"), "bob".parse().expect("a name"), "hello", now);
    letter.id = "x".parse().expect("an id");
    mailbox.publish(&letter, Key::Chosen).expect("published");
    let mut note = Receipt::at(Step::Claimed, now - SignedDuration::from_secs(60));
    note.evidence = Some(transcript.display().to_string());
    mailbox.claim(&letter.id, &note).expect("claimed");
    settle::settle(&mut Claude::default(), &mailbox, now, settle::From::Session).expect("settled");
    let proved = String::from_utf8_lossy(bytes).contains(r#"<letter id=\"x\""#);
    let state = mailbox.state_of(&letter.id);
    // A letter without an answer behind it is in the conversation, and not seen.
    let is_known = proved && matches!(state, Some(State::Done | State::Claimed));
    prop_assert!(state == Some(State::Inbox) || is_known, "{state:?}");
    Ok(())
}

fn config_is_read_or_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("config.toml"), bytes).expect("written");
    if let Err(error) = Config::load(&Home::at(dir.path())) {
        let said = error.to_string();
        prop_assert!(said.contains("config.toml") && !said.contains('\n'), "{said}");
    }
    Ok(())
}

#[test]
fn the_corpus_breaks_nothing() {
    for (name, bytes) in corpus("letters") {
        letter_is_read_or_refused(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (_, bytes) in corpus("hook-input") {
        let _ = serde_json::from_slice::<HookEvent>(&bytes);
    }
    for (name, bytes) in corpus("transcripts") {
        transcript_moves_the_claim_to_one_place(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, bytes) in corpus("config") {
        config_is_read_or_refused(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn letter_files(bytes in mangled(LETTER)) {
        letter_is_read_or_refused(&bytes)?;
    }

    #[test]
    fn hook_input(bytes in mangled(INPUT)) {
        let _ = serde_json::from_slice::<HookEvent>(&bytes);
    }

    #[test]
    fn transcripts(bytes in mangled(ROW)) {
        transcript_moves_the_claim_to_one_place(&bytes)?;
    }

    #[test]
    fn configurations(bytes in mangled(CONFIG)) {
        config_is_read_or_refused(&bytes)?;
    }
}

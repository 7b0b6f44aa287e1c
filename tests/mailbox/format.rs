//! Letter files of scripts and of other versions, and names that are always safe as file names.

use std::path::{Component, Path};

use cc2cc::{
    agent::directory::Address,
    mailbox::{
        State,
        letter::{Kind, Letter, LetterId, Priority, parse},
        level::Level,
        name::AgentName,
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::post::{Post, id, name, noon, waiting};

#[test]
fn a_script_needs_to_write_no_more_than_from_to_and_text() {
    let post = Post::new().agent("bob");
    post.stray("bob", "by-hand.json", br#"{"from":"ann","to":"bob","content":{"text":"hi"}}"#);

    let letter = waiting(&post.at("bob")).remove(0);

    assert_eq!((letter.id.as_str(), letter.v), ("by-hand", 1));
    assert_eq!((letter.kind, letter.priority, letter.content.text.as_str()), (Kind::Message, Priority::Normal, "hi"));
    let written = post.at("bob").file(State::Inbox, &id("by-hand")).metadata().unwrap().modified().unwrap();
    assert_eq!(letter.timestamp, written.try_into().unwrap(), "the file's own time stands in");
}

#[test]
fn a_newer_letter_is_read_and_passed_on_undamaged() {
    let post = Post::new().agent("bob");
    let newer = json!({
        "v": 7, "id": "newer", "timestamp": "2031-01-01T00:00:00Z", "from": "ann", "to": "bob", "type": "poll",
        "priority": "high", "content": {"text": "hi", "html": "<b>hi</b>"}, "origin": {"hops": 3, "machine": "m1"},
        "signature": {"key": "k", "value": [1, 2]},
    });
    post.stray("bob", "newer.json", newer.to_string().as_bytes());

    let letter = waiting(&post.at("bob")).remove(0);

    assert_eq!((letter.v, letter.kind.clone()), (7, Kind::Other("poll".into())));
    assert_eq!(serde_json::from_slice::<Value>(&letter.to_bytes()).unwrap(), newer);
}

#[test]
fn a_letter_of_an_earlier_version_says_how_its_sender_acts() {
    for (mode, level) in [("bypassPermissions", Level::Free), ("plan", Level::Asks), ("another", Level::Asks)] {
        let letter = json!({
            "from": "ann", "to": "bob", "content": {"text": "hi"}, "timestamp": "2031-01-01T00:00:00Z",
            "origin": {"permissionMode": mode},
        });
        let letter = parse(letter.to_string().as_bytes(), &id("earlier"), None).unwrap();
        assert_eq!(letter.origin.level, Some(level), "{mode}");
        assert!(letter.origin.extra.is_empty(), "one word is enough");
    }
}

#[test]
fn a_letter_too_new_to_read_is_buried_and_says_what_would_help() {
    let post = Post::new().agent("ann").agent("bob");
    post.stray("bob", "newer.json", br#"{"v":2,"from":"ann","to":"bob","content":["hi"]}"#);
    post.posted("ann", "bob", "the good letter");

    let look = post.at("bob").look(super::post::noon()).unwrap();

    assert_eq!(look.letters.len(), 1);
    let reason = post.at("bob").reason(&id("newer")).unwrap();
    assert!(reason.starts_with("it was written by a newer cc2cc (format 2); update cc2cc to read it"), "{reason}");
}

#[test]
fn a_file_is_json_that_people_can_read() {
    let letter = Letter {
        id: id("k-1"),
        reply_to: Some(id("k-0")),
        ttl_seconds: Some(600),
        ..Letter::new(name("ann"), name("bob"), "grüße\n\"x\"", noon())
    };
    insta::assert_snapshot!(String::from_utf8(letter.to_bytes()).unwrap(), @r#"
    {
      "v": 1,
      "id": "k-1",
      "timestamp": "2026-01-02T12:00:00Z",
      "from": "ann",
      "to": "bob",
      "type": "message",
      "priority": "normal",
      "replyTo": "k-0",
      "ttl": 600,
      "content": {
        "text": "grüße\n\"x\""
      },
      "origin": {
        "hops": 0
      }
    }
    "#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Fields of some other version; the prefix keeps them apart from ours.
fn foreign_fields() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::hash_map("x-[a-z]{0,8}|X\\PC{0,6}", any_json(), 0..5).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unknown_fields_survive_a_rewrite(
        top in foreign_fields(), content in foreign_fields(), origin in foreign_fields(), text in any::<String>(),
    ) {
        let mut letter = Letter::new(name("ann"), name("bob"), text, noon());
        letter.extra = top;
        letter.content.extra = content;
        letter.origin.extra = origin;
        let read = parse(&letter.to_bytes(), &letter.id, None).unwrap();
        prop_assert_eq!(&read, &letter);
        prop_assert_eq!(read.to_bytes(), letter.to_bytes());
    }

    #[test]
    fn any_bytes_are_a_letter_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any_json()) {
        for bytes in [bytes, json.to_string().into_bytes()] {
            if let Err(reason) = parse(&bytes, &id("x"), Some(noon())) {
                prop_assert!(!reason.is_empty());
            }
        }
    }

    #[test]
    fn an_accepted_name_or_id_is_one_plain_file_name(text in "\\PC{0,40}|[a-z0-9./\\\\:_-]{1,70}|[a-zA-Z.-]{1,5}") {
        let is_name = text.parse::<AgentName>().is_ok();
        let is_id = text.parse::<LetterId>().is_ok();
        if is_name || is_id {
            let parts: Vec<_> = Path::new(&text).components().collect();
            prop_assert!(matches!(parts.as_slice(), [Component::Normal(part)] if *part == text.as_str()));
            prop_assert!(!text.starts_with(['.', '-']) && !text.ends_with(['.', '-']) || is_id && !text.starts_with(['.', '-']));
            prop_assert!(text.len() <= 64);
            prop_assert!(!text.contains(['/', '\\', ':', '\0']) && text.to_lowercase() == text);
        }
    }

    #[test]
    fn every_name_of_the_pattern_is_accepted(text in "[a-z0-9](-?[a-z0-9]){0,30}") {
        prop_assert!(text.parse::<AgentName>().is_ok());
        prop_assert_eq!(text.parse::<Address>(), Ok(Address::Agent(name(&text))));
    }
}

#[test]
fn paths_and_device_names_are_refused() {
    for text in ["..", ".", "../x", "a/b", "a\\b", "/etc/passwd", "a\0b", "", "c:x"] {
        assert!(text.parse::<AgentName>().is_err(), "{text:?}");
        assert!(text.parse::<LetterId>().is_err(), "{text:?}");
    }
    for text in ["nul", "con.txt", "com1", "lpt9.x", ".hidden", "-flag", "ends.", "Upper", &"x".repeat(65)] {
        assert!(text.parse::<LetterId>().is_err(), "{text:?}");
    }
    for text in ["console", "com", "x.y_z-1", "7", &"x".repeat(64)] {
        assert!(text.parse::<LetterId>().is_ok(), "{text:?}");
    }
}

#[test]
fn a_letter_that_a_script_cut_in_the_middle_of_a_character_is_read() {
    for (written, means) in
        [(&b"half \\ud83d"[..], "half \u{fffd}"), (b"latin \xe9", "latin \u{fffd}"), (b"nul \0", "nul \0")]
    {
        let bytes = [br#"{"from":"ann","to":"bob","content":{"text":""#, written, br#""}}"#].concat();
        let read = parse(&bytes, &id("k"), Some(noon())).unwrap();
        assert_eq!(read.content.text, means);
        let again = parse(&read.to_bytes(), &read.id, None);
        assert_eq!(again, Ok(read));
    }
}

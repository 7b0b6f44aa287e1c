//! What a client says to the server that is no proper request, or means something else than it says: each request is
//! answered under its own id, with the right code, in few words; and each tool gives what it promises.

use cc2cc::mailbox::State;
use serde_json::{Value, json};

use super::mcp::{Server, initialize};
use crate::support::{eventually::until, world::World};

const LONG: usize = 2 * 1024 * 1024;

/// A request as bytes, with a text in it as it is written.
fn send(id: u32, text: &[u8]) -> Vec<u8> {
    let before = r#"{"method":"tools/call","params":{"name":"send","arguments":{"to":"ann","text":""#;
    let after = format!(r#""}}}},"jsonrpc":"2.0","id":{id}}}"#);
    [before.as_bytes(), text, after.as_bytes(), b"\n"].concat()
}

#[test]
fn what_is_no_character_arrives_as_the_replacement_character() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let texts: [(&[u8], &str); 6] = [
        (br"half \ud83d", "half \u{fffd}"),
        (br"\ude00 turned \ud83d", "\u{fffd} turned \u{fffd}"),
        (br"whole \ud83d\ude00", "whole \u{1f600}"),
        (b"latin \xe9", "latin \u{fffd}"),
        (b"nul \0 and escape \x1b", "nul \0 and escape \u{1b}"),
        (br"C:\dir", "C:\\dir"),
    ];
    for (number, (written, _)) in (100..).zip(texts) {
        server.say_bytes(&send(number, written));
        let answer = server.answer();
        assert_eq!(answer["id"], number, "{answer}");
        assert_eq!(answer["result"]["structuredContent"]["sent"][0]["state"], "stored", "{answer}");
    }
    let mut arrived: Vec<String> = world.waiting("ann").into_iter().map(|letter| letter.content.text).collect();
    let mut expected: Vec<String> = texts.iter().map(|(_, means)| (*means).to_owned()).collect();
    arrived.sort();
    expected.sort();
    assert_eq!(arrived, expected);
}

#[test]
fn each_request_is_answered_under_its_own_id_with_the_right_code() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"send","arguments":{{"to":{deep},"text":"x"}}}}}}"#
    );
    let long = "y".repeat(17 * 1024 * 1024);
    let long_first = format!(
        r#"{{"jsonrpc":"2.0","id":"first","method":"tools/call","params":{{"name":"send","arguments":{{"to":"ann","text":"{long}"}}}}}}"#
    );
    let long_last = format!(
        r#"{{"method":"tools/call","params":{{"name":"send","arguments":{{"to":"ann","text":"{long}"}}}},"jsonrpc":"2.0","id":"last"}}"#
    );
    let call =
        |params: Value| json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params }).to_string();
    for (said, id, code) in [
        ("garbage", Value::Null, -32700),
        (r#"{"jsonrpc":"2.0","id":3,"method":"ping","#, 3.into(), -32700),
        (r#"{"id":"s","method":"ping","params":{"x":1e999},"jsonrpc":"2.0"}"#, "s".into(), -32700),
        ("[]", Value::Null, -32600),
        ("7", Value::Null, -32600),
        (r#"{"jsonrpc":"2.0","id":4}"#, 4.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":5,"method":7}"#, 5.into(), -32600),
        (r#"{"id":6,"method":"ping"}"#, 6.into(), -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Value::Null, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Value::Null, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/destroy"}"#, 7.into(), -32601),
        (r#"{"jsonrpc":"2.0","id":8,"method":"server/discover"}"#, 8.into(), -32601),
        (r#"{"jsonrpc":"2.0","id":9,"method":"prompts/list"}"#, 9.into(), -32601),
        (r#"{"jsonrpc":"2.0","id":10,"method":"tools/list","params":[]}"#, 10.into(), -32602),
        (r#"{"jsonrpc":"2.0","id":11,"method":"initialize","params":{"protocolVersion":7}}"#, 11.into(), -32602),
        (r#"{"jsonrpc":"2.0","id":12,"method":"tools/call"}"#, 12.into(), -32602),
        (&call(json!({ "name": 7 })), 2.into(), -32602),
        (&call(json!({ "name": "send", "arguments": [] })), 2.into(), -32602),
        (&call(json!({ "name": "send", "arguments": "to ann" })), 2.into(), -32602),
        (&call(json!({ "name": "destroy", "arguments": {} })), 2.into(), -32602),
        (&call(json!({ "name": "send" })), 2.into(), -32602),
        (&call(json!({ "name": "send", "arguments": null })), 2.into(), -32602),
        (&call(json!({ "name": "send", "arguments": { "to": "ann" } })), 2.into(), -32602),
        (&call(json!({ "name": "send", "arguments": { "to": 7, "text": "x" } })), 2.into(), -32602),
        (
            &call(json!({ "name": "send", "arguments": { "to": "ann", "text": "x", "priority": "loud" } })),
            2.into(),
            -32602,
        ),
        (&call(json!({ "name": "inbox", "arguments": { "limit": 0 } })), 2.into(), -32602),
        (&deep, 1.into(), -32602),
        (&long_first, "first".into(), -32600),
        (&long_last, "last".into(), -32600),
    ] {
        server.say_bytes(format!("{said}\n").as_bytes());
        let answer = server.answer();
        let what = &said[..said.len().min(200)];
        assert_eq!((&answer["id"], answer["error"]["code"].as_i64()), (&id, Some(code)), "{what}: {answer}");
        assert!(answer.to_string().len() < 1_000, "{what}: {answer}");
    }
    for said in [
        "",
        "  ",
        r#"{"jsonrpc":"2.0","method":"notifications/of/another/version"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        server.say_bytes(format!("{said}\r\n").as_bytes());
    }
    assert!(world.waiting("ann").is_empty());
    server.done("send", &json!({ "to": "ann", "text": "still here" }));
    server.say_bytes(br#"{"jsonrpc":"2.0","id":99,"method":"ping"}"#); // a last line without its end
    let (rest, code) = server.ended();
    assert!(rest.contains(r#""id":99"#), "{rest}");
    assert_eq!(code, Some(0));
}

#[test]
fn no_complaint_repeats_what_is_long() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::started(&session);
    let long = "x".repeat(LONG);
    // Said before the greeting, a version of its own or a notification must not end the server either.
    server.notify("notifications/cancelled");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": long,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let answer = server.request("tools/list", &json!({ "_meta": meta }));
    assert!(answer["error"]["code"].is_i64() && answer.to_string().len() < 2_000, "{:.300}", answer.to_string());
    server.request("initialize", &initialize());
    for (method, params) in [
        (long.as_str(), json!({})),
        ("tools/call", json!({ "name": long, "arguments": {} })),
        ("tools/call", json!({ "name": "send", "arguments": { "to": long, "text": "x" } })),
        ("tools/call", json!({ "name": "send", "arguments": { "to": "ann", "text": "x", "reply_to": long } })),
        ("tools/call", json!({ "name": "send", "arguments": { "to": "ann", "text": "x", "priority": long } })),
        ("tools/call", json!({ "name": "send", "arguments": { long.as_str(): "x" } })),
        ("tools/call", json!({ "name": "send", "arguments": { "to": "ann", "text": long } })),
        ("tools/call", json!({ "name": "inbox", "arguments": { "id": long } })),
        ("tools/call", json!({ "name": "inbox", "arguments": { "before": long } })),
        ("tools/call", json!({ "name": "status", "arguments": { "id": long } })),
        ("tools/call", json!({ "name": "rename", "arguments": { "name": long } })),
    ] {
        let answer = server.request(method, &params);
        let failed = answer["error"]["code"].is_i64() || answer["result"]["isError"] == true;
        assert!(failed && answer.to_string().len() < 2_000, "{:.300}", answer.to_string());
    }
    assert!(world.waiting("ann").is_empty());
}

/// What the client is told of a call that makes no sense.
fn complaint(server: &mut Server, tool: &str, arguments: &Value) -> String {
    let answer = server.request("tools/call", &json!({ "name": tool, "arguments": arguments }));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    answer["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn an_argument_that_is_not_known_is_told_with_the_one_that_is_meant() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    for (tool, arguments, says) in [
        (
            "send",
            json!({ "to": "ann", "text": "x", "replyto": "y" }),
            "send has no argument `replyto`; did you mean `reply_to`?",
        ),
        (
            "send",
            json!({ "to": "ann", "text": "x", "in_reply_to": "y" }),
            "send has no argument `in_reply_to`; did you mean `reply_to`?",
        ),
        (
            "send",
            json!({ "to": "ann", "message": "x" }),
            "send has no argument `message`; there are: to, text, reply_to, priority",
        ),
        ("send", json!({ "to": "ann", "txt": "x" }), "send has no argument `txt`; did you mean `text`?"),
        ("send", json!({ "to": "ann" }), "send needs `text`"),
        ("send", json!({ "to": "ann", "text": "x", "priority": true }), "`priority` is a string"),
        ("inbox", json!({ "limit": "many" }), "`limit` is a whole number from 1 on"),
        ("statuss", json!({}), "there is no tool `statuss`; did you mean `status`?"),
    ] {
        assert_eq!(complaint(&mut server, tool, &arguments), says);
    }
    assert!(world.waiting("ann").is_empty());
}

#[test]
fn the_two_spellings_of_an_argument_are_one() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let first = world.posted("ann", "calm-owl", "first");
    let other = world.posted("ann", "calm-owl", "other");
    for arguments in [
        json!({ "to": "ann", "text": "one", "reply_to": first }),
        json!({ "to": "ann", "text": "two", "replyTo": first }),
        json!({ "to": "ann", "text": "three", "replyTo": first, "reply_to": first }),
    ] {
        server.done("send", &arguments);
    }
    assert!(world.waiting("ann").iter().all(|letter| letter.reply_to.as_ref() == Some(&first)));
    let both = json!({ "to": "ann", "text": "four", "replyTo": first, "reply_to": other });
    assert_eq!(complaint(&mut server, "send", &both), "`reply_to` is given twice, and not the same");
    assert_eq!(world.waiting("ann").len(), 3);
}

/// What a schema of ours asks of a value that is not so. It knows the words our schemas use, and no others.
fn faults(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => panic!("{at}: a type {kind}"),
    };
    for (word, meaning) in schema.as_object().expect("a schema") {
        match word.as_str() {
            "type" => {
                let kinds = meaning.as_array().cloned().unwrap_or_else(|| vec![meaning.clone()]);
                if !kinds.iter().any(|kind| is(kind.as_str().expect("a type"))) {
                    found.push(format!("{at} is no {meaning}: {value}"));
                }
            }
            "properties" => {
                for (name, part) in meaning.as_object().expect("properties") {
                    found.extend(value.get(name).iter().flat_map(|field| faults(part, field, &format!("{at}.{name}"))));
                }
            }
            "required" => {
                let names = meaning.as_array().expect("names").iter().filter_map(Value::as_str);
                found.extend(
                    names.filter(|name| value.get(name).is_none()).map(|name| format!("{at}.{name} is missing")),
                );
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(number, item)| faults(meaning, item, &format!("{at}[{number}]"))));
            }
            "enum" if !meaning.as_array().expect("values").contains(value) => found.push(format!("{at} is {value}")),
            "anyOf" if !meaning.as_array().expect("schemas").iter().any(|one| faults(one, value, at).is_empty()) => {
                found.push(format!("{at} is none of {meaning}"));
            }
            "enum" | "anyOf" | "description" => {}
            _ => panic!("{at}: a word {word}"),
        }
    }
    found
}

#[test]
fn tools_say_what_they_are_and_give_what_they_promise() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let listed = server.request("tools/list", &json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap().clone();
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        assert!(tool["title"].as_str().is_some_and(|title| title == tool["annotations"]["title"]), "{tool}");
        let hints = &tool["annotations"];
        assert_eq!(hints["readOnlyHint"], matches!(name, "inbox" | "agents" | "status"), "{tool}");
        assert_eq!((&hints["destructiveHint"], &hints["openWorldHint"]), (&false.into(), &false.into()), "{tool}");
        assert_eq!(hints["idempotentHint"], !matches!(name, "send" | "ask"), "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
        // Letters come with the result of `ask`, and the client would show nothing beside what is promised.
        let promised = if name == "ask" { Value::Null } else { "object".into() };
        assert_eq!(tool["outputSchema"]["type"], promised, "{tool}");
    }
    let id = world.posted("ann", "calm-owl", "hello");
    let asked = server.done("send", &json!({ "to": "ann", "text": "hi", "reply_to": id }));
    let sent = asked["sent"][0]["id"].clone();
    let mut results = vec![("send", asked)];
    for (tool, arguments) in [
        ("send", json!({ "to": "ann", "text": "hi", "reply_to": id })), // the same again
        ("inbox", json!({})),
        ("inbox", json!({ "all": true, "limit": 1 })),
        ("inbox", json!({ "id": id })),
        ("agents", json!({})),
        ("agents", json!({ "all": true })),
        ("status", json!({ "id": id })),
        ("status", json!({ "id": sent })),
        ("notify_when", json!({ "agent": "ann", "state": "away" })),
        ("notify_when", json!({ "agent": "ann", "state": "idle" })),
        ("rename", json!({ "name": "brave-fox" })),
    ] {
        results.push((tool, server.done(tool, &arguments)));
    }
    for (name, result) in results {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        assert_eq!(faults(&tool["outputSchema"], &result, name), Vec::<String>::new(), "{result}");
    }
    assert!(!faults(&tools[0]["outputSchema"], &json!({ "sent": [{}] }), "send").is_empty(), "the check checks");
}

/// What stands in every request: the tools loaded from the start, and the words about the server. Four characters make a
/// token, roughly.
#[test]
fn what_is_always_in_the_models_context_is_short() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let mut server = Server::started(&session);
    let hello = server.request("initialize", &initialize());
    let listed = server.request("tools/list", &json!({}));
    let mut characters = hello["result"]["instructions"].as_str().unwrap().len();
    for tool in listed["result"]["tools"].as_array().unwrap() {
        characters += tool["name"].as_str().unwrap().len();
        if tool["_meta"]["anthropic/alwaysLoad"] == true {
            characters += tool["description"].as_str().unwrap().len() + tool["inputSchema"].to_string().len();
        }
    }
    assert!(characters / 4 <= 450, "{} tokens", characters / 4);
}

#[test]
fn a_full_inbox_comes_in_pages() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let ids: Vec<String> = (0..243)
        .map(|number| world.posted("ann", "calm-owl", &format!("{number} {}", "<x>".repeat(200))).to_string())
        .collect();
    let mut seen: Vec<String> = Vec::new();
    let mut arguments = json!({});
    loop {
        let page = server.done("inbox", &arguments);
        assert!(page.to_string().len() <= 17 * 1024, "{} bytes", page.to_string().len());
        let letters = page["letters"].as_array().unwrap();
        let of_page: Vec<String> = letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
        assert!((1..=20).contains(&of_page.len()));
        seen = [of_page.clone(), seen].concat();
        assert_eq!(page["older"], ids.len() - seen.len());
        if page["older"] == 0 {
            break;
        }
        arguments = json!({ "before": of_page[0] });
    }
    assert_eq!(seen, ids, "newest last, each once");
    let all = server.done("inbox", &json!({ "limit": 1_000 }));
    assert!(all.to_string().len() <= 17 * 1024, "a larger page is bounded, too");
    assert_eq!(server.done("inbox", &json!({ "limit": 3 }))["letters"].as_array().unwrap().len(), 3);
    assert!(server.failed("inbox", &json!({ "before": "nothing" })).contains("no letter `nothing`"));
}

#[test]
fn a_session_is_online_from_the_first_request_on() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let mut server = Server::started(&session);
    server.request("initialize", &initialize());
    let listed = server.done("agents", &json!({}));
    assert_eq!((&listed["agents"][0]["name"], &listed["agents"][0]["online"]), (&"calm-owl".into(), &true.into()));
    drop(server.ended());
    until("it has gone", || (!session.mailbox().is_online()).then_some(()));
}

/// As the protocol of 2026-07-28 has it: no greeting, and each request says by itself what a greeting would.
#[test]
fn a_client_without_a_greeting_is_online_too() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let mut server = Server::started(&session);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let probe = server.request("server/discover", &json!({ "_meta": meta }));
    assert_eq!(probe["error"]["code"], -32601, "{probe}");
    let listed = server.request("tools/call", &json!({ "name": "agents", "arguments": {}, "_meta": meta }));
    let listed = &listed["result"]["structuredContent"];
    assert_eq!((&listed["agents"][0]["name"], &listed["agents"][0]["online"]), (&"calm-owl".into(), &true.into()));
    assert!(session.mailbox().is_online());
}

/// Where no hook brings letters they come with the results of the tools, and the tools say so.
#[test]
fn a_server_that_hands_letters_out_does_not_say_that_it_only_looks() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl");
    let mut server = Server::greeted(&session);
    let listed = server.request("tools/list", &json!({}));
    for tool in listed["result"]["tools"].as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], false, "{tool}");
        assert_eq!(tool.get("outputSchema"), None, "its client would show nothing beside what is promised: {tool}");
        assert!(!tool["description"].as_str().unwrap().contains("Changes nothing"), "{tool}");
    }
    world.posted("ann", "calm-owl", "hello");
    let result = server.call("inbox", &json!({}));
    assert!(result["content"][1]["text"].as_str().is_some_and(|mail| mail.contains("hello")), "{result}");
    assert_eq!(session.mailbox().count(State::Claimed).unwrap(), 1);
}

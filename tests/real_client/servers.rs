//! The server of the plugin: there twice, there not at all, and there without the hooks.

use serde_json::{Value, json};

use crate::{
    SEND, agent,
    channel::{SEND_BY_HAND, register},
    is_online, post,
    reply::Reply,
    settled,
    world::World,
};

/// What `cc2cc doctor` finds of something, in a plain terminal.
fn found(world: &World, what: &str) -> Option<Value> {
    let doctor = world.cc2cc("home", &["doctor", "--json"]).stdout;
    let doctor: Value = serde_json::from_slice(&doctor).expect("JSON");
    doctor["findings"].as_array().expect("findings").iter().find(|finding| finding["what"] == what).cloned()
}

#[test]
fn with_the_plugin_and_a_server_by_hand_letters_come_once_and_doctor_names_the_double() {
    let world = World::with_cc2cc();
    register(&world);
    let bob = world.session("bob").env("CC2CC_NAME", "bob").args(&["--allowedTools", SEND, SEND_BY_HAND]).start();
    bob.wait_for_screen("cc2cc: you are bob");
    bob.wait("its waker", || crate::has_waker(&world, "bob").then_some(()));
    let double = bob.wait("doctor's word", || found(&world, "servers"))["text"].clone();
    let said = double.as_str().expect("a text");
    assert!(said.starts_with("bob has cc2cc's server twice") && said.contains("`cc2cc` of "), "{said}");
    assert!(said.ends_with("`claude mcp remove cc2cc` takes it away"), "{said}");

    bob.api.when("tell the person twice").reply(
        Reply::tool(SEND_BY_HAND, json!({ "to": "user", "text": "by hand" }))
            .and_tool(SEND, json!({ "to": "user", "text": "by the plugin" })),
    );
    let id = post(&world, "bob", "tell the person twice");
    let told = bob.wait_for_request("with the results", |request| request.tool_results().len() == 2);
    assert!(!told.newest().contains("<letter id="), "none of them has brought it again: {}", told.newest());
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    let everything = bob.requests().pop().expect("a request").everything();
    assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{everything}");
    let letters = world.cc2cc_json(&["inbox", "--agent", "user"])["letters"].clone();
    assert_eq!(letters.as_array().map(Vec::len), Some(2), "one from each: {letters}");
}

#[test]
fn a_session_without_the_tools_is_told_of_the_verb_and_writes_with_it() {
    let world = World::with_cc2cc();
    let ann = settled(&world, "ann");
    let bob = world.session("bob").env("CC2CC_NAME", "bob").args(&["--strict-mcp-config", "--allowedTools", "Bash"]);
    let bob = bob.start();
    bob.wait_for_screen("cc2cc: you are bob");
    bob.wait("its waker", || crate::has_waker(&world, "bob").then_some(()));
    let command = json!({ "command": "cc2cc send ann 'by the verb'", "description": "writes" });
    bob.api.when("write to ann").reply(Reply::tool("Bash", command));
    post(&world, "bob", "write to ann");
    let told = bob.wait_until_told("write to ann");
    assert!(!told.body["tools"].to_string().contains("cc2cc"), "{:?}", told.tools());
    assert!(told.everything().contains("where there is no such tool, `cc2cc send NAME TEXT` in Bash does it"));
    let told = ann.wait_until_told("by the verb").newest();
    assert!(told.contains("from=\"bob\""), "{told}");
}

#[test]
fn a_session_whose_hooks_are_off_is_deaf_says_why_and_gets_letters_with_its_tools() {
    let world = World::with_cc2cc();
    world.settings(|settings| settings["disableAllHooks"] = true.into());
    let start = |name: &str| {
        let session = world.session(name).args(&["--allowedTools", SEND]).env("CC2CC_NAME", name).launch();
        session.wait("its server", || is_online(&world, name).then_some(()));
        session.wait("a deaf session", || (agent(&world, name)["reach"] == "deaf").then_some(()));
        session
    };
    let mut bob = start("bob");
    let listed = agent(&world, "bob");
    assert_eq!(listed["state"], "deaf");
    let why = listed["why"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("`disableAllHooks` in ") && why.contains("settings.json, line 1"), "{why}");
    let id = post(&world, "bob", "the build is red");
    let sent = world.cc2cc_json(&["send", "bob", "and again"]);
    assert_eq!(sent["sent"][0]["reach"], "deaf", "{sent}");
    assert!(found(&world, "hooks").is_some_and(|hooks| hooks["verdict"] == "broken"));

    // Its person is told, and nothing else is asked of them.
    bob.wait_for_screen("no letter wakes this session, bob, since hooks are off");
    assert_eq!(agent(&world, "bob")["reach"], "deaf", "and no question of its own");
    bob.press_until_gone("\r", "no letter wakes this session");
    let told = world.home().join(".cc2cc/told");
    bob.wait("a note of it", || (std::fs::read_dir(&told).ok()?.count() == 1).then_some(()));
    bob.api.when("who is there").reply(Reply::tool(SEND, json!({ "to": "user", "text": "here I am" })));
    bob.type_line("who is there?");
    let told = bob.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert!(told.newest().contains("the build is red"), "{}", told.newest());
    assert!(told.body.to_string().contains("nothing else brings them, and no letter wakes it"), "the model knows it");
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    let everything = bob.requests().pop().expect("a request").everything();
    assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{everything}");

    // Whoever has been told of a setting is not told again.
    let mut ann = start("ann");
    ann.wait("the prompt", || (!ann.is_busy()).then_some(()));
    ann.type_line("hello there");
    ann.wait_until_told("hello there");
    ann.idle();
    assert!(!ann.screen().contains("no letter wakes this session"), "{}", ann.screen());
}

#[test]
fn where_the_plugin_is_not_loaded_whoami_says_so_and_why() {
    let world = World::with_cc2cc();
    let off = world.project("bob").join(".claude");
    std::fs::create_dir_all(&off).expect("a folder");
    let setting = "{\n  \"enabledPlugins\": { \"cc2cc@skills-dir\": false }\n}";
    std::fs::write(off.join("settings.json"), setting).expect("settings");
    let by_setting = "cc2cc's plugin is not loaded in this Claude session: `cc2cc@skills-dir` in ";
    let by_option = "cc2cc's plugin is not loaded in this Claude session: `--bare` leaves it out";
    for (name, args, said) in [("bob", &["--debug"][..], by_setting), ("ann", &["--bare"], by_option)] {
        let words = [args, &["--allowedTools", "Bash"]].concat();
        let mut session = world.session(name).args(&words).env("CC2CC_NAME", name).start();
        let command = json!({ "command": "cc2cc whoami; cc2cc send user hello", "description": "asks" });
        session.api.when("who are you").reply(Reply::tool("Bash", command));
        session.type_line("who are you");
        let told = session.wait_for_request("with the result", |request| !request.tool_results().is_empty());
        let result = told.tool_results().join("");
        assert_eq!(result.matches(said).count(), 2, "{result}");
        assert!(!result.contains("CC2CC_NAME"), "{result}");
        assert_eq!(agent(&world, name), Value::Null, "nobody is listed who cannot be reached");
    }
}

#[test]
fn a_session_whose_hooks_its_administrator_has_turned_off_is_deaf_with_the_file() {
    let world = World::with_cc2cc();
    // The client looks below /etc alone, so it gets one of its own, as long as it lives.
    let folder = world.home().join("etc");
    std::fs::create_dir_all(&folder).expect("a folder");
    let start = format!(
        "mount -t tmpfs tmpfs {0} && mkdir {0}/upper {0}/work && \
         mount -t overlay overlay -o lowerdir=/etc,upperdir={0}/upper,workdir={0}/work /etc && \
         mkdir -p /etc/claude-code && \
         printf '{{\\n  \"allowManagedHooksOnly\": true\\n}}' >/etc/claude-code/managed-settings.json && exec \"$@\"",
        folder.display()
    );
    let inside = ["unshare", "--mount", "sh", "-c", &start, "sh"];
    let bob = world.session("bob").env("CC2CC_NAME", "bob").inside(&inside).launch();
    bob.wait("a deaf session", || (agent(&world, "bob")["reach"] == "deaf").then_some(()));
    let why = agent(&world, "bob")["why"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("`allowManagedHooksOnly` in /etc/claude-code/managed-settings.json, line 2"), "{why}");
    bob.wait_for_screen("no letter wakes this session, bob, since hooks are off");
}

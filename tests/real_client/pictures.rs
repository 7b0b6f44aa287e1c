//! The scenes of the README's pictures.

use serde_json::json;

use crate::{
    SEND, bell_is_set, claude::Session, is_online, letter, letter_id, picture::Picture, reply::Reply, world::World,
};

const COLUMNS: u16 = 100;

/// A session with a name, in a project of another.
fn sitting(world: &World, project: &str, name: &str) -> Session {
    let session = world.session(project).columns(COLUMNS).args(&["--allowedTools", SEND]).env("CC2CC_NAME", name);
    let session = session.start();
    session.wait_for_screen(&format!("cc2cc: you are {name}"));
    session.wait("its server", || is_online(world, name).then_some(()));
    session.wait("its bell", || bell_is_set(world, name).then_some(()));
    session
}

fn world() -> World {
    let world = World::with_cc2cc();
    world.project("api");
    world.project("web");
    world
}

#[test]
fn two_sessions_talk() {
    let world = world();
    let (mut fox, owl) = (sitting(&world, "api", "brave-fox"), sitting(&world, "web", "calm-owl"));
    let question = "The login API takes `email` now, no longer `user`. Does the web client still work?";
    fox.api.when("ask calm-owl").reply(letter("calm-owl", question));
    fox.api.when_it(|request| !request.tool_results().is_empty()).reply(Reply::text("I wrote to calm-owl."));
    owl.api.when("takes `email` now").reply_with(|request| {
        let answer = "Two tests fail: they still send `user`. I am changing them.";
        Reply::tool(SEND, json!({ "to": "brave-fox", "text": answer, "reply_to": letter_id(&request.newest()) }))
    });
    owl.api.when_it(|request| !request.tool_results().is_empty()).reply(Reply::text("I told brave-fox."));
    fox.api
        .when("Two tests fail")
        .reply(Reply::text("calm-owl found two tests that need the new field, and mends them."));

    fox.type_line("ask calm-owl whether the new login API works for the web client");
    fox.wait_for_screen("calm-owl found two tests");
    fox.idle();
    owl.wait_for_screen("I told brave-fox.");
    owl.idle();
    let picture = Picture::default().caption("terminal 1 · brave-fox").talk(fox.rows());
    picture.caption("terminal 2 · calm-owl · nobody types here").talk(owl.rows()).check("two-sessions");
}

#[test]
fn the_inbox_is_open() {
    let world = world();
    let (mut fox, mut owl) = (sitting(&world, "api", "brave-fox"), sitting(&world, "web", "calm-owl"));
    owl.type_line("/send brave-fox The web client sends `email` now, all its tests pass.");
    fox.wait_until_told("all its tests pass");
    fox.idle();
    world.cc2cc("home", &["send", "--priority", "low", "brave-fox", "Nightly build 812 is green."]);
    let rule = "[agents.brave-fox]\nfrom.calm-owl = \"hold\"\n";
    std::fs::write(world.home().join(".cc2cc/config.toml"), rule).expect("a rule");
    owl.type_line("/send brave-fox May I delete the old login table?");
    fox.wait_for_screen("May I delete the old login table?");
    fox.idle();
    fox.type_line("/inbox");
    fox.wait_for_screen("Letters for brave-fox");
    fox.idle();
    eprintln!("{}", fox.screen());
    Picture::default().whole(fox.rows()).check("inbox");
}

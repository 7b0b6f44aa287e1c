//! Several kinds of session at once: whoever is listed as idle is woken, nobody else is listed so, and each letter comes once.

use serde_json::json;

use crate::{
    SEND, agent,
    api::Api,
    background, post,
    programs::{Input, Program, STREAMING},
    reply::Reply,
    service::{Service, told},
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

#[test]
fn of_several_kinds_at_once_whoever_is_listed_as_idle_is_woken() {
    const EACH: usize = 3;
    let world = World::with_cc2cc();
    let deaf = world.project("ann").join(".claude");
    std::fs::create_dir_all(&deaf).expect("a folder");
    std::fs::write(deaf.join("settings.json"), "{ \"disableAllHooks\": true }").expect("settings");
    let bob = settled(&world, "bob");
    let mut ann = world.session("ann").env("CC2CC_NAME", "ann").args(&["--allowedTools", SEND]).launch();
    let streaming = Api::start();
    let mut fed = Program::start(&world, "two", &streaming, &STREAMING, &[("CC2CC_NAME", "two")], &Input::Socket);
    fed.say("hello");
    told(&streaming, "hello");
    ann.wait_for_screen("no letter wakes this session, ann");
    ann.press_until_gone("\r", "no letter wakes this session");
    ann.wait("the prompt", || (!ann.is_busy()).then_some(()));
    let service = Service::new(&world);
    service.start("one", &[], &[], "hello from the shell");
    told(&service.api, "hello from the shell");
    let job = background::idle(&world, &service, "one");

    let woken = ["bob", "two", job.as_str()];
    let (mut ids, mut idle) = (Vec::new(), 0);
    for round in 0..EACH {
        for name in woken {
            let is_idle = || agent(&world, name)["state"] == "idle";
            eventually(&format!("{name} is idle"), PATIENCE, || is_idle().then_some(()));
            idle += 1;
            ids.push(post(&world, name, &format!("number {round} for {name}")));
        }
        assert_ne!(agent(&world, "ann")["state"], "idle", "nothing wakes her");
        ids.push(post(&world, "ann", &format!("number {round} for ann")));
    }
    let seen = |id: &String| world.status_of(id) == "seen";
    let of_woken = ids.iter().enumerate().filter(|(at, _)| at % 4 != 3).map(|(_, id)| id);
    for id in of_woken {
        eventually("whoever was listed as idle has seen it", PATIENCE, || seen(id).then_some(()));
    }
    // A client that runs may take a changed setting over, or not.
    for api in [&ann.api, &service.api] {
        api.when("who is there").reply(Reply::tool(SEND, json!({ "to": "user", "text": "me" })));
    }
    ann.type_line("who is there");
    for id in &ids {
        eventually("it is seen", PATIENCE, || seen(id).then_some(()));
    }
    let models = [&bob.api, &ann.api, &streaming, &service.api];
    let times = |id: &String| {
        let told = models.iter().flat_map(|api| api.requests()).map(|request| request.newest());
        told.map(|text| text.matches(&format!("<letter id=\"{id}\"")).count()).sum::<usize>()
    };
    for id in &ids {
        assert_eq!(times(id), 1, "{id}");
    }
    println!("letters in {}, delivered {}, once each; listed as idle {idle} times, in vain 0", ids.len(), ids.len());
}

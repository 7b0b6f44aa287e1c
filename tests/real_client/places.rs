//! One home, several worlds: a container beside its host, and profiles of their own.

use crate::{agent, letter, post, settle, settled, world::World};

#[test]
fn a_session_alone_in_a_container_and_one_outside_write_to_each_other() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    // The client is process 1 there, and sees none of the processes outside.
    let container = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let mut ann = world.session("ann").env("CC2CC_NAME", "ann").inside(&container).start();
    settle(&ann, &world, "ann");

    bob.api.when("tell ann").reply(letter("ann", "are you there"));
    bob.type_line("tell ann");
    let told = ann.wait_until_told("are you there").newest();
    assert!(told.contains("from=\"bob\""), "{told}");
    ann.idle();
    ann.api.when("tell bob").reply(letter("bob", "here I am"));
    ann.type_line("tell bob");
    bob.wait_until_told("here I am");

    ann.kill9();
    bob.wait("she is away", || (agent(&world, "ann")["online"] != true).then_some(()));
}

#[test]
fn two_profiles_share_the_mail() {
    let world = World::with_cc2cc();
    let profile = world.profile("work");
    let profile = profile.display().to_string();
    let mut install = world.command("home", world.bin().join("cc2cc"));
    install.arg("install").env("CLAUDE_CONFIG_DIR", &profile);
    assert!(install.output().expect("cc2cc install").status.success());
    let ann = settled(&world, "ann");
    let bob = world.session("bob").env("CC2CC_NAME", "bob").env("CLAUDE_CONFIG_DIR", &profile).start();
    settle(&bob, &world, "bob");
    let id = post(&world, "@all", "to both profiles");
    ann.wait_until_told("to both profiles");
    bob.wait_until_told("to both profiles");
    bob.wait("both are proved", || {
        let copies = world.cc2cc_json(&["status", &id])["copies"].clone();
        copies.as_array()?.iter().all(|copy| copy["status"] == "seen").then_some(())
    });
}

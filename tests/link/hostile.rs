//! Somebody who can read and write everything on the server and has no key: reads nothing, forges nothing, and what is
//! sent again does not come again.

use super::{
    machine::pair,
    server::{Attacker, NatsServer, headers},
};
use crate::support::eventually::until;

#[test]
fn what_lies_on_the_server_cannot_be_read_forged_altered_or_sent_again() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let mut attacker = Attacker::on(&server);
    attacker.listen("cc2cc.to.desk");
    laptop.sends("ann", "bob@desk", "the password is swordfish");
    let captured = attacker.next();
    desk.until_letters("bob", 1);
    let all = [captured.headers.clone(), captured.body.clone()].concat();
    for word in ["swordfish", "ann", "bob@", "content"] {
        assert!(!all.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word} can be read");
    }

    let before = desk.world.log().matches("refused").count();
    let mut sends = Attacker::on(&server);
    let mut altered = captured.body.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let cut = &captured.body[..last];
    let forged = br#"{"v":1,"from":"laptop","to":"desk","body":{"letter":{"from":"user","to":"bob"}}}"#;
    let bad: [(&str, &str, &[u8]); 7] = [
        ("laptop", "altered", &altered),
        ("laptop", "cut", cut),
        ("laptop", "forged", forged),
        ("laptop", "empty", b""),
        ("laptop", "large", &vec![b'x'; 1_000_000]),
        ("desk", "of-itself", &captured.body),
        ("eve", "of-a-stranger", &captured.body),
    ];
    for (from, id, body) in bad {
        sends.publish("cc2cc.to.desk", &headers(from, id), body);
    }
    until("all of them are refused", || {
        let refused = desk.world.log().matches("link: refused").count();
        (refused >= before + bad.len()).then_some(())
    });
    // The server knows an id again for two minutes, so what is sent again has another.
    sends.publish("cc2cc.to.desk", &headers("laptop", "again"), &captured.body);
    // And back to where it came from.
    sends.publish("cc2cc.to.laptop", &headers("desk", "back"), &captured.body);
    until("its own box is refused", || laptop.world.log().contains("link: refused").then_some(()));
    laptop.sends("ann", "bob@desk", "after all that");
    let letters = desk.until_letters("bob", 2);
    let texts: Vec<&str> = letters.iter().map(|(_, letter)| letter.content.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts.contains(&"after all that"), "{texts:?}");
}

#[test]
fn a_letter_that_was_pruned_does_not_come_again_when_it_is_sent_again() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let mut attacker = Attacker::on(&server);
    attacker.listen("cc2cc.to.desk");
    let id = laptop.sends("ann", "bob@desk", "once");
    let captured = attacker.next();
    desk.until_letters("bob", 1);
    let bob = desk.world.hosted("bob");
    desk.world.run_as(&bob, &["inbox", "--take"]).fine();
    laptop.until_stage("bob@desk", &id, "seen");
    std::fs::remove_file(desk.world.path(&format!("mail/to-bob/done/{id}.json"))).expect("pruned");
    Attacker::on(&server).publish("cc2cc.to.desk", &headers("laptop", "again"), &captured.body);
    laptop.sends("ann", "bob@desk", "twice");
    let letters = desk.until_letters("bob", 1);
    assert_eq!(letters.iter().map(|(_, letter)| letter.content.text.as_str()).collect::<Vec<_>>(), ["twice"]);
}

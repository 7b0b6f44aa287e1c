//! Who lets machines in to a server: an operator, its account, and credentials files of users, as `nsc` makes them.

use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What docs/machines.md says a user needs, and no more.
const NEEDED: [&str; 4] = ["cc2cc.>", "$JS.API.>", "$JS.ACK.>", "_INBOX.>"];

/// An operator that exists for one story.
pub struct Operator {
    dir: TempDir,
    account: KeyPair,
}

impl Operator {
    pub fn new() -> Self {
        let (operator, system, account) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
        let all = ["subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage"];
        let limits: Value =
            all.iter().map(|of| ((*of).to_owned(), json!(-1))).collect::<serde_json::Map<_, _>>().into();
        let of_account = json!({ "type": "account", "version": 2, "limits": limits });
        let of_operator = json!({ "type": "operator", "version": 2, "system_account": system.public_key() });
        let config = format!(
            "operator: {}\nresolver: MEMORY\nresolver_preload: {{\n  {}: {}\n  {}: {}\n}}\n",
            signed(&operator, &operator, &of_operator),
            system.public_key(),
            signed(&operator, &system, &json!({ "type": "account", "version": 2 })),
            account.public_key(),
            signed(&operator, &account, &of_account),
        );
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("config"), config).expect("written");
        Self { dir, account }
    }

    /// What nats-server is started with.
    pub fn words(&self) -> [String; 2] {
        ["-c".to_owned(), self.dir.path().join("config").to_str().expect("text").to_owned()]
    }

    /// The text of a credentials file of a new user.
    pub fn credentials(&self) -> String {
        let user = KeyPair::new_user();
        let needed = json!({ "allow": NEEDED });
        let of_user = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": needed, "sub": needed,
        });
        format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{}\n------END \
             USER NKEY SEED------\n",
            signed(&self.account, &user, &of_user),
            user.seed().expect("a seed")
        )
    }
}

/// A claim about somebody, in the form of NATS: a JSON web token with an Ed25519 signature.
fn signed(by: &KeyPair, of: &KeyPair, nats: &Value) -> String {
    let claim = json!({
        "jti": "story", "iat": 1_700_000_000, "iss": by.public_key(), "name": "story", "sub": of.public_key(), "nats": nats,
    });
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let text = [header, claim].map(|part| base64(part.to_string().as_bytes())).join(".");
    let signature = base64(&by.sign(text.as_bytes()).expect("signed"));
    format!("{text}.{signature}")
}

/// The form of base 64 for addresses, without an end.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        for at in 0..=chunk.len() {
            text.push(LETTERS[(number >> (18 - 6 * at) & 63) as usize].into());
        }
    }
    text
}

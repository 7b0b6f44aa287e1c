//! Telling the person of a session that no letter wakes it, since its hooks are off. What otherwise speaks to the person, a
//! hook or the mod, is off as well, but a server may ask its client's person something: the question is the news. It stands
//! in a terminal only, goes away by itself, and each setting is told of once.

use std::{thread, time::Duration};

use anyhow::Result;
use rmcp::{
    Peer, RoleServer,
    model::{CustomRequest, ServerRequest},
    service::PeerRequestOptions,
};
use serde_json::json;

use crate::{
    agent::{Record, fingerprint::fingerprint},
    clients::{
        claude::{host_process, settings, without_hooks},
        marks,
    },
    mailbox::{Mailbox, home::Home, log},
    text::terminal::printable,
    threads,
};

/// The client draws nothing of what comes while it starts.
const CLIENT_SETTLES: Duration = Duration::from_secs(3);
/// Nobody may be there, and the session must not wait for them.
const SHOWN_FOR: Duration = Duration::from_secs(60);
/// Where it is noted what was told.
const TOLD: &str = "told";
/// More settings than anybody changes.
const KEPT: usize = 64;

/// Tells the person of the session with this mailbox, from a thread of its own, if there is something to tell.
pub fn begin(home: &Home, mailbox: Mailbox, peer: Peer<RoleServer>) {
    let can_ask = peer.peer_info().is_some_and(|client| client.capabilities.elicitation.is_some());
    if !can_ask || !host_process::runs_as_plugin() || !host_process::has_person() {
        return;
    }
    let Some(silence) = settings::silence(&settings::project()) else { return };
    let runtime = tokio::runtime::Handle::current();
    let of_thread = home.clone();
    let started = threads::start("telling", move || {
        thread::sleep(CLIENT_SETTLES);
        if let Err(error) = tell(&of_thread, &mailbox, &silence, &peer, &runtime) {
            log::line(&of_thread, &format!("telling: {error:#}"));
        }
    });
    if let Err(error) = started {
        log::line(home, &format!("telling: {error}"));
    }
}

fn tell(
    home: &Home,
    mailbox: &Mailbox,
    silence: &str,
    peer: &Peer<RoleServer>,
    runtime: &tokio::runtime::Handle,
) -> Result<()> {
    let word = format!("{:016x}", fingerprint(silence.bytes()));
    let told = home.subdir(TOLD)?;
    if !without_hooks::is_deaf(&Record::of(mailbox)) || told.join(&word).is_file() {
        return Ok(());
    }
    let name = mailbox.name();
    let text = format!(
        "cc2cc: no letter wakes this session, {name}, since hooks are off: {silence}. Letters go in with the results of \
         cc2cc's tools. You are told once."
    );
    let nothing = json!({ "type": "object", "properties": {} });
    let question = json!({ "mode": "form", "message": printable(&text), "requestedSchema": nothing });
    let request = ServerRequest::CustomRequest(CustomRequest::new("elicitation/create", Some(question)));
    let mut options = PeerRequestOptions::no_options();
    options.timeout = Some(SHOWN_FOR);
    let answered =
        runtime.block_on(async { peer.send_request_with_option(request, options).await?.await_response().await });
    if answered.is_ok() {
        marks::leave(&told, &word, KEPT)?;
    }
    Ok(()) // a question that nobody answered is asked by the next session
}

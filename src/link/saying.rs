//! Who is where: each machine says it to those that are paired with it, every 30 s and when it changes.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_nats::{
    Client, HeaderMap,
    jetstream::{Context, message::PublishMessage},
};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::{
    carrier::Carrier,
    connection::{FROM, KEY},
    envelope::{self, Body, Here, Opened},
    going::last_part,
    keys,
    pairing::{self, Asking},
};
use crate::{
    agent::{
        directory::{self, Listed},
        machines::{self, AgentThere, Heard, Pairing},
        reach::Reach,
    },
    mailbox::{letter::shorten, log, machine_name::MachineName},
};

/// How often it is said although nothing has changed; a third of what counts as contact.
const EVERY: Duration = Duration::from_secs(30);
/// Changes that come together are said together.
const TOGETHER: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(1);
/// Machines that ask to be paired and are shown; somebody could make up any number.
const MOST_ASKING: usize = 16;
/// After how long a machine that is not heard any more does not ask either.
const ASKS_NO_MORE: SignedDuration = SignedDuration::from_mins(5);

/// Says who is here, for as long as the link runs.
pub async fn say_all(carrier: Arc<Carrier>, jetstream: Context) {
    loop {
        for machine in machines::known(&carrier.home) {
            if let Err(error) = say(&carrier, &jetstream, &machine).await {
                carrier.state.in_the_way(Some(format!("{machine} is not told who is here: {error:#}")));
            }
        }
        let _ = tokio::time::timeout(EVERY, carrier.to_say.notified()).await;
        tokio::time::sleep(TOGETHER).await;
    }
}

async fn say(carrier: &Carrier, jetstream: &Context, machine: &MachineName) -> Result<()> {
    let Some(pairing) = machines::read::<Pairing>(carrier.home.path(), "machines", machine) else { return Ok(()) };
    let agents = directory::list(&carrier.home)?.iter().filter_map(of_agent).collect();
    let body = Body::Here(Here { at: Timestamp::now(), agents });
    let boxed = envelope::seal(&carrier.key, carrier.me(), machine, &pairing.key, body)?;
    let message = PublishMessage::build()
        .header(FROM, carrier.me().as_str())
        .header(KEY, carrier.key.public().as_str())
        .payload(boxed.into());
    jetstream.send_publish(carrier.places.here(carrier.me(), machine), message).await?.await?;
    Ok(())
}

/// What others are told of an agent: no more than this.
fn of_agent(agent: &Listed) -> Option<AgentThere> {
    let name = agent.mailbox.name();
    if name.is_elsewhere() || name.is_reserved() || agent.is_trace_of_nothing() {
        return None;
    }
    let standing = &agent.standing;
    let reach = if standing.reach == Reach::Wakes { standing.activity.as_str() } else { standing.reach.as_str() };
    let client = agent.is_online().then(|| agent.record.client().word().to_owned());
    let repo = agent.record.repo.as_deref().map(last_part);
    Some(AgentThere { name: name.clone(), reach: reach.to_owned(), client, repo })
}

/// Hears who is elsewhere, for as long as the link runs.
pub async fn hear_all(carrier: Arc<Carrier>, client: Client, jetstream: Context) {
    loop {
        if let Err(error) = hear(&carrier, &client, &jetstream).await {
            log::line(&carrier.home, &format!("link: nothing is heard: {error:#}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(carrier: &Carrier, client: &Client, jetstream: &Context) -> Result<()> {
    let mut said = client.subscribe(carrier.places.all_for(carrier.me())).await?;
    // What was said before is with the server, the last of each.
    let stream = jetstream.get_stream_no_info(carrier.places.presence_stream()).await?;
    for machine in machines::known(&carrier.home) {
        let subject = carrier.places.here(&machine, carrier.me());
        if let Ok(message) = stream.get_last_raw_message_by_subject(&subject).await {
            note(carrier, Some(&message.headers), &message.payload, When::Earlier);
        }
    }
    while let Some(message) = said.next().await {
        note(carrier, message.headers.as_ref(), &message.payload, When::Now);
    }
    Ok(())
}

/// When something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    Earlier,
}

fn note(carrier: &Carrier, headers: Option<&HeaderMap>, boxed: &[u8], when: When) {
    let header = |name: &str| headers.and_then(|headers| headers.get(name)).map(|value| value.as_str().to_owned());
    let Some(from) = header(FROM).and_then(|from| from.parse::<MachineName>().ok()) else { return };
    let home = carrier.home.path();
    let pairing = machines::read::<Pairing>(home, "machines", &from);
    let Some(key) = pairing.as_ref().map(|pairing| pairing.key.clone()).or_else(|| header(KEY)) else { return };
    let opened = envelope::open(&carrier.key, carrier.me(), &from, &key, boxed);
    let Ok(Opened::Body(Body::Here(here))) = opened else {
        if pairing.is_some() {
            log::line(&carrier.home, &format!("link: refused: what {from} is said to say of its agents"));
        }
        return;
    };
    if pairing.is_none() {
        if when == When::Now {
            note_asking(carrier, &from, key);
        }
        return;
    }
    let before = machines::heard(home, &from);
    if before.as_ref().is_some_and(|before| before.said >= here.at) {
        return; // said before; somebody repeats it
    }
    let now = Timestamp::now();
    let at = if when == When::Now { now } else { here.at.min(now) };
    let agents = here.agents.into_iter().filter(|agent| !agent.name.is_elsewhere()).map(short).collect();
    let is_first = before.is_none();
    if let Err(error) = machines::write(&carrier.home, "heard", &from, &Heard { at, said: here.at, agents }) {
        log::line(&carrier.home, &format!("link: {error}"));
    } else if is_first {
        carrier.to_go.notify_one(); // what waited for this machine's pairing
        carrier.to_say.notify_one();
    }
}

/// What another machine says is a few words.
fn short(agent: AgentThere) -> AgentThere {
    let word = |text: String| shorten(&text, 40);
    AgentThere {
        name: agent.name,
        reach: word(agent.reach),
        client: agent.client.map(word),
        repo: agent.repo.map(word),
    }
}

/// Another machine has taken our code, and says so in a box that only the owner of its key can have made.
fn note_asking(carrier: &Carrier, from: &MachineName, key: String) {
    let (home, now) = (&carrier.home, Timestamp::now());
    let asking = |machine: &MachineName| machines::read::<Asking>(home.path(), "asking", machine);
    let mut known = machines::named_in(&machines::place(home.path(), "asking"));
    known.retain(|machine| {
        let is_fresh = asking(machine).is_some_and(|asking| now.duration_since(asking.at).abs() < ASKS_NO_MORE);
        is_fresh || pairing::forget_asking(home, machine).is_err()
    });
    if keys::parse(&key).is_err() || from == carrier.me() || known.len() >= MOST_ASKING && !known.contains(from) {
        return;
    }
    // The key that a person has compared must not be another one a moment later.
    let asking = match asking(from) {
        Some(before) if before.key != key => Asking { is_disputed: true, ..before },
        Some(before) => Asking { at: now, ..before },
        None => Asking { key, at: now, is_disputed: false },
    };
    let _ = machines::write(home, "asking", from, &asking);
}

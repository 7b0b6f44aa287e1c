//! What comes in: checked, stored, and only then acknowledged. What cannot be stored now stays with the server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, anyhow, bail};
use async_nats::{
    HeaderMap,
    jetstream::{
        AckKind,
        consumer::{AckPolicy, pull::Config},
        stream::Stream,
    },
};
use futures_util::StreamExt;

use super::{
    carrier::Carrier,
    connection::FROM,
    envelope::{self, Body, End, Opened, Progress},
    following, going,
    keys::fingerprint,
    received::{self, ReceivedLetters},
};
use crate::{
    agent::{
        arrival,
        machines::{self, Pairing},
        send::Fate,
    },
    mailbox::{
        Mailbox, State,
        letter::{Author, Letter, TEXT_LIMIT_BYTES, shorten},
        log,
        machine_name::MachineName,
        name::AgentName,
        receipt::Receipt,
    },
};

/// How long the server waits for our word before it delivers again.
const OUR_WORD_WITHIN: Duration = Duration::from_secs(5);
/// How long what cannot be stored now is left with the server.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// The same of what only a newer version can read.
const TRY_NEWER_AGAIN: Duration = Duration::from_secs(600);
const ASKED_FOR_AT_ONCE: usize = 32;
const ASKED_FOR: Duration = Duration::from_secs(60);
/// What a server that has ended owes us it never sends; two missing heartbeats tell.
const HEARTBEAT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);
/// How long a machine may be away until another one may fetch what is for its name. Letters are kept, whoever is away.
const GONE_AFTER: Duration = Duration::from_secs(300);

/// How much of what another machine says of a letter is kept.
const MOST_STEPS: usize = 100;
const LONGEST_WHY: usize = 300;

/// What becomes of a message.
enum Outcome {
    Stored,
    /// It is from nobody that this machine knows, or not what it should be. It never will be.
    Refused(String),
    /// Nobody has changed it; it comes again after this time.
    NotNow(String, Duration),
}

/// Takes what comes, for as long as the link runs.
pub async fn take_all(carrier: Arc<Carrier>, stream: Stream) {
    let mut received = ReceivedLetters::default();
    loop {
        if let Err(error) = take(&carrier, &stream, &mut received).await {
            carrier.state.in_the_way(Some(format!("nothing comes in: {error:#}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn take(carrier: &Carrier, stream: &Stream, received: &mut ReceivedLetters) -> Result<()> {
    let me = carrier.me();
    // With the key in its name, it is not shared with another machine that is called the same: each would destroy what is
    // for the other. The server lets one of them fetch.
    let name = format!("{me}-{}", fingerprint(&carrier.key.public()));
    let config = Config {
        durable_name: Some(name.clone()),
        filter_subject: carrier.places.to(me),
        ack_policy: AckPolicy::Explicit,
        ack_wait: OUR_WORD_WITHIN,
        max_ack_pending: -1, // what is left for later must not keep out what comes after it
        inactive_threshold: GONE_AFTER,
        ..Config::default()
    };
    let consumer = stream.get_or_create_consumer(&name, config).await.map_err(|error| match error.to_string() {
        said if said.contains("not unique") => anyhow!(
            "another machine is called {me} on this server, or was until some minutes ago; `cc2cc link up` with `--as NAME` \
             gives this one another name"
        ),
        _ => error.into(),
    })?;
    let asking = consumer.stream().max_messages_per_batch(ASKED_FOR_AT_ONCE).expires(ASKED_FOR).heartbeat(HEARTBEAT);
    let mut messages = asking.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let word = match judge(carrier, received, message.headers.as_ref(), &message.payload) {
            Outcome::Stored => AckKind::Ack,
            Outcome::Refused(why) => {
                log::line(&carrier.home, &format!("link: refused: {why}"));
                AckKind::Term
            }
            Outcome::NotNow(why, pause) => {
                log::line(&carrier.home, &format!("link: not now: {why}"));
                AckKind::Nak(Some(pause))
            }
        };
        // If it does not arrive, the message comes again and is known.
        let _ = message.ack_with(word).await;
    }
    Ok(())
}

fn judge(carrier: &Carrier, received: &mut ReceivedLetters, headers: Option<&HeaderMap>, boxed: &[u8]) -> Outcome {
    let from = headers.and_then(|headers| headers.get(FROM)).map(|from| from.as_str().to_owned());
    let Some(from) = from.and_then(|from| from.parse::<MachineName>().ok()) else {
        return Outcome::Refused("a message does not say from which machine it is".to_owned());
    };
    let Some(pairing) = machines::read::<Pairing>(carrier.home.path(), "machines", &from) else {
        return Outcome::Refused(format!("a message says that it is from {from}, which is not paired"));
    };
    match envelope::open(&carrier.key, carrier.me(), &from, &pairing.key, boxed) {
        Err(error) => Outcome::Refused(format!("a message that says it is from {from}: {error:#}")),
        Ok(Opened::Newer(why)) => Outcome::NotNow(format!("{from} has a newer cc2cc-link ({why})"), TRY_NEWER_AGAIN),
        Ok(Opened::Body(Body::Letter(letter))) => store(carrier, received, &from, *letter),
        Ok(Opened::Body(Body::Progress(progress))) => match apply(carrier, &from, &progress) {
            Ok(()) => Outcome::Stored,
            Err(error) => Outcome::NotNow(format!("{error:#}"), TRY_AGAIN),
        },
        Ok(Opened::Body(Body::Here(_))) => Outcome::Refused(format!("{from} says who is there in the wrong place")),
    }
}

fn store(carrier: &Carrier, received: &mut ReceivedLetters, from: &MachineName, mut letter: Letter) -> Outcome {
    let (id, to) = (letter.id.clone(), letter.to.clone());
    let attempt = envelope::take_attempt(&mut letter);
    let line = received::line(&id, &to, attempt);
    let is_odd = |name: &AgentName| name.is_elsewhere() || name.is_reserved() && !name.is_user();
    let has_id = !id.as_str().is_empty();
    if !has_id || is_odd(&letter.from) || is_odd(&to) || letter.content.text.len() > TEXT_LIMIT_BYTES {
        return Outcome::Refused(format!("the letter {id} of {from}: it is none that a machine sends"));
    }
    letter.from = letter.from.on(from);
    letter.origin.author = letter.origin.author.filter(|author| *author == Author::Subagent);
    letter.origin.hops = letter.origin.hops.max(1); // whoever spoke there is not the person here
    let mut stored = || -> Result<()> {
        if received.has(&carrier.home, from, &line)? {
            return Ok(()); // whoever sent it again, it has come once
        }
        let mailbox = if to.is_user() { Some(carrier.home.ensure(&to)?) } else { carrier.home.mailbox(&to) };
        let refusal = match mailbox {
            None => Some(format!("there is no agent named {to} on {}", carrier.me())),
            Some(mailbox) => match arrival::store(&carrier.home, &mailbox, letter.clone())? {
                Fate::Refused(why) => Some(why),
                Fate::Failed(why) => bail!(why),
                Fate::Stored | Fate::Already(_) | Fate::Held(_) => None,
            },
        };
        following::begin(&carrier.home, from, &id, &to, attempt, refusal)?;
        received.note(&carrier.home, from, &line)?;
        carrier.tell(from, &id, &to);
        Ok(())
    };
    match stored() {
        Ok(()) => Outcome::Stored,
        Err(error) => Outcome::NotNow(format!("the letter {id} of {from}: {error:#}"), TRY_AGAIN),
    }
}

/// Notes how far a letter of ours has come elsewhere. Whatever is known already is not noted again.
fn apply(carrier: &Carrier, from: &MachineName, progress: &Progress) -> Result<()> {
    let Some(mailbox) = carrier.home.mailbox(&progress.to.on(from)) else { return Ok(()) };
    let receipts = mailbox.receipts(&progress.id);
    let attempts = || receipts.iter().filter(|receipt| going::is_another_attempt(receipt));
    if mailbox.state_of(&progress.id).is_none() || attempts().count() != progress.attempt {
        return Ok(()); // it is gone, or what is told is of an attempt before
    }
    let begun = receipts.iter().rposition(going::is_another_attempt).unwrap_or(0);
    let known = receipts[begun..].iter().filter(|receipt| receipt.is_from_elsewhere()).count();
    for step in progress.steps.iter().take(MOST_STEPS).skip(known) {
        let why = step.why.as_deref().map(|why| shorten(why, LONGEST_WHY));
        mailbox.note(&progress.id, &Receipt { why, ..step.clone() }.on(from))?;
    }
    // Whatever is said once more of a letter that has ended changes nothing.
    if mailbox.state_of(&progress.id) == Some(State::Claimed) { end(&mailbox, progress) } else { Ok(()) }
}

fn end(mailbox: &Mailbox, progress: &Progress) -> Result<()> {
    match progress.end {
        End::No => {}
        End::Done => {
            mailbox.finish(&progress.id, State::Claimed, None)?;
        }
        End::Dead => {
            let why = progress.why.as_deref().unwrap_or("it could not be delivered there");
            let why = &shorten(why, LONGEST_WHY);
            let file: PathBuf = format!("{}.json", progress.id).into();
            mailbox.bury(file.as_os_str(), State::Claimed, why)?;
        }
    }
    Ok(())
}

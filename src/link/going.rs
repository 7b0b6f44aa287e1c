//! Letters that go out: claimed, boxed, published, and noted as forwarded when the server has them on its disk.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use async_nats::jetstream::{
    Context,
    context::{PublishError, PublishErrorKind},
    message::PublishMessage,
};
use jiff::Timestamp;

use super::{carrier::Carrier, connection::FROM, envelope};
use crate::{
    agent::machines::{self, Pairing},
    mailbox::{
        Mailbox, Moved, State,
        letter::{Author, Letter, LetterId},
        log,
        machine_name::MachineName,
        receipt::{Receipt, Step},
    },
};

/// How long to wait after a failure before the same letter is tried again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often to look although nothing was announced.
const BEAT: Duration = Duration::from_secs(20);
/// What the server counts beside the box: subject and headers.
const BESIDE_BYTES: usize = 1024;

/// Sends what waits, for as long as the link runs.
pub async fn send_all(carrier: Arc<Carrier>, jetstream: Context) {
    let mut unfinished = unfinished(&carrier);
    loop {
        while let Some((mailbox, id)) = unfinished.pop_front() {
            if let Ok(letter) = mailbox.read(State::Claimed, &id) {
                send(&carrier, &jetstream, &mailbox, letter).await;
            }
        }
        while send_waiting(&carrier, &jetstream).await {}
        let _ = tokio::time::timeout(BEAT, carrier.to_go.notified()).await;
    }
}

/// The letters that an earlier link had claimed and not noted as forwarded: whether the server has them nobody knows, and
/// it, or else the receiver, knows them again.
fn unfinished(carrier: &Carrier) -> VecDeque<(Mailbox, LetterId)> {
    let mut unfinished = VecDeque::new();
    for (mailbox, _) in carrier.mailboxes_elsewhere() {
        for id in mailbox.ids(State::Claimed).unwrap_or_default() {
            if !mailbox.receipts(&id).iter().any(|receipt| receipt.step == Step::Forwarded) {
                unfinished.push_back((mailbox.clone(), id));
            }
        }
    }
    unfinished
}

/// Looks once into every mailbox of another machine; whether there was anything to send.
async fn send_waiting(carrier: &Carrier, jetstream: &Context) -> bool {
    let mut any = false;
    for (mailbox, machine) in carrier.mailboxes_elsewhere() {
        // A machine that has said something to us has paired us. Before that it would refuse what we send.
        if machines::heard(carrier.home.path(), &machine).is_none() {
            continue;
        }
        let letters = match mailbox.look(Timestamp::now()) {
            Ok(look) => look.letters,
            Err(error) => {
                log::line(&carrier.home, &format!("link: {error}"));
                continue;
            }
        };
        for waiting in letters {
            let Ok(letter) = waiting.into_letter(&mailbox) else { continue };
            match mailbox.claim(&letter.id, &Receipt::now(Step::Claimed)) {
                Ok(Moved::Mine) => {
                    any = true;
                    send(carrier, jetstream, &mailbox, letter).await;
                }
                Ok(Moved::Gone) => {}
                Err(error) => log::line(&carrier.home, &format!("link: {error}")),
            }
        }
    }
    any
}

/// Sends a claimed letter; ends when the server has it, or when it can never go.
async fn send(carrier: &Carrier, jetstream: &Context, mailbox: &Mailbox, letter: Letter) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match publish(carrier, jetstream, mailbox, &letter).await {
            Ok(Sending::Forwarded) => {
                carrier.state.in_the_way(None);
                if let Err(error) = mailbox.note(&letter.id, &Receipt::now(Step::Forwarded)) {
                    log::line(&carrier.home, &format!("link: {error}"));
                }
                return;
            }
            Ok(Sending::Never(why)) => {
                let refused = mailbox.refuse(&letter.id, State::Claimed, &why);
                if let Err(error) = refused {
                    log::line(&carrier.home, &format!("link: {error}"));
                }
                return;
            }
            Err(error) => {
                carrier.state.in_the_way(Some(format!("{error:#}")));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

enum Sending {
    Forwarded,
    Never(String),
}

async fn publish(carrier: &Carrier, jetstream: &Context, mailbox: &Mailbox, letter: &Letter) -> Result<Sending> {
    let name = mailbox.name();
    let Some(machine) = name.machine() else { return Ok(Sending::Never("it is for nobody elsewhere".to_owned())) };
    let Some(pairing) = machines::read::<Pairing>(carrier.home.path(), "machines", &machine) else {
        return Ok(Sending::Never(format!("{machine} is not linked any more")));
    };
    let mut copy = letter.clone();
    copy.to = name.there();
    copy.from = letter.from.there();
    keep_to_ourselves(&mut copy);
    let attempt = attempt(mailbox, &letter.id);
    let body = envelope::letter(copy, attempt);
    let boxed = envelope::seal(&carrier.key, carrier.me(), &machine, &pairing.key, body)?;
    let most = jetstream.client().server_info().max_payload;
    if most > 0 && boxed.len() + BESIDE_BYTES > most {
        return Ok(Sending::Never(format!("it has {} bytes, and the server takes {most}", boxed.len())));
    }
    // One letter may go to several agents, of several machines, under one id; and two machines may choose the same.
    let mut id = format!("{}.{machine}.{}.{}", carrier.me(), letter.id, name.there());
    if attempt > 0 {
        id.push_str(&format!(".{attempt}")); // else the server, or the receiver, takes it for the same message
    }
    let size = boxed.len();
    match put(carrier, jetstream, &machine, boxed, Some(id)).await {
        Ok(()) => Ok(Sending::Forwarded),
        Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
            Ok(Sending::Never(format!("the server does not take a letter of this size: {error}")))
        }
        Err(error) if error.to_string().contains("maximum bytes") || error.to_string().contains("maximum messages") => {
            let stream = jetstream.get_stream(carrier.places.letters_stream()).await?;
            let most = usize::try_from(stream.cached_info().config.max_bytes).unwrap_or(usize::MAX);
            if size + BESIDE_BYTES > most {
                return Ok(Sending::Never(format!("it has {size} bytes, and the server keeps {most} for all letters")));
            }
            Err(anyhow!("the link is full: the server has no room for more letters until some are fetched"))
        }
        Err(error) if error.to_string().contains("message size exceeds") => {
            Ok(Sending::Never(format!("the server does not take a letter of this size: {error}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// How often somebody has tried a letter again that had come back dead.
pub fn attempt(mailbox: &Mailbox, id: &LetterId) -> usize {
    mailbox.receipts(id).iter().filter(|receipt| is_another_attempt(receipt)).count()
}

/// Whether with this step a new attempt begins.
pub fn is_another_attempt(receipt: &Receipt) -> bool {
    receipt.step == Step::Retried && !receipt.is_from_elsewhere()
}

/// Publishes a box and waits until the server has it on its disk.
pub async fn put(
    carrier: &Carrier,
    jetstream: &Context,
    machine: &MachineName,
    boxed: Vec<u8>,
    id: Option<String>,
) -> Result<(), PublishError> {
    let mut message = PublishMessage::build().header(FROM, carrier.me().as_str()).payload(boxed.into());
    if let Some(id) = id {
        message = message.message_id(id);
    }
    let ack = jetstream.send_publish(carrier.places.to(machine), message).await?;
    ack.await.map(drop)
}

/// Where exactly the sender works, and what its session is, is nobody's business elsewhere.
fn keep_to_ourselves(letter: &mut Letter) {
    let origin = &mut letter.origin;
    origin.session = None;
    origin.cwd = None;
    origin.repo = origin.repo.as_deref().map(last_part);
    // The person and the scripts here are nobody's person and scripts there.
    origin.author = origin.author.take().filter(|author| *author == Author::Subagent);
}

/// The last part of a path, however its system writes them.
pub fn last_part(path: &str) -> String {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

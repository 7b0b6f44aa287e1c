//! How far letters of other machines have come here, told to the machines they are from until nothing more is to be told.
//!
//! For each there is a file in `link/followed/MACHINE/`, from before the letter is acknowledged until its end is told: what
//! was told last. So nothing is forgotten by whichever end of this process.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use async_nats::jetstream::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    carrier::{Carrier, FollowedLetter},
    envelope::{self, Body, End, Progress},
    going,
};
use crate::{
    agent::machines::{self, Pairing},
    mailbox::{
        State,
        disk::{self, Durability, FsError},
        home::Home,
        letter::LetterId,
        log,
        machine_name::MachineName,
        name::AgentName,
        reading::Reading,
        receipt::{Receipt, Step},
    },
};

const LIMIT_BYTES: u64 = 64 * 1024;
const PAUSE: Duration = Duration::from_secs(2);

/// What the machine that a letter is from was told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct ToldElsewhere {
    steps: usize,
    told: bool,
    /// Why it was never stored.
    refusal: Option<String>,
    /// How often it had been tried again when it came.
    attempt: usize,
}

/// Begins to follow a letter.
pub fn begin(
    home: &Home,
    machine: &MachineName,
    id: &LetterId,
    to: &AgentName,
    attempt: usize,
    refusal: Option<String>,
) -> Result<(), FsError> {
    machines::subdir(home, &format!("followed/{machine}"))?;
    // Before the letter is acknowledged: what is not on the disk then could never be told.
    let told = ToldElsewhere { refusal, attempt, ..ToldElsewhere::default() };
    write(home, machine, id, to, &told, Durability::Disk)
}

/// The names under which a letter is followed: that of its recipient when it came, which may be another by now.
pub fn names(home: &Home, machine: &MachineName, id: &LetterId, now: &AgentName) -> Vec<AgentName> {
    if file(home, machine, id, now).exists() {
        return vec![now.clone()];
    }
    let directory = machines::place(home.path(), "followed").join(machine.as_str());
    let names = disk::names(&directory).unwrap_or_default();
    let of_letter =
        |name: &std::ffi::OsString| name.to_str()?.strip_prefix(id.as_str())?.strip_prefix('@')?.parse().ok();
    names.iter().filter_map(of_letter).collect()
}

/// Tells of what has changed, for as long as the link runs: first of everything that an earlier link has left.
pub async fn tell_all(carrier: Arc<Carrier>, jetstream: Context, mut changed: UnboundedReceiver<FollowedLetter>) {
    for machine in machines::known(&carrier.home) {
        let directory = machines::place(carrier.home.path(), "followed").join(machine.as_str());
        for name in disk::names(&directory).unwrap_or_default() {
            let Some((id, to)) = name.to_str().and_then(|name| name.split_once('@')) else { continue };
            if let (Ok(id), Ok(to)) = (id.parse(), to.parse()) {
                tell(&carrier, &jetstream, &FollowedLetter { machine: machine.clone(), id, to }).await;
            }
        }
    }
    while let Some(followed) = changed.recv().await {
        tell(&carrier, &jetstream, &followed).await;
    }
}

async fn tell(carrier: &Carrier, jetstream: &Context, followed: &FollowedLetter) {
    while let Err(error) = try_to_tell(carrier, jetstream, followed).await {
        carrier.state.in_the_way(Some(format!("{} is not told of its letters: {error:#}", followed.machine)));
        tokio::time::sleep(PAUSE).await;
    }
}

async fn try_to_tell(carrier: &Carrier, jetstream: &Context, followed: &FollowedLetter) -> Result<()> {
    let FollowedLetter { machine, id, to } = followed;
    let Reading::Known(told) = Reading::<ToldElsewhere>::of(&file(&carrier.home, machine, id, to), LIMIT_BYTES) else {
        return Ok(()); // its end was told, or it is none of theirs
    };
    let Some(pairing) = machines::read::<Pairing>(carrier.home.path(), "machines", machine) else { return Ok(()) };
    let progress = Progress { attempt: told.attempt, ..progress(&carrier.home, id, to, told.refusal.as_deref()) };
    let is_over = progress.end != End::No;
    let now = ToldElsewhere { steps: progress.steps.len(), told: true, ..told.clone() };
    if now == told && !is_over {
        return Ok(());
    }
    if !progress.steps.is_empty() || is_over {
        let boxed = envelope::seal(&carrier.key, carrier.me(), machine, &pairing.key, Body::Progress(progress))?;
        going::put(carrier, jetstream, machine, boxed, None).await?;
    }
    let noted = if is_over {
        disk::remove(&file(&carrier.home, machine, id, to))
    } else {
        write(&carrier.home, machine, id, to, &now, Durability::Process)
    };
    if let Err(error) = noted {
        log::line(&carrier.home, &format!("link: {error}")); // it is told again, which changes nothing
    }
    Ok(())
}

/// How far a letter has come here.
fn progress(home: &Home, id: &LetterId, to: &AgentName, refusal: Option<&str>) -> Progress {
    let over =
        |end, why: Option<String>, steps| Progress { id: id.clone(), to: to.clone(), attempt: 0, end, why, steps };
    if let Some(why) = refusal {
        return over(End::Dead, Some(why.to_owned()), vec![Receipt::now(Step::Refused).why(why)]);
    }
    let Some(mailbox) = home.mailbox(to) else {
        return over(End::Dead, Some("its mailbox is gone".to_owned()), Vec::new());
    };
    let means_something = |receipt: &Receipt| {
        use Step::{Accepted, Delivered, Expired, Held, Notified, Refused, Seen, Unproved};
        matches!(receipt.step, Notified | Delivered | Seen | Held | Accepted | Refused | Expired | Unproved)
    };
    let steps = mailbox
        .receipts(id)
        .into_iter()
        .filter(means_something)
        .map(|receipt| Receipt { why: receipt.why, ..Receipt::at(receipt.step, receipt.at) });
    match mailbox.state_of(id) {
        Some(State::Done) => over(End::Done, None, steps.collect()),
        Some(State::Dead) => over(End::Dead, mailbox.reason(id), steps.collect()),
        Some(State::Inbox | State::Claimed | State::Held) => over(End::No, None, steps.collect()),
        None => over(End::Dead, Some("somebody there has removed it".to_owned()), steps.collect()),
    }
}

fn file(home: &Home, machine: &MachineName, id: &LetterId, to: &AgentName) -> PathBuf {
    machines::place(home.path(), "followed").join(machine.as_str()).join(format!("{id}@{to}"))
}

fn write(
    home: &Home,
    machine: &MachineName,
    id: &LetterId,
    to: &AgentName,
    told: &ToldElsewhere,
    durability: Durability,
) -> Result<(), FsError> {
    let bytes = serde_json::to_vec(told).unwrap_or_default();
    disk::replace(&file(home, machine, id, to), &bytes, durability)
}

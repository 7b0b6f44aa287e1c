//! `cc2cc-link run`: one per home, for as long as there are sessions, or for good.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{
    runtime::Builder,
    sync::{Notify, mpsc},
    time,
};

use super::{
    arriving,
    carrier::Carrier,
    connection::{self, TeamPlaces},
    following, going,
    keys::OwnKey,
    saying,
    state::StateKeeper,
    watching,
};
use crate::{
    agent::{Record, link_settings::LinkSettings, machines, policy::Config},
    mailbox::{home::Home, lock, log},
};

/// How often to look whether sessions are left and the settings are the same.
const BEAT: Duration = Duration::from_secs(2);
/// Beats for which nobody must be there before the link ends: a session that starts anew is away for an instant.
const LONELY: u32 = 8;
const PAUSE: Duration = Duration::from_secs(2);

/// For how long to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Until no session is left on this machine.
    WithSessions,
    /// Until somebody ends it.
    ForGood,
}

/// Carries letters.
///
/// # Errors
/// When another link of this home runs, nothing is set up, or the system gives no thread or connection.
pub fn run(home: &Home, term: Term) -> Result<()> {
    machines::subdir(home, "machines")?;
    let Some(_lock) = lock::try_exclusive(&machines::run_lock(home.path()))? else {
        bail!("the link of this home runs already");
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    loop {
        let config = Config::load(home)?;
        let Some(settings) = config.link() else { return Ok(()) };
        match runtime.block_on(run_with(home, settings, term)) {
            Ok(Ended::Changed) => {}
            Ok(Ended::Lonely) => return Ok(()),
            Err(error) => {
                StateKeeper::new(home).connected(false, Some(format!("{error:#}")));
                if term == Term::WithSessions && !is_anybody_there(home) {
                    return Ok(());
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Why a run with these settings has ended.
enum Ended {
    Changed,
    Lonely,
}

async fn run_with(home: &Home, settings: &LinkSettings, term: Term) -> Result<Ended> {
    let state = Arc::new(StateKeeper::new(home));
    let (changed, steps) = mpsc::unbounded_channel();
    let carrier = Arc::new(Carrier {
        home: home.clone(),
        settings: settings.clone(),
        key: OwnKey::of(home)?,
        places: TeamPlaces::of(settings),
        state: state.clone(),
        to_go: Notify::new(),
        to_say: Notify::new(),
        changed,
    });
    let watch = watching::begin(&carrier).context("could not watch the mailboxes")?;
    let creds = connection::credentials(settings)?;
    let client = connection::connect(settings, creds.as_deref(), state.clone()).await?;
    let jetstream = connection::jetstream(&client);
    let all_parts = async {
        let stream = loop {
            match connection::streams(&jetstream, &carrier.places, settings).await {
                Ok(stream) => break stream,
                Err(error) => {
                    state.in_the_way(Some(format!("{error:#}")));
                    time::sleep(PAUSE).await;
                }
            }
        };
        state.connected(true, None);
        tokio::join!(
            going::send_all(carrier.clone(), jetstream.clone()),
            arriving::take_all(carrier.clone(), stream),
            following::tell_all(carrier.clone(), jetstream.clone(), steps),
            saying::say_all(carrier.clone(), jetstream.clone()),
            saying::hear_all(carrier.clone(), client.clone(), jetstream.clone()),
        );
    };
    let ended = tokio::select! {
        () = all_parts => Ended::Changed,
        ended = until_over(&carrier, creds, term) => ended,
    };
    watch.stop();
    log::line(home, "link: ended");
    Ok(ended)
}

/// Waits until the settings or the credentials are others, or the last session has ended.
async fn until_over(carrier: &Carrier, creds: Option<String>, term: Term) -> Ended {
    let Carrier { home, settings, .. } = carrier;
    let mut lonely = 0;
    let mut known = machines::known(home);
    loop {
        time::sleep(BEAT).await;
        let known_now = machines::known(home);
        if known_now != known {
            known = known_now;
            carrier.to_say.notify_one(); // who was just paired learns of it
            carrier.to_go.notify_one();
        }
        // A file that cannot be read now changes nothing.
        if Config::load(home).is_ok_and(|config| config.link() != Some(settings))
            || connection::credentials(settings).is_ok_and(|now| now != creds)
        {
            return Ended::Changed;
        }
        lonely = if term == Term::ForGood || is_anybody_there(home) { 0 } else { lonely + 1 };
        if lonely == LONELY {
            return Ended::Lonely;
        }
    }
}

fn is_anybody_there(home: &Home) -> bool {
    let mailboxes = home.mailboxes().unwrap_or_default();
    mailboxes.iter().any(|mailbox| !mailbox.name().is_elsewhere() && Record::of(mailbox).is_online(mailbox))
}

//! The connection to the server, and what lies there: a stream of letters, and one of who is where.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow, bail};
use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{
        Context,
        context::ContextBuilder,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream},
    },
};

use super::{out_of_reach, state::StateKeeper};
use crate::{
    agent::link_settings::{LinkSettings, without_password},
    mailbox::machine_name::MachineName,
};

/// The machine that has sent a message, and its key.
pub const FROM: &str = "Cc2cc-From";
pub const KEY: &str = "Cc2cc-Key";

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long the server knows an id again. Past that the receiver does.
const KNOWN_AGAIN: Duration = Duration::from_secs(120);
/// How long the server keeps what a machine has said of its agents.
const HERE_STAYS: Duration = Duration::from_secs(300);
/// Of all that is said of agents; it is replaced all the time.
const HERE_BYTES: i64 = 64 * 1024 * 1024;

/// Subjects and streams of a team.
#[derive(Debug, Clone)]
pub struct TeamPlaces {
    team: MachineName,
}

impl TeamPlaces {
    pub fn of(settings: &LinkSettings) -> Self {
        Self { team: settings.team.clone() }
    }

    /// Where letters to a machine go, and how far its own have come.
    pub fn to(&self, machine: &MachineName) -> String {
        format!("{}.to.{machine}", self.team)
    }

    /// Where one machine tells another who is there.
    pub fn here(&self, from: &MachineName, to: &MachineName) -> String {
        format!("{}.here.{from}.{to}", self.team)
    }

    /// Where everybody tells a machine.
    pub fn all_for(&self, to: &MachineName) -> String {
        format!("{}.here.*.{to}", self.team)
    }

    /// The stream with what each machine has said last.
    pub fn presence_stream(&self) -> String {
        format!("{}-here", self.team)
    }

    /// The stream of letters.
    pub fn letters_stream(&self) -> String {
        format!("{}-letters", self.team)
    }

    fn letters(&self, settings: &LinkSettings) -> Config {
        Config {
            name: self.letters_stream(),
            subjects: vec![format!("{}.to.*", self.team)],
            retention: RetentionPolicy::WorkQueue,
            // A full stream refuses what is new. Nothing that it has is ever dropped for that, or for its age.
            discard: DiscardPolicy::New,
            max_bytes: i64::try_from(settings.max_bytes).unwrap_or(i64::MAX),
            storage: StorageType::File,
            num_replicas: settings.replicas,
            duplicate_window: KNOWN_AGAIN,
            ..Config::default()
        }
    }

    fn presence(&self, settings: &LinkSettings) -> Config {
        Config {
            name: self.presence_stream(),
            subjects: vec![format!("{}.here.*.*", self.team)],
            max_messages_per_subject: 1,
            max_age: HERE_STAYS,
            max_bytes: HERE_BYTES.min(i64::try_from(settings.max_bytes).unwrap_or(i64::MAX)),
            storage: StorageType::Memory,
            num_replicas: settings.replicas,
            ..Config::default()
        }
    }
}

/// What is in the credentials file, if there is to be one.
pub fn credentials(settings: &LinkSettings) -> Result<Option<String>> {
    let Some(path) = &settings.creds else { return Ok(None) };
    fs::read_to_string(path).map(Some).with_context(|| format!("could not read {}", path.display()))
}

/// Connects, and goes on trying for as long as the link runs.
pub async fn connect(settings: &LinkSettings, creds: Option<&str>, state: Arc<StateKeeper>) -> Result<Client> {
    let (attempts, failed) = (state.clone(), settings.clone());
    let mut options = ConnectOptions::new()
        .name(format!("cc2cc-link of {}", settings.name))
        .retry_on_initial_connect()
        .max_reconnects(None)
        .no_echo()
        .connection_timeout(PATIENCE)
        .reconnect_delay_callback(|attempts| {
            let pause = Duration::from_millis(50 << attempts.min(8));
            pause.min(LONGEST_PAUSE)
        })
        .event_callback(move |event| {
            match event {
                Event::Connected => state.connected(true, None),
                Event::Disconnected => state.connected(false, Some("the server is out of reach".to_owned())),
                Event::Closed => state.connected(false, Some("the connection is closed".to_owned())),
                Event::ServerError(error) => state.in_the_way(Some(error.to_string())),
                // Why an attempt has failed, the list of servers says better.
                Event::ClientError(_) | Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) => {}
            }
            std::future::ready(())
        })
        // It is asked before each attempt; which server is next is left to the client.
        .reconnect_to_server_callback(move |servers, _| {
            if let Some(error) = servers.iter().find_map(|server| server.last_error.as_deref()) {
                attempts.connected(false, Some(out_of_reach::why(&failed, error)));
            }
            std::future::ready(None)
        });
    if let (Some(path), Some(creds)) = (&settings.creds, creds) {
        options = options.credentials(creds).with_context(|| format!("{} holds no credentials", path.display()))?;
    }
    if let Some(path) = &settings.ca {
        // Whoever names a certificate wants it to be shown.
        options = options.add_root_certificates(path.clone()).require_tls(true);
    }
    let addresses: Vec<&str> = settings.url.split(',').map(str::trim).collect();
    options
        .connect(addresses)
        .await
        .with_context(|| format!("could not connect to {}", without_password(&settings.url)))
}

/// The context in which streams are asked for.
pub fn jetstream(client: &Client) -> Context {
    ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client.clone())
}

/// Finds or makes the streams; the one of letters is given. One that could drop letters is not used.
pub async fn streams(jetstream: &Context, places: &TeamPlaces, settings: &LinkSettings) -> Result<Stream> {
    jetstream.get_or_create_stream(places.presence(settings)).await.context("the server gives no stream")?;
    let wanted = places.letters(settings);
    let made = jetstream.get_or_create_stream(wanted).await;
    let stream = made.map_err(|error| match error.to_string() {
        said if said.to_lowercase().contains("insufficient storage") => anyhow!(
            "the server has less room than the {} MiB that are asked for; `max-bytes` under `[link]` in config.toml asks \
             for less",
            settings.max_bytes / (1024 * 1024)
        ),
        _ => anyhow!(error).context("the server gives no stream"),
    })?;
    let found = &stream.cached_info().config;
    if found.discard != DiscardPolicy::New
        || found.retention != RetentionPolicy::WorkQueue
        || !found.max_age.is_zero()
        || found.storage != StorageType::File
    {
        bail!(
            "the stream {} on the server drops letters: it must refuse what is new, keep all on its disk until they \
               are fetched, and have no age",
            found.name
        );
    }
    Ok(stream)
}

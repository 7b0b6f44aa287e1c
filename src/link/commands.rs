//! The command line of `cc2cc-link`, which is also `cc2cc link`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, Subcommand};
use jiff::Timestamp;

use super::{
    keys::{OwnKey, fingerprint},
    overview::LinkOverview,
    pairing::{self, Asking, PairingCode},
    run::{self, Term},
};
use crate::{
    agent::{
        link_program,
        link_settings::without_password,
        machines,
        policy::{Config, Trusted},
        trust,
    },
    mailbox::{home::Home, machine_name::MachineName, name::AgentName},
    output, threads,
};

/// Letters between machines, over a NATS server with `JetStream`
#[derive(Parser)]
#[command(name = "cc2cc link", version)]
struct Cli {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Link this machine to others through a server
    Up {
        /// `nats://HOST:4222`, or `tls://HOST:4222`; several of a cluster with commas between
        url: String,
        /// A credentials file of the server's
        #[arg(long, value_name = "FILE")]
        creds: Option<PathBuf>,
        /// The file with the certificate that the server's is proved by
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// What the other machines call this one; else its host name
        #[arg(long = "as", value_name = "NAME")]
        name: Option<MachineName>,
    },
    /// Show the code of this machine, or take that of another
    Pair {
        /// The code that the other machine shows, or the name of a machine that asks
        code: Option<String>,
    },
    /// Judge a machine's letters like those of agents here, instead of holding them
    Trust {
        machine: MachineName,
        /// Hold them again
        #[arg(long)]
        remove: bool,
    },
    /// Forget a machine: its letters are refused from then on
    Forget { machine: MachineName },
    /// Unlink this machine; what waits stays
    Down,
    /// Carry letters until it is ended
    Run {
        /// End with the last session on this machine
        #[arg(long)]
        with_sessions: bool,
    },
}

/// Runs a command and says how it went; `in_a_session` says whether a session, not a person, runs it.
#[must_use]
pub fn main(in_a_session: fn() -> bool) -> ExitCode {
    let done = threads::guarded(|| {
        let home = Home::from_env()?;
        let cli = Cli::parse();
        if !matches!(cli.verb, None | Some(Verb::Run { .. })) && in_a_session() {
            bail!("only a person decides this; use a terminal of your own");
        }
        dispatch(&home, cli)
    });
    match done.unwrap_or_else(|broken| Err(anyhow!(broken))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("cc2cc: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(home: &Home, cli: Cli) -> Result<()> {
    let text = match cli.verb {
        None => {
            let overview = LinkOverview::of(home)?;
            if cli.json { format!("{}\n", overview.json()) } else { overview.text(Timestamp::now()) }
        }
        Some(Verb::Up { url, creds, ca, name }) => up(home, &url, creds, ca, name)?,
        Some(Verb::Pair { code }) => pair(home, code.as_deref())?,
        Some(Verb::Trust { machine, remove }) => trusted(home, &machine, remove)?,
        Some(Verb::Forget { machine }) => forget(home, &machine)?,
        Some(Verb::Down) => {
            trust::set_link(home, None)?;
            "this machine is not linked any more; letters to other machines wait until it is again\n".to_owned()
        }
        Some(Verb::Run { with_sessions }) => {
            run::run(home, if with_sessions { Term::WithSessions } else { Term::ForGood })?;
            String::new()
        }
    };
    Ok(output::out(&text)?)
}

fn up(
    home: &Home,
    url: &str,
    creds: Option<PathBuf>,
    ca: Option<PathBuf>,
    name: Option<MachineName>,
) -> Result<String> {
    let is_address = |url: &str| ["nats://", "tls://"].iter().any(|scheme| url.trim().starts_with(scheme));
    if !url.split(',').all(is_address) {
        bail!("`{}` is no address of a NATS server, such as `nats://127.0.0.1:4222`", url.escape_debug());
    }
    let before = Config::load(home)?.link().map(|link| link.name.clone());
    let name = name
        .or_else(|| before.clone())
        .or_else(host_name)
        .context("this machine has no usable name; say one with `--as laptop`")?;
    let mut settings = vec![("url", url.to_owned()), ("name", name.to_string())];
    for (key, file) in [("creds", creds), ("ca", ca)] {
        let Some(file) = file else { continue };
        let file = dunce::canonicalize(&file).with_context(|| format!("could not find {}", file.display()))?;
        settings.push((key, file.to_str().context("the path is no text")?.to_owned()));
    }
    trust::set_link(home, Some(&settings))?;
    if before.is_some_and(|before| before != name) {
        for machine in machines::known(home) {
            pairing::forget_heard(home, &machine)?; // it refuses what a machine of this name sends, until it knows it
        }
    }
    let key = OwnKey::of(home)?;
    if !machines::is_running(home.path())
        && let Some(program) = link_program::path().or_else(|| std::env::current_exe().ok())
    {
        link_program::command(home, program).spawn().context("could not start the link")?;
    }
    Ok(format!(
        "this machine is {name} ({}) on {}\n`cc2cc link` shows whether it is connected, and `cc2cc link pair` the code \
         to take to another machine\n",
        fingerprint(&key.public()),
        without_password(url)
    ))
}

/// The machine's own name, as far as it can be one here.
fn host_name() -> Option<MachineName> {
    let text = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let text = text.or_else(|| std::env::var(if cfg!(windows) { "COMPUTERNAME" } else { "HOSTNAME" }).ok())?;
    AgentName::made_of(text.split('.').next()?)?.as_str().parse().ok()
}

fn me(home: &Home) -> Result<MachineName> {
    let config = Config::load(home)?;
    let link = config.link().context("this machine is not linked; `cc2cc link up nats://HOST:4222` comes first")?;
    Ok(link.name.clone())
}

fn pair(home: &Home, code: Option<&str>) -> Result<String> {
    let me = me(home)?;
    let key = OwnKey::of(home)?.public();
    let own = PairingCode { name: me.clone(), key: key.clone() };
    let Some(code) = code else {
        return Ok(format!(
            "on the other machine, type:\n\n    cc2cc link pair {own}\n\nIt is no secret, but take care that it arrives as it \
             is. The fingerprint of this machine is {}.\n",
            fingerprint(&key)
        ));
    };
    if let Ok(asks) = code.parse::<MachineName>() {
        let asking = machines::read::<Asking>(home.path(), "asking", &asks).with_context(|| {
            format!("no machine named `{asks}` asks to be paired; `cc2cc link` shows those that do")
        })?;
        if asking.is_disputed {
            bail!(
                "more than one machine asks as {asks}; take its code from the right one, where `cc2cc link pair` shows it, and \
                 type `cc2cc link pair CODE`"
            );
        }
        pairing::pair(home, &me, &PairingCode { name: asks.clone(), key: asking.key.clone() })?;
        return Ok(format!("{asks} is paired ({}); {}", fingerprint(&asking.key), held(&asks)));
    }
    let code: PairingCode = code.parse()?;
    pairing::pair(home, &me, &code)?;
    Ok(format!(
        "{0} is paired ({1}); {2}on {0}, `cc2cc link` soon shows that {me} asks: compare the fingerprint {3}, and type there\n\n    \
         cc2cc link pair {me}\n",
        code.name,
        fingerprint(&code.key),
        held(&code.name),
        fingerprint(&key)
    ))
}

fn held(machine: &MachineName) -> String {
    format!("its letters are held until `cc2cc link trust {machine}`\n")
}

fn trusted(home: &Home, machine: &MachineName, remove: bool) -> Result<String> {
    if !remove && !machines::known(home).contains(machine) {
        bail!("no machine named `{machine}` is paired; `cc2cc link` shows those that are");
    }
    let trusted = Trusted::Machine(machine.clone());
    if remove {
        trust::take_back(home, &trusted)?;
        return Ok(format!("letters from {machine} are held\n"));
    }
    trust::give(home, &trusted)?;
    Ok(format!("letters from {machine} are judged like those of agents here; what is held already stays held\n"))
}

fn forget(home: &Home, machine: &MachineName) -> Result<String> {
    if !pairing::forget(home, machine)? {
        bail!("no machine named `{machine}` is paired; `cc2cc link` shows those that are");
    }
    // A machine that takes the name later has none of the rights.
    for trusted in Config::load(home)?.trusted().iter().filter(|trusted| trusted.is_of_machine(machine)) {
        trust::take_back(home, trusted)?;
    }
    Ok(format!("{machine} is forgotten: its letters are refused, and nothing is sent there\n"))
}

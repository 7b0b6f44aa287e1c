//! `cc2cc trust`: standing yeses, given, listed and taken back.

use std::{path::PathBuf, process::ExitCode};

use serde_json::{Value, json};

use super::{accept::only_a_person, completions, printing};
use crate::{
    agent::{
        directory,
        policy::{Config, Trusted},
        repo,
        trust::{self, TrustChange},
    },
    failure::{Code, Failure},
    mailbox::{home::Home, name::AgentName},
    report::text::home_as_tilde,
};

/// Let letters through that would wait for your yes
///
/// `trust A B` is for what A writes to B, `trust @repo` for what the sessions of the git repository here write to one
/// another. Without words it lists whom you trust. It goes into config.toml.
#[derive(clap::Args)]
#[command(after_help = "A session that acts without asking gets letters of one that asks only with your yes.")]
pub struct Args {
    /// Who writes; or @repo
    #[arg(value_name = "FROM", add = completions::names())]
    from: Option<String>,
    /// Who gets the letters
    #[arg(value_name = "TO", add = completions::names())]
    to: Option<String>,
    /// Take the yes back
    #[arg(long, requires = "from")]
    remove: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let Some(from) = &args.from else {
        list(home, args.json)?;
        return Ok(ExitCode::SUCCESS);
    };
    only_a_person()?;
    let trusted = meant(home, from, args.to.as_deref(), args.remove)?;
    let changed = if args.remove { trust::take_back(home, &trusted)? } else { trust::give(home, &trusted)? };
    if args.remove && changed == TrustChange::No {
        return Err(Failure::new(Code::NotFound, format!("there is no standing yes for {}", words(&trusted)))
            .hint("`cc2cc trust` lists them"));
    }
    if args.json {
        printing::print(
            json!({ "trusted": as_json(&trusted), "given": !args.remove, "changed": changed == TrustChange::Yes }),
        );
        return Ok(ExitCode::SUCCESS);
    }
    printing::print(match (args.remove, changed) {
        (true, _) => format!("no longer trusted: {}\n", words(&trusted)),
        (false, TrustChange::Yes) => format!("trusted: {}\n", words(&trusted)),
        (false, TrustChange::No) => format!("trusted already: {}\n", words(&trusted)),
    });
    Ok(ExitCode::SUCCESS)
}

/// Whom the words mean. A yes can be taken back also from those that are gone.
fn meant(home: &Home, from: &str, to: Option<&str>, is_for_removal: bool) -> Result<Trusted, Failure> {
    match (from, to) {
        ("@repo", None) => Ok(Trusted::Repo(here()?)),
        ("@repo", Some(_)) => Err(Failure::new(Code::Usage, "@repo stands alone").hint("`cc2cc trust @repo`")),
        (from, Some(to)) => {
            let agent = |text: &str| named(home, text, is_for_removal);
            let (from, to) = (agent(from)?, agent(to)?);
            if from == to {
                return Err(Failure::new(Code::Usage, format!("{from} writes no letters to itself"))
                    .hint(format!("`cc2cc trust {from} NAME` is for what it writes to another")));
            }
            Ok(Trusted::Pair { from, to })
        }
        (from, None) if is_for_removal => Ok(Trusted::Sender(named(home, from, true)?)),
        (from, None) => Err(Failure::new(Code::Usage, format!("{from} is to be trusted by whom?")).hint(format!(
            "`cc2cc trust {from} NAME` is for what it writes to NAME, `cc2cc trust @repo` for a repository"
        ))),
    }
}

fn named(home: &Home, text: &str, is_for_removal: bool) -> Result<AgentName, Failure> {
    let name: AgentName = text.strip_prefix('@').unwrap_or(text).parse()?;
    match home.mailbox(&name) {
        Some(mailbox) if !is_for_removal => Ok(mailbox.name().clone()),
        None if !is_for_removal => Err(Failure::no_such_agent(&name, directory::nearest(home, name.as_str()))),
        _ => Ok(name),
    }
}

fn here() -> Result<PathBuf, Failure> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let repo = repo::at(&cwd).map(|repo| repo.root);
    repo.ok_or_else(|| {
        Failure::new(Code::Usage, format!("@repo means the git repository here, and {} is in none", cwd.display()))
            .hint("go into the repository, or name two agents, as in `cc2cc trust brave-fox calm-owl`")
    })
}

fn list(home: &Home, as_object: bool) -> Result<(), Failure> {
    let trusted = Config::load(home)?.trusted();
    if as_object {
        printing::print(json!({ "trusted": trusted.iter().map(as_json).collect::<Vec<_>>() }));
    } else if trusted.is_empty() {
        printing::print(
            "nobody is trusted beyond the rules; `cc2cc trust A B` and `cc2cc trust @repo` do that\n".to_owned(),
        );
    } else {
        printing::print(trusted.iter().map(|trusted| words(trusted) + "\n").collect::<String>());
    }
    Ok(())
}

fn words(trusted: &Trusted) -> String {
    match trusted {
        Trusted::Pair { from, to } => format!("{from} to {to}"),
        Trusted::Sender(from) => format!("{from} to everyone"),
        Trusted::Machine(machine) => format!("{machine}'s agents as if they were here"),
        Trusted::Repo(path) => format!("among the sessions of {}", home_as_tilde(&path.display().to_string())),
    }
}

fn as_json(trusted: &Trusted) -> Value {
    match trusted {
        Trusted::Pair { from, to } => json!({ "from": from, "to": to }),
        Trusted::Sender(from) => json!({ "from": from }),
        Trusted::Machine(machine) => json!({ "machine": machine }),
        Trusted::Repo(path) => json!({ "repo": path.display().to_string() }),
    }
}

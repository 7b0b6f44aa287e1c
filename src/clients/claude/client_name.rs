//! The name that the person gave the session in Claude Code, with `--name` or `/rename`: it is the agent's name, too.
//!
//! Hooks are told of it at the start and with prompts. In between the client writes it into its own file of the session,
//! which the server looks at: the person need not type before letters to the new name arrive.

use std::time::SystemTime;

use jiff::Timestamp;

use super::{client_status, hooks::event::HookEvent, host_process};
use crate::{
    agent::{
        Record,
        naming::{self, Followed, SHOWN_CHARS},
    },
    mailbox::{Mailbox, disk::FsError, home::Home, letter::shorten, name::AgentName},
};

/// Follows the name that a hook was told; gives the mailbox as it is called then, and what the person should know.
///
/// # Errors
/// A `FsError` when names or the record cannot be changed.
pub fn heed(home: &Home, mailbox: Mailbox, input: &HookEvent) -> Result<(Mailbox, Option<String>), FsError> {
    let Some(called) = input.session_title.as_deref().filter(|title| !title.trim().is_empty()) else {
        return Ok((mailbox, None));
    };
    let (now, said) = (Timestamp::now(), || shorten(called, SHOWN_CHARS));
    if let Some(Ok(pinned)) = host_process::wanted_name()
        && pinned == *mailbox.name()
    {
        let is_news = AgentName::made_of(called).as_ref() != Some(&pinned)
            && Record::of(&mailbox).called.as_deref() != Some(called);
        naming::note_called(&mailbox, called, now)?;
        let news = format!("cc2cc: you stay {pinned}, which CC2CC_NAME says, and not `{}`", said());
        return Ok((mailbox, is_news.then_some(news)));
    }
    let (mailbox, news) = match naming::follow(home, &mailbox, called)? {
        Followed::Same => (mailbox, None),
        Followed::Now(named) => {
            let came = match named.waiting {
                0 => String::new(),
                1 => " · 1 letter waited for that name".to_owned(),
                many => format!(" · {many} letters waited for that name"),
            };
            let news = format!("cc2cc: you are {} now{came}", named.mailbox.name());
            (named.mailbox, Some(news))
        }
        Followed::Taken(name) => {
            let news = format!("cc2cc: you stay {}: {name} is another session's name", mailbox.name());
            (mailbox, Some(news))
        }
        Followed::NoName => {
            let news = format!("cc2cc: you stay {}: no name can be made of `{}`", mailbox.name(), said());
            (mailbox, Some(news))
        }
    };
    naming::note_called(&mailbox, called, now)?;
    Ok((mailbox, news))
}

/// Looks from time to time what the client calls a session.
#[derive(Debug, Default)]
pub struct Follower {
    seen: Option<SystemTime>,
}

impl Follower {
    /// Follows a new name as far as it can be had. What the person should be told is left to the next hook.
    ///
    /// # Errors
    /// A `FsError` when names or the record cannot be changed.
    pub fn look(&mut self, home: &Home, mailbox: &Mailbox) -> Result<(), FsError> {
        let record = Record::of(mailbox);
        let Some(file) = client_status::file(&record) else { return Ok(()) };
        let written = file.metadata().and_then(|facts| facts.modified()).ok();
        if written.is_none() || written == self.seen || matches!(host_process::wanted_name(), Some(Ok(_))) {
            return Ok(());
        }
        let Some(said) = client_status::written(&file) else { return Ok(()) };
        let is_ours = said["sessionId"].is_string() && said["sessionId"].as_str() == record.session.as_deref();
        if let Some(called) = said["name"].as_str().filter(|_| is_ours && said["nameSource"] == "user")
            && let Followed::Now(named) = naming::follow(home, mailbox, called)?
        {
            naming::note_called(&named.mailbox, called, Timestamp::now())?;
        }
        self.seen = written;
        Ok(())
    }
}

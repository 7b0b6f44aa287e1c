//! A command line that cannot be understood, told as any other failure is: what is wrong, and the way out.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::{
    agent::send_error,
    failure::{Code, Failure},
};

/// What the parser complains of, in our words.
#[must_use]
pub(super) fn failure(error: &clap::Error, words: &[OsString]) -> Failure {
    let verb = words.get(1).and_then(|verb| verb.to_str()).filter(|verb| !verb.starts_with('-'));
    let verb = verb.filter(|_| error.kind() != ErrorKind::InvalidSubcommand);
    let more = verb
        .map_or_else(|| "`cc2cc --help` lists the verbs".to_owned(), |verb| format!("`cc2cc {verb} --help` says more"));
    let way_out = match (suggestion(error), usage(error).filter(|_| verb.is_some())) {
        (Some(meant), _) => format!("did you mean `{meant}`? {more}"),
        (None, Some(usage)) if usage.ends_with("<ID>") => format!("`{usage}`; {}", send_error::WHERE_LETTERS_ARE),
        (None, None) if error.kind() == ErrorKind::ValueValidation && is_about(error, "<ID>") => {
            send_error::WHERE_LETTERS_ARE.to_owned()
        }
        (None, None) if error.kind() == ErrorKind::ValueValidation && is_about(error, "<KEY>") => {
            format!("`--id build-4711` is one; {more}")
        }
        (None, Some(usage)) => format!("`{usage}`; {more}"),
        (None, None) => more,
    };
    Failure::new(Code::Usage, message(error)).hint(way_out)
}

fn message(error: &clap::Error) -> String {
    let said = |kind| texts(error, kind).join(", ");
    let (argument, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::MissingRequiredArgument => match texts(error, ContextKind::InvalidArg).as_slice() {
            [one] => format!("{one} is missing"),
            several => format!("{} are missing", several.join(" and ")),
        },
        ErrorKind::InvalidSubcommand => format!("there is no verb `{}`", said(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => format!("`{argument}` has no meaning here"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} wants a value"),
        ErrorKind::InvalidValue => {
            format!("`{value}` is no value for {argument}: it takes {}", said(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            match why.contains(&format!("`{value}`")) {
                true => why, // one of our own, which says it all
                false if why.contains("digit") => {
                    format!("`{value}` is no value for {argument}: it takes a whole number")
                }
                false => format!("`{value}` is no value for {argument}: {why}"),
            }
        }
        ErrorKind::ArgumentConflict => {
            let (argument, other) = (said(ContextKind::InvalidArg), said(ContextKind::PriorArg));
            if other.is_empty() || other == argument {
                format!("{argument} may be given once")
            } else {
                format!("{argument} does not go with {other}")
            }
        }
        // Rare, so the parser's own words will do, on one line.
        _ => {
            let text = error.to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<&str> = first.trim_start_matches("error:").split_whitespace().collect();
            words.join(" ")
        }
    }
}

/// Whether the value that was refused stands for this.
fn is_about(error: &clap::Error, value: &str) -> bool {
    texts(error, ContextKind::InvalidArg).iter().any(|argument| argument.ends_with(value))
}

/// How the verb is used, on one line.
fn usage(error: &clap::Error) -> Option<String> {
    let usage = texts(error, ContextKind::Usage).pop()?;
    Some(usage.lines().next()?.trim().trim_start_matches("Usage:").trim().to_owned())
}

/// What may have been meant instead.
fn suggestion(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| texts(error, kind).into_iter().next())
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

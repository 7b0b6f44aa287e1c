//! `[link]` of `config.toml`: how this machine reaches the server through which letters go to others.

use std::path::PathBuf;

use serde::Deserialize;

use crate::mailbox::machine_name::MachineName;

/// The server's space for letters that have not been fetched yet, unless it is set up otherwise.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// What `cc2cc link up` writes; a person may add the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkSettings {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`; several of a cluster with commas between.
    pub url: String,
    /// What the other machines call this one.
    pub name: MachineName,
    /// A credentials file of the server's.
    pub creds: Option<PathBuf>,
    /// A file with the certificate that the server's is to be proved by, where the system does not know that.
    pub ca: Option<PathBuf>,
    /// Machines of one team see each other; it begins the subjects.
    #[serde(default = "team")]
    pub team: MachineName,
    /// How much the server keeps in all for this team, in bytes, if this machine is the first.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
    /// On how many servers of a cluster each letter lies, if this machine is the first.
    #[serde(default = "replicas")]
    pub replicas: usize,
}

/// The addresses of a server for people to read: without a password, which may stand in front of the host.
#[must_use]
pub fn without_password(url: &str) -> String {
    let one = |address: &str| match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host)),
        None => address.to_owned(),
    };
    url.split(',').map(str::trim).map(one).collect::<Vec<_>>().join(",")
}

fn team() -> MachineName {
    "cc2cc".parse().expect("a name")
}

fn max_bytes() -> u64 {
    MAX_BYTES
}

fn replicas() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("nats://ann:s3cr@t@a:4222, tls://b:4222"), "nats://a:4222,tls://b:4222");
        assert_eq!(without_password("nats://token@a"), "nats://a");
    }
}

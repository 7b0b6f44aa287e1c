//! Why the server does not let this machine in, in words that say what a person can do.

use std::path::Path;

use crate::agent::link_settings::LinkSettings;

/// What the client says of a failed attempt, for a person. Nothing of the address is repeated; a password may be in it.
pub fn why(settings: &LinkSettings, error: &str) -> String {
    let says = |word: &str| error.to_lowercase().contains(word);
    let named = |path: &Path| path.display().to_string();
    if says("unknownissuer") || says("badsignature") {
        return match &settings.ca {
            Some(ca) => format!("the server's certificate is not signed by that in {}", named(ca)),
            None => "the server's certificate is signed by nobody this system knows; `cc2cc link up` with `--ca FILE` \
                     names the certificate of who has signed it"
                .to_owned(),
        };
    }
    if says("certificate expired") {
        return "the server's certificate has expired; whoever runs the server has to renew it".to_owned();
    }
    if says("certificate not valid yet") {
        return "the server's certificate is not valid yet; one of the clocks is wrong".to_owned();
    }
    if says("not valid for name") {
        return "the server's certificate is for another host than the one `cc2cc link up` was given".to_owned();
    }
    if says("invalidcontenttype") {
        return "the server does not speak TLS".to_owned();
    }
    if says("authorization violation") || says("authentication") {
        return match &settings.creds {
            Some(creds) => format!("the server does not accept the credentials in {}", named(creds)),
            None => "the server asks for authorization: `cc2cc link up` with `--creds FILE` names its credentials"
                .to_owned(),
        };
    }
    if let (Some(ca), Some(error)) = (&settings.ca, error.strip_prefix("TLS error: ")) {
        return format!("{} is of no use: {error}", named(ca));
    }
    format!("the server is out of reach: {}", error.strip_prefix("IO error: ").unwrap_or(error))
}

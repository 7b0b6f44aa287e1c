//! Where the installed program came from, so that it is updated the same way.

use std::{
    convert::Infallible,
    env, fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Set by the install scripts for the `cc2cc install` they run.
const VARIABLE: &str = "CC2CC_INSTALLED_FROM";
const CHECKOUT: &str = "checkout:";

/// Where a program came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstalledFrom {
    /// A release archive.
    Release,
    /// The install script built it, as there is no release for the machine.
    Source,
    /// The install script built it in the checkout it lies in.
    Checkout(PathBuf),
    /// `cargo install`.
    Cargo,
    Unknown,
}

impl InstalledFrom {
    /// Of the running program, which is about to be installed as `target`, in the place of one that came from `before`.
    #[must_use]
    pub fn of_this(target: &Path, before: Self) -> Self {
        if let Some(said) = env::var(VARIABLE).ok().filter(|said| !said.is_empty()) {
            return said.parse().unwrap_or(Self::Unknown);
        }
        let Ok(this) = env::current_exe() else { return Self::Unknown };
        match (this.canonicalize(), target.canonicalize()) {
            (Ok(this), Ok(target)) if this == target => before,
            _ if is_from_cargo(&this) => Self::Cargo,
            _ => Self::Unknown,
        }
    }
}

/// Cargo keeps a list of what it has installed beside the folder of the programs.
fn is_from_cargo(program: &Path) -> bool {
    program.ancestors().nth(2).is_some_and(|root| root.join(".crates.toml").is_file())
}

impl fmt::Display for InstalledFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release => f.write_str("release"),
            Self::Source => f.write_str("source"),
            Self::Checkout(path) => write!(f, "{CHECKOUT}{}", path.display()),
            Self::Cargo => f.write_str("cargo"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl FromStr for InstalledFrom {
    type Err = Infallible;

    /// A word of another version is not known.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text, text.strip_prefix(CHECKOUT)) {
            (_, Some(path)) => Self::Checkout(path.into()),
            ("release", _) => Self::Release,
            ("source", _) => Self::Source,
            ("cargo", _) => Self::Cargo,
            _ => Self::Unknown,
        })
    }
}

#[test]
fn an_origin_is_written_as_it_is_read() {
    for origin in [
        InstalledFrom::Release,
        InstalledFrom::Source,
        InstalledFrom::Checkout("/a b/c".into()),
        InstalledFrom::Cargo,
        InstalledFrom::Unknown,
    ] {
        assert_eq!(origin.to_string().parse(), Ok(origin));
    }
    assert_eq!("from the moon".parse(), Ok(InstalledFrom::Unknown));
}

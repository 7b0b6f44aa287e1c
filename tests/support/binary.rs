//! Which `cc2cc` is tested.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// The one just built, unless `CC2CC_TEST_BINARY` names another, such as the one that ships.
pub fn cc2cc() -> &'static str {
    static BINARY: LazyLock<String> =
        LazyLock::new(|| std::env::var("CC2CC_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_cc2cc").to_owned()));
    &BINARY
}

/// The one just built, without its debug information: thousands of starts and some dozens of installs are quicker so.
/// It has the faults in it, as no other binary has.
pub fn lean() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
        let built = PathBuf::from(env!("CARGO_BIN_EXE_cc2cc"));
        let lean = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cc2cc");
        let age = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
        if age(&lean) > age(&built) {
            return lean;
        }
        let draft = lean.with_extension(std::process::id().to_string());
        let stripped = Command::new("strip").arg("-o").arg(&draft).arg(&built).status();
        if stripped.is_ok_and(|status| status.success()) && fs::rename(&draft, &lean).is_ok() { lean } else { built }
    });
    &BINARY
}

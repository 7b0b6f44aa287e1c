//! All stories but those with the real Claude Code and those about the source, in one program: it is linked once, and
//! stories that wait leave the machine to others.

mod binary;
#[cfg(all(target_os = "linux", feature = "fail-points"))] // the faults are made with what Linux has
mod faults;
mod hostile;
#[cfg(all(target_os = "linux", feature = "fail-points", feature = "link"))] // with a server that Debian has
mod link;
mod mailbox;
#[allow(dead_code, reason = "the faults, and the real client, use what others do not")]
mod support;
mod view;

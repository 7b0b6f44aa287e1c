//! Programs of others that are started.

use std::process::Command;

/// Keeps Windows from opening a console for a command that is started where there is none.
pub fn without_window(command: &mut Command) -> &mut Command {
    #[cfg(windows)]
    {
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NO_WINDOW);
    }
    command
}

//! A program in a pseudo-terminal: its keys, its screen, its process.
//!
//! Nothing here knows Claude Code. The program ends with its owner: a test that fails must not leave a client
//! behind, and only the process started here is ever signalled.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::eventually::within;

/// How high a terminal is unless a story says otherwise.
pub const ROWS: NonZero<u16> = NonZero::new(50).unwrap();

/// How wide a terminal is unless a story says otherwise.
pub const COLUMNS: NonZero<u16> = NonZero::new(140).unwrap();

/// One row of a screen: its text, and the same with the escapes that colour it.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub text: String,
    pub coloured: String,
}

type Screen = Arc<Mutex<vt100::Parser>>;

/// A running program; killed and reaped when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Screen,
    // Held so that the terminal stays open for as long as the program runs.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts `command` on a screen of 50 rows.
    pub fn run(command: CommandBuilder, columns: NonZero<u16>) -> Self {
        Self::run_on(command, columns, ROWS)
    }

    /// Starts `command` on a screen of any size.
    pub fn run_on(command: CommandBuilder, columns: NonZero<u16>, rows: NonZero<u16>) -> Self {
        let size = PtySize { rows: rows.get(), cols: columns.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(command).expect("the program to start");
        // The program's own end must be the last one, or its output would never be seen to end.
        drop(pair.slave);
        let screen: Screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let output = pair.master.try_clone_reader().expect("the terminal's output");
        let keys = pair.master.take_writer().expect("the terminal's keys");
        show(output, Arc::clone(&screen));
        Self { child, keys, screen, _master: pair.master }
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// What is on the screen, as plain text.
    pub fn screen(&self) -> String {
        self.parser().screen().contents()
    }

    /// What is on the screen, row by row.
    pub fn rows(&self) -> Vec<Row> {
        let parser = self.parser();
        let screen = parser.screen();
        let (rows, columns) = screen.size();
        let cells = |row| (0..columns.get()).filter_map(move |column| screen.cell(row, column));
        let text = |row| cells(row).map(text_of).collect();
        (0..rows.get()).map(|row| Row { text: text(row), coloured: coloured(cells(row)) }).collect()
    }

    /// Sends raw keys: `"\x1b"` is Esc, `"\r"` Enter, `"\x03"` Ctrl-C.
    pub fn press(&mut self, keys: &str) {
        let sent = self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush());
        sent.expect("the program's terminal");
    }

    /// Ends the program as a crash would, and reaps it.
    pub fn kill9(&mut self) {
        // Not yet reaped, so the id is still this program's own.
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            // It may end by itself just now, which is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
        drop(self.child.wait());
    }

    /// Stops the program, as one is that gets no processor, and lets it go on.
    pub fn rest(&mut self, rests: bool) {
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            kill_process(pid, if rests { Signal::STOP } else { Signal::CONT })
                .expect("a program that rests or goes on");
        }
    }

    /// Whether the program ended, and was reaped, within `patience`.
    pub fn ends_within(&mut self, patience: Duration) -> bool {
        within(patience, || self.child.try_wait().ok().flatten()).is_some()
    }

    fn parser(&self) -> MutexGuard<'_, vt100::Parser> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn coloured<'a>(cells: impl Iterator<Item = &'a vt100::Cell>) -> String {
    let mut row = String::new();
    let mut last = String::new();
    for cell in cells {
        let style = style_of(cell);
        if style != last {
            row += "\x1b[0m";
            row += &style;
            last = style;
        }
        row += text_of(cell);
    }
    row + "\x1b[0m"
}

/// What stands in a cell; the second half of a wide character has nothing.
fn text_of(cell: &vt100::Cell) -> &str {
    match cell.contents() {
        "" if cell.is_wide_continuation() => "",
        "" => " ",
        text => text,
    }
}

/// The escapes that make a cell look as it does.
fn style_of(cell: &vt100::Cell) -> String {
    let flags = [(cell.bold(), 1), (cell.dim(), 2), (cell.italic(), 3), (cell.underline(), 4), (cell.inverse(), 7)];
    let mut style = String::new();
    for (_, code) in flags.into_iter().filter(|(is_set, _)| *is_set) {
        style += &format!("\x1b[{code}m");
    }
    for (color, ground) in [(cell.fgcolor(), 38), (cell.bgcolor(), 48)] {
        style += &match color {
            vt100::Color::Default => String::new(),
            vt100::Color::Idx(index) => format!("\x1b[{ground};5;{index}m"),
            vt100::Color::Rgb(red, green, blue) => format!("\x1b[{ground};2;{red};{green};{blue}m"),
        };
    }
    style
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.kill9();
    }
}

fn show(mut output: Box<dyn Read + Send>, screen: Screen) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        // On Linux the terminal's end is an error, not a read of nothing.
        while let Ok(read @ 1..) = output.read(&mut buffer) {
            screen.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..read]);
        }
    });
}

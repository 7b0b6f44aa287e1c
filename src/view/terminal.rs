//! The terminal while the view has it, and giving it back as it was: at the end, after a panic, for a while.

use std::{
    io::{self, BufWriter, Stdout, Write, stdout},
    panic,
    sync::Once,
    thread,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};

/// Room for a whole screen, so that it goes out at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// The terminal in our hands; dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it cannot be set up; it is as it was then.
    pub fn enter() -> io::Result<Self> {
        restore_after_a_panic();
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER_BYTES, stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal, mouse: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Puts on the screen what differs from what is there.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, content: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(content).map(drop)
    }

    /// Forgets what is on the screen, so that all of it is drawn next.
    ///
    /// # Errors
    /// As [`Screen::draw`].
    pub fn forget(&mut self) -> io::Result<()> {
        // Clearing would ask the terminal where its cursor is, and the answer would be read as keys.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Gives the terminal back for a while.
    pub fn leave(&mut self) {
        restore();
    }

    /// Takes it over again, whatever was done to it meanwhile.
    ///
    /// # Errors
    /// As [`Screen::enter`].
    pub fn return_to(&mut self) -> io::Result<()> {
        disable_raw_mode()?; // what somebody else set up must not pass for ours
        take()?;
        self.use_mouse(self.mouse)?;
        self.forget()
    }

    /// # Errors
    /// As [`Screen::draw`].
    pub fn use_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Hands a text to the clipboard of whatever draws the terminal, also at the other end of ssh.
    ///
    /// # Errors
    /// As [`Screen::draw`].
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    let entered = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste);
    if entered.is_err() {
        restore();
    }
    entered
}

/// Nothing can be done about what fails here, and the rest is tried all the same.
fn restore() {
    let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// A panic of the thread that draws is told on the person's own screen, where it can be read. The view outlives one of
/// another thread, and tells of it itself.
fn restore_after_a_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        let drawing = thread::current().id();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == drawing {
                restore();
                told(panic);
            }
        }));
    });
}

//! A letter of another machine comes into a mailbox here. It is judged as any other, under the rules for its machine.

use jiff::Timestamp;

use super::{
    notify::Attention,
    policy::Config,
    send::{self, Fate},
    send_error::SendError,
};
use crate::mailbox::{Key, Mailbox, home::Home, letter::Letter};

/// Stores a letter durably, once however often it comes.
///
/// # Errors
/// [`SendError`]; it may be stored all the same, and storing it again is safe.
pub fn store(home: &Home, mailbox: &Mailbox, mut letter: Letter) -> Result<Fate, SendError> {
    let config = Config::load(home)?;
    let sent = send::deliver(home, &config, mailbox, &mut letter, Key::Chosen)?;
    if let Fate::Already(state) = sent.fate
        && let Ok(there) = mailbox.read(state, &letter.id)
        && there.from != letter.from
    {
        return Ok(Fate::Refused(format!("another letter has the id {} there", letter.id)));
    }
    match &sent.fate {
        Fate::Held(_) => config.notify(&letter, Attention::Held),
        Fate::Stored if sent.to.is_user() => config.notify(&letter, Attention::Letter),
        _ => {}
    }
    let _ = send::note_answer(home, &letter, Timestamp::now()); // the letter itself is safe
    Ok(sent.fate)
}

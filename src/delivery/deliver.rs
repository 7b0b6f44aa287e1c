//! One delivery: what waits is judged, claimed and put into a frame.

use jiff::Timestamp;

use super::{client::Client, frame::Frame};
use crate::{
    agent::{
        Record,
        decisions::{self, HeldLetter},
        policy::{Admission, Config, ConfigError},
    },
    mailbox::{
        Mailbox, Moved, State,
        disk::FsError,
        home::Home,
        letter::{Letter, LetterId, shorten},
        level::Level,
        name::AgentName,
        receipt::{Receipt, Step},
        scan::Waiting,
    },
};

/// Letters named one by one on the person's screen.
pub const NAMED: usize = 5;

/// What one delivery consists of.
#[derive(Debug, Default)]
pub struct Delivery {
    pub letters: Vec<Letter>,
    pub context: Option<String>,
    /// Letters since a person last spoke or let one pass.
    pub hops: u32,
    /// Held letters that are shown to the person with this answer.
    pub held: Vec<HeldLetter>,
    /// Where nothing goes to the model: notices that wait for its next turn, of which the person can know now.
    pub notices: Vec<Letter>,
    /// Letters that had no room.
    pub more: usize,
    /// Lines for the person about files that were no letters.
    pub troubles: Vec<String>,
}

impl Delivery {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Notes that what it held for the person was shown to them.
    ///
    /// # Errors
    /// A `FsError` when a receipt cannot be written.
    pub fn note_shown(&self, mailbox: &Mailbox) -> Result<(), FsError> {
        let held = self.held.iter().map(|held| &held.letter.id);
        let mut ids = held.chain(self.notices.iter().map(|notice| &notice.id));
        ids.try_for_each(|id| mailbox.note(id, &Receipt::now(Step::Shown)))
    }

    /// Notes that the letters have left this process for the model, in the mailbox as it is called by now.
    ///
    /// # Errors
    /// A `FsError` when a receipt cannot be written.
    pub fn note_delivered(&self, mailbox: &Mailbox) -> Result<(), FsError> {
        self.letters.iter().try_for_each(|letter| {
            let note = Receipt::now(Step::Delivered);
            match (mailbox.note(&letter.id, &note), renamed(mailbox)) {
                (Err(_), Some(renamed)) => renamed.note(&letter.id, &note),
                (noted, _) => noted,
            }
        })
    }
}

/// The mailbox under its new name, if it has lost the one it had.
#[must_use]
pub fn renamed(mailbox: &Mailbox) -> Option<Mailbox> {
    let home = Home::at(mailbox.path().parent().filter(|_| !mailbox.exists())?);
    home.mailbox(mailbox.name()).filter(|renamed| renamed != mailbox)
}

/// Why nothing can be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Claims what waits for a client's session, oldest first, as far as there is room. Nothing is claimed unless something is
/// `wanted`.
///
/// # Errors
/// When the mailbox cannot be used, or the rules cannot be read.
pub fn deliver(
    client: &impl Client,
    home: &Home,
    mailbox: &Mailbox,
    now: Timestamp,
    wanted: impl Fn(&Waiting) -> bool,
) -> Result<Delivery, DeliverError> {
    deliver_those(client, home, mailbox, now, wanted, |_| true)
}

/// The same, for a way that only letters may go that `may_go`; the others keep waiting.
///
/// # Errors
/// As [`deliver`].
pub fn deliver_those(
    client: &impl Client,
    home: &Home,
    mailbox: &Mailbox,
    now: Timestamp,
    wanted: impl Fn(&Waiting) -> bool,
    may_go: impl Fn(&Letter) -> bool,
) -> Result<Delivery, DeliverError> {
    let look = mailbox.look(now)?;
    let mut delivery = Delivery::default();
    for buried in look.buried {
        let file = shorten(&buried.file_name.to_string_lossy(), 60);
        delivery.troubles.push(format!("cc2cc: {file} is not a letter and lies in dead/ now: {}", buried.reason));
    }
    if !look.letters.iter().any(wanted) {
        delivery.held = decisions::not_shown(mailbox)?.take(NAMED).collect();
        delivery.notices = notices_not_shown(mailbox, look.letters);
        return Ok(delivery);
    }
    let config = Config::load(home)?;
    let level = client.level();
    let note = client.place().note(Record::of(mailbox).host);
    let mut frame = Frame::new(client.room_units());
    for waiting in look.letters {
        let Ok(letter) = waiting.into_letter(mailbox) else { continue };
        if !may_go(&letter) {
            continue;
        }
        match take(mailbox, &config, level, &letter, &note, &mut frame) {
            Ok(Taken::Mine(admission)) => {
                if admission == Admission::Granted {
                    delivery.hops = delivery.hops.max(letter.origin.hops);
                }
                delivery.letters.push(letter);
            }
            Ok(Taken::NotMine) => {}
            Ok(Taken::NoRoom) => {
                // What has no room keeps its place before those that come after it.
                delivery.more = mailbox.count(State::Inbox).unwrap_or(1);
                break;
            }
            // A mailbox that is renamed meanwhile must not keep back what is claimed already.
            Err(_) if !delivery.letters.is_empty() => break,
            Err(error) => return Err(error.into()),
        }
    }
    delivery.context = (!frame.is_empty()).then(|| frame.finish(delivery.more));
    delivery.held = match decisions::not_shown(mailbox) {
        Err(_) if !delivery.letters.is_empty() => Vec::new(),
        held => held?.take(NAMED).collect(),
    };
    Ok(delivery)
}

/// What became of an attempt to take one waiting letter for the frame.
enum Taken {
    Mine(Admission),
    /// It may not go to the model, or another process was first.
    NotMine,
    NoRoom,
}

fn take(
    mailbox: &Mailbox,
    config: &Config,
    level: Option<Level>,
    letter: &Letter,
    note: &Receipt,
    frame: &mut Frame,
) -> Result<Taken, FsError> {
    let receipts = mailbox.receipts(&letter.id);
    let admission = config.admit(mailbox, letter, &receipts, level)?;
    if admission == Admission::Denied {
        return Ok(Taken::NotMine);
    }
    let redelivered = receipts.iter().any(|receipt| receipt.step == Step::Returned);
    let Some(rendered) = frame.room_for(letter, redelivered) else { return Ok(Taken::NoRoom) };
    if mailbox.claim(&letter.id, &Receipt { at: Timestamp::now(), ..note.clone() })? == Moved::Gone {
        return Ok(Taken::NotMine);
    }
    frame.put(letter, rendered);
    Ok(Taken::Mine(admission))
}

/// Notices of ours among what waits that the person has not been shown.
fn notices_not_shown(mailbox: &Mailbox, waiting: Vec<Waiting>) -> Vec<Letter> {
    let ours = waiting.into_iter().filter(|letter| letter.from == AgentName::system());
    let is_new = |id: &LetterId| mailbox.receipts(id).iter().all(|receipt| receipt.step != Step::Shown);
    ours.filter(|letter| is_new(&letter.id)).filter_map(|letter| letter.into_letter(mailbox).ok()).take(NAMED).collect()
}

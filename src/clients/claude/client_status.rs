//! What the client itself says of a session: idle, at work, or waiting for an answer. A prompt that another plugin blocks,
//! a turn that is cut with Esc, and a dialog that is answered end without a hook, and ours would call the session busy
//! until somebody types.
//!
//! The file is nobody's promise. Where it is missing or says something unknown, the hooks' word stands.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::{channel::Channel, host_process};
use crate::{
    agent::{
        Activity, Record,
        reach::{Doing, FOR_SURE, Said, Witness},
    },
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        lenient,
    },
};

const LIMIT_BYTES: u64 = 64 * 1024;

/// Whom to ask of a session of this client.
pub const WITNESS: Witness =
    Witness { said, is_pushed_to: |record| matches!(Channel::of(record), Some(Channel::Open)) };

/// Notes that a session is idle when the client says so and the hooks have not heard of it.
///
/// # Errors
/// A `FsError` when the record cannot be written.
pub fn correct(mailbox: &Mailbox, now: Timestamp) -> Result<(), FsError> {
    let record = Record::of(mailbox);
    if record.state == Activity::Idle || !record.delivers() {
        return Ok(());
    }
    if !said(&record).is_some_and(|said| is_idle_after_all(&record, &said, now)) {
        return Ok(());
    }
    Record::change(mailbox, now, |changed| {
        if changed.updated == record.updated {
            changed.state = Activity::Idle;
            changed.asks = None;
        }
    })?;
    Ok(())
}

/// What the client says of the session in a record.
#[must_use]
pub fn said(record: &Record) -> Option<Said> {
    of_session(record, &written(&file(record)?)?)
}

/// Where the client writes what it says of the session in a record; `None` when that cannot be told.
#[must_use]
pub fn file(record: &Record) -> Option<PathBuf> {
    let pid = record.host.as_deref()?.split('-').next().filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(sessions(record)?.join(format!("{pid}.json")))
}

/// What the client has written into a file.
#[must_use]
pub fn written(file: &Path) -> Option<Value> {
    lenient::from_slice(&disk::read(file, LIMIT_BYTES).ok()?).ok()
}

/// Where the client of a session keeps what it says of its sessions: beside the transcripts, which may be another place
/// than that of the client around this process.
fn sessions(record: &Record) -> Option<PathBuf> {
    let transcript = record.evidence.as_deref().map(Path::new);
    let projects = transcript.and_then(|path| path.ancestors().nth(2)).filter(|dir| dir.ends_with("projects"));
    let folder = projects.and_then(Path::parent).map(Path::to_owned).or_else(host_process::folder)?;
    Some(folder.join("sessions"))
}

/// What a file says, if it is of this very session.
fn of_session(record: &Record, file: &Value) -> Option<Said> {
    if record.session.as_deref() != file["sessionId"].as_str() {
        return None;
    }
    let doing = match file["status"].as_str()? {
        "idle" => Doing::Idle,
        "busy" => Doing::Busy,
        "waiting" => Doing::Waiting(file["waitingFor"].as_str().map(str::to_owned)),
        _ => return None,
    };
    Some(Said { doing, since: Timestamp::from_millisecond(file["statusUpdatedAt"].as_i64()?).ok()? })
}

/// Whether the client says that a session sits idle, for sure and since the hooks last spoke.
fn is_idle_after_all(record: &Record, said: &Said, now: Timestamp) -> bool {
    let Some(updated) = record.updated else { return false };
    said.doing == Doing::Idle && now.duration_since(said.since) >= FOR_SURE && now.duration_since(updated) >= FOR_SURE
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;

    fn session() -> Record {
        Record { session: Some("c8f4".to_owned()), state: Activity::Busy, ..Record::default() }
    }

    #[test]
    fn the_client_is_believed_of_its_own_session_and_for_sure() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let ago = |seconds| now - SignedDuration::from_secs(seconds);
        let record = |seconds| Record { updated: Some(ago(seconds)), ..session() };
        let file = |status: &str, seconds| json!({ "sessionId": "c8f4", "status": status, "statusUpdatedAt": ago(seconds).as_millisecond() });
        let is_idle = |record: &Record, file: &Value| {
            of_session(record, file).is_some_and(|said| is_idle_after_all(record, &said, now))
        };
        assert!(is_idle(&record(10), &file("idle", 9)));
        assert!(!is_idle(&record(10), &file("idle", 1)), "it may be about to begin");
        assert!(!is_idle(&record(1), &file("idle", 9)), "a hook has just said that it begins");
        for status in ["busy", "waiting", "something new"] {
            assert!(!is_idle(&record(10), &file(status, 9)), "{status}");
        }
        let other = Record { session: Some("other".to_owned()), ..record(10) };
        assert!(!is_idle(&other, &file("idle", 9)));
        for nothing in [json!(null), json!({}), json!([]), json!({ "sessionId": "c8f4", "status": "idle" })] {
            assert!(!is_idle(&record(10), &nothing), "{nothing}");
        }
    }

    #[test]
    fn the_file_lies_beside_the_transcripts() {
        let at = |transcript: &str| sessions(&Record { evidence: Some(transcript.to_owned()), ..session() });
        assert_eq!(at("/srv/claude/projects/-srv-app/c8f4.jsonl"), Some("/srv/claude/sessions".into()));
        assert_eq!(
            at("/srv/elsewhere/-srv-app/c8f4.jsonl"),
            host_process::folder().map(|folder| folder.join("sessions"))
        );
    }

    #[test]
    fn a_dialog_is_waited_for_by_name() {
        let mut file = json!({ "sessionId": "c8f4", "status": "waiting", "statusUpdatedAt": 1_000 });
        let doing = |file: &Value| of_session(&session(), file).map(|said| said.doing);
        assert_eq!(doing(&file), Some(Doing::Waiting(None)));
        file["waitingFor"] = "permission prompt".into();
        assert_eq!(doing(&file), Some(Doing::Waiting(Some("permission prompt".to_owned()))));
    }
}

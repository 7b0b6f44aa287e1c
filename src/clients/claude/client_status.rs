//! What the client itself says of a session: idle or at work. A prompt that another plugin blocks, and a turn that is cut
//! with Esc, end without a hook, and ours would call the session busy until somebody types.
//!
//! The file is nobody's promise. Where it is missing or says something unknown, the hooks' word stands.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::host_process;
use crate::{
    agent::{Activity, Record, host::HostKey},
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        lenient,
    },
};

const LIMIT_BYTES: u64 = 64 * 1024;
/// How long client and hooks must have said different things: at the beginning of a turn one of them is the first.
const FOR_SURE: SignedDuration = SignedDuration::from_secs(2);

/// Notes that a session is idle when the client says so and the hooks have not heard of it.
///
/// # Errors
/// A `FsError` when the record cannot be written.
pub fn correct(mailbox: &Mailbox, host: &HostKey, now: Timestamp) -> Result<(), FsError> {
    let record = Record::of(mailbox);
    if record.state == Activity::Idle || !record.delivers() {
        return Ok(());
    }
    let Some(folder) = host_process::folder() else { return Ok(()) };
    if !is_idle_after_all(&record, &said(&folder, host), now) {
        return Ok(());
    }
    Record::change(mailbox, now, |changed| {
        if changed.updated == record.updated {
            changed.state = Activity::Idle;
        }
    })?;
    Ok(())
}

/// What the client has written of a session; null when nothing.
fn said(folder: &Path, host: &HostKey) -> Value {
    let Some(pid) = host.as_str().split('-').next().filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit())) else {
        return Value::Null;
    };
    let bytes = disk::read(&folder.join("sessions").join(format!("{pid}.json")), LIMIT_BYTES).unwrap_or_default();
    lenient::from_slice(&bytes).unwrap_or_default()
}

/// Whether the client says of this very session that it sits idle, for sure and since the hooks last spoke.
fn is_idle_after_all(record: &Record, said: &Value, now: Timestamp) -> bool {
    let since = said["statusUpdatedAt"].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok());
    let (Some(since), Some(updated)) = (since, record.updated) else { return false };
    said["status"] == "idle"
        && record.session.as_deref() == said["sessionId"].as_str()
        && now.duration_since(since) >= FOR_SURE
        && now.duration_since(updated) >= FOR_SURE
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_client_is_believed_of_its_own_session_and_for_sure() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let ago = |seconds| now - SignedDuration::from_secs(seconds);
        let record = |seconds| Record {
            session: Some("c8f4".to_owned()),
            state: Activity::Busy,
            updated: Some(ago(seconds)),
            ..Record::default()
        };
        let said = |status: &str, seconds| json!({ "sessionId": "c8f4", "status": status, "statusUpdatedAt": ago(seconds).as_millisecond() });
        assert!(is_idle_after_all(&record(10), &said("idle", 9), now));
        assert!(!is_idle_after_all(&record(10), &said("idle", 1), now), "it may be about to begin");
        assert!(!is_idle_after_all(&record(1), &said("idle", 9), now), "a hook has just said that it begins");
        for status in ["busy", "waiting", "something new"] {
            assert!(!is_idle_after_all(&record(10), &said(status, 9), now), "{status}");
        }
        let other = Record { session: Some("other".to_owned()), ..record(10) };
        assert!(!is_idle_after_all(&other, &said("idle", 9), now));
        for nothing in [json!(null), json!({}), json!([]), json!({ "sessionId": "c8f4", "status": "idle" })] {
            assert!(!is_idle_after_all(&record(10), &nothing, now), "{nothing}");
        }
    }
}

//! What a look at the whole exchange costs: every file is read each time, since there is no index.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use cc2cc::mailbox::letter::{Letter, LetterId, Origin};
use jiff::{SignedDuration, Timestamp};

use crate::table::{Row, median_and_p90, milliseconds};

const RUNS: usize = 30;
const AGENTS: usize = 1_000;
const LETTERS: usize = 100_000;
/// One letter in so many is looked for.
const RARE: usize = 5_000;

pub fn measure(binary: &Path) -> Vec<Row> {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mail = home.path().join("mail");
    write_letters(&mail);
    let looks: [(&str, &[&str], usize); 4] = [
        ("log", &["log"], 51),
        ("log --grep, 20 letters found", &["log", "--grep", "needle in the hay"], LETTERS / RARE),
        ("log --since 1h", &["log", "--since", "1h"], 51),
        ("log --agent NAME --with NAME", &["log", "--agent", "agent-1", "--with", "agent-2"], 1),
    ];
    let mut times = looks.map(|_| Vec::new());
    // Taken in turn, so that a slow moment of the machine touches all alike.
    for _ in 0..RUNS {
        for ((_, words, expected), times) in looks.iter().zip(&mut times) {
            times.push(timed(binary, home.path(), words, *expected));
        }
    }
    let rows = looks.iter().zip(&mut times).map(|((what, ..), times)| {
        let (median, p90) = median_and_p90(times);
        let what = format!("`cc2cc {what}`, {LETTERS} letters, {AGENTS} agents");
        Row::new(what, "≤ 300 ms", format!("{} (p90 {})", milliseconds(median), milliseconds(p90)))
    });
    rows.collect()
}

fn timed(binary: &Path, home: &Path, words: &[&str], expected: usize) -> Duration {
    let mut command = Command::new(binary);
    command.args(words).env_clear().env("HOME", home).env("CC2CC_HOME", home.join("mail"));
    let start = Instant::now();
    let output = command.output().expect("a log");
    let time = start.elapsed();
    let found = String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.starts_with(' ')).count();
    assert!(output.status.success() && found >= expected, "{output:?}");
    time
}

/// One letter each 0.6 s up to now, from everybody to everybody.
fn write_letters(mail: &Path) {
    let place = |agent: usize| mail.join(format!("to-agent-{agent}"));
    for agent in 0..AGENTS {
        for dir in ["tmp", "inbox", "claimed", "held", "done", "dead", "receipts"] {
            fs::create_dir_all(place(agent).join(dir)).expect("a mailbox");
        }
    }
    let name = |agent: usize| format!("agent-{agent}").parse().expect("a name");
    let now = Timestamp::now();
    for number in 0..LETTERS {
        let to = number % AGENTS;
        let from = (to + 1 + number / AGENTS) % AGENTS;
        let age = SignedDuration::from_millis(i64::try_from(LETTERS - number).expect("a number") * 600);
        let rare = if number % RARE == 0 { "a needle in the hay" } else { "all is well" };
        let text =
            format!("The tests of part {number} have run once more, as you asked, and {rare}.\nWhat shall I do next?");
        let mut letter = Letter::new(name(from), name(to), text, now - age);
        letter.origin = Origin {
            session: Some(LetterId::fresh().to_string()),
            cwd: Some("/home/ann/shop/api".into()),
            repo: Some("/home/ann/shop".into()),
            branch: Some("main".into()),
            hops: 1,
            ..Origin::default()
        };
        fs::write(place(to).join("done").join(format!("{}.json", letter.id)), letter.to_bytes()).expect("a letter");
    }
}

//! The system calls of one run, as strace saw them, in terms of files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{
    said::{Said, said},
    world::World,
};

/// A change that a process asked the system for, or a promise it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    MakeDir(PathBuf),
    /// A file that is there is opened and keeps its contents, one that is not is made.
    Create(PathBuf),
    Append(PathBuf, Vec<u8>),
    /// A file or a directory.
    Sync(PathBuf),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
    /// Words on standard output.
    Say(String),
}

const CALLS: &str = "trace=openat,open,creat,write,pwrite64,writev,ftruncate,truncate,fsync,fdatasync,rename,renameat,\
                     renameat2,mkdir,mkdirat,rmdir,unlink,unlinkat,link,linkat,symlink,symlinkat,copy_file_range,close,dup,fcntl";

/// Runs a command under strace. Every change below the world's directory must be one this module knows.
#[track_caller]
pub fn traced(world: &World, command: &Command, input: &[u8]) -> (Said, Vec<Call>) {
    let (said, text) = under_strace(world, command, input, CALLS);
    let mut open = BTreeMap::from([(1, Opened::Out)]);
    let root = world.path("");
    let calls = text.lines().filter_map(|line| read(line, &mut open)).filter(|call| match call {
        Call::Say(_) => true,
        Call::MakeDir(path) | Call::Create(path) | Call::Append(path, _) | Call::Sync(path) | Call::Remove(path) => {
            path.starts_with(&root)
        }
        Call::Move(from, _) => from.starts_with(&root),
    });
    (said, calls.collect())
}

/// Runs a command under strace, and says how often it opened each file below the world's directory to read it.
#[track_caller]
pub fn reads(world: &World, command: &Command, input: &[u8]) -> (Said, BTreeMap<PathBuf, usize>) {
    let (said, text) = under_strace(world, command, input, "trace=open,openat,openat2");
    let root = world.path("");
    let mut reads = BTreeMap::new();
    for line in
        text.lines().filter(|line| !["O_DIRECTORY", "O_WRONLY", "O_RDWR"].iter().any(|flag| line.contains(flag)))
    {
        let path = line.split('"').nth(1).map(unhex).unwrap_or_default();
        let path = PathBuf::from(String::from_utf8_lossy(&path).into_owned());
        if path.starts_with(&root) {
            *reads.entry(path).or_default() += 1;
        }
    }
    (said, reads)
}

#[track_caller]
fn under_strace(world: &World, command: &Command, input: &[u8], calls: &str) -> (Said, String) {
    let log = world.path("trace");
    let mut strace = Command::new("strace");
    world.furnish(&mut strace);
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.args(["-f", "-xx", "-s", "2000000", "-e", calls, "-o"]).arg(&log);
    strace.arg(command.get_program()).args(command.get_args());
    assert!(Command::new("strace").arg("-V").output().is_ok(), "strace is needed: apt-get install strace");
    let said = said(&mut strace, input);
    let text = fs::read_to_string(&log).unwrap_or_else(|error| panic!("strace left no trace: {error}; {said:?}"));
    fs::remove_file(&log).expect("removed");
    (said, text)
}

#[derive(Debug, Clone)]
enum Opened {
    Out,
    File(PathBuf),
}

fn read(line: &str, open: &mut BTreeMap<i32, Opened>) -> Option<Call> {
    let (_, call) = line.split_once(' ')?;
    let (name, rest) = call.trim().split_once('(')?;
    let (words, result) = rest.rsplit_once(" = ")?;
    let result: i32 = result.split(' ').next()?.parse().ok()?;
    if result < 0 {
        return None;
    }
    let texts: Vec<Vec<u8>> = words.split('"').skip(1).step_by(2).map(unhex).collect();
    let path = |number: usize| PathBuf::from(String::from_utf8_lossy(&texts[number]).into_owned());
    let descriptor = || words.split([',', ')']).next().and_then(|word| word.trim().parse::<i32>().ok());
    match name {
        "openat" => {
            open.insert(result, Opened::File(path(0)));
            assert!(!words.contains("O_TRUNC") || path(0).starts_with("/dev"), "{line}");
            words.contains("O_CREAT").then(|| Call::Create(path(0)))
        }
        "write" => match open.get(&descriptor()?)?.clone() {
            Opened::Out => Some(Call::Say(String::from_utf8_lossy(&texts[0]).into_owned())),
            Opened::File(path) => Some(Call::Append(path, texts[0][..usize::try_from(result).ok()?].to_vec())),
        },
        "fsync" | "fdatasync" => match open.get(&descriptor()?)? {
            Opened::File(path) => Some(Call::Sync(path.clone())),
            Opened::Out => None,
        },
        "close" => {
            open.remove(&descriptor()?);
            None
        }
        "mkdir" => Some(Call::MakeDir(path(0))),
        "rename" => Some(Call::Move(path(0), path(1))),
        "unlink" => Some(Call::Remove(path(0))),
        "fcntl" => None,
        _ => panic!("a call that this model does not know: {line}"),
    }
}

/// The bytes of a text of which every one is written as `\xHH`.
fn unhex(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// Where in a run a call stands.
#[track_caller]
pub fn place(calls: &[Call], what: &str, is: impl Fn(&Call) -> bool) -> usize {
    calls.iter().position(is).unwrap_or_else(|| panic!("no {what} in {calls:#?}"))
}

/// Whether a path lies directly in a directory of this name.
pub fn lies_in(path: &Path, dir: &str) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with(dir))
}

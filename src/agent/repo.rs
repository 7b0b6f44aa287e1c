//! Which git repository and branch a directory belongs to, read from git's own files: starting git would cost a
//! hook more than all the rest.

mod reftable;

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::mailbox::disk;

/// More than any of the small files needs. A pipe or a link in its place is not read.
const LIMIT_BYTES: u64 = 64 * 1024;
/// What `HEAD` says where the references lie in tables.
const IN_TABLES: &str = "refs/heads/.invalid";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// The directory that holds the common `.git`; the same for all work trees of a repository.
    pub root: PathBuf,
    /// `None` when no branch is checked out, or it cannot be told which.
    pub branch: Option<String>,
}

/// The repository around a directory, or the one that the environment names as it does for git; `None` outside of any.
#[must_use]
pub fn at(directory: &Path) -> Option<Repo> {
    found(directory, |name| env::var_os(name).filter(|value| !value.is_empty()))
}

fn found(directory: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Option<Repo> {
    let git_dir = variable("GIT_DIR").map_or_else(|| around(directory), |named| named_by(directory, &named))?;
    let common = match variable("GIT_COMMON_DIR") {
        Some(named) => directory.join(named),
        None => text(&git_dir.join("commondir")).map_or_else(|| git_dir.clone(), |path| git_dir.join(path.trim())),
    };
    let common = dunce::canonicalize(&common).unwrap_or(common);
    let root = if common.ends_with(".git") { common.parent()?.to_owned() } else { common };
    Some(Repo { root, branch: branch(&git_dir) })
}

fn named_by(directory: &Path, variable: &OsStr) -> Option<PathBuf> {
    Some(directory.join(variable)).filter(|git_dir| git_dir.join("HEAD").exists())
}

fn around(directory: &Path) -> Option<PathBuf> {
    let (work_tree, git) = directory.ancestors().map(|dir| (dir, dir.join(".git"))).find(|(_, git)| git.exists())?;
    if git.is_dir() { Some(git) } else { pointed_to(&git, work_tree) }
}

/// A linked work tree or submodule has a file `.git` that names the directory.
fn pointed_to(file: &Path, work_tree: &Path) -> Option<PathBuf> {
    Some(work_tree.join(text(file)?.strip_prefix("gitdir:")?.trim()))
}

fn branch(git_dir: &Path) -> Option<String> {
    let head = text(&git_dir.join("HEAD"))?;
    let reference = head.strip_prefix("ref:")?.trim();
    let in_tables = if reference == IN_TABLES { Some(reftable::head(git_dir)?) } else { None };
    let reference = in_tables.as_deref().unwrap_or(reference);
    Some(reference.strip_prefix("refs/heads/")?.to_owned())
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(disk::read(path, LIMIT_BYTES).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    fn without_variables(directory: &Path) -> Option<Repo> {
        found(directory, |_| None)
    }

    fn repo(root: &Path, branch: Option<&str>) -> Repo {
        Repo { root: root.to_owned(), branch: branch.map(str::to_owned) }
    }

    #[test]
    fn a_work_tree_belongs_to_the_repository_it_was_made_from() {
        let temp = tempfile::tempdir().unwrap();
        let root = dunce::canonicalize(temp.path()).unwrap();
        let main = root.join("main");
        fs::create_dir_all(main.join(".git/worktrees/side")).unwrap();
        fs::write(main.join(".git/HEAD"), "ref: refs/heads/trunk\n").unwrap();
        fs::write(main.join(".git/worktrees/side/HEAD"), "ref: refs/heads/topic/x\n").unwrap();
        fs::write(main.join(".git/worktrees/side/commondir"), "../..\n").unwrap();
        let side = root.join("side/deep");
        fs::create_dir_all(&side).unwrap();
        fs::write(root.join("side/.git"), format!("gitdir: {}\n", main.join(".git/worktrees/side").display())).unwrap();

        assert_eq!(without_variables(&main), Some(repo(&main, Some("trunk"))));
        assert_eq!(without_variables(&side), Some(repo(&main, Some("topic/x"))));
    }

    #[test]
    fn the_variables_of_git_name_the_repository_as_they_do_for_git() {
        let temp = tempfile::tempdir().unwrap();
        let root = dunce::canonicalize(temp.path()).unwrap();
        for (dir, branch) in [("here/.git", "trunk"), ("files.git", "mine"), ("there/.git", "other")] {
            fs::create_dir_all(root.join(dir)).unwrap();
            fs::write(root.join(dir).join("HEAD"), format!("ref: refs/heads/{branch}\n")).unwrap();
        }
        let with = |name: &'static str, value: &str| {
            let value = OsString::from(value);
            found(&root.join("here"), move |asked| (asked == name).then(|| value.clone()))
        };
        let files = root.join("files.git");
        assert_eq!(with("GIT_DIR", files.to_str().unwrap()), Some(repo(&files, Some("mine"))));
        assert_eq!(with("GIT_DIR", "../there/.git"), Some(repo(&root.join("there"), Some("other"))));
        assert_eq!(with("GIT_DIR", "nowhere"), None, "git finds none either");
        assert_eq!(with("GIT_COMMON_DIR", "../there/.git"), Some(repo(&root.join("there"), Some("trunk"))));
    }

    #[test]
    fn a_head_that_is_no_small_file_keeps_nobody_waiting() {
        let temp = tempfile::tempdir().unwrap();
        let root = dunce::canonicalize(temp.path()).unwrap();
        fs::create_dir_all(root.join(".git/HEAD")).unwrap();
        assert_eq!(without_variables(&root), Some(repo(&root, None)));
        #[cfg(unix)]
        {
            fs::remove_dir(root.join(".git/HEAD")).unwrap();
            assert!(Command::new("mkfifo").arg(root.join(".git/HEAD")).status().unwrap().success());
            assert_eq!(without_variables(&root), Some(repo(&root, None)));
        }
    }

    /// What git itself makes, where it knows tables (2.45); what they hold is told byte by byte in `reftable`.
    #[test]
    fn a_repository_with_tables_tells_its_branch() {
        let temp = tempfile::tempdir().unwrap();
        let root = dunce::canonicalize(temp.path()).unwrap();
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(words).current_dir(&root);
            git.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("HOME", &root);
            git.output().is_ok_and(|output| output.status.success())
        };
        let main = root.join("main");
        if !git(&["init", "-q", "-b", "trunk", "--ref-format=reftable", "main"]) {
            fs::create_dir_all(main.join(".git")).unwrap();
            fs::write(main.join(".git/HEAD"), "ref: refs/heads/.invalid\n").unwrap();
            assert_eq!(without_variables(&main), Some(repo(&main, None)), "no branch is better than a wrong one");
            return;
        }
        assert_eq!(without_variables(&main), Some(repo(&main, Some("trunk"))));
        assert!(git(&["-C", "main", "commit", "-q", "--allow-empty", "-m", "x"]));
        assert!(git(&["-C", "main", "switch", "-q", "-c", "topic/one"]));
        assert!(git(&["-C", "main", "worktree", "add", "-q", "../side", "-b", "beside"]));
        assert_eq!(without_variables(&main), Some(repo(&main, Some("topic/one"))));
        assert_eq!(without_variables(&root.join("side")), Some(repo(&main, Some("beside"))));
        assert!(git(&["-C", "main", "update-ref", "CHERRY_PICK_HEAD", "HEAD"]));
        assert_eq!(without_variables(&main), Some(repo(&main, Some("topic/one"))));
        assert!(git(&["-C", "main", "update-ref", "-d", "CHERRY_PICK_HEAD"]));
        assert!(git(&["-C", "main", "switch", "-q", "--detach"]));
        assert_eq!(without_variables(&main), Some(repo(&main, None)));
    }
}

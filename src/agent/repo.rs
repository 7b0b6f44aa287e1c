//! Which git repository and branch a directory belongs to, read from git's own files: starting git would cost a
//! hook more than all the rest.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// The directory that holds the common `.git`; the same for all work trees of a repository.
    pub root: PathBuf,
    /// `None` when no branch is checked out.
    pub branch: Option<String>,
}

/// The repository around a directory; `None` outside of any.
#[must_use]
pub fn at(directory: &Path) -> Option<Repo> {
    let (work_tree, git) = directory.ancestors().map(|dir| (dir, dir.join(".git"))).find(|(_, git)| git.exists())?;
    let git_dir = if git.is_dir() { git } else { pointed_to(&git, work_tree)? };
    let common = fs::read_to_string(git_dir.join("commondir")).ok();
    let common = common.map_or_else(|| git_dir.clone(), |path| git_dir.join(path.trim()));
    let common = dunce::canonicalize(&common).unwrap_or(common);
    let root = if common.ends_with(".git") { common.parent()?.to_owned() } else { common };
    Some(Repo { root, branch: branch(&git_dir) })
}

/// A linked work tree or submodule has a file `.git` that names the directory.
fn pointed_to(file: &Path, work_tree: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    Some(work_tree.join(text.strip_prefix("gitdir:")?.trim()))
}

fn branch(git_dir: &Path) -> Option<String> {
    let head = fs::read_to_string(git_dir.join("HEAD")).ok()?;
    Some(head.strip_prefix("ref: refs/heads/")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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

        assert_eq!(at(&main), Some(Repo { root: main.clone(), branch: Some("trunk".into()) }));
        assert_eq!(at(&side), Some(Repo { root: main, branch: Some("topic/x".into()) }));
    }
}

//! A disk that keeps only what it must when the power goes: data that was not synced is empty, torn or there, and each
//! entry that was not synced with its directory is there or not, in any combination.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path},
};

use super::trace::Call;

/// Above this many open questions not every combination of answers is tried, but each answer alone and with all others.
const ALL_UP_TO: usize = 6;

#[derive(Debug, Clone)]
enum Node {
    Dir { seen: BTreeMap<String, usize>, safe: BTreeMap<String, usize> },
    File { seen: Vec<u8>, safe: Vec<u8> },
}

/// Entries that change in one step: directory, name, and what has the name from then on.
type Change = Vec<(usize, String, Option<usize>)>;

#[derive(Debug, Clone)]
pub struct Disk {
    nodes: Vec<Node>,
    pending: Vec<Change>,
    root: std::path::PathBuf,
}

impl Disk {
    /// What lies below `root`, all of it safe.
    pub fn of(root: &Path) -> Self {
        let mut disk = Self { nodes: Vec::new(), pending: Vec::new(), root: root.to_owned() };
        disk.load(root);
        disk
    }

    fn load(&mut self, path: &Path) -> usize {
        let node = self.nodes.len();
        if path.is_dir() {
            self.nodes.push(Node::Dir { seen: BTreeMap::new(), safe: BTreeMap::new() });
            for name in crate::support::world::names(path) {
                let below = self.load(&path.join(&name));
                self.enter(node, &name, below);
            }
        } else {
            let bytes = fs::read(path).unwrap_or_default();
            self.nodes.push(Node::File { seen: bytes.clone(), safe: bytes });
        }
        node
    }

    fn enter(&mut self, dir: usize, name: &str, node: usize) {
        let Node::Dir { seen, safe } = &mut self.nodes[dir] else { panic!("a directory") };
        seen.insert(name.to_owned(), node);
        safe.insert(name.to_owned(), node);
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let mut node = 0;
        for part in path.strip_prefix(&self.root).ok()?.components() {
            let Component::Normal(name) = part else { continue };
            let Node::Dir { seen, .. } = &self.nodes[node] else { return None };
            node = *seen.get(name.to_str()?)?;
        }
        Some(node)
    }

    #[track_caller]
    fn entry(&self, path: &Path) -> (usize, String) {
        let dir = path.parent().and_then(|dir| self.find(dir)).unwrap_or_else(|| panic!("{}", path.display()));
        (dir, path.file_name().expect("a name").to_string_lossy().into_owned())
    }

    fn change(&mut self, change: Change) {
        for (dir, name, node) in &change {
            let Node::Dir { seen, .. } = &mut self.nodes[*dir] else { panic!("a directory") };
            set(seen, name, *node);
        }
        self.pending.push(change);
    }

    pub fn apply(&mut self, call: &Call) {
        match call {
            Call::MakeDir(path) => self.make(path, Node::Dir { seen: BTreeMap::new(), safe: BTreeMap::new() }),
            Call::Create(path) if self.find(path).is_none() => {
                self.make(path, Node::File { seen: Vec::new(), safe: Vec::new() });
            }
            Call::Append(path, bytes) => {
                let node = self.find(path).expect("an open file");
                let Node::File { seen, .. } = &mut self.nodes[node] else { panic!("a file") };
                seen.extend(bytes);
            }
            Call::Sync(path) => {
                let node = self.find(path).expect("an open file");
                if let Node::File { seen, safe } = &mut self.nodes[node] {
                    safe.clone_from(seen);
                }
                let (safe, open): (Vec<_>, Vec<_>) =
                    self.pending.drain(..).partition(|change| change.iter().any(|(dir, ..)| *dir == node));
                self.pending = open;
                for change in &safe {
                    self.keep(change);
                }
            }
            Call::Move(from, to) => {
                let node = self.find(from);
                let ((from, old), (to, new)) = (self.entry(from), self.entry(to));
                self.change(vec![(to, new, node), (from, old, None)]);
            }
            Call::Remove(path) => {
                let (dir, name) = self.entry(path);
                self.change(vec![(dir, name, None)]);
            }
            Call::Create(_) | Call::Say(_) => {}
        }
    }

    fn make(&mut self, path: &Path, node: Node) {
        let (dir, name) = self.entry(path);
        self.nodes.push(node);
        self.change(vec![(dir, name, Some(self.nodes.len() - 1))]);
    }

    fn keep(&mut self, change: &Change) {
        for (dir, name, node) in change {
            let Node::Dir { safe, .. } = &mut self.nodes[*dir] else { panic!("a directory") };
            set(safe, name, *node);
        }
    }

    /// Every disk that may be found after the power went now, written below a directory in turn.
    pub fn after_a_power_cut(&self, place: &Path, mut look: impl FnMut(&Path)) -> usize {
        let open = self.pending.len();
        let all = (1_u64 << open.min(63)) - 1;
        let answers: Vec<u64> = if open <= ALL_UP_TO {
            (0..=all).collect()
        } else {
            let begun = (0..=open).map(|count| (1 << count) - 1);
            begun.chain((0..open).flat_map(|bit| [1 << bit, all ^ (1 << bit)])).collect()
        };
        let mut states = 0;
        for answer in answers {
            let mut after = self.clone();
            for (bit, change) in self.pending.iter().enumerate() {
                if answer & (1 << bit) != 0 {
                    after.keep(change);
                }
            }
            for torn in [Torn::Away, Torn::Half, Torn::There] {
                let disk = place.join(format!("{states}"));
                after.write(0, &disk, torn);
                look(&disk);
                fs::remove_dir_all(&disk).expect("removed");
                states += 1;
            }
        }
        states
    }

    fn write(&self, node: usize, path: &Path, torn: Torn) {
        match &self.nodes[node] {
            Node::Dir { safe, .. } => {
                fs::create_dir(path).expect("made");
                for (name, node) in safe {
                    self.write(*node, &path.join(name), torn);
                }
            }
            Node::File { seen, safe } if seen == safe => fs::write(path, safe).expect("written"),
            Node::File { seen, safe } => {
                let bytes = match torn {
                    Torn::Away => &safe[..],
                    Torn::Half => &seen[..seen.len() / 2],
                    Torn::There => &seen[..],
                };
                fs::write(path, bytes).expect("written");
            }
        }
    }
}

/// What becomes of data that was not synced.
#[derive(Debug, Clone, Copy)]
enum Torn {
    Away,
    Half,
    There,
}

fn set(entries: &mut BTreeMap<String, usize>, name: &str, node: Option<usize>) {
    match node {
        Some(node) => entries.insert(name.to_owned(), node),
        None => entries.remove(name),
    };
}

//! A disk that can lose power: it replays what the program did and knows of every file and folder
//! what was synced. An image is what could be found after a cut at this point: all that was synced,
//! and of the rest what chance leaves, in any order, torn at the borders of sectors. It must never
//! be kinder than a real disk.
//!
//! How unkind: writes and lengths of one file that were not synced are kept or lost each by itself,
//! in pieces of 512 or 4,096 bytes. The names in a folder, until the folder is synced, are kept up
//! to some change and lost from there on, as journalling file systems do; syncing a file does not
//! keep its name. What a program writes through mapped memory is anything.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use domain::Dice as _;
use teststand::dice::Seeded;

use super::shim::Op;

/// What becomes of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// All of it is lost.
    Lost,
    /// All of it is kept: the disk was quick.
    Kept,
    /// Chance decides, piece by piece.
    Chance,
}

type Node = usize;

/// The folder that is watched.
const ROOT: Node = 0;

#[derive(Debug)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Size(u64),
}

#[derive(Debug)]
enum Naming {
    Put(String, Node),
    Remove(String),
    /// Atomic: either both names change or none.
    Move(String, String),
}

#[derive(Debug, Default)]
struct File {
    kept: Vec<u8>,
    waiting: Vec<(u64, Change)>,
    /// Whether bytes were changed behind our back.
    mapped: bool,
}

#[derive(Debug, Default)]
struct Folder {
    now: BTreeMap<String, Node>,
    kept: BTreeMap<String, Node>,
    waiting: Vec<(u64, Naming)>,
}

#[derive(Debug)]
enum Thing {
    File(File),
    Folder(Folder),
}

/// The disk.
pub struct Disk {
    things: Vec<Thing>,
    handles: HashMap<u64, Node>,
    /// Syncs under way: when each was asked for.
    asked: HashMap<u64, Vec<u64>>,
    time: u64,
}

impl Disk {
    pub fn new() -> Self {
        let things = vec![Thing::Folder(Folder::default())];
        Self { things, handles: HashMap::new(), asked: HashMap::new(), time: 0 }
    }

    /// Does what the program did.
    pub fn apply(&mut self, op: &Op) {
        self.time += 1;
        match op {
            Op::Open { handle, path } => {
                // What the test itself laid there is not ours.
                if let Some(node) = self.find(path) {
                    self.handles.insert(*handle, node);
                }
            }
            Op::Create { handle, path } => {
                let node = self.made(Thing::File(File::default()));
                self.handles.insert(*handle, node);
                self.name(path, |name| Naming::Put(name, node));
            }
            Op::MakeFolder { path } => {
                let node = self.made(Thing::Folder(Folder::default()));
                self.name(path, |name| Naming::Put(name, node));
            }
            Op::Link { from, to } => {
                let node = self.find(from).expect("what is linked is there");
                self.name(to, |name| Naming::Put(name, node));
            }
            Op::Unlink { path } | Op::RemoveFolder { path } => self.name(path, Naming::Remove),
            Op::Rename { from, to } => {
                let (folder, name) = split(to);
                assert_eq!(split(from).0, folder, "only moves within a folder are replayed");
                self.name(from, |from| Naming::Move(from, name.to_owned()));
            }
            Op::Write { handle, at, bytes } => {
                self.change(*handle, Change::Write { at: *at, bytes: bytes.clone() });
            }
            Op::Size { handle, bytes } => self.change(*handle, Change::Size(*bytes)),
            Op::SyncAsked { handle } => self.asked.entry(*handle).or_default().push(self.time),
            Op::SyncEnded { handle } => self.synced(*handle),
            Op::Map { handle } => {
                if let Some(Thing::File(file)) = self.thing(*handle) {
                    file.mapped = true;
                }
            }
            Op::Said { .. } => {}
        }
    }

    fn made(&mut self, thing: Thing) -> Node {
        self.things.push(thing);
        self.things.len() - 1
    }

    fn thing(&mut self, handle: u64) -> Option<&mut Thing> {
        self.handles.get(&handle).map(|node| &mut self.things[*node])
    }

    fn find(&self, path: &str) -> Option<Node> {
        let mut node = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Thing::Folder(folder) = &self.things[node] else { return None };
            node = *folder.now.get(name)?;
        }
        Some(node)
    }

    fn name(&mut self, path: &str, naming: impl FnOnce(String) -> Naming) {
        let (folder, name) = split(path);
        let time = self.time;
        let node = self.find(folder).unwrap_or_else(|| panic!("{folder} is not there: {path}"));
        let Thing::Folder(folder) = &mut self.things[node] else { panic!("{path}: no folder") };
        let naming = naming(name.to_owned());
        naming.apply(&mut folder.now);
        folder.waiting.push((time, naming));
    }

    fn change(&mut self, handle: u64, change: Change) {
        let time = self.time;
        if let Some(Thing::File(file)) = self.thing(handle) {
            file.waiting.push((time, change));
        }
    }

    /// Keeps what was done before this sync was asked for.
    fn synced(&mut self, handle: u64) {
        let asked = self.asked.get_mut(&handle).expect("it was asked for").remove(0);
        match self.thing(handle) {
            Some(Thing::File(file)) => {
                let later = file.waiting.iter().position(|(at, _)| *at > asked);
                let done = later.unwrap_or(file.waiting.len());
                for (_, change) in file.waiting.drain(..done) {
                    change.apply(&mut file.kept);
                }
            }
            Some(Thing::Folder(folder)) => {
                let later = folder.waiting.iter().position(|(at, _)| *at > asked);
                let done = later.unwrap_or(folder.waiting.len());
                for (_, naming) in folder.waiting.drain(..done) {
                    naming.apply(&mut folder.kept);
                }
            }
            None => {}
        }
    }

    /// Writes what could be found after a cut now.
    pub fn image(&self, into: &Path, rest: Rest, dice: &mut Seeded) {
        self.write_folder(ROOT, into, rest, dice);
    }

    fn write_folder(&self, node: Node, into: &Path, rest: Rest, dice: &mut Seeded) {
        let Thing::Folder(folder) = &self.things[node] else { panic!("no folder") };
        let mut names = folder.kept.clone();
        let kept = match rest {
            Rest::Lost => 0,
            Rest::Kept => folder.waiting.len(),
            Rest::Chance => dice.below(folder.waiting.len() + 1),
        };
        for (_, naming) in &folder.waiting[..kept] {
            naming.apply(&mut names);
        }
        for (name, node) in names {
            let path = into.join(name);
            match &self.things[node] {
                Thing::File(file) => {
                    std::fs::write(&path, file.image(rest, dice)).expect("an image is written");
                    private(&path, 0o600);
                }
                Thing::Folder(_) => {
                    std::fs::create_dir(&path).expect("an image is written");
                    private(&path, 0o700);
                    self.write_folder(node, &path, rest, dice);
                }
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, Node>) {
        match self {
            Self::Put(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Move(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes: new } => write(bytes, place(*at), new),
            Self::Size(size) => bytes.resize(place(*size), 0),
        }
    }
}

impl File {
    fn image(&self, rest: Rest, dice: &mut Seeded) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        let sector = [512, 4_096][dice.below(2)];
        for (_, change) in &self.waiting {
            match (rest, change) {
                (Rest::Lost, _) => {}
                (Rest::Kept, change) => change.apply(&mut bytes),
                (Rest::Chance, Change::Size(_)) => {
                    if dice.below(2) == 0 {
                        change.apply(&mut bytes);
                    }
                }
                (Rest::Chance, Change::Write { at, bytes: new }) => match dice.below(4) {
                    0 => {}
                    1 => change.apply(&mut bytes),
                    _ => torn(&mut bytes, place(*at), new, sector, dice),
                },
            }
        }
        if self.mapped {
            dice.fill(&mut bytes);
        }
        bytes
    }
}

/// Keeps some sectors of a write and loses the others.
fn torn(bytes: &mut Vec<u8>, at: usize, new: &[u8], sector: usize, dice: &mut Seeded) {
    let mut done = 0;
    while done < new.len() {
        let border = (at + done) / sector * sector + sector;
        let end = (border - at).min(new.len());
        if dice.below(2) == 0 {
            write(bytes, at + done, &new[done..end]);
        }
        done = end;
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    if bytes.len() < at + new.len() {
        bytes.resize(at + new.len(), 0);
    }
    bytes[at..at + new.len()].copy_from_slice(new);
}

fn place(at: u64) -> usize {
    usize::try_from(at).expect("a place in a file")
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let rights = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, rights).expect("an image is written");
}

#[test]
fn what_was_synced_is_kept_and_the_rest_is_not_safe() {
    let bytes = |byte| vec![byte; 1_024];
    let mut disk = Disk::new();
    let (handle, folder) = (7, 8);
    disk.apply(&Op::Create { handle, path: "a".to_owned() });
    disk.apply(&Op::Write { handle, at: 0, bytes: bytes(1) });
    disk.apply(&Op::SyncAsked { handle });
    disk.apply(&Op::Write { handle, at: 1_024, bytes: bytes(2) });
    disk.apply(&Op::SyncEnded { handle });
    let mut dice = Seeded::new(1);
    let found = |disk: &Disk, rest, dice: &mut Seeded| {
        let image = tempfile::tempdir().expect("a directory");
        disk.image(image.path(), rest, dice);
        std::fs::read(image.path().join("a")).ok()
    };
    assert_eq!(found(&disk, Rest::Lost, &mut dice), None, "nobody synced the folder");
    disk.handles.insert(folder, ROOT);
    disk.apply(&Op::SyncAsked { handle: folder });
    disk.apply(&Op::SyncEnded { handle: folder });
    let whole = [bytes(1), bytes(2)].concat();
    assert_eq!(found(&disk, Rest::Lost, &mut dice), Some(bytes(1)));
    assert_eq!(found(&disk, Rest::Kept, &mut dice), Some(whole.clone()));
    let chances: Vec<_> =
        (0..64).map(|_| found(&disk, Rest::Chance, &mut dice).expect("the file")).collect();
    assert!(chances.iter().all(|found| found.starts_with(&bytes(1))));
    assert!(chances.contains(&whole) && chances.contains(&bytes(1)));
    let torn = [bytes(1), vec![0; 512], vec![2; 512]].concat();
    assert!(chances.contains(&torn), "a later sector without the one before it");
}

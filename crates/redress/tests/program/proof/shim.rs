//! The libraries that are put before a program (`shim.c`, `full.c`): built by the C compiler that
//! the build needs anyway, once for each process of tests. The journal of the first is read here.
//! It must never be believed without a look: `power` holds what it saw against the files that are
//! really there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The built library, as LD_PRELOAD wants it.
pub fn library() -> String {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| build("shim")).clone()
}

/// The one that lets a disk be full.
pub fn full_disk() -> String {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(|| build("full")).clone()
}

fn build(name: &str) -> String {
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/program/proof");
    let here = sources.join(format!("{name}.c"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let own = folder.join(format!("{name}-{}.so", std::process::id()));
    let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler.args(["-O2", "-Wall", "-shared", "-fPIC", "-o"]).arg(&own).arg(&here);
    let done = compiler.args(["-ldl", "-lpthread"]).output().expect("the C compiler starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // Named by what it was made of, so that runs do not pile up; moved, so that it is whole.
    let digest = vault::digest::sha256(&std::fs::read(&here).expect("its source"));
    let built = folder.join(format!("{name}-{}.so", &vault::digest::hex(&digest)[..16]));
    std::fs::rename(&own, &built).expect("the library is moved");
    built.to_str().expect("a path").to_owned()
}

/// One thing that the program did. Paths are below the folder that is watched.
#[derive(Debug)]
pub enum Op {
    /// Opened what was there.
    Open {
        handle: u64,
        path: String,
    },
    /// Opened a file that was not there.
    Create {
        handle: u64,
        path: String,
    },
    Write {
        handle: u64,
        at: u64,
        bytes: Vec<u8>,
    },
    Size {
        handle: u64,
        bytes: u64,
    },
    SyncAsked {
        handle: u64,
    },
    SyncEnded {
        handle: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    Unlink {
        path: String,
    },
    MakeFolder {
        path: String,
    },
    RemoveFolder {
        path: String,
    },
    /// Mapped for writing: what is written so is not seen.
    Map {
        handle: u64,
    },
    /// Is about to say this to somebody.
    Said {
        text: Vec<u8>,
    },
}

/// The bytes of a record's head.
const HEAD_BYTES: usize = 32;

/// A journal as it was written, with the place in the file where each record ends.
pub struct Journal {
    pub ops: Vec<Op>,
    pub ends: Vec<u64>,
}

impl Journal {
    /// Reads it whole.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the journal reads");
        let (mut ops, mut ends, mut at) = (Vec::new(), Vec::new(), 0);
        while at < bytes.len() {
            let head = &bytes[at..at + HEAD_BYTES];
            let (path_bytes, data_bytes) = (small(head, 24), small(head, 28));
            let rest = &bytes[at + HEAD_BYTES..at + HEAD_BYTES + path_bytes + data_bytes];
            let (path, data) = rest.split_at(path_bytes);
            let path = String::from_utf8(path.to_vec()).expect("UTF-8");
            ops.push(op(small(head, 0), [large(head, 8), large(head, 16)], path, data));
            at += HEAD_BYTES + path_bytes + data_bytes;
            ends.push(u64::try_from(at).expect("a length"));
        }
        Self { ops, ends }
    }

    /// How many records there were when the file had so many bytes.
    pub fn records_at(&self, bytes: u64) -> usize {
        self.ends.partition_point(|end| *end <= bytes)
    }
}

fn small(head: &[u8], at: usize) -> usize {
    let bytes = head[at..at + 4].try_into().expect("four bytes");
    usize::try_from(u32::from_le_bytes(bytes)).expect("a number")
}

fn large(head: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"))
}

/// By the numbers of `shim.c`, in its order.
fn op(kind: usize, [handle, at]: [u64; 2], path: String, data: &[u8]) -> Op {
    let text = || String::from_utf8(data.to_vec()).expect("UTF-8");
    match kind {
        1 => Op::Open { handle, path },
        2 => Op::Create { handle, path },
        3 => Op::Write { handle, at, bytes: data.to_vec() },
        4 => Op::Size { handle, bytes: at },
        5 => Op::SyncAsked { handle },
        6 => Op::SyncEnded { handle },
        7 => Op::Rename { from: path, to: text() },
        8 => Op::Unlink { path },
        9 => Op::MakeFolder { path },
        10 => Op::RemoveFolder { path },
        11 => Op::Said { text: data.to_vec() },
        12 => Op::Map { handle },
        14 => Op::Link { from: path, to: text() },
        _ => panic!("the program changed a file in a way that is not replayed: {path}"),
    }
}

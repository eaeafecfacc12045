//! The library that is put before the program (`shim.c`): built by the C compiler that the build
//! needs anyway, once for each process of tests. Its journal is read here. It must never be
//! believed without a look: `power` holds what it saw against the files that are really there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The built library, as LD_PRELOAD wants it.
pub fn library() -> String {
    static BUILT: OnceLock<String> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> String {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/program/proof/shim.c");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let built = folder.join(format!("shim-{}.so", std::process::id()));
    let mut compiler = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()));
    compiler.args(["-O2", "-Wall", "-shared", "-fPIC", "-o"]).arg(&built).arg(&here);
    let done = compiler.args(["-ldl", "-lpthread"]).output().expect("the C compiler starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    built.to_str().expect("a path").to_owned()
}

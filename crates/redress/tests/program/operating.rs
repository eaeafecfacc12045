//! The commands of `docs/operating.md`, run in their order beside a running server: every block
//! that stands under `<!-- tested -->`. Paths and addresses of a whole machine become those of the
//! test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::support::Place;

const PAGE: &str = include_str!("../../../../docs/operating.md");

const MARK: &str = "<!-- tested -->\n```sh\n";

/// What stands before every block.
const PRELUDE: &str = "set -euo pipefail\nredressctl() { redress \"$@\"; }\n";

/// The blocks, and the heading that each stands under.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let starts = PAGE.match_indices(MARK).map(|(at, _)| at);
    let block = |at: usize| {
        let heading = PAGE[..at].lines().rev().find(|line| line.starts_with('#'));
        let text = PAGE[at + MARK.len()..].split("```").next();
        (heading.expect("a heading"), text.expect("an end"))
    };
    starts.map(block).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_on_the_page_work() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-1").code, 0);
    let scratch = tempfile::tempdir().expect("a folder");
    let root = scratch.path();
    let (backups, settings, data) = (root.join("backups"), root.join("etc"), root.join("data"));
    for folder in [&backups, &settings, &data] {
        fs::create_dir(folder).expect("a folder");
    }
    // The page is for years, and each night makes a backup: the newest counts.
    let old = backups.join("redress-20260101T000000Z.tar");
    assert_eq!(place.run(&["backup", old.to_str().expect("a path")]).code, 0);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    std::os::unix::fs::symlink(docs, root.join("docs")).expect("linked");
    // The program under the name that the page has.
    let program = root.join("bin");
    fs::create_dir(&program).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_redress"), program.join("redress"))
        .expect("linked");
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("set");

    let postgres = teststand::engines::fresh_postgres().await.replace('\'', "'\\''");
    let here = |text: &str| {
        text.replace("http://127.0.0.1:8080", &running.url)
            .replace("/usr/share/doc/redress", root.join("docs").to_str().expect("a path"))
            .replace("/var/backups/redress", backups.to_str().expect("a path"))
            .replace("/var/lib/redress", data.to_str().expect("a path"))
            .replace("/etc/redress", settings.to_str().expect("a path"))
            // There is no such user here.
            .replace("chown redress:", "chown \"$(id -un)\":")
            .replace(" -o redress -g redress", "")
            .replace("host=/run/postgresql user=redress dbname=redress", &postgres)
    };
    let all = blocks();
    assert!(all.len() >= 8, "{}", all.len());
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for (heading, block) in all {
        let mut shell = Command::new("bash");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REDRESS_")) {
            shell.env_remove(name);
        }
        shell.args(["-c", &format!("{PRELUDE}{}", here(block))]).current_dir(root);
        shell.env("PATH", &path).env("REDRESS_DIR", place.dir()).env("no_proxy", "127.0.0.1");
        let said = shell.output().expect("bash");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&said.stdout), text(&said.stderr));
        assert!(said.status.success(), "{heading}: {block}\n{out}\n{err}");
    }
    assert_eq!(running.stop(), 0);
}

#[test]
fn every_setting_on_the_page_is_one() {
    let defaults = include_str!("../../../../redress.default.toml");
    for block in PAGE.split("```toml\n").skip(1) {
        for line in block.split("```").next().expect("an end").lines() {
            let Some((key, _)) = line.split_once(" = ") else { continue };
            assert!(defaults.contains(&format!("\n{key} = ")), "there is no setting {key}");
        }
    }
}

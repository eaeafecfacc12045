//! What earlier releases left, opened by the program of today: every folder of `tests/releases`, on
//! the engine it was made on. It says nothing of the newest schema, so it holds for all that come.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::support::{Installed, Place, client};

/// Where the fixtures are.
const RELEASES: &str = "tests/releases";

/// The folders of all releases, oldest first.
pub fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(RELEASES);
    let entries = fs::read_dir(folder).expect("the releases").map(|entry| entry.expect("one"));
    let mut found: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    assert!(!found.is_empty(), "there is no fixture of any release");
    found
}

/// The data directory of a fixture, its database apart.
fn laid_out(place: Place, fixture: &Path) -> Installed {
    let dir = place.dir();
    fs::create_dir_all(dir.join("keys")).expect("a directory");
    let private = |path: &Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode is set");
    };
    private(&dir, 0o700);
    private(&dir.join("keys"), 0o700);
    let keys = fs::read_dir(fixture.join("keys")).expect("keys").map(|key| key.expect("one"));
    let keys = keys.map(|key| format!("keys/{}", key.file_name().display()));
    for name in keys.chain(["kind".to_owned(), "last-seal.json".to_owned()]) {
        fs::copy(fixture.join(&name), dir.join(&name)).expect("copied");
        // What git checks out, others may read.
        private(&dir.join(&name), 0o600);
    }
    let credentials = fs::read_to_string(fixture.join("credentials")).expect("credentials");
    let pairs: Vec<_> = credentials.lines().filter_map(|line| line.split_once('=')).collect();
    let api_key = pairs[0].1.to_owned();
    let set = |place: Place, (name, value): &(&str, &str)| place.set(name, value);
    Installed { place: pairs.iter().fold(place, set), api_key }
}

/// What a release left on PostgreSQL.
pub async fn on_postgres(release: &Path) -> Installed {
    let fixture = release.join("postgres");
    let url = teststand::engines::fresh_postgres().await;
    let tables = fs::File::open(fixture.join("database.sql")).expect("the fixture");
    let mut psql = Command::new("psql");
    psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &url]).stdin(tables);
    assert!(psql.stdout(Stdio::null()).status().expect("psql").success());
    let set = Place::new().set("REDRESS_STORAGE_ENGINE", "postgres");
    laid_out(set.set("REDRESS_STORAGE_URL", &url), &fixture)
}

/// Old cases are read, their histories hold, new reports come in, and the two go on together.
async fn works_on(installed: Installed, fixture: &Path) {
    let text = |name: &str| fs::read_to_string(fixture.join(name)).expect(name).trim().to_owned();
    let place = &installed.place;
    place.ok(&["migrate"]);
    place.ends(0, &["doctor"], &["ok     schema: at step", "ok     secrets", "ok     last seal"]);
    place.ends(0, &["audit", "verify"], &["1 histories", "nothing is wrong", "was looked for"]);

    // What that release kept no history of was written down as it stood.
    let history = ["history", "--tenant", "acme", "--env", "production"];
    place.ends(0, &history, &["found"]);

    let running = place.start(&["serve"]);
    let url = format!("{}/api/v1/cases/{}/timeline", running.url, text("case"));
    let credentials = text("credentials");
    let (_, token) = credentials.split_once("REDRESS_TOKEN=").expect("a token");
    let answer = client(None).get(url).bearer_auth(token).send().await.expect("an answer");
    let timeline = answer.text().await.expect("text");
    assert!(timeline.contains("zażółć gęślą jaźń"), "{fixture:?}: {timeline}");
    let again = installed.report(&running, "R-1");
    assert_eq!(again.code, 3, "the old case is still open: {again:?}");
    let new = installed.report(&running, "R-3");
    assert_eq!(new.code, 0, "{new:?}");
    assert_eq!(running.stop(), 0);
    place.ends(0, &["audit", "verify"], &["2 histories", "0 notes not yet sealed", "nothing is"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_release_is_opened_on_sqlite() {
    for release in releases() {
        let fixture = release.join("sqlite");
        let installed = laid_out(Place::new(), &fixture);
        let database = installed.place.dir().join("redress.db");
        let file = fs::File::create(database).expect("a database");
        let packed = fs::File::open(fixture.join("redress.db.gz")).expect("the fixture");
        let unpacked = Command::new("gzip").arg("-dc").stdin(packed).stdout(file).status();
        assert!(unpacked.expect("gzip").success());
        works_on(installed, &fixture).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_release_is_opened_on_postgres() {
    for release in releases() {
        works_on(on_postgres(&release).await, &release.join("postgres")).await;
    }
}

//! `serve` from an empty directory: one story on both engines, then what only a server does.

use std::path::Path;
use std::time::Duration;

use super::support::{Place, case_of, client, mails, until};

/// From nothing to a case with its mail, by commands alone.
fn story(place: Place) {
    let installed = place.installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    let address = std::fs::read_to_string(place.dir().join("address")).expect("an address");
    assert_eq!(address.trim(), running.url);

    let first = installed.report(&running, "R-1");
    assert_eq!(first.code, 0, "{first:?}");
    let case = case_of(&first.out);
    for word in ["Success", "Not credited", "acknowledge"] {
        assert!(first.out.contains(word), "{word}: {}", first.out);
    }
    let again = installed.report(&running, "R-1");
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.out.contains("Failed"), "{again:?}");
    assert_eq!(installed.report(&running, "R-2").code, 3, "a failed payment");
    let unknown = installed.report(&running, "R-9");
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.out.contains("Invalid transaction ID"), "{unknown:?}");

    let told = |text: &String| text.contains(&case) && text.contains("buyer@example.test");
    let dir = place.dir();
    until("one mail", Duration::from_secs(20), || mails(&dir).iter().any(told));
    assert_eq!(mails(&dir).iter().filter(|text| told(text)).count(), 1);

    // Beside the running server.
    place.ends(0, &["doctor"], &["a server runs here", &running.url]);
    place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &["another redress server", "--dir"]);
    assert_eq!(running.stop(), 0);
    assert!(!dir.join("address").exists());
    place.ends(0, &["doctor"], &["ok     last seal: number"]);
    place.ends(0, &["audit", "verify"], &["0 notes not yet sealed", "was looked for"]);
}

#[test]
fn from_an_empty_directory_on_sqlite() {
    story(Place::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_directory_on_postgres() {
    story(Place::on_postgres().await);
}

#[test]
fn credentials_take_effect_on_a_running_server() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    let known = installed.report(&running, "R-9");
    assert!(known.out.contains("400"), "{known:?}");

    let scope = ["--tenant", "acme", "--env", "production"];
    let key = place.json(&[&["key", "add", "--json"], &scope[..]].concat());
    let secret = place.file("secret", key["secret"].as_str().expect("a secret"));
    let new = key["api_key"].as_str().expect("a key");
    let args = ["report", "--url", &running.url, "--refid", "R-9", "--api-key", new];
    let with_new = || place.run(&[&args[..], &["--secret-file", &secret]].concat()).out;
    assert!(with_new().contains("400"), "a new key works at once");

    place.ok(&["key", "revoke", &installed.api_key, "--tenant", "acme"]);
    until("the revoked key is refused", Duration::from_secs(7), || {
        installed.report(&running, "R-9").out.contains("401")
    });
    assert!(with_new().contains("400"), "the other key still works");
    place.ends(0, &["key", "list", "--tenant", "acme"], &[&installed.api_key, "revoked", new]);
    place.ends(
        1,
        &["key", "revoke", &installed.api_key, "--tenant", "acme"],
        &["key list --tenant acme"],
    );
    assert_eq!(running.stop(), 0);
}

#[test]
fn keys_are_rotated_under_a_running_server() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-1").code, 0);
    let said = place.ok(&["keys", "rotate", "all"]);
    for word in ["new audit key: version 2", "new jwt key", "new sealing key", "sealed anew: 1 "] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // Longer than a key is believed, so that its secret is opened with the new key.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(installed.report(&running, "R-3").code, 0);
    assert_eq!(running.stop(), 0);
    place.ends(0, &["doctor"], &["ok     secrets: open with the keys here"]);
    place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_figures_are_served_when_set() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../courier/tests/tls");
    let file = |name: &str| files.join(name).to_str().expect("a path").to_owned();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let metrics = free.local_addr().expect("its address").to_string();
    drop(free);
    let place = Place::new()
        .set("REDRESS_SERVER_TLS_CERT_FILE", &file("localhost.pem"))
        .set("REDRESS_SERVER_TLS_KEY_FILE", &file("localhost.key"))
        .set("REDRESS_METRICS_LISTEN", &metrics);
    let running = place.start(&["serve"]);
    let port = running.url.strip_prefix("https://127.0.0.1:").expect("https");

    let https = client(Some(&files.join("authority.pem")));
    let health = https.get(format!("https://localhost:{port}/health")).send().await;
    let health = health.expect("an answer");
    assert_eq!((health.status().as_u16(), health.version()), (200, reqwest::Version::HTTP_2));
    let figures = client(None).get(format!("http://{metrics}/metrics")).send().await;
    let figures = figures.expect("an answer").text().await.expect("text");
    assert!(figures.contains("redress_http_requests"), "{figures}");
    let here = https.get(format!("https://localhost:{port}/metrics")).send().await;
    assert_eq!(here.expect("an answer").status(), 404, "figures are not for callers");
    assert_eq!(running.stop(), 0);
    place.ends(0, &["doctor"], &["certificate and key belong together"]);

    let wrong = place.set("REDRESS_SERVER_TLS_KEY_FILE", &file("authority.pem"));
    let said = ["server.tls_key_file", "private key"];
    wrong.ends(1, &["serve", "--listen", "127.0.0.1:0"], &said);
    wrong.ends(3, &["doctor"], &["WRONG  tls", "server.tls_key_file"]);
}

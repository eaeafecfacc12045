//! The edge over real sockets: a certificate that is renewed under a running server, and the
//! client's address behind proxies that are trusted and behind none.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::support::{Place, client, until};

/// A certificate of our own for `localhost`, with its key, good for so many days.
fn certify(folder: &Path, days: u32) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-days", &days.to_string(), "-keyout", "new.key", "-out", "new.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl").success());
    for name in ["key", "pem"] {
        let from = folder.join(format!("new.{name}"));
        std::fs::rename(from, folder.join(format!("now.{name}"))).expect("moved");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    certify(folder, 5);
    let file = |name: &str| folder.join(name).to_str().expect("a path").to_owned();
    let place = Place::new()
        .set("REDRESS_SERVER_TLS_CERT_FILE", &file("now.pem"))
        .set("REDRESS_SERVER_TLS_KEY_FILE", &file("now.key"));
    place.ok(&["migrate"]);
    place.ends(0, &["doctor"], &["note   tls", "renew it soon"]);
    let running = place.start(&["serve"]);
    let port = running.url.strip_prefix("https://127.0.0.1:").expect("https").to_owned();
    let health = format!("https://localhost:{port}/health");
    let before = client(Some(&folder.join("now.pem")));
    assert_eq!(before.get(&health).send().await.expect("an answer").status(), 200);

    // A pair that cannot be used changes nothing.
    std::fs::copy(folder.join("now.pem"), folder.join("kept.pem")).expect("kept");
    std::fs::write(folder.join("now.pem"), "nothing").expect("spoilt");
    running.hang_up();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let new_connection = client(Some(&folder.join("kept.pem")));
    assert_eq!(new_connection.get(&health).send().await.expect("the old one").status(), 200);

    certify(folder, 90);
    running.hang_up();
    let after = client(Some(&folder.join("now.pem")));
    let mut served = false;
    for _ in 0..100 {
        served = after.get(&health).send().await.is_ok();
        if served {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(served, "the new certificate is not served");
    let stale = client(Some(&folder.join("kept.pem")));
    assert!(stale.get(&health).send().await.is_err(), "the old one is served no more");
    place.ends(0, &["doctor"], &["ok     tls", "good until"]);
    assert_eq!(running.stop(), 0);
}

/// Wrong logins until the address is told to wait; each request names another client.
async fn is_slowed_down(hops: &str) -> bool {
    let place = Place::new().set("REDRESS_SERVER_TRUSTED_PROXIES", hops);
    let running = place.start(&["serve"]);
    let url = format!("{}/v2/token", running.url);
    let caller = client(None);
    let mut slowed = false;
    for number in 0..12 {
        let login = r#"{"username":"nobody","password":"wrong"}"#;
        let request = caller.post(&url).header("content-type", "application/json");
        let request = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        let answer = request.body(login).send().await.expect("an answer");
        slowed = slowed || answer.status() == 429;
    }
    assert_eq!(running.stop(), 0);
    slowed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_names_the_client_and_nobody_else_does() {
    assert!(is_slowed_down("0").await, "a stranger's header must not hide him");
    assert!(!is_slowed_down("1").await, "clients behind a proxy must not pay for each other");
}

#[test]
fn readiness_is_told_to_the_service_manager() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("socket");
    let heard = std::os::unix::net::UnixDatagram::bind(&path).expect("bound");
    heard.set_nonblocking(true).expect("set");
    let place = Place::new().set("NOTIFY_SOCKET", path.to_str().expect("a path"));
    let running = place.start(&["serve"]);
    let said = |word: &str| {
        let mut line = [0; 64];
        until(word, Duration::from_secs(10), || {
            heard.recv(&mut line).is_ok_and(|count| line[..count] == *word.as_bytes())
        });
    };
    said("READY=1");
    // Without a certificate there is nothing to read again, and nothing ends.
    running.hang_up();
    assert_eq!(running.stop(), 0);
    said("STOPPING=1");
}

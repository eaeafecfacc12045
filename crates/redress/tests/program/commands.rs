//! The commands alone: what they refuse and how they say it, imports, the doctor.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::support::{PAYMENTS, Place, until};

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let place = Place::new();
    let nothing_there = ["there is no data", "redress tenant add"];
    place.ends(1, &["tenant", "list"], &nothing_there);
    place.ends(1, &["audit", "verify"], &nothing_there);
    place.ends(3, &["doctor"], &nothing_there);
    assert!(!place.dir().exists(), "nothing was made");

    let add = ["tenant", "add", "acme", "--email"];
    let with = |email| [&add[..], &[email]].concat();
    place.ends(1, &with("ops"), &["--email", "ops"]);
    place.ends(1, &["tenant", "add", "Acme", "--email", "a@b.example"], &["lower case"]);
    place.ends(0, &with("ops@acme.example"), &["redress key add"]);
    place.ends(1, &with("ops@acme.example"), &["already", "redress tenant list"]);
    place.ends(0, &["tenant", "list"], &["acme  ops@acme.example  acme"]);

    let scope = ["--tenant", "acme", "--env", "production"];
    let to = |words: &[&'static str]| [words, &scope[..]].concat();
    place.ends(1, &["key", "add", "--tenant", "acne", "--env", "staging"], &["`acne`", "list"]);
    place.ends(2, &to(&["token", "add", "--role", "king", "--name", "x"]), &["supervisor"]);
    place.ends(1, &to(&["token", "add", "--role", "agent", "--name", " "]), &["--name"]);
    let login = to(&["login", "add", "--username", "acme", "--json"]);
    place.ends(0, &login, &["password"]);
    place.ends(1, &login, &["a login with this name already"]);
    let short = place.file("short", "1234567\n");
    let short = ["login", "add", "--username", "b", "--password-file", &short];
    place.ends(1, &[&short[..], &scope].concat(), &["at least 12 characters"]);
    for (url, word) in [("ftp://a.example/", "http"), ("nonsense", "--url")] {
        let webhook = [&["webhook", "add", "--url", url], &scope[..]].concat();
        place.ends(1, &webhook, &[word]);
    }
    let inside = to(&["webhook", "add", "--url", "http://10.0.0.1/hook"]);
    place.ends(1, &inside, &["endpoint-barred", "webhooks.allow"]);
    let secret = place.file("no-secret", "hunter2");
    let own = ["webhook", "add", "--url", "https://a.example/", "--secret-file", &secret];
    place.ends(1, &[&own[..], &scope].concat(), &["--secret-file"]);
    place.ends(0, &["migrate"], &["at step "]);
    place.ends(0, &["letters", "check"], &["can be written"]);
}

#[test]
fn letters_of_ones_own_are_checked() {
    let place = Place::new();
    let own = place.dir().with_file_name("letters");
    std::fs::create_dir_all(own.join("received")).expect("a folder");
    std::fs::write(own.join("received/subject.en.txt"), "{{ nonsense }}").expect("written");
    let place = place.set("REDRESS_LETTERS_DIR", own.to_str().expect("a path"));
    place.ends(3, &["letters", "check"], &["received/subject.en.txt", "built-in"]);
}

#[test]
fn an_import_says_what_became_of_every_row() {
    let place = Place::new();
    place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
    let scope = ["--tenant", "acme", "--env", "production"];
    let rows = format!(
        "{PAYMENTS}R-4,T-4,TNB,1,0,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,,\n\
         R-1,T-1,TNB,220001234513,9999,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,,\n"
    );
    let file = place.file("rows.csv", &rows);
    let import = [&["import", "transactions", &file], &scope[..]].concat();
    let side_file = format!("{file}.rejects.csv");
    place.ends(3, &import, &["3 new", "2 rejected", &side_file]);
    let rejects = std::fs::read_to_string(&side_file).expect("the side file");
    let lines: Vec<&str> = rejects.lines().collect();
    assert!(lines[1].starts_with("5,amount_minor:"), "{rejects}");
    assert!(lines[2].starts_with("6,amount_minor: differs"), "{rejects}");
    let mode = std::fs::metadata(&side_file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let later = PAYMENTS
        .replace("R-1,T-1,TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z", {
            "R-1,T-1,TNB,220001234513,1250,MYR,refunded,2026-01-06T10:11:12Z"
        });
    std::fs::write(&file, later).expect("written");
    place.ends(0, &import, &["0 new, 1 moved on, 2 as known"]);
    assert!(!std::path::Path::new(&side_file).exists(), "a clean import leaves none");
    let onto_itself = [&import[..], &["--rejects", &file]].concat();
    place.ends(1, &onto_itself, &["--rejects"]);
    assert!(std::path::Path::new(&file).exists());
    let bad = place.file("bad.csv", "refid,nonsense\n");
    place.ends(1, &[&["import", "transactions", &bad], &scope[..]].concat(), &["line 1"]);
}

#[test]
fn the_doctor_names_what_is_wrong_and_how_to_mend_it() {
    let installed = Place::new().installed();
    let place = &installed.place;
    place.ends(0, &["doctor"], &["ok     durability", "note   mail", "ok     clock"]);

    let chmod = |path: &std::path::Path, mode| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, rights).expect("rights");
    };
    chmod(&place.dir(), 0o755);
    place.ends(3, &["doctor"], &["WRONG  directory", "chmod 700", "1 to mend"]);
    chmod(&place.dir(), 0o700);
    let key = place.dir().join("keys/sealing-1.key");
    chmod(&key, 0o644);
    place.ends(3, &["doctor"], &["WRONG  keys", "chmod go="]);
    chmod(&key, 0o600);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (taken, address)).expect("its address");
    let settings = place.dir().join("redress.toml");
    let listen = format!("[server]\nlisten = \"{}\"\n", taken.1);
    std::fs::write(&settings, listen).expect("written");
    place.ends(0, &["doctor"], &["note   listening", "cannot be used", "server.listen"]);
    place.ends(1, &["serve"], &["is taken", "--listen"]);
    let smtp = "[mail]\ntransport = \"smtp\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = 1\n\
                smtp_tls = \"off\"\n";
    std::fs::write(&settings, smtp).expect("written");
    place.ends(3, &["doctor"], &["WRONG  mail", "127.0.0.1:1", "mail.smtp_host"]);
    std::fs::write(&settings, "[mail]\ntransprot = \"off\"\n").expect("written");
    place.ends(3, &["doctor"], &["WRONG  settings", "mail.transprot"]);
    place.ends(1, &["serve"], &["mail.transprot"]);
}

#[test]
fn lost_keys_are_never_replaced_by_new_ones() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let (keys, away) = (place.dir().join("keys"), place.dir().join("files/keys"));
    std::fs::rename(&keys, &away).expect("moved");
    let said = ["no keys", "restore them"];
    place.ends(1, &["tenant", "list"], &said);
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &said);
    std::fs::create_dir(&keys).expect("an empty folder");
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &said);
    std::fs::remove_dir(&keys).expect("removed");
    std::fs::rename(&away, &keys).expect("moved back");
    place.ends(0, &["tenant", "list"], &["acme"]);
}

/// Whoever reads may stop, as `head` does: the command ends at once, well and without a word. A
/// cursor would be behind rows that nobody saw.
#[test]
fn an_export_whose_reader_stops_ends_quietly() {
    const ROWS: usize = 6_000;
    let place = Place::new();
    place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
    let scope = ["--tenant", "acme", "--env", "production"];
    let mut rows = PAYMENTS.lines().next().expect("a head line").to_owned();
    for row in 0..ROWS {
        let at = "2026-01-05T10:11:12Z,2026-01-05T10:11:10Z";
        write!(rows, "\nP-{row},Q-{row},TNB,220001,1250,MYR,successful,{at},tnb,").expect("a text");
    }
    let file = place.file("many.csv", &rows);
    place.ok(&[&["import", "transactions", &file], &scope[..]].concat());
    // Far more than a pipe holds, so that it must notice.
    let whole = [&["export", "transactions"], &scope[..]].concat();
    let running = place.start(&["serve"]);
    until("a server numbers them all", Duration::from_secs(20), || {
        let said = place.run(&whole);
        assert!(said.code == 0 && said.err.contains("next: "), "{}", said.err);
        said.out.lines().count() == ROWS && said.out.len() > 512 * 1024
    });
    assert_eq!(running.stop(), 0);
    for format in ["jsonl", "csv"] {
        let args = [&["export", "transactions", "--format", format], &scope[..]].concat();
        let (first, said) = place.run_read_once(&args);
        assert!(!first.is_empty(), "{format}");
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{format}");
    }
    // Whoever takes everything out stands in the log of reads, at the machine itself too.
    let reads = place.ok(&[&["reads"], &scope[..]].concat());
    assert!(reads.contains("command line") && reads.contains("export"), "{reads}");
}

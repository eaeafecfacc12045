//! Credentials and endpoints as an operator handles them: listed, taken away, set anew by the
//! program itself; and a server that does not start without the keys that it would need.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
    command.arg("--dir").arg(dir).args(args).env("REDRESS_SERVER_LISTEN", "127.0.0.1:0");
    command.output().expect("the program starts")
}

fn told(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn good(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(output.status.success(), "{args:?}: {}", told(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn bad(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(!output.status.success(), "{args:?}: {}", told(&output));
    told(&output)
}

fn installation() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("data");
    good(&place, &["tenant", "add", "acme", "--email", "ops@acme.example"]);
    good(&place, &["tenant", "add", "other", "--email", "ops@other.example"]);
    dir
}

#[test]
fn tokens_are_listed_and_revoked_by_their_ids() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let add = ["token", "add", "--tenant", "acme", "--env", "production", "--role", "agent"];
    let made = good(dir, &[&add[..], &["--name", "ann", "--json"]].concat());
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let listed = good(dir, &["token", "list", "--tenant", "acme"]);
    assert!(listed.contains("production  agent  until ") && listed.contains("  ann"), "{listed}");
    assert!(!listed.contains(made["token"].as_str().expect("a token")), "{listed}");
    let id = listed.split_whitespace().next().expect("an id");
    assert!(id.starts_with("tk_") && id.len() == 19, "{id}");
    assert_eq!(good(dir, &["token", "list", "--tenant", "other"]), "");
    let why = bad(dir, &["token", "revoke", id, "--tenant", "other"]);
    assert!(why.contains("redress token list"), "{why}");
    good(dir, &["token", "revoke", id, "--tenant", "acme"]);
    assert!(good(dir, &["token", "list", "--tenant", "acme"]).contains("  revoked "));
    bad(dir, &["token", "revoke", id, "--tenant", "acme"]);
    let why = bad(dir, &[&add[..], &["--name", &"n".repeat(129)]].concat());
    assert!(why.contains("128"), "{why}");
}

#[test]
fn logins_are_listed_and_get_new_passwords() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let of = ["--tenant", "acme", "--env", "staging", "--username"];
    good(dir, &[&["login", "add"], &of[..], &["acme-1"]].concat());
    assert!(good(dir, &["login", "list", "--tenant", "acme"]).starts_with("acme-1  staging"));
    let set = good(dir, &[&["login", "password"], &of[..], &["acme-1", "--json"]].concat());
    let set: Value = serde_json::from_str(&set).expect("JSON");
    assert!(set["password"].as_str().is_some_and(|password| password.len() >= 12), "{set}");
    let why = bad(dir, &[&["login", "password"], &of[..], &["nobody"]].concat());
    assert!(why.contains("redress login list"), "{why}");
    let why = bad(dir, &[&["login", "add"], &of[..], &["a:b"]].concat());
    assert!(why.contains("1 to 128 visible ASCII"), "{why}");
}

#[test]
fn webhooks_that_lead_inside_are_refused_unless_they_are_meant() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let add = ["webhook", "add", "--tenant", "acme", "--env", "production", "--url"];
    let inside = ["http://127.0.0.1:9000/", "http://localhost:9000/"];
    for url in inside.into_iter().chain(["https://10.0.0.1/hook", "https://acme.example:22/"]) {
        let why = bad(dir, &[&add[..], &[url]].concat());
        assert!(why.contains("endpoint-barred") && why.contains("webhooks.allow"), "{url}: {why}");
    }
    // What the settings file allows, this command allows as the server does.
    let rule = "[webhooks]\nallow = [\"loopback:9000\"]\n";
    std::fs::write(dir.join("redress.toml"), rule).expect("written");
    for url in inside {
        good(dir, &[&add[..], &[url]].concat());
    }
    bad(dir, &[&add[..], &["http://localhost:9001/"]].concat());
    for url in ["http://", "acme.example", "ftp://acme.example/"] {
        bad(dir, &[&add[..], &[url]].concat());
    }
    let listed = good(dir, &["webhook", "list", "--tenant", "acme"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let id = listed.split_whitespace().next().expect("an id");
    bad(dir, &["webhook", "remove", id, "--tenant", "other"]);
    good(dir, &["webhook", "remove", id, "--tenant", "acme"]);
    bad(dir, &["webhook", "remove", id, "--tenant", "acme"]);
    let listed = good(dir, &["webhook", "list", "--tenant", "acme"]);
    assert!(listed.lines().next().is_some_and(|line| line.contains("removed")), "{listed}");
}

#[test]
fn a_server_without_a_key_in_use_does_not_start() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let copy = scratch.path().join("keys-of-before");
    let files = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).expect("a folder");
        std::fs::set_permissions(to, Permissions::from_mode(0o700)).expect("it is ours");
        for file in std::fs::read_dir(from).expect("keys") {
            let file = file.expect("a key");
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    };
    good(dir, &["key", "add", "--tenant", "acme", "--env", "staging"]);
    files(&dir.join("keys"), &copy);
    good(dir, &["keys", "rotate", "sealing"]);
    good(dir, &["key", "add", "--tenant", "acme", "--env", "staging"]);
    std::fs::rename(dir.join("keys"), dir.join("keys-of-now")).expect("moved");
    files(&copy, &dir.join("keys"));
    for (args, code) in [(["serve"], 1), (["doctor"], 3)] {
        let output = run(dir, &args);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("API key iimm_") && said.contains("backup"), "{said}");
    }
}

#[test]
fn an_account_is_run_from_the_command_line() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let at = ["--tenant", "acme", "--env", "production"];
    let run = |args: &[&str]| good(dir, &[args, &at[..]].concat());
    let fail = |args: &[&str]| bad(dir, &[args, &at[..]].concat());
    run(&["member", "add", "ann@acme.example", "--name", "Ann", "--role", "agent"]);
    let why = fail(&["member", "add", "ann@acme.example", "--name", "Ann", "--role", "agent"]);
    assert!(why.contains("redress member list"), "{why}");
    let token = run(&["token", "add", "--role", "agent", "--member", "ann@acme.example"]);
    assert!(token.starts_with("token  rdt_"), "{token}");
    let why = fail(&["token", "add", "--role", "agent", "--name", "Ann@acme.example"]);
    assert!(why.contains("--member Ann@acme.example"), "{why}");
    run(&["member", "change", "ann@acme.example", "--role", "supervisor"]);
    assert!(run(&["member", "list"]).contains("supervisor  ann@acme.example  Ann"));
    assert!(run(&["member", "invite", "ann@acme.example"]).contains("word  inv_"));
    run(&["member", "disable", "ann@acme.example"]);
    assert!(fail(&["member", "disable", "ann@acme.example"]).contains("already"));
    run(&["team", "add", "front-desk"]);
    run(&["team", "join", "front-desk", "ann@acme.example"]);
    assert!(run(&["team", "list"]).contains("front-desk  ann@acme.example"));
    run(&["queue", "add", "vouchers", "--team", "front-desk"]);
    run(&["queue", "change", "vouchers", "--name", "PINs"]);
    // As the flag was called before.
    run(&["queue", "change", "vouchers", "--label", "vouchers"]);
    run(&["queue", "retire", "vouchers"]);
    assert!(run(&["queue", "list"]).contains("vouchers  vouchers  of front-desk  retired "));
    run(&["queue", "add", "refunds", "--team", "front-desk"]);
    run(&["team", "retire", "front-desk"]);
    assert!(run(&["queue", "list"]).contains("refunds  of front-desk, which is retired"));
    assert!(fail(&["queue", "add", "intake"]).contains("queue"));
    run(&["setting", "set", "acknowledgement", "off"]);
    assert!(run(&["setting", "list"]).contains("acknowledgement  = off"));
    assert!(fail(&["setting", "set", "acknowledgement", "maybe"]).contains("on, off"));
    assert!(fail(&["setting", "set", "colour", "red"]).contains("sender-name"));
    run(&["message", "set", "iimmpact.received", "Danke; {contact} hilft."]);
    assert!(run(&["message", "list"]).contains("iimmpact.received  own  Danke"));
    assert!(fail(&["message", "set", "iimmpact.received", "{name}"]).contains("{contact}"));
    let key =
        good(dir, &[&["key", "add"], &at[..], &["--rights", "read-status", "--json"]].concat());
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let key = key["api_key"].as_str().expect("a key");
    good(dir, &["key", "rotate", key, "--tenant", "acme", "--hours", "2"]);
    let listed = good(dir, &["key", "list", "--tenant", "acme"]);
    assert!(listed.contains("  until ") && listed.contains("only read-status"), "{listed}");
    good(dir, &["tenant", "change", "acme", "--name", "Acme Pay"]);
    assert!(good(dir, &["tenant", "list"]).contains("Acme Pay"));
    let history = run(&["history"]);
    assert!(history.contains("command line  member-disable"), "{history}");
    let reads = run(&["reads"]);
    assert!(reads.lines().count() > 0 && reads.lines().all(|row| row.ends_with("members  all")));
    let by = ["reads", "--view", "members", "--subject", "all", "--by", "command line"];
    assert_eq!(run(&by), reads);
    assert_eq!(run(&["history", "--limit", "100000"]), history, "pages are put together");
    for other in [["--view", "case"], ["--subject", "C-1"], ["--by", "ann@acme.example"]] {
        assert_eq!(run(&[&["reads"], &other[..]].concat()), "", "{other:?}");
    }
    let environments = good(dir, &["environment", "list", "--tenant", "acme"]);
    assert!(environments.contains("staging  ") && environments.contains("production  "));
    let walked = good(dir, &["audit", "verify"]);
    assert!(walked.contains("acts of administration: nothing is wrong"), "{walked}");
}

#[test]
fn a_webhook_is_rotated_switched_and_tried() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let url = "https://acme.example/hooks";
    let add = ["webhook", "add", "--tenant", "acme", "--env", "production", "--url", url, "--json"];
    let made: Value = serde_json::from_str(&good(dir, &add)).expect("JSON");
    let id = made["id"].as_str().expect("an id");
    let on = |verb: &str| -> Vec<String> {
        ["webhook", verb, id, "--tenant", "acme"].iter().map(ToString::to_string).collect()
    };
    let run = |verb: &str| {
        let args = on(verb);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        good(dir, &args)
    };
    assert!(run("rotate").contains("whsec_"));
    run("test");
    run("remove");
    run("enable");
    assert_eq!(run("deliveries"), "", "nothing was spread without a server");
    bad(dir, &["webhook", "replay", "msg_00000000000000000000000000", "--tenant", "acme"]);
    for right in ["nope", "work-cases"] {
        let key = ["key", "add", "--tenant", "acme", "--env", "staging", "--rights", right];
        let why = bad(dir, &key);
        assert!(why.contains("there are report, read-status, read-payments"), "{why}");
    }
}

/// Every list and every act says the same in JSON, an object for each thing.
#[test]
fn whatever_is_listed_is_listed_as_json_too() {
    let scratch = installation();
    let dir = &scratch.path().join("data");
    let at = ["--tenant", "acme", "--env", "production", "--json"];
    let json = |args: &[&str]| -> Vec<Value> {
        let said = good(dir, &[args, &at[..]].concat());
        said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let member = json(&["member", "add", "ann@acme.example", "--name", "Ann", "--role", "agent"]);
    assert_eq!(member[0]["act"], "member-add");
    let password = json(&["member", "password", "ann@acme.example"]);
    assert!(password[0]["password"].as_str().is_some_and(|one| one.len() >= 12), "{password:?}");
    json(&["team", "add", "front-desk", "--name", "Front desk"]);
    json(&["queue", "add", "vouchers", "--team", "front-desk"]);
    json(&["key", "add", "--name", "till"]);
    json(&["token", "add", "--role", "agent", "--member", "ann@acme.example"]);
    json(&["login", "add", "--username", "acme-1"]);
    let hook = json(&["webhook", "add", "--url", "https://acme.example/hooks"]);
    json(&["webhook", "test", hook[0]["id"].as_str().expect("an id")]);
    for (list, field, value) in [
        ("member", "email", "ann@acme.example"),
        ("team", "name", "Front desk"),
        ("queue", "queue", "vouchers"),
        ("key", "name", "till"),
        ("token", "name", "ann@acme.example"),
        ("login", "username", "acme-1"),
        ("webhook", "url", "https://acme.example/hooks"),
        ("setting", "setting", "sender-name"),
        ("message", "message", "iimmpact.received"),
    ] {
        let rows = json(&[list, "list"]);
        assert!(rows.iter().any(|row| row[field] == value), "{list}: {rows:?}");
    }
    assert!(json(&["history"]).iter().any(|row| row["act"] == "queue-add"));
    assert!(json(&["reads"]).iter().all(|row| row["actor"] == "command line"));
    let accounts = good(dir, &["tenant", "list", "--json"]);
    let slugs = accounts.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert_eq!(slugs.map(|row| row["tenant"].clone()).collect::<Vec<_>>(), ["acme", "other"]);
    // A thing of one environment is not one of the other, when that is named.
    let elsewhere = ["key", "list", "--tenant", "acme", "--env", "staging", "--json"];
    assert_eq!(good(dir, &elsewhere), "");
}

//! The checks, one function each: none depends on another, and none needs the server to run or to
//! stand still.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use desk::outbox::FailedTries;
use domain::{Instant, Millis};
use tokio::net::TcpStream;
use tokio::time::timeout;
use vault::keyring::Keyring;

use super::{Finding, wrong};
use crate::clock;
use crate::directory::{Directory, DirectoryError};
use crate::settings::{EngineSetting, MailTransport, Settings};
use crate::wiring::{House, explained, keys_dir};
use crate::{seal_file, server};

/// Free space under which the database will soon refuse to write.
const FREE_MIB_MIN: u64 = 100;
/// Free space under which somebody should know.
const FREE_MIB_FEW: u64 = 1_024;
/// How long a mail server may take to accept a connection.
const MAIL_CONNECT_MAX: Duration = Duration::from_secs(5);
/// How far the clock may be behind what is stored: what the clocks of two nodes may differ by.
const BEHIND_MAX: Millis = Millis::minutes(1);
/// A machine that believes it is earlier than this has lost its clock.
const TOO_EARLY: Instant = Instant::from_seconds(1_735_689_600);
/// Days before its end by which a certificate is usually renewed.
const CERTIFICATE_DAYS_FEW: i64 = 14;
/// Messages waiting that are more than a busy moment.
const WAITING_MANY: i64 = 1_000;

pub(super) fn directory(directory: &Directory) -> Finding {
    let root = directory.root();
    let mode = match fs::metadata(root) {
        Ok(about) => about.permissions().mode() & 0o777,
        Err(why) => return cannot("look at", root, &why),
    };
    if mode & 0o077 != 0 {
        let shown = root.display();
        return Finding::Wrong(format!(
            "{shown} has mode {mode:o}, so others can look inside; chmod 700 {shown}"
        ));
    }
    writable(root).unwrap_or_else(|| {
        let kind = directory.kind().word();
        Finding::Good(format!("{}, made by `redress {kind}`", root.display()))
    })
}

/// What is wrong when no file can be made in `folder`.
fn writable(folder: &Path) -> Option<Finding> {
    let probe = folder.join(format!(".doctor.{}", std::process::id()));
    let tried = fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe));
    tried.err().map(|why| cannot("write into", folder, &why))
}

fn cannot(act: &str, path: &Path, why: &io::Error) -> Finding {
    Finding::Wrong(format!(
        "cannot {act} {}: {why}; run this as the user whom the server runs as, and give that user \
         the folder (chown, chmod 700)",
        path.display()
    ))
}

pub(super) fn disk(directory: &Directory) -> Finding {
    let about = match rustix::fs::statvfs(directory.root()) {
        Ok(about) => about,
        Err(why) => return cannot("ask about", directory.root(), &why.into()),
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize) >> 20;
    let said = format!("{free} MiB free");
    match free {
        0..FREE_MIB_MIN => Finding::Wrong(format!(
            "{said}, and the database needs room to write; free some, or move the directory"
        )),
        FREE_MIB_MIN..FREE_MIB_FEW => Finding::Note(format!("{said}; that is little")),
        _ => Finding::Good(said),
    }
}

pub(super) fn keys(directory: &Directory, settings: &Settings) -> Finding {
    let dir = keys_dir(directory, settings);
    match Keyring::open(&dir) {
        Ok(_) if settings.keys.dir.is_none() => Finding::Good(format!(
            "{} can be read; keep a backup apart from the database's",
            dir.display()
        )),
        Ok(_) => Finding::Good(format!("{} can be read", dir.display())),
        Err(why) => wrong(&why.into()),
    }
}

pub(super) fn letters(settings: &Settings) -> Finding {
    match crate::commands::letters::problems(settings) {
        Ok(problems) => match problems.first() {
            None => Finding::Good("all can be written".to_owned()),
            Some(first) => Finding::Wrong(format!(
                "{first}; `redress letters check` names all, and the built-in ones are used"
            )),
        },
        Err(why) => wrong(&why),
    }
}

pub(super) async fn mail(directory: &Directory, settings: &Settings) -> Finding {
    if let Err(why) = server::mail(&settings.mail, directory) {
        return wrong(&why);
    }
    match settings.mail.transport {
        MailTransport::Off => Finding::Note(
            "`mail.transport` is off: nobody is told by mail, and each timeline says so".to_owned(),
        ),
        MailTransport::File => writable(&directory.mail()).unwrap_or_else(|| {
            Finding::Note(format!(
                "mails become files in {}; set `mail.transport` to smtp to send them",
                directory.mail().display()
            ))
        }),
        MailTransport::Smtp => {
            let host = settings.mail.smtp_host.clone().unwrap_or_default();
            mail_server(&host, settings.mail.smtp_port).await
        }
    }
}

async fn mail_server(host: &str, port: u16) -> Finding {
    let why = match timeout(MAIL_CONNECT_MAX, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Finding::Good(format!("{host}:{port} accepts connections")),
        Ok(Err(why)) => why.to_string(),
        Err(_) => format!("no answer within {} s", MAIL_CONNECT_MAX.as_secs()),
    };
    Finding::Wrong(format!(
        "the mail server {host}:{port} cannot be reached: {why}; look at `mail.smtp_host`, \
         `mail.smtp_port` and the firewall; mails wait meanwhile"
    ))
}

pub(super) fn webhooks(settings: &Settings) -> Finding {
    match server::guard(&settings.webhooks) {
        Ok(_) if settings.webhooks.allow.is_empty() => {
            Finding::Good("may go to public addresses".to_owned())
        }
        Ok(_) => {
            let allowed = settings.webhooks.allow.join(", ");
            Finding::Good(format!("may go to public addresses and to {allowed}"))
        }
        Err(why) => wrong(&why),
    }
}

pub(super) fn listening(directory: &Directory, settings: &Settings) -> Finding {
    if let Err(DirectoryError::Locked { by, .. }) = directory.lock() {
        let place = fs::read_to_string(directory.address()).unwrap_or_default();
        return Finding::Good(format!("a server runs here{by}: {}", place.trim()));
    }
    let address = settings.server.listen;
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("no server runs here; {address} is free")),
        Err(why) => Finding::Note(format!(
            "no server runs here, and {address} cannot be used: {why}; set `server.listen`, or \
             start with --listen"
        )),
    }
}

pub(super) fn tls(settings: &Settings) -> Finding {
    match server::Certificates::read(&settings.server) {
        Ok(Some(certificates)) => certificate(certificates.until(), clock::now()),
        Ok(None) if settings.server.listen.ip().is_loopback() => {
            Finding::Good("not used; only this machine can call".to_owned())
        }
        Ok(None) => Finding::Note(format!(
            "not used, and {} can be reached by others: put a proxy with TLS in front, or set \
             `server.tls_cert_file` and `server.tls_key_file`",
            settings.server.listen
        )),
        Err(why) => wrong(&why),
    }
}

/// What is to be said of a certificate that is good until then.
fn certificate(until: Option<Instant>, now: Instant) -> Finding {
    let together = "certificate and key belong together";
    let Some(until) = until else {
        return Finding::Note(format!("{together}; until when it is good does not read"));
    };
    let time = jiff::Timestamp::from_millisecond(until.millis()).unwrap_or_default();
    let day = time.strftime("%Y-%m-%d");
    let days = until.since(now).0 / Millis::days(1).0;
    if until <= now {
        return Finding::Wrong(format!(
            "the certificate ended on {day}, and clients refuse it; renew it, and a running server \
             reads it again by itself"
        ));
    }
    match days {
        0..CERTIFICATE_DAYS_FEW => Finding::Note(format!(
            "{together}; the certificate ends on {day}, in {days} days: renew it soon"
        )),
        _ => Finding::Good(format!("{together}; good until {day}")),
    }
}

pub(super) fn schema(house: &House) -> Finding {
    let newest = house.migrated.newest;
    match house.migrated.applied.len() {
        0 => Finding::Good(format!("at step {newest}")),
        count => Finding::Note(format!("was {count} steps behind; brought to step {newest} now")),
    }
}

pub(super) async fn durability(house: &House) -> Finding {
    let settings = match house.db.durability().await {
        Ok(settings) => settings,
        Err(why) => return wrong(&why.into()),
    };
    let shown = |sound: bool| {
        let some = settings.iter().filter(|one| one.sound == sound);
        some.map(|one| format!("{} = {}", one.name, one.value)).collect::<Vec<_>>().join(", ")
    };
    if settings.iter().all(|one| one.sound) {
        return Finding::Good(format!("commits survive a power cut: {}", shown(true)));
    }
    let where_to = match house.settings.storage.engine {
        EngineSetting::Sqlite => "this program sets them, so the file lies on a bad file system",
        EngineSetting::Postgres => "mend them in postgresql.conf",
    };
    Finding::Wrong(format!("a power cut can lose commits: {}; {where_to}", shown(false)))
}

/// Whether the keys here are those that sealed what is in the database.
pub(super) async fn secrets(house: &House) -> Finding {
    let tenants = match house.desk.tenants().await {
        Ok(tenants) => tenants,
        Err(failure) => return wrong(&explained(failure)),
    };
    if tenants.is_empty() {
        return Finding::Note("no accounts yet; `redress tenant add` makes one".to_owned());
    }
    match house.desk.open_all_secrets().await {
        Ok(count) => Finding::Good(format!(
            "open with the keys here: all {count}; {} accounts",
            tenants.len()
        )),
        Err(failure) => wrong(&explained(failure)),
    }
}

pub(super) async fn clock(house: &House) -> Finding {
    let now = clock::now();
    let sealed = match house.desk.last_seal().await {
        Ok(last) => last.map(|last| last.seal.at),
        Err(failure) => return wrong(&explained(failure)),
    };
    let latest = sealed.unwrap_or(TOO_EARLY).max(house.directory.made_at());
    let shown = |at: Instant| {
        let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    };
    if now < TOO_EARLY || now.plus(BEHIND_MAX) < latest {
        return Finding::Wrong(format!(
            "it says {}, but things were stored at {}; set the machine's clock by NTP, since \
             signed requests are refused when it is off by five minutes",
            shown(now),
            shown(latest)
        ));
    }
    Finding::Good(format!("{}, after everything that is stored", shown(now)))
}

pub(super) async fn last_seal(house: &House) -> Finding {
    let path = house.last_seal_file();
    let last = match house.desk.last_seal().await {
        Ok(last) => last,
        Err(failure) => return wrong(&explained(failure)),
    };
    if !path.is_file() {
        return match last {
            None => Finding::Good("nothing to seal yet".to_owned()),
            Some(_) => Finding::Note(format!("{} is missing; a server writes it", path.display())),
        };
    }
    let kept = match seal_file::read(&house.desk, &path) {
        Ok(kept) => kept.seal,
        Err(why) => return wrong(&why),
    };
    match last {
        Some(last) if last.seal.seq >= kept.seq => {
            let minutes = clock::now().since(last.seal.at).0 / Millis::minutes(1).0;
            Finding::Good(format!("number {}, {minutes} minutes old", last.seal.seq))
        }
        _ => Finding::Wrong(format!(
            "{} holds seal {}, which the database lacks: it was set back or replaced; `redress \
             audit verify` says more",
            path.display(),
            kept.seq
        )),
    }
}

pub(super) async fn outbox(house: &House) -> Finding {
    let seen = async {
        Ok::<_, desk::Failure>((
            house.desk.waiting_messages().await?,
            house.desk.failed_tries().await?,
        ))
    };
    match seen.await {
        Ok((waiting, failed)) => outbox_finding(waiting, failed),
        Err(failure) => wrong(&explained(failure)),
    }
}

/// What fails now is to be mended; what was given up stays for ever, so it is only told.
fn outbox_finding(waiting: i64, failed: FailedTries) -> Finding {
    let FailedTries { waiting: failing, given_up } = failed;
    let why = "each case's timeline says why";
    if failing > 0 {
        return Finding::Wrong(format!(
            "{failing} of {waiting} waiting messages failed and are tried again, {given_up} were \
             given up: {why}; look at the log, the checks of mail and webhooks above, and the \
             receivers"
        ));
    }
    match (given_up, waiting) {
        (1.., _) => Finding::Note(format!(
            "{waiting} messages wait to be sent, {given_up} were given up: {why}"
        )),
        (_, ..WAITING_MANY) => Finding::Good(format!("{waiting} messages wait to be sent")),
        _ => Finding::Note(format!(
            "{waiting} messages wait to be sent: is a server running, and does it reach them?"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_fail_are_told() {
        let found = |waiting, failing, given_up| {
            outbox_finding(waiting, FailedTries { waiting: failing, given_up })
        };
        assert!(matches!(found(3, 0, 0), Finding::Good(_)));
        assert!(matches!(found(0, 0, 2), Finding::Note(said) if said.contains("2 were given up")));
        assert!(matches!(found(WAITING_MANY, 0, 0), Finding::Note(_)));
        assert!(matches!(found(3, 2, 1), Finding::Wrong(said) if said.contains("2 of 3")));
    }

    #[test]
    fn a_certificate_that_ends_is_told() {
        let now = Instant::from_seconds(1_800_000_000);
        let in_days = |days| Some(Instant::from_millis(now.millis() + Millis::days(days).0));
        assert!(matches!(certificate(in_days(0), now), Finding::Wrong(_)));
        assert!(matches!(certificate(in_days(-9), now), Finding::Wrong(_)));
        assert!(
            matches!(certificate(in_days(13), now), Finding::Note(said) if said.contains("13"))
        );
        assert!(matches!(certificate(in_days(14), now), Finding::Good(_)));
        assert!(matches!(certificate(None, now), Finding::Note(_)));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_wrong() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        assert_eq!(writable(scratch.path()), None);
        assert_eq!(fs::read_dir(scratch.path()).expect("it is there").count(), 0);
        let missing = scratch.path().join("missing");
        let found = writable(&missing);
        assert!(matches!(found, Some(Finding::Wrong(said)) if said.contains("missing")));
    }
}

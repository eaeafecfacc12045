//! The checks, one function each: none depends on another, and none needs the server to run or to
//! stand still.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use domain::{Env, Instant, Millis};
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
    let probe = root.join(format!(".doctor.{}", std::process::id()));
    match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) => {
            let kind = directory.kind().word();
            Finding::Good(format!("{}, made by `redress {kind}`", root.display()))
        }
        Err(why) => cannot("write into", root, &why),
    }
}

fn cannot(act: &str, path: &Path, why: &io::Error) -> Finding {
    Finding::Wrong(format!(
        "cannot {act} {}: {why}; run this as the user whom the server runs as",
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
        MailTransport::File => Finding::Note(format!(
            "mails become files in {}; set `mail.transport` to smtp to send them",
            directory.mail().display()
        )),
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
    match server::tls(&settings.server) {
        Ok(Some(_)) => Finding::Good("certificate and key belong together".to_owned()),
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
    for tenant in &tenants {
        for env in Env::ALL {
            let scope = domain::Scope::new(tenant.id, env);
            let opened = async {
                if let Some(key) = house.desk.keys_of(scope).await?.first() {
                    house.desk.open_key(&key.id).await?;
                }
                house.desk.open_endpoints(scope).await
            };
            if let Err(failure) = opened.await {
                return wrong(&explained(failure));
            }
        }
    }
    Finding::Good(format!("open with the keys here; {} accounts", tenants.len()))
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
    match house.desk.waiting_messages().await {
        Ok(waiting) if waiting < WAITING_MANY => {
            Finding::Good(format!("{waiting} messages wait to be sent"))
        }
        Ok(waiting) => Finding::Note(format!(
            "{waiting} messages wait to be sent: is a server running, and does it reach them?"
        )),
        Err(failure) => wrong(&explained(failure)),
    }
}

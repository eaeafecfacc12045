//! The courier with what was set: who writes, by which road mail goes, where webhooks may go, what
//! the letters say.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use courier::email::smtp::{Smtp, SmtpSettings, TlsPolicy};
use courier::email::{Folder, Mailbox, Sender, Transport};
use courier::guard::{Allow, Guard, GuardSettings, OpenError, Roots};
use courier::letter::{Letters, Problem};
use courier::sweep::{Caps, Courier, Tools};
use vault::Secret;

use crate::directory::Directory;
use crate::settings::{LetterSettings, MailSettings, MailTransport, SmtpTls, WebhookSettings};
use crate::wiring::{House, text_of};

/// The courier, ready to run.
///
/// # Errors
/// Something that was set for mail or webhooks cannot be used.
pub(super) fn start_courier(house: &House) -> anyhow::Result<Arc<Courier>> {
    let settings = &house.settings;
    let (letters, problems) = letters(&settings.letters)?;
    for problem in problems {
        tracing::error!(%problem, "a letter of yours is not used; the built-in one is");
    }
    let (mail, webhooks) = (&settings.mail, &settings.webhooks);
    let guard = guard(webhooks)?;
    let judge = guard.clone();
    house.desk.judge_endpoints_by(Box::new(move |url| {
        judge.check(url).map(drop).map_err(|why| why.to_string())
    }));
    let tools = Tools {
        guard,
        webhook_timeout: Duration::from_millis(webhooks.timeout_ms),
        letters,
        transport: transport(mail, &house.directory)?,
        sender: sender(mail)?,
        caps: Caps {
            per_address: i64::from(mail.per_address_per_day),
            per_key: i64::from(mail.per_key_per_day),
        },
    };
    Ok(Courier::new(house.desk.clone(), tools))
}

/// The letters, with the operator's own over them, and what is wrong with those.
///
/// # Errors
/// A built-in letter is broken.
pub fn letters(letters: &LetterSettings) -> anyhow::Result<(Letters, Vec<Problem>)> {
    match &letters.dir {
        Some(folder) => Ok(Letters::with_overlay(folder)?),
        None => Ok((Letters::built_in()?, Vec::new())),
    }
}

/// The guarded client for webhooks.
///
/// # Errors
/// A rule or the certificates cannot be read.
pub fn guard(webhooks: &WebhookSettings) -> anyhow::Result<Guard> {
    let rules: Result<Vec<Allow>, _> = webhooks.allow.iter().map(|rule| rule.parse()).collect();
    let roots = match &webhooks.tls_ca_file {
        Some(path) => Roots::Bundle(pem(path).context("the setting `webhooks.tls_ca_file`")?),
        None => Roots::System,
    };
    let mut settings = GuardSettings {
        allow: rules.context("the setting `webhooks.allow`")?,
        roots,
        connect_timeout: Duration::from_millis(webhooks.connect_timeout_ms),
    };
    match Guard::open(&settings) {
        // A machine without authorities still takes reports, sends mail, and calls http.
        Err(why @ OpenError::NoClient { .. }) if webhooks.tls_ca_file.is_none() => {
            tracing::error!(%why, "https webhooks fail until that is mended; all else runs");
            settings.roots = Roots::None;
            Ok(Guard::open(&settings)?)
        }
        opened => Ok(opened?),
    }
}

fn pem(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Tries everything that was set for mail; nothing is sent.
///
/// # Errors
/// What of it cannot be used.
pub fn mail(mail: &MailSettings, directory: &Directory) -> anyhow::Result<()> {
    sender(mail)?;
    transport(mail, directory)?;
    Ok(())
}

fn sender(mail: &MailSettings) -> anyhow::Result<Sender> {
    let from = Mailbox::parse(&mail.from).context("the setting `mail.from`")?;
    let reply_to = mail.reply_to.as_deref().map(Mailbox::parse).transpose();
    Ok(Sender { from, reply_to: reply_to.context("the setting `mail.reply_to`")? })
}

fn transport(mail: &MailSettings, directory: &Directory) -> anyhow::Result<Transport> {
    match mail.transport {
        MailTransport::Off => Ok(Transport::Off),
        MailTransport::File => {
            let folder = directory.mail();
            let opened = Folder::open(&folder)
                .with_context(|| format!("making the folder of mails {}", folder.display()))?;
            Ok(Transport::Folder(opened))
        }
        MailTransport::Smtp => Ok(Transport::Smtp(Box::new(smtp(mail)?))),
    }
}

fn smtp(mail: &MailSettings) -> anyhow::Result<Smtp> {
    let login = match (&mail.smtp_user, &mail.smtp_password_file) {
        (Some(user), Some(path)) => {
            let password = text_of(path).context("the setting `mail.smtp_password_file`")?;
            Some((user.clone(), Secret::new(password)))
        }
        _ => None,
    };
    let roots = mail.smtp_ca_file.as_deref().map(pem).transpose();
    let settings = SmtpSettings {
        host: mail.smtp_host.clone().ok_or_else(|| anyhow!("`mail.smtp_host` is not set"))?,
        port: mail.smtp_port,
        tls: match mail.smtp_tls {
            SmtpTls::Starttls => TlsPolicy::Required,
            SmtpTls::Tls => TlsPolicy::Implicit,
            SmtpTls::Off => TlsPolicy::Off,
        },
        roots: roots.context("the setting `mail.smtp_ca_file`")?,
        login,
        timeout: Duration::from_millis(mail.smtp_timeout_ms),
    };
    Ok(Smtp::open(settings)?)
}

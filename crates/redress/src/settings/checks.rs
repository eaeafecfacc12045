//! What the types of the settings do not say: ranges, and settings that need each other. One table
//! for the ranges; each line is a limit with its unit in the key.

use super::{
    EngineSetting, MailTransport, ScannerSetting, Settings, SettingsError, StorageSetting,
};

/// Refuses what cannot work, before anything is opened.
pub fn check(settings: &Settings) -> Result<(), SettingsError> {
    for (key, value, least, most) in ranges(settings) {
        if !(least..=most).contains(&value) {
            return Err(unfit(key, format!("is {value}, but must be from {least} to {most}")));
        }
    }
    check_server(settings)?;
    check_storage(settings)?;
    check_mail(settings)?;
    check_evidence(settings)?;
    check_iimmpact(settings)
}

/// Key, value, least, most.
fn ranges(settings: &Settings) -> [(&'static str, u64, u64, u64); 29] {
    /// A tenth of a second to ten minutes: below, a busy machine fails; above, nobody waits.
    const MS: (u64, u64) = (100, 600_000);
    /// The courier ends every sending by then, to be done within its lease.
    const SENDING_MS_MAX: u64 = courier::sweep::SENDING_MAX.as_secs() * 1_000;
    /// A body must hold a report, and must fit into memory many times over.
    const BODY: (u64, u64) = (16_384, 64 << 20);
    /// A preview holds one in memory, and clamd's own limit is 2 GB.
    const FILE_MAX: u64 = 1 << 30;
    let (server, storage, mail) = (&settings.server, &settings.storage, &settings.mail);
    let (hooks, iimmpact) = (&settings.webhooks, &settings.iimmpact);
    let files = &settings.evidence;
    [
        ("server.trusted_proxies", u64::from(server.trusted_proxies), 0, 10),
        ("server.connections_max", u64::from(server.connections_max), 1, 65_536),
        ("server.tls_handshake_timeout_ms", server.tls_handshake_timeout_ms, MS.0, MS.1),
        ("server.first_byte_timeout_ms", server.first_byte_timeout_ms, MS.0, MS.1),
        ("server.header_timeout_ms", server.header_timeout_ms, MS.0, MS.1),
        ("server.request_timeout_ms", server.request_timeout_ms, MS.0, MS.1),
        ("server.drain_timeout_s", server.drain_timeout_s, 0, 600),
        ("storage.readers", u64::from(storage.readers), 1, 64),
        ("storage.writers", u64::from(storage.writers), 1, 16),
        ("mail.smtp_port", u64::from(mail.smtp_port), 1, 65_535),
        ("mail.smtp_timeout_ms", mail.smtp_timeout_ms, MS.0, SENDING_MS_MAX),
        ("mail.per_address_per_day", u64::from(mail.per_address_per_day), 1, 10_000),
        ("mail.per_key_per_day", u64::from(mail.per_key_per_day), 1, 10_000_000),
        ("webhooks.connect_timeout_ms", hooks.connect_timeout_ms, MS.0, MS.1),
        ("webhooks.timeout_ms", hooks.timeout_ms, MS.0, SENDING_MS_MAX),
        ("iimmpact.window_s", u64::from(iimmpact.window_s), 1, 3_600),
        ("iimmpact.addresses_max", u64::from(iimmpact.addresses_max), 1, 100),
        ("iimmpact.body_bytes_max", u64::from(iimmpact.body_bytes_max), BODY.0, BODY.1),
        ("native.body_bytes_max", u64::from(settings.native.body_bytes_max), BODY.0, BODY.1),
        (
            "native.requests_per_minute",
            u64::from(settings.native.requests_per_minute),
            1,
            1_000_000,
        ),
        ("evidence.file_bytes_max", files.file_bytes_max, 1, FILE_MAX),
        ("evidence.files_max", u64::from(files.files_max), 1, 100),
        ("evidence.request_bytes_max", files.request_bytes_max, 1, 4 * FILE_MAX),
        ("evidence.upload_timeout_s", u64::from(files.upload_timeout_s), 1, 3_600),
        ("evidence.upload_idle_timeout_s", u64::from(files.upload_idle_timeout_s), 1, 3_600),
        ("evidence.orphan_grace_s", u64::from(files.orphan_grace_s), 1, 90 * 86_400),
        ("evidence.sweep_period_s", u64::from(files.sweep_period_s), 1, 86_400),
        ("evidence.scanner_timeout_ms", files.scanner_timeout_ms, MS.0, MS.1),
        ("audit.seal_period_s", u64::from(settings.audit.seal_period_s), 1, 86_400),
    ]
}

fn check_server(settings: &Settings) -> Result<(), SettingsError> {
    let server = &settings.server;
    if server.tls_cert_file.is_some() != server.tls_key_file.is_some() {
        let why = "and `server.tls_key_file` go together: set both or neither";
        return Err(unfit("server.tls_cert_file", why.to_owned()));
    }
    if let Some(url) = &server.public_url {
        let plain = url.starts_with("https://") || url.starts_with("http://");
        if !plain || url.ends_with('/') || url.contains(['?', '#', ' ']) {
            let why = "must begin with https:// or http:// and must not end with a slash";
            return Err(unfit("server.public_url", why.to_owned()));
        }
    }
    let hosts = &settings.hosts;
    for (key, names) in [("production", &hosts.production), ("staging", &hosts.staging)] {
        if hosts.enforced && names.is_empty() {
            let why = format!("is on, so `hosts.{key}` needs at least one host name");
            return Err(unfit("hosts.enforced", why));
        }
    }
    match hosts.production.iter().find(|name| hosts.staging.contains(name)) {
        Some(name) => Err(unfit("hosts.staging", format!("holds {name}, and so does production"))),
        None => Ok(()),
    }
}

fn check_storage(settings: &Settings) -> Result<(), SettingsError> {
    let storage = &settings.storage;
    let given = usize::from(storage.url.is_some()) + usize::from(storage.url_file.is_some());
    match (storage.engine, given) {
        (EngineSetting::Sqlite, 0) | (EngineSetting::Postgres, 1) => Ok(()),
        (EngineSetting::Sqlite, _) => {
            let why =
                "is given, but `storage.engine` is sqlite; set it to postgres or drop the url";
            Err(unfit("storage.url", why.to_owned()))
        }
        (EngineSetting::Postgres, _) => {
            let why =
                "is postgres, so exactly one of `storage.url` and `storage.url_file` is needed";
            Err(unfit("storage.engine", why.to_owned()))
        }
    }
}

fn check_mail(settings: &Settings) -> Result<(), SettingsError> {
    let mail = &settings.mail;
    if mail.transport == MailTransport::Smtp && mail.smtp_host.is_none() {
        let why = "is smtp, so `mail.smtp_host` is needed";
        return Err(unfit("mail.transport", why.to_owned()));
    }
    if mail.smtp_user.is_some() != mail.smtp_password_file.is_some() {
        let why = "and `mail.smtp_password_file` go together: set both or neither";
        return Err(unfit("mail.smtp_user", why.to_owned()));
    }
    let senders = [("mail.from", Some(&mail.from)), ("mail.reply_to", mail.reply_to.as_ref())];
    for (key, sender) in senders {
        if sender.is_some_and(|sender| !is_sender(sender)) {
            let why = "must be an address, as in `Support <support@example.com>`";
            return Err(unfit(key, why.to_owned()));
        }
    }
    Ok(())
}

fn check_evidence(settings: &Settings) -> Result<(), SettingsError> {
    let files = &settings.evidence;
    let (request, file) = (files.request_bytes_max, files.file_bytes_max);
    if request <= file {
        let why = "must be above `evidence.file_bytes_max`, or no such file arrives";
        return Err(unfit("evidence.request_bytes_max", why.to_owned()));
    }
    // The body, then the scanner, the storage and the commit.
    let longest =
        u64::from(files.upload_timeout_s) + 2 * settings.server.request_timeout_ms.div_ceil(1_000);
    if u64::from(files.orphan_grace_s) <= longest {
        let why = format!("must be above {longest}: so long a request with files may take");
        return Err(unfit("evidence.orphan_grace_s", why));
    }
    if files.storage == StorageSetting::S3 && files.s3_bucket.is_none() {
        let why = "is s3, so `evidence.s3_bucket` is needed";
        return Err(unfit("evidence.storage", why.to_owned()));
    }
    if files.s3_access_key.is_some() != files.s3_secret_file.is_some() {
        let why = "and `evidence.s3_secret_file` go together: set both or neither";
        return Err(unfit("evidence.s3_access_key", why.to_owned()));
    }
    let clamd = evidence::scan::clamd::Address::parse(&files.clamd_address);
    if files.scanner == ScannerSetting::Clamd && clamd.is_none() {
        let why = "must be unix:/PATH or tcp:HOST:PORT";
        return Err(unfit("evidence.clamd_address", why.to_owned()));
    }
    let program = files.scanner_command.first().is_some_and(|word| word.starts_with('/'));
    if files.scanner == ScannerSetting::Command && !program {
        let why = "must begin with the whole path of a program";
        return Err(unfit("evidence.scanner_command", why.to_owned()));
    }
    Ok(())
}

fn check_iimmpact(settings: &Settings) -> Result<(), SettingsError> {
    match domain::address::Address::parse(&settings.iimmpact.contact) {
        Ok(_) => Ok(()),
        Err(why) => Err(unfit("iimmpact.contact", format!("is no address: {why}"))),
    }
}

/// An address, or a name with an address in angle brackets; on one line.
fn is_sender(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or(""),
        None => text,
    };
    !text.contains(char::is_control) && domain::address::Address::parse(address).is_ok()
}

fn unfit(key: &str, why: String) -> SettingsError {
    SettingsError::Unfit { place: "settings".to_owned(), key: key.to_owned(), why }
}

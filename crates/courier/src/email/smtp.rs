//! Mail to a server by SMTP. The server is the operator's own choice, so it is not judged by the
//! guard; its name must never come from a caller. One bad address never keeps the mail from the
//! others, and no password crosses a line that was meant to be encrypted and is not.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::address::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, timeout};
use vault::Secret;

use super::{Composed, Sent, Taken, for_lettre};

/// An idle connection is used again for so long. Servers close them after a minute or more; what
/// is younger than this is most likely open.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Connections kept, as many as mails are sent at a time.
const KEPT_MAX: usize = 8;
/// Longest piece of a server's reply that is kept, in characters.
const SAID_CHARS_MAX: usize = 200;

/// How the line is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPolicy {
    /// Not at all: for a relay on this machine or a private line.
    Off,
    /// By STARTTLS when the server offers it. Anybody on the line can take the offer away.
    Opportunistic,
    /// By STARTTLS or not at all.
    Required,
    /// From the first byte.
    Implicit,
}

/// The server and how to speak to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have.
    pub host: String,
    /// TCP port: 25, 465, 587 …
    pub port: u16,
    /// How the line is encrypted.
    pub tls: TlsPolicy,
    /// Trusted authorities as PEM, instead of the machine's.
    pub roots: Option<Vec<u8>>,
    /// Name and password.
    pub login: Option<(String, Secret)>,
    /// How long one mail may take, connecting included.
    pub timeout: Duration,
}

/// Why the transport could not be set up.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot set up encryption for the mail server {host}: install this machine's package \
     ca-certificates, or name a PEM file of authorities in the settings"
)]
pub struct SmtpUnready {
    host: String,
    #[source]
    why: lettre::transport::smtp::Error,
}

/// The transport. It keeps idle connections.
pub struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.settings.host, self.settings.port)
    }
}

impl Smtp {
    /// Prepares it; no connection is made yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn open(settings: SmtpSettings) -> Result<Self, SmtpUnready> {
        let tls = match settings.tls {
            TlsPolicy::Off => None,
            TlsPolicy::Opportunistic | TlsPolicy::Required | TlsPolicy::Implicit => {
                let made = tls_parameters(&settings);
                Some(made.map_err(|why| SmtpUnready { host: settings.host.clone(), why })?)
            }
        };
        Ok(Self { settings, tls, kept: Mutex::new(Vec::new()) })
    }

    /// Sends one mail to all of its recipients that the server takes it for.
    pub async fn send(&self, mail: &Composed) -> Sent {
        let limit = self.settings.timeout;
        // Dropping the future closes its connection, so a server that hangs holds nothing.
        match timeout(limit, self.try_send(mail)).await {
            Ok(sent) => sent,
            Err(_) => Sent::NotNow {
                why: format!("the mail server took longer than {} s", limit.as_secs_f32()),
            },
        }
    }

    /// Closes what has been idle for too long. Called by the period of the sweep.
    pub fn drop_idle(&self) {
        self.kept().retain(|kept| kept.since.elapsed() <= IDLE_MAX);
    }

    async fn try_send(&self, mail: &Composed) -> Sent {
        // A kept connection may have been closed at the other end. That shows at its first
        // command, before anything was sent, and then a new one is tried at once.
        if let Some(connection) = self.take_kept()
            && let Some(sent) = self.talk(connection, mail, true).await
        {
            return sent;
        }
        match self.connect().await {
            Ok(connection) => match self.talk(connection, mail, false).await {
                Some(sent) => sent,
                None => Sent::NotNow { why: "the mail server closed the connection".to_owned() },
            },
            Err(why) => Sent::NotNow { why },
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let settings = &self.settings;
        let implicit = match settings.tls {
            TlsPolicy::Implicit => self.tls.clone(),
            TlsPolicy::Off | TlsPolicy::Opportunistic | TlsPolicy::Required => None,
        };
        let (server, hello) = ((settings.host.as_str(), settings.port), ClientId::default());
        let limit = Some(settings.timeout);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, limit, &hello, implicit, None);
        let mut connection = connecting.await.map_err(|e| line("connecting", &e))?;
        let upgrade = match settings.tls {
            TlsPolicy::Required => true,
            TlsPolicy::Opportunistic => connection.can_starttls(),
            TlsPolicy::Off | TlsPolicy::Implicit => false,
        };
        if let (true, Some(tls)) = (upgrade, &self.tls) {
            let upgrading = connection.starttls(tls.clone(), &hello);
            upgrading.await.map_err(|e| line("encrypting the line", &e))?;
        }
        if let Some((name, password)) = &settings.login {
            if settings.tls != TlsPolicy::Off && !connection.is_encrypted() {
                return Err("the server offers no encryption, so no password was sent".to_owned());
            }
            let credentials = Credentials::new(name.clone(), password.reveal().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let greeting = connection.auth(&mechanisms, &credentials);
            greeting.await.map_err(|e| line("logging in", &e))?;
        }
        Ok(connection)
    }

    /// One mail over one connection. Nothing when the connection was dead from the start and it
    /// was a kept one.
    async fn talk(
        &self,
        mut connection: AsyncSmtpConnection,
        mail: &Composed,
        was_kept: bool,
    ) -> Option<Sent> {
        let from = Mail::new(Some(for_lettre(&mail.from)), Vec::new());
        if let Err(error) = connection.command(from).await {
            let code = code_of(&error);
            if was_kept && matches!(code, None | Some(421)) {
                return None;
            }
            let sent = ended(Step::From, code, line("the sender", &error));
            self.keep_after(connection, code).await;
            return Some(sent);
        }
        let (sent, code) = body(&mut connection, mail).await;
        self.keep_after(connection, code).await;
        Some(sent)
    }

    /// Keeps a connection for the next mail when its last reply leaves it usable.
    async fn keep_after(&self, mut connection: AsyncSmtpConnection, code: Option<u16>) {
        let usable = match code {
            Some(250) => true,
            Some(421) | None => false,
            Some(_) => connection.command(Rset).await.is_ok(),
        };
        if usable {
            let mut kept = self.kept();
            if kept.len() < KEPT_MAX {
                kept.push(Kept { connection, since: Instant::now() });
            }
        }
    }

    fn take_kept(&self) -> Option<AsyncSmtpConnection> {
        self.drop_idle();
        self.kept().pop().map(|kept| kept.connection)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tls_parameters(
    settings: &SmtpSettings,
) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.roots {
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder.add_root_certificate(Certificate::from_pem(pem)?);
    }
    builder.build_rustls()
}

/// Recipients, the mail itself, and the code of the last reply.
async fn body(connection: &mut AsyncSmtpConnection, mail: &Composed) -> (Sent, Option<u16>) {
    let mut taken = Taken::default();
    let mut last = None;
    for address in &mail.to {
        let Err(error) = connection.command(Rcpt::new(for_lettre(address), Vec::new())).await
        else {
            continue;
        };
        let code = code_of(&error);
        if matches!(code, None | Some(421)) {
            return (Sent::NotNow { why: line("a recipient", &error) }, code);
        }
        last = code;
        let said = line("a recipient", &error);
        match classify(Step::Recipient, code) {
            Fate::Never => taken.refused.push((address.clone(), said)),
            Fate::NotNow => taken.later.push((address.clone(), said)),
        }
    }
    if taken.refused.len() + taken.later.len() == mail.to.len() {
        return (nobody(&taken), last);
    }
    if let Err(error) = connection.command(Data).await {
        let code = code_of(&error);
        return (ended(Step::Body, code, line("the mail", &error)), code);
    }
    match connection.message(&mail.bytes).await {
        Ok(reply) => {
            taken.said = shortened(reply.first_line().unwrap_or_default());
            (Sent::Taken(taken), Some(250))
        }
        Err(error) => {
            let code = code_of(&error);
            (ended(Step::Body, code, line("the mail", &error)), code)
        }
    }
}

/// Not one recipient was taken.
fn nobody(taken: &Taken) -> Sent {
    let first = |list: &[(Address, String)]| list.first().map(|(_, said)| said.clone());
    match (first(&taken.later), first(&taken.refused)) {
        (Some(why), _) => Sent::NotNow { why },
        (None, why) => Sent::Never { why: why.unwrap_or_else(|| "no recipient".to_owned()) },
    }
}

/// Where in the conversation a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    From,
    Recipient,
    Body,
}

/// What a negative reply means for the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    NotNow,
    Never,
}

/// By RFC 5321: 4yz is for now, 5yz for ever. The exceptions are replies that speak of us or of a
/// full mailbox and not of this mail: 530 to 538 ask for login or encryption, which an operator can
/// mend, and 552 for a recipient is to be read as 452 (4.5.3.1.10). Without a reply the line broke.
const fn classify(step: Step, code: Option<u16>) -> Fate {
    match (step, code) {
        (_, Some(530..=538)) | (Step::Recipient, Some(552)) => Fate::NotNow,
        (_, Some(500..=599)) => Fate::Never,
        (Step::From | Step::Recipient | Step::Body, _) => Fate::NotNow,
    }
}

fn ended(step: Step, code: Option<u16>, why: String) -> Sent {
    match classify(step, code) {
        Fate::Never => Sent::Never { why },
        Fate::NotNow => Sent::NotNow { why },
    }
}

fn code_of(error: &lettre::transport::smtp::Error) -> Option<u16> {
    error.status().map(u16::from)
}

fn line(doing: &str, error: &lettre::transport::smtp::Error) -> String {
    shortened(&format!("{doing}: {error}"))
}

fn shortened(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(SAID_CHARS_MAX).map(plain).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;

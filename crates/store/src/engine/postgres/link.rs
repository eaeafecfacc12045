//! One connection to PostgreSQL: how it is opened, its prepared statements, and sending many of
//! them without waiting in between. It must never log or pass on what the server says of values.

use super::many::Column;
use crate::engine::{Row, SqlKey, Value};
use crate::fault::Fault;
use bytes::BytesMut;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to open, unless the address says otherwise.
const CONNECT_WAIT: Duration = Duration::from_secs(3);

/// How long sent bytes may stay unacknowledged before a connection counts as lost.
const UNACKNOWLEDGED_WAIT: Duration = Duration::from_secs(20);

/// What every connection is told first. Times: a statement of ours is short, and one that is not
/// must not hold others; a lock is held for one group, so 3 s mean a deadlock or a stranger; an
/// open transaction of ours never waits for us longer than a turn of the loop, and one of a node
/// that was stopped in its midst holds up others who write to the same rows. A server that does not
/// make commits durable by default is told to for us; stronger settings stay.
const SETTINGS: &str = "
SET statement_timeout = '30s';
SET lock_timeout = '3s';
SET idle_in_transaction_session_timeout = '5s';
SET client_min_messages = warning;
SET jit = off;
SET default_transaction_isolation = 'read committed';
SELECT set_config('synchronous_commit', 'on', false)
 WHERE current_setting('synchronous_commit') = 'off';";

/// Where systems keep the certificates they trust.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How to reach the server.
pub(in crate::engine) struct Door {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Door {
    /// Reads the address and, when it asks for TLS, the certificates to trust.
    pub(in crate::engine) fn new(url: &str, ca_file: Option<&Path>) -> Result<Self, Fault> {
        let mut config: Config = url.parse().map_err(|why| {
            Fault::new(
                "reading the address of PostgreSQL: postgresql://user@host/name or \
                 host=… user=… dbname=…",
            )
            .because(Plain::of(&why))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED_WAIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("redress");
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls(ca_file)?),
            _ => None,
        };
        Ok(Self { config, tls })
    }

    /// Opens one connection.
    pub(super) async fn connect(&self) -> Result<Link, Fault> {
        let trouble = |why: tokio_postgres::Error| {
            let absent = why.as_db_error().is_none() || lost(&why);
            let say = "connecting to PostgreSQL";
            let fault = if absent { Fault::later(say) } else { Fault::new(say) };
            fault.because(Plain::of(&why))
        };
        let client = if let Some(tls) = &self.tls {
            let (client, io) = self.config.connect(tls.clone()).await.map_err(trouble)?;
            tokio::spawn(watch(io));
            client
        } else {
            let (client, io) = self.config.connect(NoTls).await.map_err(trouble)?;
            tokio::spawn(watch(io));
            client
        };
        client.batch_execute(SETTINGS).await.map_err(trouble)?;
        Ok(Link {
            client,
            prepared: Mutex::default(),
            many: Mutex::default(),
            turn: Mutex::default(),
            abandoned: AtomicBool::new(false),
        })
    }
}

/// Moves bytes until the connection ends; how it ended is told to whoever waits for an answer.
async fn watch(io: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(why) = io.await {
        tracing::debug!(why = %Plain::of(&why), "a connection to PostgreSQL ended");
    }
}

fn tls(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, Fault> {
    let file = ca_file
        .map(Path::to_owned)
        .or_else(|| SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|bundle| bundle.exists()));
    let file = file.ok_or_else(|| {
        Fault::new("no certificates to trust for PostgreSQL: name a file of them in the settings")
    })?;
    let say = || format!("reading the certificates to trust in {}", file.display());
    let trouble = |why| Fault::new(say()).because(why);
    let mut roots = rustls::RootCertStore::empty();
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_file_iter(&file).map_err(trouble)? {
        certificates.push(certificate.map_err(trouble)?);
    }
    let (taken, _) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        return Err(Fault::new(format!("{}: there are none", say())));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| Fault::new("choosing TLS versions for PostgreSQL").because(why))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// One connection.
pub(super) struct Link {
    client: Client,
    prepared: Mutex<HashMap<SqlKey, Statement>>,
    /// The same texts for many rows at once; nothing for those that cannot be made so.
    many: Mutex<HashMap<SqlKey, Option<Many>>>,
    /// Held while several messages that belong together are sent.
    turn: Mutex<()>,
    abandoned: AtomicBool,
}

/// A text made for many rows at once, and the types of its places for one.
#[derive(Clone)]
pub(super) struct Many {
    pub(super) statement: Statement,
    types: Arc<[Type]>,
}

impl Many {
    /// Whether these values can be among those of its arrays.
    pub(super) fn fits(&self, values: &[Value]) -> bool {
        fit(values, &self.types)
    }
}

/// Why a statement is not prepared.
pub(super) enum Unprepared {
    /// The statement and its values do not fit; the server was not asked.
    Wrong(Fault),
    /// The server said no, or is gone.
    Server(tokio_postgres::Error),
}

impl Link {
    pub(super) fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether nothing more should be sent here.
    pub(super) fn closed(&self) -> bool {
        self.abandoned.load(Relaxed) || self.client.is_closed()
    }

    /// Never to be used again: the server said goodbye, though the line may still look open.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    /// Whether [`Link::prepared`] would answer without asking the server.
    pub(super) fn knows(&self, sql: &'static str, values: &[Value]) -> Option<Statement> {
        let known = self.prepared.lock().ok()?.get(&SqlKey::of(sql)).cloned()?;
        fit(values, known.params()).then_some(known)
    }

    /// A statement that is prepared, as one for many rows; nothing when `make` cannot make it so.
    pub(super) async fn for_many(
        &self,
        sql: &'static str,
        make: fn(&str, &[Type]) -> Option<String>,
    ) -> Result<Option<Many>, tokio_postgres::Error> {
        let key = SqlKey::of(sql);
        if let Some(known) = self.many.lock().ok().and_then(|all| all.get(&key).cloned()) {
            return Ok(known);
        }
        let single = self.prepared.lock().ok().and_then(|all| all.get(&key).cloned());
        let Some(single) = single else { return Ok(None) };
        let many = match make(sql, single.params()) {
            None => None,
            Some(text) => {
                let types = single.params().into();
                Some(Many { statement: self.client.prepare(&text).await?, types })
            }
        };
        if let Ok(mut all) = self.many.lock() {
            all.insert(key, many.clone());
        }
        Ok(many)
    }

    /// The statement, prepared with the types of its values. The type of a null is the one seen
    /// before, or what the server finds; a later value of another type prepares it anew.
    pub(super) async fn prepared(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<Statement, Unprepared> {
        if let Some(known) = self.knows(sql, values) {
            return Ok(known);
        }
        let (text, highest) = numbered(sql);
        if highest != values.len() {
            return Err(Unprepared::Wrong(Fault::new(format!(
                "{} values for {highest} placeholders: {sql}",
                values.len()
            ))));
        }
        let before = self.prepared.lock().ok().and_then(|all| all.get(&SqlKey::of(sql)).cloned());
        let seen = |i: usize| before.as_ref().and_then(|known| known.params().get(i)).cloned();
        let types = |otherwise: Type| -> Vec<Type> {
            let kind = |(i, value)| type_of(value).or_else(|| seen(i)).unwrap_or(otherwise.clone());
            values.iter().enumerate().map(kind).collect()
        };
        let statement = self.prepare(&text, types).await.map_err(Unprepared::Server)?;
        if let Ok(mut all) = self.prepared.lock() {
            all.insert(SqlKey::of(sql), statement.clone());
        }
        Ok(statement)
    }

    /// Prepares with `types` of whatever a parameter without a type counts as.
    pub(super) async fn prepare(
        &self,
        text: &str,
        types: impl Fn(Type) -> Vec<Type>,
    ) -> Result<Statement, tokio_postgres::Error> {
        match self.client.prepare_typed(text, &types(Type::UNKNOWN)).await {
            Err(why) if unguessed(&why) => {
                // A null that is first met where anything fits (`?1 IS NULL OR id = ?1`).
                match self.client.prepare_typed(text, &types(Type::TEXT)).await {
                    Err(_) => self.client.prepare_typed(text, &types(Type::INT8)).await,
                    prepared => prepared,
                }
            }
            prepared => prepared,
        }
    }
}

/// Whether the server could not guess the type of a parameter.
fn unguessed(why: &tokio_postgres::Error) -> bool {
    let codes = [SqlState::INDETERMINATE_DATATYPE, SqlState::AMBIGUOUS_PARAMETER];
    why.code().is_some_and(|code| codes.contains(code))
}

/// Whether values can be sent as these types.
fn fit(values: &[Value], types: &[Type]) -> bool {
    let fits = |(value, kind): (&Value, &Type)| type_of(value).is_none_or(|t| t == *kind);
    types.len() == values.len() && values.iter().zip(types).all(fits)
}

/// The type a value is sent as; none for null.
fn type_of(value: &Value) -> Option<Type> {
    match value {
        Value::Int(_) => Some(Type::INT8),
        Value::Text(_) => Some(Type::TEXT),
        Value::Bytes(_) => Some(Type::BYTEA),
        Value::Null => None,
    }
}

/// `?1` as `$1`, and the highest number.
pub(super) fn numbered(sql: &str) -> (String, usize) {
    let mut out = String::with_capacity(sql.len());
    let mut highest = 0;
    let mut rest = sql;
    while let Some(at) = rest.find('?') {
        let after = &rest[at + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(&rest[..at]);
        match after[..digits].parse::<usize>() {
            Ok(number) => {
                highest = highest.max(number);
                out.push('$');
            }
            Err(_) => out.push('?'),
        }
        rest = after;
    }
    out.push_str(rest);
    (out, highest)
}

/// One message for a connection.
pub(super) enum Work<'v> {
    /// `BEGIN`, `COMMIT` and the like.
    Control(&'static str),
    /// A prepared statement with its values.
    Statement(Statement, &'v [Value]),
    /// A statement for many rows with the values of each place.
    Many(Statement, Vec<Column<'v>>),
}

/// What a statement did.
#[derive(Default)]
pub(super) struct Answer {
    /// Rows touched, or returned by a statement that returns rows.
    pub(super) touched: usize,
    pub(super) rows: Vec<Row>,
}

/// Sends all work at once and in order, then collects the answers in order. Nobody else's messages
/// come in between.
pub(super) async fn in_order(
    link: &Link,
    work: &[Work<'_>],
) -> Vec<Result<Answer, tokio_postgres::Error>> {
    let mut running: Vec<Pin<Box<dyn Future<Output = _> + Send + '_>>> = Vec::new();
    for work in work {
        running.push(Box::pin(super::run(link, work)));
    }
    let mut early: Vec<Option<Result<Answer, tokio_postgres::Error>>> = Vec::new();
    // The driver sends a message when its future is first polled, and never waits to send.
    std::future::poll_fn(|context| {
        let _turn = link.turn.lock();
        early = running
            .iter_mut()
            .map(|one| match one.as_mut().poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            })
            .collect();
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(running.len());
    for (early, one) in early.into_iter().zip(running) {
        answers.push(match early {
            Some(answer) => answer,
            None => one.await,
        });
    }
    answers
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(int) => int.to_sql_checked(kind, out),
            Self::Text(text) => text.as_str().to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql_checked(kind, out),
            Self::Null => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // A null fits everywhere; the other kinds look for themselves.
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(kind, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(<&str>::from_sql(kind, raw)?.to_owned()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::BYTEA)
            || <&str as FromSql>::accepts(kind)
    }
}

/// Whether the connection is gone, or about to be, and nothing it was doing is kept.
pub(super) fn lost(why: &tokio_postgres::Error) -> bool {
    match why.code() {
        Some(code) => {
            code.code().starts_with("08")
                || [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                ]
                .contains(code)
        }
        None => why.is_closed() || io_cause(why),
    }
}

fn io_cause(why: &tokio_postgres::Error) -> bool {
    let mut cause: Option<&dyn Error> = why.source();
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error of PostgreSQL in the sentence `doing`.
pub(super) fn fault(doing: &'static str, why: tokio_postgres::Error) -> Fault {
    if why.code() == Some(&SqlState::DISK_FULL) {
        let say = format!("{doing}: a disk of PostgreSQL is full; it goes on when there is room");
        return Fault::full(say).because(Plain::of(&why));
    }
    let passing = lost(&why)
        || why.code().is_some_and(|code| {
            code.code().starts_with("53") // Out of memory or connections.
                || [
                    SqlState::QUERY_CANCELED,
                    SqlState::LOCK_NOT_AVAILABLE,
                    SqlState::T_R_DEADLOCK_DETECTED,
                    SqlState::T_R_SERIALIZATION_FAILURE,
                    SqlState::READ_ONLY_SQL_TRANSACTION,
                ]
                .contains(code)
        });
    let fault = if passing { Fault::later(doing) } else { Fault::new(doing) };
    fault.because(Plain::of(&why))
}

/// What the server said, without the detail, which quotes the rows it is about.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Plain(String);

impl Plain {
    pub(super) fn of(why: &tokio_postgres::Error) -> Self {
        if let Some(db) = why.as_db_error() {
            return Self(format!("{} {}: {}", db.severity(), db.code().code(), db.message()));
        }
        let mut text = why.to_string();
        let mut cause = why.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Door, numbered};

    #[test]
    fn placeholders_keep_their_numbers() {
        for (ours, theirs, highest) in [
            ("a = ?2 AND b = ?1", "a = $2 AND b = $1", 2),
            ("?10, ?1", "$10, $1", 10),
            ("'what?' || ?1", "'what?' || $1", 1),
            ("SELECT 1", "SELECT 1", 0),
        ] {
            assert_eq!(numbered(ours), (theirs.to_owned(), highest));
        }
    }

    #[test]
    fn an_address_is_read_and_tls_needs_certificates() {
        assert!(Door::new("host=/run/postgresql user=u dbname=d", None).is_ok());
        assert!(Door::new("what is this", None).is_err());
        let absent = std::path::Path::new("/nowhere/at/all.pem");
        assert!(Door::new("host=h user=u sslmode=require", Some(absent)).is_err());
    }
}

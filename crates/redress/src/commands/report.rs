//! `redress report`: reports an issue over HTTP like any outside client, and shows the answer and
//! the case's timeline. It opens no database and uses nothing that a client in another language
//! could not.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use domain::ids::CaseId;
use reqwest::{Client, RequestBuilder, StatusCode, Url, redirect};
use serde_json::{Map, Value};
use vault::secret::Secret;

use super::Outcome;
use crate::cli::ReportArgs;
use crate::clock::{self, OsDice};
use crate::demo::manifest::Manifest;

mod signing;

/// How long to connect: a server that is there answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the whole answer may take; the server itself gives up after 29 seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(35);
/// The largest answer that is read, in bytes; a timeline has some thousands.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// The largest secret or token file, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Whom to talk to, and as whom.
struct Target {
    base: Url,
    key: String,
    secret: Secret,
    token: Option<Secret>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    case: Option<String>,
    body: Vec<u8>,
}

/// Runs the command; what it has to say is added to `out`.
///
/// # Errors
/// Credentials are missing, the server cannot be reached, or it refuses to listen.
pub async fn run(
    dir: &Path,
    args: &ReportArgs,
    variable: impl Fn(&str) -> Option<String>,
    out: &mut String,
) -> anyhow::Result<Outcome> {
    let target = target(dir, args, variable)?;
    let client = client(&target.base)?;
    let idempotency_key = args.idempotency_key.clone().unwrap_or_else(fresh_key);
    let body = serde_json::to_vec(&body(args)).context("writing the request")?;
    let signed =
        signing::headers(&target.key, &target.secret, "POST", &body, clock::now(), &mut OsDice)?;
    let mut request = client
        .post(place(&target.base, "v2/transactions/check")?)
        .header("content-type", "application/json")
        .header("idempotency-key", &idempotency_key)
        .body(body);
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let again = || {
        format!(
            "whether it was reported is not known; say it again safely with \
             --idempotency-key {idempotency_key}"
        )
    };
    let answer = send(request, &target.base).await.with_context(again)?;
    let _ = writeln!(out, "{}", answer.status);
    show_body(&answer.body, out);
    let accepted = judge(&answer)?;
    if let Some(case) = &answer.case {
        let _ = writeln!(out, "\nCase {}", plain(case));
        show_timeline(&client, &target, case, out).await?;
    }
    Ok(if accepted { Outcome::Done } else { Outcome::Refused })
}

fn fresh_key() -> String {
    let mut random = [0_u8; 16];
    domain::Dice::fill(&mut OsDice, &mut random);
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

fn body(args: &ReportArgs) -> Value {
    let mut body = Map::new();
    let fields = [
        ("refid", &args.refid),
        ("trxid", &args.trxid),
        ("description", &args.says),
        ("category", &args.category),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            body.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    body.insert("user_email".to_owned(), Value::from(args.email.clone()));
    Value::Object(body)
}

/// Flags and variables first; what they leave open comes from the demo's file. The demo's
/// credentials go to the demo's server only.
fn target(
    dir: &Path,
    args: &ReportArgs,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Target> {
    let secret_given = secret(args.secret_file.as_deref(), variable("REDRESS_API_SECRET"))?;
    let token_given = secret(args.token_file.as_deref(), variable("REDRESS_TOKEN"))?;
    let whole = args.url.is_some() && args.api_key.is_some() && secret_given.is_some();
    let manifest = match Manifest::read(&dir.join("demo.json")) {
        Ok(manifest) => Some(manifest),
        Err(_) if whole => None,
        Err(why) => {
            return Err(anyhow::Error::new(why).context(
                "give --url, --api-key and --secret-file (or REDRESS_URL, REDRESS_API_KEY and \
                 REDRESS_API_SECRET), or start the demo",
            ));
        }
    };
    let same = |url: &str| url.trim_end_matches('/').to_owned();
    let url = args.url.clone().or_else(|| manifest.as_ref().map(|demo| demo.base_url.clone()));
    let url = url.context("say where the server is with --url")?;
    let demo = manifest.filter(|demo| same(&demo.base_url) == same(&url));
    let (demo_key, demo_secret, demo_token) = match demo {
        Some(Manifest { iimmpact, native, .. }) => match args.staging {
            true => (Some(iimmpact.staging_api_key), Some(iimmpact.staging_secret), None),
            false => (Some(iimmpact.api_key), Some(iimmpact.secret), Some(native.token)),
        },
        None => (None, None, None),
    };
    let here = "for this server; demo.json is about another";
    Ok(Target {
        base: base(&url)?,
        key: args.api_key.clone().or(demo_key).with_context(|| format!("give --api-key {here}"))?,
        secret: secret_given
            .or(demo_secret.map(Secret::new))
            .with_context(|| format!("give --secret-file or REDRESS_API_SECRET {here}"))?,
        token: token_given.or(demo_token.map(Secret::new)),
    })
}

fn secret(file: Option<&Path>, variable: Option<String>) -> anyhow::Result<Option<Secret>> {
    let Some(path) = file else { return Ok(variable.map(Secret::new)) };
    let about = std::fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
    ensure!(about.len() <= SECRET_BYTES_MAX, "{} is too long for a secret", path.display());
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Some(Secret::new(text.trim().to_owned())))
}

fn base(url: &str) -> anyhow::Result<Url> {
    let wrong =
        || format!("`{url}` is no address of a server; one looks like http://127.0.0.1:8080");
    let mut base = Url::parse(url).with_context(wrong)?;
    ensure!(matches!(base.scheme(), "http" | "https") && base.has_host(), wrong());
    ensure!(base.query().is_none() && base.fragment().is_none(), wrong());
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

fn place(base: &Url, path: &str) -> anyhow::Result<Url> {
    base.join(path).with_context(|| format!("joining {base} and {path}"))
}

/// One client for all requests of the command. It follows no redirects, since the signature would
/// go along.
#[expect(
    clippy::disallowed_methods,
    reason = "this command stands outside the server: it calls what the person at the keyboard \
              names, a loopback address as a rule, which the guarded client would refuse"
)]
fn client(base: &Url) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT);
    if base.scheme() == "http" {
        // The system's certificates are not needed then, and a bare machine has none.
        builder = builder.tls_certs_only([]);
    }
    let host = base.host_str().unwrap_or("");
    if matches!(host, "localhost" | "[::1]") || host.starts_with("127.") {
        builder = builder.no_proxy();
    }
    builder.build().context("setting the HTTP client up; are the system's CA certificates there?")
}

async fn send(request: RequestBuilder, base: &Url) -> anyhow::Result<Answer> {
    let unreached = || format!("no answer from {base}; is the server running there?");
    let mut response = request.send().await.with_context(unreached)?;
    let case = response.headers().get("redress-case-id");
    let case = case.and_then(|case| case.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.context("the answer broke off")? {
        ensure!(body.len() + part.len() <= ANSWER_BYTES_MAX, "the answer is too long");
        body.extend_from_slice(&part);
    }
    Ok(Answer { status: response.status(), case, body })
}

/// Whether the report was taken; an answer of any other kind is an error that says what to do.
fn judge(answer: &Answer) -> anyhow::Result<bool> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let status = body.pointer("/data/status").and_then(Value::as_str);
    match (answer.status.as_u16(), status) {
        (200, Some("Success")) => Ok(true),
        (200, Some("Failed")) => Ok(false),
        (200, _) => bail!("the answer is not one of POST /v2/transactions/check; check --url"),
        (400, _) => bail!("the server does not take this report: see its answer above"),
        (401, _) => bail!("key, secret or this machine's clock are wrong: see the answer above"),
        (403, _) => bail!("this key may not report there: see the answer above"),
        (404 | 405, _) => bail!("there is no Redress at this address; check --url"),
        (429 | 503 | 504, _) => bail!("the server is busy; try again in a minute"),
        (status @ 300..=399, _) => bail!("the server points elsewhere ({status}); check --url"),
        (status, _) => bail!("the server could not do it ({status}); its log says why"),
    }
}

async fn show_timeline(
    client: &Client,
    target: &Target,
    case: &str,
    out: &mut String,
) -> anyhow::Result<()> {
    let Some(case) = CaseId::parse(case) else { bail!("the case's id has no known form") };
    let Some(token) = &target.token else {
        let _ = writeln!(
            out,
            "To see its timeline, give --token-file or REDRESS_TOKEN (see `redress token add`)."
        );
        return Ok(());
    };
    let url = place(&target.base, &format!("api/v1/cases/{case}/timeline"))?;
    let answer = send(client.get(url).bearer_auth(token.reveal()), &target.base).await?;
    match answer.status {
        StatusCode::OK => show_entries(&answer.body, out),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => bail!(
            "it was reported, but the token may not read its timeline ({}); `redress token add` \
             makes one for the same account and environment",
            answer.status
        ),
        status => bail!("it was reported, but its timeline could not be read ({status})"),
    }
    Ok(())
}

/// The answer as it was sent, so that what stands in the documentation can be laid beside it.
fn show_body(body: &[u8], out: &mut String) {
    let _ = writeln!(out, "{}", plain(String::from_utf8_lossy(body).trim_end()));
}

/// Every list of the answer, one line an entry.
fn show_entries(body: &[u8], out: &mut String) {
    let Ok(Value::Object(timeline)) = serde_json::from_slice(body) else {
        return show_body(body, out);
    };
    for (name, list) in &timeline {
        let Value::Array(entries) = list else { continue };
        let _ = writeln!(out, "\n{}:", plain(name));
        for entry in entries {
            let _ = writeln!(out, "  {}", plain(&entry_line(entry)));
        }
    }
}

/// When, what kind, what was done or how the sending stands, by whom or of what, and its words.
fn entry_line(entry: &Value) -> String {
    if !entry.is_object() {
        return entry.to_string();
    }
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| entry.get(name)?.as_str());
    let columns = [
        (first(["at", "at"]), 24),
        (first(["kind", "kind"]), 7),
        (first(["act", "state"]), 9),
        (first(["actor", "shape"]), 16),
        (first(["says", "last_detail"]), 0),
    ];
    let mut line = String::new();
    for (text, width) in columns {
        let _ = write!(line, "{:width$}  ", text.unwrap_or("-").replace(['\n', '\r'], " "));
    }
    line.trim_end().trim_end_matches('-').trim_end().to_owned()
}

/// A text from outside, fit for a terminal: without the characters that would steer it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests;

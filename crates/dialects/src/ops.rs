//! For those who run the program: is it alive, is it ready, what did it do. The figures carry no
//! tenant, no reference and no address, and nothing here needs a credential; whether they are
//! served beside the API is a setting.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use desk::Failure;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde::Serialize;

use crate::App;
use crate::listen::{Ended, Traffic};

/// How long the database may take to answer a probe. Those who ask usually wait a second or more.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// The content type of the figures (OpenMetrics 1.0).
const FIGURES_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What an operator can set, and the counters that are shown.
#[derive(Clone, Default)]
pub struct Settings {
    /// Whether `GET /metrics` is served beside the API. It shows how much is going on to anybody
    /// who can reach the port.
    pub metrics_on_main: bool,
    /// What is counted.
    pub figures: Figures,
}

/// What is counted while the program runs. Clones count together.
#[derive(Clone, Default)]
pub struct Figures {
    requests: Family<RequestLabels, Counter>,
    /// What the accept loop counts.
    pub traffic: Arc<Traffic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndedLabels {
    how: &'static str,
}

impl Figures {
    fn count(&self, dialect: &'static str, status: StatusCode) {
        let class = match status.as_u16() {
            0..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&RequestLabels { dialect, class }).inc();
    }
}

/// Liveness and readiness; the figures too where they are served beside the API.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics_on_main))
}

/// `GET /metrics` alone, for a port of its own.
pub fn metrics_router(app: App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app)
}

/// Counts an answer by dialect and class of status.
pub(crate) fn count(app: &App, dialect: &'static str, status: StatusCode) {
    app.settings.ops.figures.count(dialect, status);
}

/// Whose path it is.
pub(crate) fn dialect_of(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("api" | "problems") => "native",
        Some("v1" | "v2") => "iimmpact",
        Some("health" | "ready" | "metrics") => "ops",
        _ => "none",
    }
}

#[derive(Serialize)]
struct Probe {
    status: &'static str,
}

/// The process answers; nothing else is asked of it.
async fn health() -> impl IntoResponse {
    not_kept(Json(Probe { status: "alive" }))
}

/// The database answers a read, so requests are worth sending here.
async fn ready(State(app): State<App>) -> Response {
    match waiting(&app).await {
        Some(_) => not_kept(Json(Probe { status: "ready" })).into_response(),
        None => {
            let probe = not_kept(Json(Probe { status: "not-ready" }));
            (StatusCode::SERVICE_UNAVAILABLE, probe).into_response()
        }
    }
}

fn not_kept<T>(body: T) -> ([(http::HeaderName, HeaderValue); 1], T) {
    ([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], body)
}

/// Messages in the outbox that wait, when the database says so in time.
async fn waiting(app: &App) -> Option<i64> {
    match tokio::time::timeout(PROBE_TIME, app.desk.waiting_messages()).await {
        Ok(Ok(waiting)) => Some(waiting),
        Ok(Err(Failure::Broken(fault))) => {
            tracing::error!(fault = fault.chain(), "the database does not answer a probe");
            None
        }
        Ok(Err(Failure::Refused(_))) => None,
        Err(_) => {
            tracing::error!("the database does not answer a probe in time");
            None
        }
    }
}

async fn metrics_on_main(State(app): State<App>) -> Response {
    if app.settings.ops.metrics_on_main {
        return metrics(State(app)).await;
    }
    crate::iimmpact::words::no_such_path()
}

async fn metrics(State(app): State<App>) -> Response {
    let mut registry = Registry::with_prefix("redress");
    let figures = &app.settings.ops.figures;
    let help = "Requests answered, by dialect and class of status";
    registry.register("http_requests", help, figures.requests.clone());
    show_traffic(&mut registry, &figures.traffic);
    show_engine(&mut registry, &app);
    if let Some(waiting) = waiting(&app).await {
        let gauge: Gauge = Gauge::default();
        gauge.set(waiting);
        registry.register("outbox_waiting", "Messages to the outside not yet sent", gauge);
    }
    show_lags(&mut registry, &app).await;
    let mut page = String::new();
    if text::encode(&mut page, &registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    ([(CONTENT_TYPE, HeaderValue::from_static(FIGURES_TYPE))], page).into_response()
}

/// How old the oldest change is that cannot be found, or has not left by export, when the database
/// says so in time.
async fn show_lags(registry: &mut Registry, app: &App) {
    let lags = async { tokio::join!(app.desk.search_lag(), app.desk.feed_lag()) };
    let Ok((search, feed)) = tokio::time::timeout(PROBE_TIME, lags).await else { return };
    let search = search.ok().map(|(_, lag)| lag);
    let names = [
        ("search_lag_seconds", "Age of the oldest change that cannot be searched yet", search),
        ("export_lag_seconds", "Age of the oldest change without its place in exports", feed.ok()),
    ];
    for (name, help, lag) in names {
        if let Some(lag) = lag {
            let gauge: Gauge = Gauge::default();
            gauge.set(lag.0 / 1_000);
            registry.register(name, help, gauge);
        }
    }
}

/// A number that is counted elsewhere.
fn counted(registry: &mut Registry, name: &str, help: &str, number: u64) {
    let counter: Counter = Counter::default();
    counter.inc_by(number);
    registry.register(name, help, counter);
}

fn show_traffic(registry: &mut Registry, traffic: &Traffic) {
    counted(registry, "connections_accepted", "Connections taken", traffic.accepted());
    counted(registry, "connections_full", "Waits for a free place", traffic.times_full());
    counted(registry, "requests_begun", "Requests begun", traffic.requests());
    let open: Gauge = Gauge::default();
    open.set(i64::try_from(traffic.open()).unwrap_or(i64::MAX));
    registry.register("connections_open", "Connections there now", open);
    let ended: Family<EndedLabels, Counter> = Family::default();
    for how in Ended::ALL {
        ended.get_or_create(&EndedLabels { how: how.word() }).inc_by(traffic.ended(how));
    }
    registry.register("connections_ended", "Connections that ended, by how", ended);
}

fn show_engine(registry: &mut Registry, app: &App) {
    let stats = app.desk.stats();
    counted(registry, "store_groups", "Durable commits", stats.groups);
    counted(registry, "store_batches", "Batches kept by them", stats.batches);
    counted(registry, "store_refused", "Batches a guard or limit refused", stats.refused);
    counted(registry, "store_replays", "Groups run again without a batch", stats.replays);
    counted(registry, "store_faults", "Batches answered with a fault", stats.faults);
    counted(registry, "store_reads", "Snapshots read", stats.reads);
    let largest: Gauge = Gauge::default();
    largest.set(i64::try_from(stats.largest_group).unwrap_or(i64::MAX));
    registry.register("store_largest_group", "Most batches kept by one commit", largest);
}

#[cfg(test)]
mod tests {
    use super::dialect_of;

    #[test]
    fn paths_belong_to_dialects() {
        for (path, dialect) in [
            ("/api/v1/cases", "native"),
            ("/problems/stale", "native"),
            ("/v2/transactions/check", "iimmpact"),
            ("/health", "ops"),
            ("/", "none"),
            ("", "none"),
            ("/healthy", "none"),
        ] {
            assert_eq!(dialect_of(path), dialect, "{path}");
        }
    }
}

//! The IIMMPACT dialect: which path is whose. The facts are in its wire contract (sections 1 to 3
//! and 9), what we chose where that is silent in `docs/decisions-iimmpact.md`. A handler takes the
//! whole body first, then asks who calls, and only then what for.

mod caller;
mod check;
mod messages;
mod token;
mod wire;
pub(crate) mod words;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use domain::Millis;

use crate::App;
use crate::body::BodyLimits;
use crate::layers::discard;
use crate::signature::WINDOW;

pub use messages::{CatalogueError, Messages};
pub use token::Logins;

/// What an operator can set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far the time of a signed request may be from our clock, either way.
    pub window: Millis,
    /// Of a report's body.
    pub body: BodyLimits,
    /// Addresses in one report, each counted once.
    pub addresses_max: usize,
    /// Characters of a description.
    pub description_chars_max: usize,
    /// The longer messages.
    pub messages: Messages,
}

impl Default for Settings {
    /// 32,768 characters, because the longest of 22,000 real complaints has 26,940, and a large
    /// regulator's form takes as many; 256 KiB hold them in whatever way JSON spells them.
    fn default() -> Self {
        Self {
            window: WINDOW,
            body: BodyLimits { bytes_max: 256 * 1024, ..BodyLimits::default() },
            addresses_max: 10,
            description_chars_max: 32_768,
            messages: Messages::default(),
        }
    }
}

/// The routes. The tokens are also under `/v1`, where the original's own clients have their paths
/// built in.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/v2/transactions/check", post(check::check))
        .route("/v2/token", post(token::sign_in))
        .route("/v2/token/refresh", post(token::refresh))
        .route("/v1/token", post(token::sign_in))
        .route("/v1/token/refresh", post(token::refresh))
        .method_not_allowed_fallback(other_method)
}

async fn other_method(request: Request) -> Response {
    discard(request).await;
    words::method_not_allowed()
}

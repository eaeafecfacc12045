//! The IIMMPACT dialect.

use axum::Router;

use crate::App;

/// What an operator can set.
#[derive(Clone, Debug, Default)]
pub struct Settings {}

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
}

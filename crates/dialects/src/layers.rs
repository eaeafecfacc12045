//! What stands around every handler.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;

pub(crate) async fn around(State(_app): State<App>, request: Request, next: Next) -> Response {
    next.run(request).await
}

pub(crate) async fn nothing_here() -> http::StatusCode {
    http::StatusCode::NOT_FOUND
}

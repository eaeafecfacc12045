//! What an account's administration looks like: lists, histories, and who somebody is. Lists of
//! people, keys and settings come whole; what grows without end comes by the page.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::admin::views::{ROWS_PER_PAGE_MAX, ReadFilter};
use domain::admin::{Kind, ReadView};
use domain::ids::{EndpointId, MemberId};
use domain::{Refusal, Right};
use http::Uri;
use http::header::ETAG;
use serde::Serialize;
use serde_json::{Value, json};

use super::shapes::{
    DeliveryShape, EndpointShape, EntryShape, KeyShape, LoginShape, MeShape, MemberShape,
    QueueShape, ReadShape, TeamShape, TenantShape, TokenShape, ValueShape,
};
use crate::App;
use crate::native::asked::{Caller, Named};
use crate::native::problem::Problem;
use crate::native::{Route, etag, query, route};

/// Rows on a page when the caller does not say.
const PAGE: i64 = 50;

/// Rows on a page at most, one less than half of what the desk gives at once.
const PAGE_MAX: i64 = ROWS_PER_PAGE_MAX / 2;

/// What a cursor begins with inside.
const CURSOR_MARK: &str = "a1:";

/// What went to an endpoint.
const DELIVERIES: &str = "/api/v1/admin/endpoints/{endpoint}/deliveries";

/// What is read.
#[rustfmt::skip]
pub(in crate::native) const LISTS: &[Route] = &[
    Route {
        method: "GET",
        path: "/api/v1/me",
        open: false,
        right: None,
        deprecated: None,
        handler: || get(me),
    },
    route("GET", "/api/v1/admin/tenants", Right::ManageTenants, || get(tenants)),
    route("GET", "/api/v1/admin/account", Right::ReadAdmin, || get(account)),
    route("GET", "/api/v1/admin/environments", Right::ReadAdmin, || get(environments)),
    route("GET", "/api/v1/admin/members", Right::ReadAdmin, || get(members)),
    route("GET", "/api/v1/admin/members/{member}", Right::ReadAdmin, || get(one_member)),
    route("GET", "/api/v1/admin/keys", Right::ReadAdmin, || get(keys)),
    route("GET", "/api/v1/admin/logins", Right::ReadAdmin, || get(logins)),
    route("GET", "/api/v1/admin/tokens", Right::ReadAdmin, || get(tokens)),
    route("GET", "/api/v1/admin/endpoints", Right::ReadAdmin, || get(endpoints)),
    route("GET", DELIVERIES, Right::ReadAdmin, || get(deliveries)),
    route("GET", "/api/v1/admin/queues", Right::ReadCases, || get(queues)),
    route("GET", "/api/v1/admin/teams", Right::ReadAdmin, || get(teams)),
    route("GET", "/api/v1/admin/settings", Right::ReadAdmin, || get(settings)),
    route("GET", "/api/v1/admin/messages", Right::ReadAdmin, || get(messages)),
    route("GET", "/api/v1/admin/history", Right::ReadAudit, || get(history)),
    route("GET", "/api/v1/admin/reads", Right::ReadAudit, || get(reads)),
];

type Answer = Result<Json<Value>, Problem>;

/// A list under its name.
fn listed<T, S: From<T> + Serialize>(name: &str, list: Vec<T>) -> Json<Value> {
    let list: Vec<S> = list.into_iter().map(S::from).collect();
    Json(json!({ name: list }))
}

/// `GET /api/v1/me`
async fn me(State(app): State<App>, Caller(by): Caller) -> Result<Json<MeShape>, Problem> {
    let account = app.desk.own_tenant(&by).await?;
    Ok(Json(MeShape::of(&by, account.map(|tenant| tenant.slug))))
}

async fn tenants(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, TenantShape>("tenants", app.desk.see_tenants(&by).await?))
}

async fn account(State(app): State<App>, Caller(by): Caller) -> Result<Json<TenantShape>, Problem> {
    let tenant = app.desk.see_account(&by).await?;
    Ok(Json(TenantShape::from(tenant)))
}

/// Which host names belong to which environment: set in the settings file, since a credential must
/// not be able to widen where it works.
async fn environments(State(app): State<App>, Caller(by): Caller) -> Answer {
    app.desk.see_account(&by).await?;
    let hosts = app.settings.hosts.as_ref();
    let one = |env: &str, names: Option<&Vec<String>>| json!({ "name": env, "hosts": names });
    Ok(Json(json!({ "environments": [
        one("staging", hosts.map(|hosts| &hosts.staging)),
        one("production", hosts.map(|hosts| &hosts.production)),
    ]})))
}

async fn members(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, MemberShape>("members", app.desk.see_members(&by).await?))
}

async fn one_member(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let id = MemberId::parse(&id).ok_or(Refusal::ThingUnknown { kind: Kind::Member })?;
    let member = app.desk.see_member(&by, &id).await?;
    let tag = etag(member.version);
    let mut response = Json(MemberShape::from(member)).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

async fn keys(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, KeyShape>("keys", app.desk.see_keys(&by).await?))
}

async fn logins(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, LoginShape>("logins", app.desk.see_logins(&by).await?))
}

async fn tokens(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, TokenShape>("tokens", app.desk.see_tokens(&by).await?))
}

async fn endpoints(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, EndpointShape>("endpoints", app.desk.see_endpoints(&by).await?))
}

async fn queues(State(app): State<App>, Caller(by): Caller) -> Answer {
    let mut list = vec![QueueShape::intake()];
    list.extend(app.desk.see_queues(&by).await?.into_iter().map(QueueShape::from));
    Ok(Json(json!({ "queues": list })))
}

async fn teams(State(app): State<App>, Caller(by): Caller) -> Answer {
    Ok(listed::<_, TeamShape>("teams", app.desk.see_teams(&by).await?))
}

async fn settings(State(app): State<App>, Caller(by): Caller) -> Answer {
    let list = app.desk.see_settings(&by).await?.into_iter();
    let shape = |(key, set): (domain::admin::SettingKey, _)| {
        ValueShape::of(key.word(), key.about().to_owned(), None, set)
    };
    Ok(Json(json!({ "settings": list.map(shape).collect::<Vec<_>>() })))
}

async fn messages(State(app): State<App>, Caller(by): Caller) -> Answer {
    let list = app.desk.see_messages(&by).await?.into_iter();
    let shape = |(key, set): (domain::admin::MessageKey, _)| {
        let names: Vec<String> =
            key.placeholders().iter().map(|one| format!("{{{one}}}")).collect();
        let about = format!("it may use {}", names.join(", "));
        let installed = app.settings.iimmpact.messages.unfilled(key).to_owned();
        ValueShape::of(key.word(), about, Some(installed), set)
    };
    Ok(Json(json!({ "messages": list.map(shape).collect::<Vec<_>>() })))
}

/// `limit` and the place after which a page begins.
fn page(limit: Option<String>, cursor: Option<String>) -> Result<(i64, Option<String>), Problem> {
    let limit = match limit {
        None => PAGE,
        Some(text) => {
            let whole = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let limit = text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
            let rule =
                || Problem::field("limit", format!("it must be a number from 1 to {PAGE_MAX}"));
            limit.filter(|_| whole).ok_or_else(rule)?
        }
    };
    let read = |text: String| {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let place =
            std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_prefix(CURSOR_MARK));
        let place = place.filter(|place| place.len() <= 64);
        let place =
            place.filter(|place| place.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let wrong = || Problem::field("cursor", "give what `next` said, as it was");
        place.map(str::to_owned).ok_or_else(wrong)
    };
    Ok((limit, cursor.map(read).transpose()?))
}

/// A page with the cursor of the next one. The list has one row more than asked for when there is
/// a next page.
fn paged<T: Serialize>(
    name: &str,
    mut list: Vec<T>,
    limit: i64,
    place: impl Fn(&T) -> String,
) -> Json<Value> {
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = list.len() > size;
    list.truncate(size);
    let last = list.last().filter(|_| more);
    let next = last.map(|last| URL_SAFE_NO_PAD.encode(format!("{CURSOR_MARK}{}", place(last))));
    Json(json!({ name: list, "next": next }))
}

async fn deliveries(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
    uri: Uri,
) -> Answer {
    let [limit, cursor] = query::read(&uri, ["limit", "cursor"])?;
    let (limit, before) = page(limit, cursor)?;
    let id = EndpointId::parse(&id).ok_or(Refusal::ThingUnknown { kind: Kind::Endpoint })?;
    let list = app.desk.see_deliveries(&by, &id, before.as_deref(), limit + 1).await?;
    let list: Vec<DeliveryShape> = list.into_iter().map(DeliveryShape::from).collect();
    Ok(paged("deliveries", list, limit, |one| one.id.clone()))
}

async fn history(State(app): State<App>, Caller(by): Caller, uri: Uri) -> Answer {
    let [limit, cursor] = query::read(&uri, ["limit", "cursor"])?;
    let (limit, before) = page(limit, cursor)?;
    let number = |text: String| {
        text.parse().map_err(|_| Problem::field("cursor", "give what `next` said, as it was"))
    };
    let before = before.map(number).transpose()?;
    let list = app.desk.see_history(&by, before, limit + 1).await?;
    let list: Vec<EntryShape> = list.into_iter().map(EntryShape::from).collect();
    Ok(paged("history", list, limit, |one| one.number.to_string()))
}

async fn reads(State(app): State<App>, Caller(by): Caller, uri: Uri) -> Answer {
    let [limit, cursor, actor, view, subject] =
        query::read(&uri, ["limit", "cursor", "by", "view", "subject"])?;
    let (limit, before) = page(limit, cursor)?;
    if view.as_deref().is_some_and(|view| ReadView::parse(view).is_none()) {
        let words: Vec<&str> = ReadView::ALL.iter().map(|view| view.word()).collect();
        return Err(Problem::field("view", format!("it must be one of {}", words.join(", "))));
    }
    let wanted = [("by", actor), ("view", view), ("subject", subject)];
    if let Some((name, _)) = wanted.iter().find(|(_, text)| {
        text.as_deref().is_some_and(|text| text.is_empty() || text.contains('\0'))
    }) {
        return Err(Problem::field(*name, "it is empty, or cannot be kept"));
    }
    let [actor, view, subject] = wanted.map(|(_, text)| text.unwrap_or_default());
    let filter = ReadFilter { actor, view, subject };
    let list = app.desk.see_reads(&by, &filter, before.as_deref(), limit + 1).await?;
    let list: Vec<ReadShape> = list.into_iter().map(ReadShape::from).collect();
    Ok(paged("reads", list, limit, |one| one.id.clone()))
}

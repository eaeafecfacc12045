//! The page about the API says all that the document says, leads nowhere that is not there, and
//! fetches nothing from elsewhere.

use std::collections::BTreeSet;

use axum::body::Body;
use dialects::native::all_routes;
use http::{Request, StatusCode};
use store::engine::EngineKind;

use crate::support::{Answer, House, document};

async fn got(house: &House, path: &str) -> Answer {
    house.send(Request::get(path).body(Body::empty()).expect("a request")).await
}

/// The values of an attribute.
fn values<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    page.match_indices(&start)
        .map(|(at, _)| page[at + start.len()..].split('"').next().unwrap_or(""))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_all_and_needs_nothing_else() {
    let house = House::new(EngineKind::Sqlite).await;
    let answer = got(&house, "/docs").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let page = String::from_utf8(answer.bytes).expect("text");
    for word in ["<script", "http://", " style=", " onclick"] {
        assert!(!page.contains(word), "{word}");
    }
    let ids = values(&page, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id comes twice");
    for link in values(&page, "href") {
        match link.strip_prefix('#') {
            Some(id) => assert!(unique.contains(id), "#{id} leads nowhere"),
            None => assert_eq!(got(&house, link).await.status, StatusCode::OK, "{link}"),
        }
    }
    assert!(values(&page, "src").is_empty());
    for file in ["api.md", "case.md", "export.md", "import.md", "rights.md", "search.md"] {
        assert!(page.contains(&format!("<a href=\"/docs/{file}\">docs/{file}</a>")), "{file}");
    }
    let signs = got(&house, "/docs/report.py").await;
    assert!(signs.bytes.starts_with(b"#!/usr/bin/env python3"));
    for chapter in ["id=\"changes\"", "id=\"deprecation\"", "<li>new routes, new optional"] {
        assert!(page.contains(chapter), "{chapter}");
    }
    for name in ["Cargo.toml", "..%2FCargo.toml", "%2e%2e/Cargo.toml", "operating.md", "api.md%00"]
    {
        let none = got(&house, &format!("/docs/{name}")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{name}");
    }
    for route in all_routes() {
        let operation = &document()["paths"][route.path][route.method.to_ascii_lowercase()];
        let id = operation["operationId"].as_str().expect("a name");
        let start = format!("<article id=\"{id}\"");
        let article = page.split(&start).nth(1).unwrap_or_else(|| panic!("{id} is not told"));
        let article = article.split("</article>").next().expect("its end");
        assert!(article.contains(&format!("<code>{}</code>", route.path)), "{id}");
        assert!(article.contains("curl "), "{id}");
        for code in operation["x-problems"].as_array().expect("codes") {
            assert!(article.contains(&format!("#problem-{}\"", code.as_str().unwrap_or(""))));
        }
        if let Some(right) = route.right {
            assert!(article.contains(&format!("<code>{}</code>", right.word())), "{id}");
        }
    }
    for name in document()["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(unique.contains(format!("shape-{name}").as_str()), "{name}");
    }
    for word in document()["webhooks"].as_object().expect("webhooks").keys() {
        assert!(page.contains(&format!("<code>{word}</code>")), "{word}");
    }
}

//! The page about cases has the same table as the code.

use http_body_util::BodyExt;

use super::*;

/// The status, and the one word that tells answers of that status apart.
async fn shown(answer: Response) -> String {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let word = json["data"]["status"].as_str().or(json["error"].as_str()).or_else(|| {
        let field = json["errors"].as_object()?.keys().next()?;
        Some(field.as_str())
    });
    let word = word.or(json["message"].as_str()).expect("a word");
    format!("{status} `{word}`")
}

#[tokio::test]
async fn the_page_has_every_refusal_with_its_answer() {
    let page = include_str!("../../../../../docs/case.md");
    let table = page.split("### IIMMPACT: ").nth(1).expect("the section");
    let table = table.split("###").next().expect("its end");
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.rsplit_once(" | ").map(|(row, _)| row))
        .collect();
    let mut ours = Vec::new();
    for refusal in Refusal::samples() {
        let answer = refused(&refusal, &Messages::default());
        ours.push(format!("| `{}` | {}", refusal.code(), shown(answer).await));
    }
    assert_eq!(rows, ours);
}

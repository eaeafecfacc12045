//! Every story in `tests/stories`, on both engines: one expected page for the two. With
//! `REDRESS_ACCEPT=1` the pages are written as they read on SQLite; read the difference before
//! committing it.

use store::engine::EngineKind;
use teststand::engines::BOTH;
use teststand::world::World;

async fn check(kind: EngineKind, name: &str, page: &str) {
    let mut world = World::new(kind, 7).await;
    let told = teststand::story::tell(&mut world, page).await;
    if std::env::var_os("REDRESS_ACCEPT").is_some() {
        if kind == EngineKind::Sqlite {
            std::fs::write(name, &told).expect("the story is written");
        }
        return;
    }
    assert!(told == page, "{name} on {kind:?} reads\n{told}\ninstead of\n{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stories() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the stories are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    for path in names {
        let page = std::fs::read_to_string(&path).expect("a story reads");
        for kind in BOTH {
            check(kind, &path.display().to_string(), &page).await;
        }
    }
}

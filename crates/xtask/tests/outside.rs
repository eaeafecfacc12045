//! What is made from the document stands in the checkout as it is made today.

use std::path::Path;

use xtask::outside::{Made, postman_collection, rust_client, write};

/// With `REDRESS_ACCEPT=1` the files are written anew.
fn check(make: fn(&Path) -> anyhow::Result<Vec<Made>>, chore: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let made = make(&root).expect("it is made");
    if std::env::var_os("REDRESS_ACCEPT").is_some() {
        write(&root, &made).expect("it is written");
    }
    for one in made {
        let stands = std::fs::read_to_string(root.join(one.path)).unwrap_or_default();
        assert!(stands == one.text, "{} is old: run `cargo xtask {chore}`", one.path);
    }
}

#[test]
fn the_rust_client_is_of_this_document() {
    check(rust_client, "client rust");
}

#[test]
fn the_postman_collection_is_of_this_document() {
    check(postman_collection, "postman");
}

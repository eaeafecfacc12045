//! The reading of deny.toml and of a dependency tree. The tree of this checkout itself is compared
//! by `cargo xtask bans`, a stage of ./test, because a test must not wait for cargo's own lock.

use std::fs;

use xtask::bans::{found, listed};

const DENY: &str = r#"
[bans]
deny = [{ crate = "ring", reason = "one provider" }]
[[bans.features]]
crate = "serde_json"
deny = ["arbitrary_precision"]
reason = "breaks tagged types"
"#;

#[test]
fn what_is_banned_is_found_once() {
    let tree = "serde_json v1.0.1 default,std\nring v0.17.0 alloc\nring v0.17.0 alloc (*)\n\n";
    let listed = listed(DENY).expect("the sample is TOML");
    assert_eq!(found(&listed, tree), ["ring v0.17.0 is compiled in: one provider"]);
    let tree = "serde_json v1.0.1 arbitrary_precision,std\nstring v1.0.0 ring\n";
    let findings = found(&listed, tree);
    let expected = "serde_json v1.0.1 has the feature arbitrary_precision: breaks tagged types";
    assert_eq!(findings, [expected]);
}

#[test]
fn our_own_list_bans_the_second_providers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deny.toml");
    let listed = listed(&fs::read_to_string(path).expect("deny.toml")).expect("it is TOML");
    for package in ["openssl-sys", "native-tls", "ring"] {
        assert!(listed.iter().any(|ban| ban.package == package), "{package} is not banned");
    }
}

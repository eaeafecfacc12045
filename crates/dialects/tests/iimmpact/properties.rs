//! No body, signed well, makes the server answer 5xx or with another shape than the dialect's.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use teststand::engines::BOTH;

use crate::support::{CHECK, House};

const TYPES: [&str; 7] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "application/xml",
    "",
];

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![Just("S-1"), Just("T-S-2"), Just("F-1"), Just("a@b.example")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just("refid"),
        Just("trxid"),
        Just("user_email"),
        Just("user_email[]"),
        Just("user_email[3]"),
        Just("description"),
        Just("category"),
    ];
    let fields = prop::collection::hash_map(names.clone(), value(), 0..6);
    let object = fields.prop_map(|map| {
        let map = map.into_iter().map(|(name, value)| (name.to_owned(), value));
        serde_json::Value::Object(map.collect()).to_string().into_bytes()
    });
    let object = object.boxed();
    let pairs = prop::collection::vec((names, any::<String>()), 0..6);
    let form = pairs.prop_map(|pairs| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
    });
    let cut = (object.clone(), any::<prop::sample::Index>())
        .prop_map(|(body, end)| body[..end.index(body.len())].to_vec());
    prop_oneof![object, form, cut, prop::collection::vec(any::<u8>(), 0..400)]
}

#[test]
fn no_body_breaks_the_server() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for kind in BOTH {
        let house = runtime.block_on(House::new(kind));
        let config = ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() };
        let strategy = (body(), prop::sample::select(TYPES.to_vec()));
        let ran = TestRunner::new(config).run(&strategy, |(body, content_type)| {
            let headers = [("content-type", content_type)];
            let request = house.sealed(&house.production, CHECK, &body, &headers);
            let answer = runtime.block_on(house.send(request));
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
            prop_assert!(answer.status != 401, "{answer:?}");
            answer.line();
            Ok(())
        });
        ran.expect("every body has an answer");
    }
}

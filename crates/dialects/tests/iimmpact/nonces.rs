//! A signed write is good once: on every path, after a refusal, after a restart, on every node.

use std::time::Duration;

use desk::Failure;
use dialects::{App, Settings, router};
use domain::Refusal;
use teststand::engines::BOTH;

use crate::support::{CHECK, House};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[tokio::test]
async fn a_replay_is_refused_whatever_became_of_the_first() {
    for kind in BOTH {
        let mut house = House::new(kind).await;
        let bodies = [
            r#"{"refid":"S-1"}"#,
            r#"{"refid":"S-1"}"#,
            r#"{"refid":"F-1"}"#,
            r#"{"refid":"S-9"}"#,
            r#"{"refid":"S-2","user_email":"no address"}"#,
            "[]",
            "{",
            r#"{"refid":"S-2","refid":"S-3"}"#,
        ];
        let send = async |house: &House, place: usize, body: &str| {
            let nonce = format!("replayed-nonce-{place:04}");
            let key = &house.production;
            house.send(house.signed_with(key, &nonce, 0, CHECK, body.as_bytes(), JSON)).await
        };
        for (place, body) in bodies.iter().enumerate() {
            let first = send(&house, place, body).await;
            assert_ne!(first.status, 401, "{body}");
            assert_eq!(send(&house, place, body).await.line(), "401 nonce_reused", "{body}");
        }
        // Nothing in memory: what was refused was written down too.
        house.world.restart().await;
        house.router = router(App::new(house.world.desk.clone(), Settings::default()));
        for (place, body) in bodies.iter().enumerate() {
            assert_eq!(send(&house, place, body).await.line(), "401 nonce_reused", "{body}");
        }
    }
}

#[tokio::test]
async fn an_unverified_request_spends_nothing() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let (key, nonce, body) = (&house.production, "untouched-nonce-1", r#"{"refid":"S-1"}"#);
        let good = || house.signed_with(key, nonce, 0, CHECK, body.as_bytes(), JSON);
        let mut forged = good();
        let nothing = format!("v1={}=", "A".repeat(43));
        forged.headers_mut().insert("x-signature", nothing.parse().expect("a header"));
        assert_eq!(house.send(forged).await.line(), "401 invalid_signature");
        assert_eq!(house.send(good()).await.line(), "200 Success S-1");
    }
}

#[tokio::test]
async fn a_nonce_is_one_key_s_own_and_the_same_on_every_path() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let nonce = "shared-nonce-00001";
        let send = async |key, refid: &str| {
            let body = format!(r#"{{"refid":"{refid}"}}"#);
            house.send(house.signed_with(key, nonce, 0, CHECK, body.as_bytes(), JSON)).await.line()
        };
        assert_eq!(send(&house.production, "S-1").await, "200 Success S-1");
        assert_eq!(send(&house.other, "O-1").await, "200 Success O-1");
        assert_eq!(send(&house.production, "S-2").await, "401 nonce_reused");
        // What another path would hand to the desk is the digest of key and nonce, nothing else.
        let digest = domain::chain::digest_of(&[house.production.id.as_bytes(), nonce.as_bytes()]);
        let digest = <[u8; 16]>::try_from(&digest[..16]).expect("16 bytes");
        let minute = house.world.desk.now().minute();
        let spent = house.world.desk.spend_on_read(domain::changes::Nonce { minute, digest }).await;
        assert!(matches!(spent, Err(Failure::Refused(Refusal::NonceSpent))), "{spent:?}");
    }
}

#[tokio::test]
async fn a_write_goes_on_when_its_client_leaves() {
    for kind in BOTH {
        let mut house = House::new(kind).await;
        // So that the key is known, and the first look at a request gets as far as the desk.
        assert_eq!(house.report(r#"{"refid":"F-1"}"#).await.line(), "200 Failed F-1");
        for (nonce, body) in [
            ("leaving-nonce-0001", r#"{"refid":"S-1"}"#),
            ("leaving-nonce-0002", r#"{"refid":"S-1","user_email":"no address"}"#),
        ] {
            let key = &house.production;
            let request = || house.signed_with(key, nonce, 0, CHECK, body.as_bytes(), JSON);
            {
                let mut left = std::pin::pin!(house.send(request()));
                assert!(futures_util::poll!(&mut left).is_pending(), "it began");
            }
            let done = async {
                while house.cases("S-1").await == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), done).await.expect("it went on");
        }
        // The second changes nothing that could be waited for but its nonce.
        tokio::time::sleep(Duration::from_millis(300)).await;
        house.world.restart().await;
        house.router = router(App::new(house.world.desk.clone(), Settings::default()));
        for nonce in ["leaving-nonce-0001", "leaving-nonce-0002"] {
            let body = br#"{"refid":"S-2"}"#;
            let request = house.signed_with(&house.production, nonce, 0, CHECK, body, JSON);
            assert_eq!(house.send(request).await.line(), "401 nonce_reused", "{nonce}");
        }
    }
}

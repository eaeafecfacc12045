//! How seals are written, and how a secret changes the key it is sealed with.

use domain::audit::{Heads, SignedSeal};
use domain::changes::SecretPlace;

use super::{any, one, tag};
use crate::engine::Stmt;

const INSERT_SEAL: &str = "INSERT INTO seals (seq, at, heads, root, previous, signer, signature)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";

const INSERT_SEAL_HEAD: &str =
    "INSERT INTO seal_heads (seal, case_id, note_seq, digest) VALUES (?1, ?2, ?3, ?4)
 ON CONFLICT DO NOTHING";

const MARK_SEALED: &str =
    "UPDATE notes SET seal = ?3 WHERE case_id = ?1 AND seq <= ?2 AND seal = 0";

const INSERT_ADMIN_SEAL_HEAD: &str =
    "INSERT INTO admin_seal_heads (seal, scope, seq, digest) VALUES (?1, ?2, ?3, ?4)
 ON CONFLICT DO NOTHING";

const MARK_ADMIN_SEALED: &str =
    "UPDATE admin_history SET seal = ?3 WHERE scope = ?1 AND seq <= ?2 AND seal = 0";

const RESEAL_KEY: &str = "UPDATE api_keys SET secret = ?3 WHERE id = ?1 AND secret = ?2";

const RESEAL_ENDPOINT: &str =
    "UPDATE webhook_endpoints SET secret = ?3 WHERE id = ?1 AND secret = ?2";

const RESEAL_ENDPOINT_BEFORE: &str =
    "UPDATE webhook_endpoints SET secret_before = ?3 WHERE id = ?1 AND secret_before = ?2";

const RESEAL_NOTE: &str =
    "UPDATE notes SET content = ?4 WHERE case_id = ?1 AND seq = ?2 AND content = ?3 AND sealed = 1";

pub(super) fn sealed(signed: &SignedSeal, heads: &Heads) -> Vec<Stmt> {
    let seal = &signed.seal;
    let values = vec![
        seal.seq.into(),
        seal.at.millis().into(),
        seal.heads.into(),
        seal.root.as_slice().into(),
        seal.previous.as_slice().into(),
        signed.signer.as_str().into(),
        signed.signature.as_slice().into(),
    ];
    let mut list = vec![one(INSERT_SEAL, tag::SEAL, values)];
    for one_head in &heads.cases {
        let (case, head) = (one_head.case.as_str(), one_head.head);
        let values =
            vec![seal.seq.into(), case.into(), head.seq.into(), head.digest.as_slice().into()];
        list.push(one(INSERT_SEAL_HEAD, tag::SEAL, values));
        list.push(any(MARK_SEALED, vec![case.into(), head.seq.into(), seal.seq.into()]));
    }
    for one_head in &heads.admin {
        let (scope, head) = (one_head.scope.number(), one_head.head);
        let values =
            vec![seal.seq.into(), scope.into(), head.seq.into(), head.digest.as_slice().into()];
        list.push(one(INSERT_ADMIN_SEAL_HEAD, tag::SEAL, values));
        list.push(any(MARK_ADMIN_SEALED, vec![scope.into(), head.seq.into(), seal.seq.into()]));
    }
    list
}

pub(super) fn resealed(place: &SecretPlace, was: &[u8], is: &[u8]) -> Stmt {
    match place {
        SecretPlace::Key(id) => {
            one(RESEAL_KEY, tag::ACCOUNT, vec![id.as_str().into(), was.into(), is.into()])
        }
        SecretPlace::Endpoint(id) => {
            one(RESEAL_ENDPOINT, tag::ACCOUNT, vec![id.as_str().into(), was.into(), is.into()])
        }
        SecretPlace::EndpointBefore(id) => one(
            RESEAL_ENDPOINT_BEFORE,
            tag::ACCOUNT,
            vec![id.as_str().into(), was.into(), is.into()],
        ),
        SecretPlace::Note { case, seq } => {
            let values = vec![case.as_str().into(), (*seq).into(), was.into(), is.into()];
            one(RESEAL_NOTE, tag::CASE, values)
        }
    }
}

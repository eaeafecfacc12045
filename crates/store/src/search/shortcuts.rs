//! Shorter ways to the same hits, each for a kind of question that the index alone answers slowly:
//! one for all cases, one for what most cases have, one for words with an unfinished one among
//! them. What they find is what the whole question finds in the index, in the same order.

use domain::search::Atom;

use super::{
    BUCKET_BITS, EngineKind, Hit, Wanted, Where, asked, bucket_of, count, hit, postgres, window,
};
use crate::engine::{Db, Query, Value};
use crate::fault::Fault;

/// Cases that PostgreSQL looks at one by one before it asks the index. They cost a millisecond or
/// two, and hold a page of anything that one case in twelve has.
const NEWEST_FIRST: usize = 256;

/// Cases with all finished words of a question up to which the unfinished word is looked for in
/// them alone. With more it is common enough to be looked for in the index.
const SIEVED_MAX: usize = 256;

/// Buckets with such cases asked at once for the unfinished word on SQLite, which gathers every
/// word that begins so before it gives the first case.
const BUCKETS_SIEVED_AT_ONCE: usize = 4;

const EVERY: &str = "SELECT doc, case_id, stage, outcome, queue, channel, provider, product
 FROM search_docs WHERE doc >= ?1 AND doc < ?2 AND opened_at >= ?3 AND opened_at < ?4
 ORDER BY doc DESC LIMIT ?5";

/// All cases in a run of buckets: no token is needed for them.
pub(super) async fn every(
    db: &Db,
    wanted: &Wanted<'_>,
    place: &Where,
    buckets: &[i64],
    most: usize,
) -> Result<Vec<Hit>, Fault> {
    let (Some(newest), Some(oldest)) = (buckets.first(), buckets.last()) else {
        return Ok(Vec::new());
    };
    let values: Vec<Value> = vec![
        place.first(*oldest).into(),
        place.first(newest + 1).min(place.before).into(),
        wanted.from.millis().into(),
        wanted.to.millis().into(),
        count(most),
    ];
    db.rows(EVERY, values).await?.iter().map(hit).collect()
}

/// The hits among the newest cases, looked at one by one for as long as many of them answer; the
/// place then begins where the look ended.
pub(super) async fn newest(
    db: &Db,
    wanted: &Wanted<'_>,
    place: &mut Where,
) -> Result<Vec<Hit>, Fault> {
    let (mut hits, mut looked, mut span) = (Vec::new(), 0, NEWEST_FIRST);
    while let Some(bucket) = place.buckets.first().copied() {
        let (first, before) = (place.first(bucket), place.first(bucket + 1).min(place.before));
        let left = wanted.hits_max - hits.len();
        let lists: Vec<&[Atom]> = wanted.question.all.iter().map(Vec::as_slice).collect();
        let values: Vec<Value> = vec![
            asked(EngineKind::Postgres, place, &[bucket], &lists).into(),
            before.into(),
            wanted.from.millis().into(),
            wanted.to.millis().into(),
            count(left),
            first.into(),
            count(span),
        ];
        let bounds: Vec<Value> = vec![first.into(), before.into(), count(span)];
        let questions =
            vec![Query::new(postgres::NEWEST, values), Query::new(postgres::NEWEST_END, bounds)];
        let found = db.read(questions).await?;
        let [rows, end] = found.as_slice() else { return Err(Fault::new("no snapshot")) };
        for row in rows {
            hits.push(hit(row)?);
        }
        // Nothing there at all: the bucket is done with.
        let end = end.first().map_or(Ok(None), |row| row.opt_int(0))?.unwrap_or(first);
        place.go_before(end);
        looked += span;
        let rest = wanted.hits_max.saturating_sub(hits.len());
        // As many as should hold the rest, and a quarter more. The index would gather all hits of
        // a bucket instead: whichever touches fewer rows.
        span = (rest * looked / hits.len().max(1) * 5 / 4).max(NEWEST_FIRST);
        if rest == 0 || span * looked > hits.len() << BUCKET_BITS {
            break;
        }
    }
    Ok(hits)
}

/// The hits in some buckets. Where a question has finished words and an unfinished one, what has
/// the finished ones is gathered first: a beginning of two letters stands in most cases, and
/// gathering all those would cost each bucket milliseconds.
pub(super) async fn sieved(
    db: &Db,
    wanted: &Wanted<'_>,
    place: &Where,
    buckets: &[i64],
    most: usize,
) -> Result<Vec<Hit>, Fault> {
    let all: Vec<&[Atom]> = wanted.question.all.iter().map(Vec::as_slice).collect();
    let finished = |list: &&[Atom]| !list.iter().any(|atom| atom.prefix);
    let exact: Vec<&[Atom]> = all.iter().copied().filter(finished).collect();
    if exact.is_empty() || exact.len() == all.len() {
        return window(db, wanted, place, (buckets, &all), most).await;
    }
    let coarse = window(db, wanted, place, (buckets, &exact), SIEVED_MAX + 1).await?;
    if coarse.len() > SIEVED_MAX {
        return window(db, wanted, place, (buckets, &all), most).await;
    }
    let mut left: Vec<i64> = coarse.iter().map(|hit| bucket_of(hit.doc)).collect();
    left.dedup(); // newest first, so equals stand together
    if left.is_empty() {
        return Ok(Vec::new());
    }
    if db.kind() == EngineKind::Postgres {
        let docs: Vec<String> = coarse.iter().map(|hit| hit.doc.to_string()).collect();
        let asked = asked(EngineKind::Postgres, place, &left, &all);
        let values: Vec<Value> = vec![docs.join(" ").into(), asked.into(), count(most)];
        return db.rows(postgres::AMONG, values).await?.iter().map(hit).collect();
    }
    let mut hits = Vec::new();
    for some in left.chunks(BUCKETS_SIEVED_AT_ONCE) {
        let wanting = most - hits.len();
        if wanting == 0 {
            break;
        }
        hits.extend(window(db, wanted, place, (some, &all), wanting).await?);
    }
    Ok(hits)
}

//! The search index behind one function, `find`: FTS5 on SQLite, a vector of tokens with a GIN
//! index on PostgreSQL. Both hold the tokens that `domain::search` makes and are asked for nothing
//! but which rows have them, so both find the same cases in the same order. It is derived from
//! what was committed and can be built anew; nothing but searching may ever depend on it.
//!
//! Neither engine can give the newest of a million hits without touching all of them (GIN), nor
//! keep apart whose row it is. So every token begins with the generation, the scope and the
//! *bucket*: a stretch of 16,384 cases of one scope in the order they came. A question looks into
//! the newest bucket first and stops when it has enough; what is in no other scope's tokens cannot
//! be found there.

mod index;
mod loading;
mod postgres;
mod shortcuts;
mod sqlite;

use domain::ids::CaseId;
use domain::search::{Atom, Question};
use domain::{Instant, Scope};

pub use index::{
    Entry, State, Unindexed, case_ids_after, drop_some, fresh, keep, keep_with, next_doc,
    sealed_after, settle, state, unindexed,
};
pub use loading::{Loaded, load};

use crate::codec;
use crate::engine::{Db, EngineKind, Query, Row, Value};
use crate::fault::Fault;

/// Cases in a bucket, as a power of two. The most common word of a bucket costs a few milliseconds
/// to gather; a rare one costs a look into every bucket.
const BUCKET_BITS: u32 = 14;

/// Bits of a running number: half a thousand million cases of one scope in one generation.
const NUMBER_BITS: u32 = 29;

/// Bits of a scope's number.
const SCOPE_BITS: u32 = 28;

/// The highest generation: one digit in base 36. After it comes the first again.
pub const GENERATION_MAX: i64 = 35;

/// Buckets looked into with one statement at most, when the ones before had almost nothing.
const BUCKETS_AT_ONCE_MAX: usize = 32;

/// Hits in one statement's buckets up to which the next looks into twice as many.
const HITS_FEW: usize = 64;

/// What is counted of the hits, in the order of [`Hit::facets`].
pub const FACETS: [&str; 6] = ["stage", "outcome", "queue", "channel", "provider", "product"];

/// A case that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its number in the index.
    pub doc: i64,
    /// The case.
    pub case: CaseId,
    /// Its values of [`FACETS`] as they were indexed; empty where it has none.
    pub facets: [String; 6],
}

/// What is wanted of the index.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whose cases.
    pub scope: Scope,
    /// What is searched for.
    pub question: &'a Question,
    /// Only what came before this case.
    pub after: Option<&'a CaseId>,
    /// Only cases opened from then on.
    pub from: Instant,
    /// Only cases opened before then.
    pub to: Instant,
    /// How many.
    pub hits_max: usize,
}

/// The number of the first case of a scope.
const fn first_doc(generation: i64, scope: Scope) -> i64 {
    ((generation << SCOPE_BITS) | scope.number()) << NUMBER_BITS
}

/// The number after the last possible one of a scope.
const fn end_doc(generation: i64, scope: Scope) -> i64 {
    first_doc(generation, scope) + (1 << NUMBER_BITS)
}

const fn bucket_of(doc: i64) -> i64 {
    (doc & ((1 << NUMBER_BITS) - 1)) >> BUCKET_BITS
}

/// What every token of a bucket begins with.
fn prefix(generation: i64, scope: Scope, bucket: i64) -> String {
    format!("{}{}.{}.", base36(generation), base36(scope.number()), base36(bucket))
}

fn base36(mut number: i64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

const LIVE: &str = "SELECT live FROM search_state WHERE id = 1";

const BUCKETS: &str = "SELECT search_buckets.bucket, search_buckets.first_at,
 search_buckets.last_at FROM search_buckets
 JOIN search_state ON search_state.live = search_buckets.generation
 WHERE search_state.id = 1 AND search_buckets.scope = ?1 ORDER BY search_buckets.bucket DESC";

const DOC_OF_CASE: &str = "SELECT search_docs.doc FROM search_docs
 JOIN search_state ON search_state.live = search_docs.generation
 WHERE search_state.id = 1 AND search_docs.case_id = ?1";

/// Where to look: the generation that answers, the buckets from the newest, and the number before
/// which to begin.
struct Where {
    generation: i64,
    scope: Scope,
    buckets: Vec<i64>,
    before: i64,
}

impl Where {
    /// The number of the first case of a bucket.
    const fn first(&self, bucket: i64) -> i64 {
        first_doc(self.generation, self.scope) + (bucket << BUCKET_BITS)
    }

    /// Goes on before this number.
    fn go_before(&mut self, doc: i64) {
        self.before = doc;
        let begin = first_doc(self.generation, self.scope);
        self.buckets.retain(|bucket| begin + (bucket << BUCKET_BITS) < doc);
    }
}

async fn place(db: &Db, wanted: &Wanted<'_>) -> Result<Where, Fault> {
    let scope = wanted.scope;
    let after = wanted.after.map_or("", CaseId::as_str);
    let found = db
        .read(vec![
            Query::new(LIVE, vec![]),
            Query::new(BUCKETS, vec![scope.number().into()]),
            Query::new(DOC_OF_CASE, vec![after.into()]),
        ])
        .await?;
    let [live, buckets, doc] = found.as_slice() else { return Err(Fault::new("no snapshot")) };
    let generation = live.first().map_or(Ok(1), |row| row.int(0))?;
    let end = end_doc(generation, scope);
    let begin = first_doc(generation, scope);
    let before = match (wanted.after, doc.first()) {
        (None, _) => end,
        // A case of another scope, or one that is gone: nothing comes after it.
        (Some(_), None) => begin,
        (Some(_), Some(row)) => {
            let doc = row.int(0)?;
            if (begin..end).contains(&doc) { doc } else { begin }
        }
    };
    let mut list = Vec::new();
    for row in buckets {
        let (bucket, first, last) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let in_time = first < wanted.to.millis() && last >= wanted.from.millis();
        if in_time && begin + (bucket << BUCKET_BITS) < before {
            list.push(bucket);
        }
    }
    Ok(Where { generation, scope, buckets: list, before })
}

/// The newest cases that answer the question, newest first: in the order in which they came into
/// the index.
///
/// # Errors
/// A fault.
pub async fn find(db: &Db, wanted: &Wanted<'_>) -> Result<Vec<Hit>, Fault> {
    let mut hits = Vec::new();
    if wanted.question.all.is_empty() || wanted.hits_max == 0 {
        return Ok(hits);
    }
    let mut place = place(db, wanted).await?;
    if db.kind() == EngineKind::Postgres && !wanted.question.asks_for_every() {
        hits = shortcuts::newest(db, wanted, &mut place).await?;
    }
    let (mut rest, mut size) = (place.buckets.as_slice(), 1);
    while !rest.is_empty() && hits.len() < wanted.hits_max {
        let (now, later) = rest.split_at(size.min(rest.len()));
        let before = hits.len();
        let left = wanted.hits_max - before;
        let found = if wanted.question.asks_for_every() {
            shortcuts::every(db, wanted, &place, now, left).await?
        } else {
            shortcuts::sieved(db, wanted, &place, now, left).await?
        };
        hits.extend(found);
        if hits.len() - before <= HITS_FEW {
            size = (size * 2).min(BUCKETS_AT_ONCE_MAX);
        }
        rest = later;
    }
    Ok(hits)
}

/// The hits in some buckets of a question, or of a part of it.
async fn window(
    db: &Db,
    wanted: &Wanted<'_>,
    place: &Where,
    (buckets, all): (&[i64], &[&[Atom]]),
    most: usize,
) -> Result<Vec<Hit>, Fault> {
    let values: Vec<Value> = vec![
        asked(db.kind(), place, buckets, all).into(),
        place.before.into(),
        wanted.from.millis().into(),
        wanted.to.millis().into(),
        count(most),
    ];
    let sql = match db.kind() {
        EngineKind::Sqlite => sqlite::HITS,
        EngineKind::Postgres => postgres::HITS,
    };
    db.rows(sql, values).await?.iter().map(hit).collect()
}

fn count(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The question about some buckets in the engine's own words.
fn asked(kind: EngineKind, place: &Where, buckets: &[i64], all: &[&[Atom]]) -> String {
    let about = |bucket: &i64| {
        let prefix = prefix(place.generation, place.scope, *bucket);
        expression(kind, &prefix, all)
    };
    let or = match kind {
        EngineKind::Sqlite => " OR ",
        EngineKind::Postgres => " | ",
    };
    let each: Vec<String> = buckets.iter().map(about).collect();
    each.join(or)
}

/// The question about one bucket in the engine's own words. Tokens hold letters, digits and the
/// marks of `domain::search`: nothing that either language could read as its own.
fn expression(kind: EngineKind, prefix: &str, all: &[&[Atom]]) -> String {
    let [and, or] = match kind {
        EngineKind::Sqlite => [" AND ", " OR "],
        EngineKind::Postgres => [" & ", " | "],
    };
    let term = |atom: &Atom| match (kind, atom.prefix) {
        (EngineKind::Sqlite, false) => format!("\"{prefix}{}\"", atom.token),
        (EngineKind::Sqlite, true) => format!("\"{prefix}{}\"*", atom.token),
        (EngineKind::Postgres, false) => format!("'{prefix}{}'", atom.token),
        (EngineKind::Postgres, true) => format!("'{prefix}{}':*", atom.token),
    };
    let any = |list: &&[Atom]| {
        let terms: Vec<String> = list.iter().map(term).collect();
        format!("({})", terms.join(or))
    };
    let lists: Vec<String> = all.iter().map(any).collect();
    format!("({})", lists.join(and))
}

fn hit(row: &Row) -> Result<Hit, Fault> {
    let facet = |place: usize| row.text(place).map(str::to_owned);
    Ok(Hit {
        doc: row.int(0)?,
        case: codec::case_id(row.text(1)?)?,
        facets: [facet(2)?, facet(3)?, facet(4)?, facet(5)?, facet(6)?, facet(7)?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Env, TenantId};

    #[test]
    fn numbers_keep_scopes_and_generations_apart() {
        let scopes = [(1, Env::Staging), (1, Env::Production), (100_000_000, Env::Production)];
        let scopes = scopes.map(|(tenant, env)| Scope::new(TenantId(tenant), env));
        let mut ends = 0;
        for generation in [1, 2, GENERATION_MAX] {
            for scope in scopes {
                assert!(first_doc(generation, scope) >= ends, "{generation} {scope:?}");
                ends = end_doc(generation, scope);
            }
        }
        assert_eq!(bucket_of(first_doc(3, scopes[1]) + 16_384), 1);
        assert_eq!(prefix(1, scopes[1], 37), "13.11.");
    }
}

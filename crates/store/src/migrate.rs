//! Builds and grows the tables: numbered steps, each kept with a digest of its text, applied once
//! under a lock. It must never run on a schema that a newer program made incompatible, and a step
//! that was applied never changes.
//!
//! Written here rather than taken from a crate: the steps are one text for two engines and are
//! rewritten for one of them; refinery takes no lock of its own, pins both drivers' versions, and
//! brings a second date library; what is left of it after that is the sixty lines below.
//!
//! A schema also says which program can still work on it. Each step names the `oldest` program,
//! by that program's newest step, which works beside it: a step that only adds leaves `oldest` as
//! it was, so nodes of both versions run during an update; a step that breaks older programs names
//! itself, and they refuse to start.

use crate::engine::EngineKind;
use crate::fault::Fault;
use domain::{Instant, hex};
use sha2::{Digest, Sha256};

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number, rising by one from 1.
    pub number: u32,
    /// Its name, as in the file's name.
    pub name: &'static str,
    /// The newest step of the oldest program that can work on the schema after this one.
    pub oldest: u32,
    /// Its text, in SQLite's words.
    pub sql: &'static str,
    /// More text for SQLite only, for what cannot be said alike (a search index); else empty.
    pub sqlite: &'static str,
    /// More text for PostgreSQL only, sent as it stands; else empty.
    pub postgres: &'static str,
}

impl Migration {
    /// A step with one text for both engines, after which only programs that know it can work.
    pub const fn new(number: u32, name: &'static str, sql: &'static str) -> Self {
        Self { number, name, oldest: number, sql, sqlite: "", postgres: "" }
    }

    /// Names the digest of all its texts. Line ends do not count: a checkout may change them.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for text in [self.sql, self.sqlite, self.postgres] {
            let text = text.replace("\r\n", "\n");
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hex(&hasher.finalize())
    }

    /// The text for one engine.
    pub fn text(&self, kind: EngineKind) -> String {
        match kind {
            EngineKind::Sqlite => format!("{}\n{}", self.sql, self.sqlite),
            EngineKind::Postgres => format!("{}\n{}", for_postgres(self.sql), self.postgres),
        }
    }
}

/// The steps of this program.
pub const MIGRATIONS: &[Migration] = &[
    Migration::new(1, "skeleton", include_str!("../../../migrations/0001_skeleton.sql")),
    Migration::new(2, "admin", include_str!("../../../migrations/0002_admin.sql")),
    Migration::new(3, "cases", include_str!("../../../migrations/0003_cases.sql")),
    Migration {
        oldest: 3,
        sqlite: include_str!("../../../migrations/0004_search.sqlite.sql"),
        postgres: include_str!("../../../migrations/0004_search.postgres.sql"),
        ..Migration::new(4, "search", include_str!("../../../migrations/0004_search.sql"))
    },
    // An older program would write payments that never leave by export.
    Migration::new(5, "feed", include_str!("../../../migrations/0005_feed.sql")),
    Migration::new(
        6,
        "imported_cases",
        include_str!("../../../migrations/0006_imported_cases.sql"),
    ),
    Migration::new(7, "evidence", include_str!("../../../migrations/0007_evidence.sql")),
    Migration::new(8, "names", include_str!("../../../migrations/0008_names.sql")),
    Migration {
        oldest: 8,
        ..Migration::new(
            9,
            "job_cancelled_by",
            include_str!("../../../migrations/0009_job_cancelled_by.sql"),
        )
    },
];

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The steps applied now.
    pub applied: Vec<u32>,
    /// The newest step of the schema now; 0 for none.
    pub newest: u32,
}

impl Migrated {
    /// What was done, given what was there before and what was left to do.
    pub(crate) fn after(before: &[Applied], left: &[Migration]) -> Self {
        let applied: Vec<u32> = left.iter().map(|step| step.number).collect();
        let there = before.len() + left.len();
        Self { applied, newest: u32::try_from(there).unwrap_or(u32::MAX) }
    }
}

/// The tables of this module, in SQLite's words. Made when absent, under the lock.
pub(crate) const OWN_TABLES: &str = "
CREATE TABLE IF NOT EXISTS schema_steps (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS schema_compat (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    oldest INTEGER NOT NULL
) STRICT;";

/// Steps that were applied: number, name, digest.
pub(crate) const APPLIED: &str = "SELECT number, name, digest FROM schema_steps ORDER BY number";

/// The oldest program that can work on the schema.
pub(crate) const OLDEST: &str = "SELECT oldest FROM schema_compat WHERE only_row = 1";

/// Notes one applied step.
pub(crate) const NOTE_STEP: &str =
    "INSERT INTO schema_steps (number, name, digest, applied_at) VALUES (?1, ?2, ?3, ?4)";

/// Raises the oldest program that can work on the schema.
pub(crate) const NOTE_OLDEST: &str = "INSERT INTO schema_compat (only_row, oldest) VALUES (1, ?1) \
     ON CONFLICT (only_row) DO UPDATE SET oldest = excluded.oldest \
     WHERE schema_compat.oldest < excluded.oldest";

/// A step as the database remembers it.
pub(crate) struct Applied {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) digest: String,
}

/// The values of [`NOTE_STEP`] after the number and the name.
pub(crate) fn note(step: &Migration, at: Instant) -> (i64, String, String, i64) {
    (step.number.into(), step.name.to_owned(), step.digest(), at.millis())
}

/// Refuses a list whose numbers do not rise by one from 1.
pub(crate) fn check_list(steps: &[Migration]) -> Result<(), Fault> {
    for (step, number) in steps.iter().zip(1..) {
        if step.number != number || step.oldest > number || step.oldest == 0 {
            return Err(Fault::new(format!(
                "step {} {:?} of this program should be number {number}, its oldest from 1 to that",
                step.number, step.name
            )));
        }
    }
    Ok(())
}

/// Which steps are to be applied, after holding what was applied against what this program knows.
///
/// # Errors
/// A fault when the schema is newer than this program can work with, or was made by other texts.
pub(crate) fn plan(
    steps: &'static [Migration],
    applied: &[Applied],
    oldest: Option<i64>,
) -> Result<&'static [Migration], Fault> {
    let known = steps.len();
    if let Some(oldest) = oldest
        && oldest > known as i64
    {
        return Err(Fault::new(format!(
            "the schema needs a program that knows step {oldest}, and this one knows {known}: \
             start the newer version, or restore a copy made before the update"
        )));
    }
    for (was, number) in applied.iter().zip(1..) {
        if was.number != number {
            return Err(Fault::new(format!(
                "step {number} of the schema is missing though {} was applied: restore a copy",
                was.number
            )));
        }
    }
    for (was, step) in applied.iter().zip(steps) {
        if was.digest != step.digest() {
            return Err(Fault::new(format!(
                "step {} was applied as {:?} with another text than {:?} has here: an applied \
                 step never changes; use the program that applied it, or restore its text",
                was.number, was.name, step.name
            )));
        }
    }
    Ok(steps.get(applied.len()..).unwrap_or_default())
}

/// The steps that the schema has, for a program that only reads: all of them must be known.
///
/// # Errors
/// As for [`plan`], and when a newer program added a step.
pub(crate) fn known(
    steps: &'static [Migration],
    applied: &[Applied],
    oldest: Option<i64>,
) -> Result<&'static [Migration], Fault> {
    plan(steps, applied, oldest)?;
    steps.get(..applied.len()).ok_or_else(|| {
        let (has, knows) = (applied.len(), steps.len());
        Fault::new(format!(
            "the schema has {has} steps and this program knows {knows}: use the program that \
             serves here"
        ))
    })
}

/// The number of the last of these steps; 0 for none.
pub(crate) fn newest(steps: &[Migration]) -> u32 {
    steps.last().map_or(0, |step| step.number)
}

/// SQLite's words for tables in PostgreSQL's: `INTEGER` has 64 bits, `BLOB` is `BYTEA`, `TEXT`
/// sorts by its bytes as it does on SQLite, and the table options `STRICT` and `WITHOUT ROWID` go.
/// Quoted text and comments stay as they are.
pub fn for_postgres(ddl: &str) -> String {
    let mut out = String::with_capacity(ddl.len());
    let mut rest = ddl;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(len);
        rest = after;
        match token.to_ascii_uppercase().as_str() {
            "INTEGER" => out.push_str("BIGINT"),
            "BLOB" => out.push_str("BYTEA"),
            // Bytes decide the order, as in SQLite; a language's order would also be slower.
            "TEXT" if !casts(&out) => out.push_str("TEXT COLLATE \"C\""),
            "STRICT" => drop_comma(&mut out),
            "WITHOUT" if starts_with_rowid(rest) => {
                rest = &rest.trim_start()["ROWID".len()..];
                drop_comma(&mut out);
            }
            _ => out.push_str(token),
        }
    }
    out
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_with_rowid(text: &str) -> bool {
    text.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("ROWID"))
}

/// Whether the next word is the type of a cast.
fn casts(out: &str) -> bool {
    let before = out.trim_end();
    before.get(before.len().saturating_sub(3)..).is_some_and(|as_| as_.eq_ignore_ascii_case(" AS"))
}

/// Takes back the comma between two table options and the space before one.
fn drop_comma(out: &mut String) {
    out.truncate(out.trim_end_matches([' ', '\n', ',']).len());
}

#[cfg(test)]
mod tests {
    use super::{Applied, Migration, check_list, for_postgres, plan};

    const STEPS: &[Migration] = &[
        Migration::new(1, "first", "a"),
        Migration { oldest: 1, ..Migration::new(2, "more", "b") },
    ];

    fn applied(steps: &[Migration]) -> Vec<Applied> {
        let row = |step: &Migration| Applied {
            number: step.number.into(),
            name: step.name.into(),
            digest: step.digest(),
        };
        steps.iter().map(row).collect()
    }

    #[test]
    fn words_are_rewritten_and_quoted_ones_kept() {
        for (sqlite, postgres) in [
            ("CREATE TABLE t (a INTEGER, b BLOB) STRICT;", "CREATE TABLE t (a BIGINT, b BYTEA);"),
            ("(a INTEGER) STRICT, WITHOUT ROWID;", "(a BIGINT);"),
            ("(a integer) without rowid, strict;", "(a BIGINT);"),
            ("(a BLOB)\nWITHOUT\n  ROWID\n;", "(a BYTEA)\n;"),
            ("a TEXT NOT NULL,", "a TEXT COLLATE \"C\" NOT NULL,"),
            ("CHECK (CAST(a AS TEXT) <> b)", "CHECK (CAST(a AS TEXT) <> b)"),
            ("CHECK (a <> 'INTEGER' AND \"BLOB\" = 1)", "CHECK (a <> 'INTEGER' AND \"BLOB\" = 1)"),
            ("-- an INTEGER\nINTEGERS integer", "-- an INTEGER\nINTEGERS BIGINT"),
            ("a BLOB, -- it's STRICT\nb INTEGER", "a BYTEA, -- it's STRICT\nb BIGINT"),
            ("'it''s é BLOB' BLOB", "'it''s é BLOB' BYTEA"),
        ] {
            assert_eq!(for_postgres(sqlite), postgres, "{sqlite}");
        }
    }

    #[test]
    fn the_plan_is_what_is_left() {
        let left = |was: &[Migration]| plan(STEPS, &applied(was), Some(1)).map(<[_]>::len).ok();
        assert_eq!((left(&[]), left(&STEPS[..1]), left(STEPS)), (Some(2), Some(1), Some(0)));
    }

    #[test]
    fn a_newer_schema_is_refused_only_when_it_breaks_us() {
        let newer = [STEPS[0], STEPS[1], Migration::new(3, "later", "c")];
        assert!(plan(STEPS, &applied(&newer), Some(2)).is_ok_and(<[_]>::is_empty));
        assert!(plan(STEPS, &applied(&newer), Some(3)).is_err());
    }

    #[test]
    fn a_changed_or_missing_step_is_refused() {
        let changed = [Migration::new(1, "first", "a, but otherwise")];
        assert!(plan(STEPS, &applied(&changed), Some(1)).is_err());
        assert!(plan(STEPS, &applied(&STEPS[1..]), Some(1)).is_err());
        assert!(check_list(&STEPS[1..]).is_err() && check_list(STEPS).is_ok());
        let windows = Migration::new(1, "first", "a\r\nb").digest();
        assert_eq!(windows, Migration::new(1, "first", "a\nb").digest());
    }
}

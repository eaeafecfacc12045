//! One statement for many rows, made of the text for one: PostgreSQL spends far more on a statement
//! than on a row, and a group has the same few texts again and again. What cannot be made so is run
//! one by one. It must never change what a text means: every row is written, or looked up, exactly
//! as its own statement would have done it.

use crate::engine::Value;
use bytes::BytesMut;
use std::error::Error;
use std::fmt::Write as _;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A plain `INSERT INTO t (…) VALUES (…)`, with or without `ON CONFLICT DO NOTHING`, as one for as
/// many rows as its arrays have elements. `types` are those of its places.
pub(super) fn inserts(sql: &str, types: &[Type]) -> Option<String> {
    let (head, rest) = sql.split_once("VALUES (")?;
    let (row, tail) = rest.rsplit_once(')')?;
    let plain = head.starts_with("INSERT INTO ")
        && ["", "ON CONFLICT DO NOTHING"].contains(&tail.trim())
        && !row.contains(['(', ')', '\''])
        && !head.contains('?');
    if !plain {
        return None;
    }
    let source = source(types, "")?;
    Some(format!("{head}SELECT {} FROM {source}{tail}", named(row)))
}

/// A `SELECT` as one for many sets of values: each of its rows begins with the number of its set,
/// from 1.
pub(super) fn selects(sql: &str, types: &[Type]) -> Option<String> {
    if !sql.starts_with("SELECT ") || sql.contains('\'') && sql.contains("'?") {
        return None;
    }
    let source = source(types, " WITH ORDINALITY")?;
    Some(format!("SELECT k.n, q.* FROM {source} CROSS JOIN LATERAL ({}) q", named(sql)))
}

/// The arrays as a table: `unnest($1::int8[], …) AS k (p1, …)`.
fn source(types: &[Type], counted: &str) -> Option<String> {
    let (mut arrays, mut names) = (String::new(), String::new());
    for (place, kind) in (1..).zip(types) {
        let between = if place == 1 { "" } else { ", " };
        // Writing into a text cannot fail.
        let _ = write!(arrays, "{between}${place}::{}[]", name_of(kind)?);
        let _ = write!(names, "{between}p{place}");
    }
    if !counted.is_empty() {
        names.push_str(", n");
    }
    (!types.is_empty()).then(|| format!("unnest({arrays}){counted} AS k ({names})"))
}

fn name_of(kind: &Type) -> Option<&'static str> {
    match *kind {
        Type::INT8 => Some("int8"),
        Type::TEXT => Some("text"),
        Type::BYTEA => Some("bytea"),
        _ => None,
    }
}

/// `?1` as `k.p1`.
fn named(sql: &str) -> String {
    sql.replace('?', "k.p")
}

/// One place of many statements: the values of one array.
#[derive(Debug)]
pub(super) struct Column<'v>(pub(super) Vec<&'v Value>);

impl<'v> ToSql for Column<'v> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let values = &self.0;
        match *kind {
            Type::INT8_ARRAY => {
                let int = |value: &&'v Value| match value {
                    Value::Int(int) => Ok(Some(*int)),
                    Value::Null => Ok(None),
                    _ => Err("an integer was expected"),
                };
                values.iter().map(int).collect::<Result<Vec<_>, _>>()?.to_sql(kind, out)
            }
            Type::TEXT_ARRAY => {
                let text = |value: &&'v Value| match value {
                    Value::Text(text) => Ok(Some(text.as_str())),
                    Value::Null => Ok(None),
                    _ => Err("a text was expected"),
                };
                values.iter().map(text).collect::<Result<Vec<_>, _>>()?.to_sql(kind, out)
            }
            Type::BYTEA_ARRAY => {
                let bytes = |value: &&'v Value| match value {
                    Value::Bytes(bytes) => Ok(Some(bytes.as_slice())),
                    Value::Null => Ok(None),
                    _ => Err("bytes were expected"),
                };
                values.iter().map(bytes).collect::<Result<Vec<_>, _>>()?.to_sql(kind, out)
            }
            _ => Err("no array of this".into()),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(kind)
    }

    to_sql_checked!();
}

/// The columns of these rows, each as wide as the first.
pub(super) fn columns<'v>(rows: &[&'v [Value]]) -> Vec<Column<'v>> {
    let width = rows.first().map_or(0, |row| row.len());
    (0..width).map(|place| Column(rows.iter().map(|row| &row[place]).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_inserts_become_one_and_others_stay() {
        let types = [Type::INT8, Type::TEXT];
        let one = "INSERT INTO t (a, b, c)\n VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING";
        assert_eq!(
            inserts(one, &types).as_deref(),
            Some(
                "INSERT INTO t (a, b, c)\n SELECT k.p1, k.p2, 0 FROM \
                 unnest($1::int8[], $2::text[]) AS k (p1, p2) ON CONFLICT DO NOTHING"
            )
        );
        for other in [
            "INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE t.a < ?2",
            "INSERT INTO t (a) SELECT ?1 FROM u",
            "UPDATE t SET a = ?1 WHERE b = ?2",
            "INSERT INTO t (a) VALUES (?1) RETURNING a",
            "INSERT INTO t (a) VALUES ((SELECT MAX(b) FROM u))",
        ] {
            assert_eq!(inserts(other, &types), None, "{other}");
        }
        assert_eq!(inserts(one, &[Type::BOOL]), None, "a type without arrays here");
    }

    #[test]
    fn a_question_is_asked_for_many_sets() {
        assert_eq!(
            selects("SELECT a FROM t WHERE b = ?2 AND c = ?1", &[Type::TEXT, Type::INT8])
                .as_deref(),
            Some(
                "SELECT k.n, q.* FROM unnest($1::text[], $2::int8[]) WITH ORDINALITY \
                 AS k (p1, p2, n) CROSS JOIN LATERAL \
                 (SELECT a FROM t WHERE b = k.p2 AND c = k.p1) q"
            )
        );
        assert_eq!(selects("UPDATE t SET a = ?1 RETURNING a", &[Type::INT8]), None);
    }
}

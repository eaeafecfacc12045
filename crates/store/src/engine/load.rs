//! Many new rows of one table in one go. SQLite runs one prepared statement for each, PostgreSQL
//! takes them as one `COPY`: both say it when a single row was there already. It must never hold
//! more rows than its caller gave it, and knows no table by itself.

use super::Value;
use crate::fault::Fault;
use bytes::{BufMut, Bytes, BytesMut};

/// Rows in one load. More gain nothing over one durable write, and hold locks and memory longer.
pub const ROWS_PER_LOAD_MAX: usize = 100_000;

/// Bytes of rows sent to PostgreSQL at once: enough to fill its socket, little enough to keep.
const PIECE_BYTES: usize = 256 * 1_024;

/// What every binary `COPY` begins with: the signature, no flags, no extension.
const COPY_OPENS: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What every binary `COPY` ends with.
const COPY_ENDS: i16 = -1;

/// New rows of one table. When one of them breaks a unique index, none is kept, and the whole
/// batch is `Missed` with the tag.
#[derive(Clone, Debug)]
pub struct Load {
    /// Inserts one row; ends in `ON CONFLICT DO NOTHING`. For SQLite.
    pub each: &'static str,
    /// The table with its columns in the order of the values: `payments (scope, refid)`. For
    /// PostgreSQL.
    pub into: &'static str,
    /// Values of one row.
    pub width: usize,
    /// The rows, one after another. Sorted by the key they are fastest, and two loads of the same
    /// rows then wait for each other instead of finding a deadlock.
    pub values: Vec<Value>,
    /// What is said when a row was there already.
    pub tag: &'static str,
}

impl Load {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Refuses a load that no engine should see.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let rows = self.rows();
        if self.width == 0 || rows * self.width != self.values.len() {
            let what = format!("a load of {} values in rows of {}", self.values.len(), self.width);
            return Err(Fault::new(what));
        }
        if rows > ROWS_PER_LOAD_MAX {
            return Err(Fault::new(format!(
                "a load of {rows} rows: split it, {ROWS_PER_LOAD_MAX} are the most"
            )));
        }
        super::presentable(&self.values)
    }

    /// The statement that opens the `COPY`.
    pub(super) fn copy(&self) -> String {
        format!("COPY {} FROM STDIN (FORMAT binary)", self.into)
    }

    /// The rows as a binary `COPY` wants them, in pieces.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let mut rows = self.values.chunks(self.width);
        let mut piece = BytesMut::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        piece.put_slice(COPY_OPENS);
        let mut ended = false;
        std::iter::from_fn(move || {
            while !ended && piece.len() < PIECE_BYTES {
                match rows.next() {
                    Some(row) => put_row(row, &mut piece),
                    None => {
                        piece.put_i16(COPY_ENDS);
                        ended = true;
                    }
                }
            }
            (!piece.is_empty()).then(|| piece.split().freeze())
        })
    }
}

fn put_row(row: &[Value], out: &mut BytesMut) {
    // Rows are as wide as a table, and values shorter than the 1 GB PostgreSQL takes.
    out.put_i16(i16::try_from(row.len()).unwrap_or(i16::MAX));
    for value in row {
        match value {
            Value::Int(int) => {
                out.put_i32(8);
                out.put_i64(*int);
            }
            Value::Text(text) => put_bytes(text.as_bytes(), out),
            Value::Bytes(bytes) => put_bytes(bytes, out),
            Value::Null => out.put_i32(-1),
        }
    }
}

fn put_bytes(bytes: &[u8], out: &mut BytesMut) {
    out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    out.put_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(values: Vec<Value>, width: usize) -> Load {
        Load { each: "", into: "t (a, b)", width, values, tag: "t" }
    }

    #[test]
    fn rows_become_the_bytes_of_the_protocol() {
        let values = vec![7.into(), "ab".into(), Value::Null, vec![9].into()];
        let bytes: Vec<u8> = load(values, 2).pieces().flatten().collect();
        let mut wanted = COPY_OPENS.to_vec();
        wanted.extend([0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, b'a', b'b']);
        wanted.extend([0, 2, 255, 255, 255, 255, 0, 0, 0, 1, 9, 255, 255]);
        assert_eq!(bytes, wanted);
        let many = load(vec!["x".repeat(1_000).into(); 1_000], 1);
        assert!(many.pieces().count() > 3, "it goes in pieces");
        let whole = COPY_OPENS.len() + 1_000 * (2 + 4 + 1_000) + 2;
        assert_eq!(many.pieces().map(|piece| piece.len()).sum::<usize>(), whole);
    }

    #[test]
    fn uneven_and_huge_loads_are_refused() {
        assert!(load(vec![1.into(), 2.into()], 2).check().is_ok());
        assert!(load(vec![1.into()], 2).check().is_err());
        assert!(load(vec![1.into()], 0).check().is_err());
        assert!(load(vec!["\0".into()], 1).check().is_err());
        assert!(load(vec![1.into(); ROWS_PER_LOAD_MAX + 1], 1).check().is_err());
    }
}

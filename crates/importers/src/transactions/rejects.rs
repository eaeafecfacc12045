//! The side file of rejected rows: CSV with line, reason and the record as it stood. It is made
//! with the first rejection, so a clean import leaves none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Rejected;

/// Why the side file could not be written. An import stops then: a rejection that nobody can read
/// would be a row lost.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the rejected rows to {path}; name another file with --rejects")]
pub struct RejectsUnwritten {
    path: PathBuf,
    #[source]
    why: io::Error,
}

/// A side file being written.
#[derive(Debug)]
pub struct RejectsFile {
    path: PathBuf,
    writer: Option<csv::Writer<BufWriter<File>>>,
    count: u64,
}

impl RejectsFile {
    /// One that will be written to `path`. A file left there by an earlier import is removed, so
    /// that it is not taken for the result of this one; and one is made and taken away, so that a
    /// place that takes none is known before the first row and not at the first rejected one.
    ///
    /// # Errors
    /// The old file cannot be removed, or none can be made.
    pub fn new(path: &Path) -> Result<Self, RejectsUnwritten> {
        let removed = match fs::remove_file(path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        };
        removed
            .and_then(|()| make(path))
            .and_then(|made| {
                drop(made);
                fs::remove_file(path)
            })
            .map_err(|why| RejectsUnwritten { path: path.to_owned(), why })?;
        Ok(Self { path: path.to_owned(), writer: None, count: 0 })
    }

    /// Where it goes when none is named: beside the file it speaks of.
    pub fn beside(file: &Path) -> PathBuf {
        match file.as_os_str() == "-" {
            true => PathBuf::from("stdin.rejects.csv"),
            false => {
                let mut name = file.as_os_str().to_owned();
                name.push(".rejects.csv");
                PathBuf::from(name)
            }
        }
    }

    /// Adds one.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn add(&mut self, rejected: &Rejected) -> Result<(), RejectsUnwritten> {
        self.try_add(rejected)
            .map_err(|why| RejectsUnwritten { path: self.path.clone(), why: why.into() })?;
        self.count += 1;
        Ok(())
    }

    /// Writes out what is still in memory, and says how many there are.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn finish(mut self) -> Result<u64, RejectsUnwritten> {
        if let Some(writer) = &mut self.writer {
            writer
                .flush()
                .and_then(|()| writer.get_ref().get_ref().sync_all())
                .map_err(|why| RejectsUnwritten { path: self.path.clone(), why })?;
        }
        Ok(self.count)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn try_add(&mut self, rejected: &Rejected) -> Result<(), csv::Error> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let mut writer = csv::Writer::from_writer(BufWriter::new(make(&self.path)?));
                writer.write_record(["line", "reason", "raw"])?;
                none.insert(writer)
            }
        };
        let line = rejected.line.to_string();
        writer.write_record([&line, &rejected.reason, &harmless(&rejected.raw)])
    }
}

/// The rows are about people, so the file is for its owner only.
fn make(path: &Path) -> io::Result<File> {
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)
}

/// A spreadsheet runs cells that begin with these; a quote in front makes them text.
fn harmless(raw: &str) -> String {
    match raw.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{raw}"),
        false => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn rejected(line: u64, raw: &str) -> Rejected {
        Rejected { line, reason: "status: it is empty".to_owned(), raw: raw.to_owned() }
    }

    #[test]
    fn a_clean_import_leaves_no_file_not_even_an_old_one() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("rejects.csv");
        fs::write(&path, "old").expect("written");
        let file = RejectsFile::new(&path).expect("new");
        assert_eq!(file.finish().expect("finished"), 0);
        assert!(!path.exists());
    }

    #[test]
    fn a_place_that_takes_no_file_is_refused_before_the_first_row() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("no/such/folder/rejects.csv");
        let refused = RejectsFile::new(&path).expect_err("refused");
        assert!(refused.to_string().contains("--rejects"), "{refused}");
    }

    #[test]
    fn rejections_read_back_and_formulas_are_disarmed() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("rejects.csv");
        let mut file = RejectsFile::new(&path).expect("new");
        file.add(&rejected(2, "A-1,\"two\nlines\"")).expect("added");
        file.add(&rejected(9, "=cmd()")).expect("added");
        assert_eq!(file.finish().expect("finished"), 2);
        let mut reader = csv::Reader::from_path(&path).expect("read");
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows[0], vec!["2", "status: it is empty", "A-1,\"two\nlines\""]);
        assert_eq!(rows[1], vec!["9", "status: it is empty", "'=cmd()"]);
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn its_usual_place_is_beside_the_file() {
        assert_eq!(RejectsFile::beside(Path::new("a/b.csv")), Path::new("a/b.csv.rejects.csv"));
        assert_eq!(RejectsFile::beside(Path::new("-")), Path::new("stdin.rejects.csv"));
    }
}

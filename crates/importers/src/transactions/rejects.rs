//! The side file of rejected rows: CSV with line, reason and the record as it stood. It is made
//! with the first rejection, so a clean import leaves none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Rejected;

/// The heads of its columns, by which a list of an earlier import is known.
const HEADS: [&str; 3] = ["line", "reason", "raw"];

/// Why the side file could not be written. An import stops then: a rejection that nobody can read
/// would be a row lost.
#[derive(Debug, thiserror::Error)]
pub enum RejectsUnwritten {
    /// The machine refuses.
    #[error("cannot write the rejected rows to {path}; name another file with --rejects")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        #[source]
        why: io::Error,
    },
    /// It would be lost.
    #[error(
        "{path} holds something else than rejected rows, and would be replaced; name another file \
         with --rejects, or remove it"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// What stands at the place now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    /// Nothing, or what an earlier import left.
    Ours,
    /// A device or a pipe, which takes what is written and stays.
    Stream,
}

/// A side file being written.
#[derive(Debug)]
pub struct RejectsFile {
    path: PathBuf,
    there: There,
    writer: Option<csv::Writer<BufWriter<File>>>,
    count: u64,
}

impl RejectsFile {
    /// One that will be written to `path`. A list left there by an earlier import is removed, so
    /// that it is not taken for the result of this one; and a file is made and taken away, so that
    /// a place that takes none is known before the first row and not at the first rejected one. A
    /// device or a pipe is written into as it is.
    ///
    /// # Errors
    /// The old list cannot be removed, none can be made, or what is there is something else.
    pub fn new(path: &Path) -> Result<Self, RejectsUnwritten> {
        let failed = |why| RejectsUnwritten::Io { path: path.to_owned(), why };
        // Behind a link stands what is meant.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = there(&path).map_err(failed)?;
        let Some(there) = there else { return Err(RejectsUnwritten::Foreign { path }) };
        if there == There::Ours {
            clear(&path).map_err(failed)?;
        }
        Ok(Self { path, there, writer: None, count: 0 })
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
            .map_err(|why| RejectsUnwritten::Io { path: self.path.clone(), why: why.into() })?;
        self.count += 1;
        Ok(())
    }

    /// Writes out what is still in memory, and says how many there are.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn finish(mut self) -> Result<u64, RejectsUnwritten> {
        if let Some(writer) = &mut self.writer {
            let synced = |file: &File| match self.there {
                There::Ours => file.sync_all(),
                There::Stream => Ok(()),
            };
            writer
                .flush()
                .and_then(|()| synced(writer.get_ref().get_ref()))
                .map_err(|why| RejectsUnwritten::Io { path: self.path.clone(), why })?;
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
                let file = match self.there {
                    There::Ours => make(&self.path)?,
                    There::Stream => OpenOptions::new().write(true).open(&self.path)?,
                };
                let mut writer = csv::Writer::from_writer(BufWriter::new(file));
                writer.write_record(HEADS)?;
                none.insert(writer)
            }
        };
        let line = rejected.line.to_string();
        writer.write_record([&line, &rejected.reason, &harmless(&rejected.raw)])
    }
}

/// What stands at this place; nothing when it is a file of somebody else's.
fn there(path: &Path) -> io::Result<Option<There>> {
    match fs::metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Some(There::Ours)),
        Err(why) => Err(why),
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(Some(There::Stream)),
        Ok(there) if there.len() == 0 => Ok(Some(There::Ours)),
        Ok(_) => {
            let (mut head, wanted) = (Vec::new(), HEADS.join(","));
            File::open(path)?.take(wanted.len() as u64).read_to_end(&mut head)?;
            Ok((head == wanted.as_bytes()).then_some(There::Ours))
        }
    }
}

/// Removes an earlier list, and tries whether a new one can be made.
fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => drop(make(path)?),
    }
    fs::remove_file(path)
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
        fs::write(&path, "line,reason,raw\n2,old,old\n").expect("written");
        let file = RejectsFile::new(&path).expect("new");
        assert_eq!(file.finish().expect("finished"), 0);
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_ours_stays_as_it_is() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let (path, link) = (scratch.path().join("precious.txt"), scratch.path().join("link"));
        fs::write(&path, "years of work").expect("written");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        for named in [&path, &link] {
            let refused = RejectsFile::new(named).expect_err("refused");
            assert!(matches!(refused, RejectsUnwritten::Foreign { .. }), "{refused}");
        }
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "years of work");
        assert!(RejectsFile::new(scratch.path()).is_err(), "a folder");
    }

    #[test]
    fn a_device_is_written_into_and_stays() {
        let null = Path::new("/dev/null");
        let before = fs::metadata(null).expect("it is there").file_type();
        let mut file = RejectsFile::new(null).expect("taken");
        file.add(&rejected(2, "A-1")).expect("added");
        assert_eq!(file.finish().expect("finished"), 1);
        assert_eq!(fs::metadata(null).expect("it is there").file_type(), before);
        let mut full = RejectsFile::new(Path::new("/dev/full")).expect("taken");
        full.add(&rejected(2, "A-1")).expect("in memory");
        assert!(full.finish().is_err(), "what cannot be written is told");
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

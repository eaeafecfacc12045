//! An operator's own letters, laid over the built-in ones at the start. Each file is tried alone,
//! with every sample; one that does not work is refused and leaves what was there before.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{FILES, Letters, Problem, problem};

/// Longest template file in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// A folder among the letters that holds none: the dialects look after it.
const ANSWERS: &str = "answers";

pub(super) fn lay(letters: &mut Letters, folder: &Path) -> Vec<Problem> {
    let mut problems = unknown_files(folder);
    for (name, built_in) in FILES {
        let text = match read(&folder.join(name)) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(why) => {
                problems.push(Problem { file: (*name).to_owned(), line: None, why });
                continue;
            }
        };
        if let Err(problem) = try_one(letters, name, text) {
            problems.push(problem);
            // It parsed when the letters were made, so it parses again.
            if let Err(error) = letters.engine.add_template(name, built_in) {
                problems.push(super::problem(name, &error));
            }
        }
    }
    problems
}

fn try_one(letters: &mut Letters, name: &'static str, text: String) -> Result<(), Problem> {
    letters.engine.add_template_owned(name, text).map_err(|error| problem(name, &error))?;
    match letters.check().into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(problem),
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(format!("it cannot be read: {why}")),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|why| format!("it cannot be read: {why}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it is longer than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Files that no letter uses: most likely a slip in the name, which would otherwise pass in
/// silence.
fn unknown_files(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(why) => {
                let why = format!("the folder cannot be read: {why}");
                problems.push(Problem { file: path.display().to_string(), line: None, why });
                continue;
            }
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            let Some(name) = entry.file_name().map(|name| name.to_string_lossy().into_owned())
            else {
                continue;
            };
            let file = format!("{prefix}{name}");
            let known = FILES.iter().any(|(known, _)| *known == file) || name == "README.md";
            let is_letter = FILES.iter().any(|(known, _)| known.starts_with(&format!("{file}/")));
            let answers = file == ANSWERS && entry.is_dir();
            if name.starts_with('.') || known || answers {
                continue;
            }
            if is_letter && entry.is_dir() {
                folders.push((entry, format!("{file}/")));
            } else {
                let why = "no letter uses it; look at the names of the built-in ones".to_owned();
                problems.push(Problem { file, line: None, why });
            }
        }
    }
    problems
}

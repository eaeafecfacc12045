//! Every letter reads, in every language, as the files under `tests/letters` have it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files_under(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files_under(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn the_list_is_the_folder() {
    let mut found = BTreeSet::new();
    files_under(&root().join("letters"), "", &mut found);
    assert!(found.remove("README.md"), "letters/README.md says what the folder is");
    found.retain(|name| !name.starts_with("answers/")); // the dialects' own, no letters
    let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, found);
}

#[test]
fn every_letter_has_every_language_and_a_sample() {
    let folders: BTreeSet<&str> =
        FILES.iter().filter_map(|(name, _)| name.split_once('/')).map(|(name, _)| name).collect();
    let sampled: BTreeSet<&str> = Letter::samples().iter().map(|(_, s)| s.name()).collect();
    assert_eq!(folders, sampled);
    for name in folders {
        for code in Language::ALL.iter().map(|language| language.code()) {
            for file in [
                format!("{name}/subject.{code}.txt"),
                format!("{name}/{code}.txt"),
                format!("{name}/{code}.html"),
            ] {
                assert!(FILES.iter().any(|(known, _)| *known == file), "{file} is missing");
            }
        }
    }
}

/// Set REDRESS_ACCEPT=1 to write what is rendered now, then look at the difference.
#[test]
fn every_letter_reads_as_accepted() {
    let letters = Letters::built_in().expect("the built-in letters parse");
    assert_eq!(letters.check(), []);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
    for (sample, letter) in Letter::samples() {
        for language in Language::ALL {
            let got = letters.render(&letter, *language).expect("it renders");
            let got = format!("{}\n\n{}\n\n{}\n", got.subject, got.text, got.html);
            let file = format!("{}.{sample}.{}.txt", letter.name(), language.code());
            let path = folder.join(file);
            if std::env::var_os("REDRESS_ACCEPT").is_some() {
                fs::write(&path, &got).expect("it can be written");
            }
            let wanted = fs::read_to_string(&path).unwrap_or_default();
            assert!(got == wanted, "{} differs:\n{got}", path.display());
        }
    }
}

#[test]
fn no_fact_becomes_markup_or_a_header() {
    let letters = Letters::built_in().expect("the built-in letters parse");
    let (_, odd) = Letter::samples().into_iter().find(|(n, _)| *n == "odd").expect("a sample");
    let got = letters.render(&odd, Language::English).expect("it renders");
    assert!(!got.html.contains("<script>") && !got.html.contains("<b>1234"));
    assert!(!got.subject.contains(['\r', '\n']));
    assert!(!got.text.contains("\nBcc:") && !got.text.contains('\u{202e}'));
    assert!(!got.text.contains("{{ case }}"));
}

#[test]
fn no_text_of_a_caller_reaches_a_stranger() {
    const HOSTILE: [&str; 3] = ["https://evil.example/you-won", "WIN A PRIZE", "<b>x</b>"];
    let letters = Letters::built_in().expect("the built-in letters parse");
    let case = domain::ids::CaseId::parse("cs_01jd3v5k8h0000000000000000").expect("an id");
    let bare = letters
        .render(&Letter::Received(Received::new(&case, "", "", "", None)), Language::English)
        .expect("it renders");
    assert!(!bare.text.contains("Reference") && !bare.html.contains("Reference"));
    for refid in HOSTILE {
        for text in HOSTILE {
            let letter = Received::new(&case, refid, text, "<b>x</b>", Some((1, text)));
            let got = letters.render(&Letter::Received(letter), Language::English);
            let got = got.expect("it renders");
            assert_eq!(got, bare, "{refid}, {text}");
        }
    }
    let harmless = Received::new(&case, "A-1001", "", "", None);
    let got = letters.render(&Letter::Received(harmless), Language::English).expect("it renders");
    assert_eq!(got.subject, "We have your report [cs_01jd3v5k8h0000000000000000]");
    assert!(got.text.contains("A-1001") && got.html.contains("A-1001"));
}

fn overlay(files: &[(&str, &str)]) -> (Letters, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let (letters, problems) = Letters::with_overlay(folder.path()).expect("built-ins parse");
    (letters, problems.iter().map(ToString::to_string).collect())
}

fn full(letters: &Letters) -> Rendered {
    let (_, letter) = Letter::samples().into_iter().next().expect("a sample");
    letters.render(&letter, Language::English).expect("it renders")
}

#[test]
fn a_good_overlay_is_used_and_the_rest_stays() {
    let (letters, problems) = overlay(&[
        ("received/en.txt", "Case {{ case }}, {{ amount }}.\n"),
        (
            "layout.html",
            "<main>{% block title %}{% endblock %}{% block body %}{% endblock %}</main>",
        ),
        ("README.md", "ours"),
        (".git/config", ""),
    ]);
    assert_eq!(problems, Vec::<String>::new());
    let got = full(&letters);
    assert_eq!(got.text, "Case cs_01jd3v5k8h0000000000000000, MYR 123.45.");
    assert!(got.html.starts_with("<main>") && got.html.contains("A-1001"));
    assert_eq!(got.subject, full(&Letters::built_in().expect("they parse")).subject);
}

#[test]
fn a_broken_overlay_is_refused_with_its_line_and_the_built_in_stays() {
    let built_in = full(&Letters::built_in().expect("they parse"));
    let long = "x".repeat(70_000);
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    let safe = "<p>{{ refid | safe }}</p>";
    for (file, text, said) in [
        ("received/en.txt", "a\nb {{ case\nc", "received/en.txt line 3: syntax error"),
        ("received/en.txt", "a\n\n{{ says }}", "line 3: it uses a name that this letter does not"),
        ("received/en.txt", "{{ pin }}", "line 1: it uses a name"),
        ("received/en.txt", "{% if x", "received/en.txt line 1: syntax error"),
        ("received/en.txt", endless, "it runs too long; look for a loop"),
        ("received/en.html", safe, "received/en.html line 1: unknown filter"),
        ("received/en.html", "{% extends 'other.html' %}", "received/en.html line 1: template not"),
        ("received/en.txt", "{% include '/etc/passwd' %}", "template not found"),
        ("received/subject.en.txt", "a\nb", "subject.en.txt: the subject must be one line"),
        ("received/subject.en.txt", " \n", "subject.en.txt: the subject is empty"),
        ("received/en.txt", &long, "received/en.txt: it is longer than 65536 bytes"),
        ("layout.html", "\n{{ nobody }}", "layout.html line 2: it uses a name"),
        ("received/ms.txt", "Hai", "received/ms.txt: no letter uses it"),
        ("recieved/en.txt", "Hello", "recieved: no letter uses it"),
    ] {
        let (letters, problems) = overlay(&[(file, text)]);
        assert_eq!(problems.len(), 1, "{file} {text:.40}: {problems:?}");
        assert!(problems[0].contains(said), "{said}: {problems:?}");
        assert_eq!(full(&letters), built_in, "{file} {text:.40}");
    }
    let (_, problems) = Letters::with_overlay(Path::new("/nonexistent/letters")).expect("parse");
    assert!(problems[0].why.contains("cannot be read"), "{problems:?}");
}

#[test]
fn an_overlay_that_fails_with_real_facts_gives_way_to_the_built_in() {
    let picky = "{% if refid == 'A-9' %}{{ nobody }}{% endif %}ours";
    let (letters, problems) = overlay(&[("received/en.txt", picky)]);
    assert_eq!(problems, Vec::<String>::new(), "no sample shows it");
    assert_eq!(full(&letters).text, "ours");
    let case = domain::ids::CaseId::parse("cs_01jd3v5k8h0000000000000000").expect("an id");
    let letter = Letter::Received(Received::new(&case, "A-9", "TNB", "1", Some((1, "MYR"))));
    let got = letters.render(&letter, Language::English).expect("the built-in renders");
    assert!(got.text.starts_with("Hello,"), "{}", got.text);
}

#[test]
fn one_broken_file_does_not_take_a_good_one_with_it() {
    let (letters, problems) = overlay(&[
        ("received/en.txt", "ours {{ refid }}"),
        ("received/en.html", "{{ broken"),
        ("received/subject.en.txt", "Ours {{ case }}"),
    ]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let got = full(&letters);
    assert_eq!((got.text.as_str(), got.subject.starts_with("Ours ")), ("ours A-1001", true));
    assert!(got.html.contains("<table"));
}

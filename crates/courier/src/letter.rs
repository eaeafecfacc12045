//! Letters: the mails we write, one folder each under `letters/`, embedded into the program. An
//! operator's folder may lie over them; what does not work there is refused with its file and line
//! and the built-in one stays. No sentence, link or markup that a caller wrote may ever become a
//! fact of a letter.

use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};

mod facts;
mod overlay;

pub use self::facts::{MaskedAccount, Received, amount_shown};

/// Work one letter may cost, in steps of the template engine. The largest built-in one takes some
/// hundred; an endless loop in an overlay stops here.
const FUEL: u64 = 20_000;
/// Longest subject in characters; longer ones are cut off by mail programs anyway.
pub const SUBJECT_CHARS_MAX: usize = 200;
/// Longest text or HTML of a letter in bytes. More is a runaway template.
pub const LETTER_BYTES_MAX: usize = 256 * 1_024;

/// The built-in files. A test compares the list with the folder.
const FILES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../../../letters/layout.html")),
    ("received/subject.en.txt", include_str!("../../../letters/received/subject.en.txt")),
    ("received/en.txt", include_str!("../../../letters/received/en.txt")),
    ("received/en.html", include_str!("../../../letters/received/en.html")),
];

/// A language that letters are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::English];

    /// Reads [`Language::code`] back.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|language| language.code() == code)
    }

    /// As in file names and `Content-Language` (BCP 47).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }
}

/// One letter with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// We have a report.
    Received(Received),
}

impl Letter {
    /// The folder under `letters/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received(_) => "received",
        }
    }

    /// One sample or more of every letter, each with a name. All are rendered by [`Letters::check`]
    /// and by the tests.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        Received::samples().into_iter().map(|(name, facts)| (name, Self::Received(facts))).collect()
    }

    fn facts(&self, language: Language) -> minijinja::Value {
        let language = language.code();
        match self {
            Self::Received(facts) => {
                let Received { case, refid, product, account, amount } = facts;
                let account = account.as_str();
                context! { language, case, refid, product, account, amount }
            }
        }
    }
}

/// A letter, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What is wrong with a letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {why}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct Problem {
    /// Which file, as under `letters/`, or the folder itself.
    pub file: String,
    /// Which line, when one can be blamed.
    pub line: Option<usize>,
    /// What to mend.
    pub why: String,
}

/// All letters, ready to be written.
#[derive(Debug)]
pub struct Letters {
    engine: Environment<'static>,
    /// The built-in ones alone, when something lies over them: what an overlay cannot say with
    /// facts that no sample has, they say.
    beneath: Option<Environment<'static>>,
}

impl Letters {
    /// The built-in ones.
    ///
    /// # Errors
    /// Never in a program that was tested: the first built-in file that does not parse.
    pub fn built_in() -> Result<Self, Problem> {
        Ok(Self { engine: built_in()?, beneath: None })
    }

    /// The built-in ones with an operator's folder over them, and what was refused of it.
    ///
    /// # Errors
    /// As [`Letters::built_in`]; never because of the folder.
    pub fn with_overlay(folder: &std::path::Path) -> Result<(Self, Vec<Problem>), Problem> {
        let mut letters = Self::built_in()?;
        let problems = overlay::lay(&mut letters, folder);
        letters.beneath = Some(built_in()?);
        Ok((letters, problems))
    }

    /// Writes one letter; by the built-in templates when an operator's fail with these facts.
    ///
    /// # Errors
    /// When no template works with these facts. [`Letters::check`] finds that beforehand.
    pub fn render(&self, letter: &Letter, language: Language) -> Result<Rendered, Problem> {
        match (render(&self.engine, letter, language), &self.beneath) {
            (Err(problem), Some(beneath)) => {
                tracing::warn!(%problem, "an overlay letter failed, the built-in one is used");
                render(beneath, letter, language)
            }
            (done, _) => done,
        }
    }

    /// Writes every sample of every letter in every language; what does not work comes back.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (_, sample) in Letter::samples() {
            for language in Language::ALL {
                if let Err(problem) = render(&self.engine, &sample, *language)
                    && !problems.contains(&problem)
                {
                    problems.push(problem);
                }
            }
        }
        problems
    }
}

fn built_in() -> Result<Environment<'static>, Problem> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    // What a letter is given is never markup, so nothing may be declared safe.
    engine.remove_filter("safe");
    let syntax = minijinja::syntax::SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| problem("letters", &error))?;
    engine.set_syntax(syntax);
    for (name, text) in FILES {
        engine.add_template(name, text).map_err(|error| problem(name, &error))?;
    }
    Ok(engine)
}

fn render(
    engine: &Environment<'static>,
    letter: &Letter,
    language: Language,
) -> Result<Rendered, Problem> {
    let (name, code) = (letter.name(), language.code());
    let facts = letter.facts(language);
    let subject_file = format!("{name}/subject.{code}.txt");
    let subject = part(engine, &subject_file, &facts)?.trim().to_owned();
    let text = part(engine, &format!("{name}/{code}.txt"), &facts)?;
    let html = part(engine, &format!("{name}/{code}.html"), &facts)?;
    let why = if subject.is_empty() {
        "the subject is empty"
    } else if subject.chars().any(char::is_control) {
        "the subject must be one line"
    } else if subject.chars().count() > SUBJECT_CHARS_MAX {
        "the subject is too long"
    } else {
        return Ok(Rendered { subject, text, html });
    };
    Err(Problem { file: subject_file, line: None, why: why.to_owned() })
}

fn part(
    engine: &Environment<'static>,
    file: &str,
    facts: &minijinja::Value,
) -> Result<String, Problem> {
    let rendered = engine.get_template(file).and_then(|part| part.render(facts.clone()));
    let text = rendered.map_err(|error| problem(file, &error))?;
    if text.len() > LETTER_BYTES_MAX {
        let why = format!("what it writes is longer than {LETTER_BYTES_MAX} bytes");
        return Err(Problem { file: file.to_owned(), line: None, why });
    }
    Ok(text)
}

/// The engine's error as ours. It names the template it happened in, which is not the one that
/// was asked for when a layout is at fault.
fn problem(file: &str, error: &minijinja::Error) -> Problem {
    let file = error.name().unwrap_or(file).to_owned();
    let why = match error.kind() {
        ErrorKind::UndefinedError => "it uses a name that this letter does not have".to_owned(),
        ErrorKind::OutOfFuel => "it runs too long; look for a loop".to_owned(),
        kind => {
            error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
        }
    };
    Problem { file, line: error.line(), why }
}

#[cfg(test)]
mod tests;

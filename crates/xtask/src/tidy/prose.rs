//! The laws about documents: links lead to files and headings that exist, recipes stay short, and
//! STYLE.md names every law. It never looks at the network.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, Rule};

/// Steps in a "how to add" list of CONTRIBUTING.md.
pub const STEPS_MAX: usize = 5;

/// Checks one Markdown document at `path` of the checkout at `root`.
#[must_use]
pub fn document(root: &Path, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in lines(text) {
        for target in targets(line) {
            if let Some(what) = dead(root, path, text, target) {
                findings.push(Finding::new(path, number, Rule::Link, what));
            }
        }
    }
    findings.extend(recipes(path, text));
    findings
}

/// Checks that the text of STYLE.md names every law.
#[must_use]
pub fn style(text: &str) -> Vec<Finding> {
    let unnamed =
        Rule::ALL.into_iter().filter(|rule| !text.contains(&format!("`{}`", rule.name())));
    unnamed
        .map(|rule| {
            let what = format!("the law `{}` is not named", rule.name());
            Finding::new("STYLE.md", 0, Rule::Unwritten, what)
        })
        .collect()
}

/// The lines outside fenced blocks, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What `[..](target)` points at, code spans aside.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let prose = line.split('`').step_by(2);
    prose.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next()))
}

fn dead(root: &Path, path: &str, text: &str, target: &str) -> Option<String> {
    let target = target.split_whitespace().next().unwrap_or_default();
    if ["https://", "http://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder: PathBuf = Path::new(path).parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let place = root.join(folder).join(file);
    if file.starts_with('/') || !place.exists() {
        return Some(format!("`{target}` is not there"));
    }
    if heading.is_empty() || !(file.is_empty() || file.ends_with(".md")) {
        return None;
    }
    let there = if file.is_empty() { text.to_owned() } else { fs::read_to_string(place).ok()? };
    let known = lines(&there).any(|(_, line)| line.starts_with('#') && anchor(line) == heading);
    if known { None } else { Some(format!("`{target}`: no such heading")) }
}

/// The anchor of a heading as GitHub and GitLab make it.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn recipes(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut recipe: Option<(usize, String, usize)> = None;
    let close = |recipe: Option<(usize, String, usize)>, findings: &mut Vec<Finding>| {
        if let Some((line, title, steps)) = recipe
            && steps > STEPS_MAX
        {
            let what = format!("\"{title}\" has {steps} steps, at most {STEPS_MAX}");
            findings.push(Finding::new(path, line, Rule::LongRecipe, what));
        }
    };
    for (number, line) in lines(text) {
        if line.starts_with('#') {
            close(recipe.take(), &mut findings);
            let title = line.trim_start_matches('#').trim();
            if title.to_lowercase().starts_with("how to add ") {
                recipe = Some((number, title.to_owned(), 0));
            }
        } else if let Some((_, _, steps)) = &mut recipe
            && line.split_once(". ").is_some_and(|(step, _)| step.parse::<u32>().is_ok())
        {
            *steps += 1;
        }
    }
    close(recipe, &mut findings);
    findings
}

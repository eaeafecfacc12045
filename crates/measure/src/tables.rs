//! Tables for people: printed as they are made, and written as one page at the end.

use std::fmt::Write as _;

/// A page that grows.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// Adds a paragraph or a heading.
    pub fn say(&mut self, text: &str) {
        println!("{text}\n");
        let _ = writeln!(self.text, "{text}\n");
    }

    /// Adds a table.
    pub fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let mut text = format!("| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
        for row in rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        self.say(text.trim_end());
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A number with one digit behind the point, or none when it is large.
pub fn short(number: f64) -> String {
    match number {
        large if large >= 1_000.0 => format!("{large:.0}"),
        small if small < 10.0 => format!("{small:.2}"),
        middle => format!("{middle:.1}"),
    }
}

/// The one in the middle.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_the_middle_is_found() {
        let said = [12_345.6, 99.94, 9.876, 0.0].map(short);
        assert_eq!(said, ["12346", "99.9", "9.88", "0.00"]);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[]), 0.0);
    }
}

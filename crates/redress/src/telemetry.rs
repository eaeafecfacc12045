//! Logs: one line an event, to standard error, as text or JSON. Nothing here decides what is
//! logged; secrets keep themselves out, since the types that hold them print nothing.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the setting `log.level` is no level and no filter: {why}; `info` is usual")]
    BadFilter {
        /// What the reader says.
        why: String,
    },
    /// It was set up before.
    #[error("logging was set up twice")]
    Twice,
}

/// Sets logging up for the whole process; call it once.
///
/// # Errors
/// The level cannot be read.
pub fn start(log: &LogSettings) -> Result<(), TelemetryError> {
    let filter = filter(&log.level)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|_| TelemetryError::Twice)
}

/// A level, or a filter. Libraries are held to warnings, since they speak of wires, not of cases.
fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let plain = ["off", "error", "warn", "info", "debug", "trace"];
    let text = match plain.contains(&level.to_ascii_lowercase().as_str()) {
        true => with_libraries_quiet(level),
        false => level.to_owned(),
    };
    match text.trim().is_empty() {
        true => Err(TelemetryError::BadFilter { why: "it is empty".to_owned() }),
        false => EnvFilter::try_new(text)
            .map_err(|why| TelemetryError::BadFilter { why: why.to_string() }),
    }
}

fn with_libraries_quiet(level: &str) -> String {
    let noisy = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tokio_postgres", "lettre"];
    let mut text = level.to_owned();
    if !["off", "error"].contains(&level) {
        for library in noisy {
            text.push_str(&format!(",{library}=warn"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_read_and_others_refused() {
        for level in ["info", "DEBUG", "off", "warn,courier=trace", "desk[sweep]=debug"] {
            assert!(filter(level).is_ok(), "{level}");
        }
        for level in ["", " ", "loud=very", "info,=,="] {
            let said = filter(level).expect_err(level).to_string();
            assert!(said.contains("log.level"), "{said}");
        }
        assert!(with_libraries_quiet("trace").contains("rustls=warn"));
    }
}

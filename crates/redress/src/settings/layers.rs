//! One layer of settings over another: the defaults, a file, the environment, flags. Each layer is
//! tried as it is laid on, so that an error names where it came from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::{DEFAULTS, Settings};

/// Begins the name of every variable that is a setting.
const PREFIX: &str = "REDRESS_";

/// Largest settings file. Ours has some 5 kB; a larger one is a mistake.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A setting changed by a flag.
#[derive(Clone, Debug)]
pub struct Flag<'a> {
    /// The flag, as typed: `--listen`.
    pub name: &'static str,
    /// The setting: `server.listen`.
    pub key: &'static str,
    /// What it shall be.
    pub value: &'a str,
}

/// Why settings cannot be used. Each sentence names the place and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}; mend it or name another with --config")]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        why: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not a settings file: {why}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why, from the reader.
        why: String,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting `{key}`; {hint}")]
    Unknown {
        /// The file or variable.
        place: String,
        /// The key with its section.
        key: String,
        /// What there is instead.
        hint: String,
    },
    /// The value is of the wrong kind, out of range, or does not fit with another.
    #[error("{place}: the setting `{key}` {why}")]
    Unfit {
        /// The file, variable or flag; "settings" when several take part.
        place: String,
        /// The key with its section.
        key: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

/// Reads the layers; see [`Settings::read`].
pub fn read(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
    flags: &[Flag<'_>],
) -> Result<Settings, SettingsError> {
    let mut layers = Layers::new()?;
    if let Some(path) = file {
        layers.lay_file(path)?;
    }
    // Sorted, so that of two errors the same one is told each time.
    let env: BTreeMap<String, String> =
        env.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    for (name, value) in &env {
        layers.lay_variable(name, value)?;
    }
    for flag in flags {
        layers.lay_text(flag.name, flag.key, flag.value)?;
    }
    layers.settings("redress.default.toml")
}

/// The tables as they are so far.
struct Layers {
    defaults: Table,
    now: Table,
}

impl Layers {
    fn new() -> Result<Self, SettingsError> {
        let place = PathBuf::from("redress.default.toml");
        let defaults: Table =
            DEFAULTS.parse().map_err(|why: toml::de::Error| not_toml(&place, DEFAULTS, &why))?;
        Ok(Self { now: defaults.clone(), defaults })
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let unread = |why| SettingsError::Unread { path: path.to_owned(), why };
        if fs::metadata(path).map_err(unread)?.len() > FILE_BYTES_MAX {
            let why = format!("it is larger than {FILE_BYTES_MAX} bytes");
            return Err(SettingsError::NotToml { path: path.to_owned(), why });
        }
        let text = fs::read_to_string(path).map_err(unread)?;
        let table: Table =
            text.parse().map_err(|why: toml::de::Error| not_toml(path, &text, &why))?;
        let place = path.display().to_string();
        for (section, value) in table {
            let Value::Table(keys) = value else {
                return Err(self.unknown(&place, None, &section));
            };
            for (key, value) in keys {
                if !self.known(&section, &key) {
                    return Err(self.unknown(&place, Some(&section), &key));
                }
                self.lay(&place, &section, &key, value)?;
            }
        }
        Ok(())
    }

    fn lay_variable(&mut self, name: &str, text: &str) -> Result<(), SettingsError> {
        let rest = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase();
        // Other variables may begin with REDRESS_ (a container platform sets REDRESS_PORT for a
        // service of this name); only those that name one of our sections are held to its keys.
        let Some((section, key)) =
            rest.split_once('_').filter(|(section, _)| self.defaults.contains_key(*section))
        else {
            return Ok(());
        };
        if !self.known(section, key) {
            return Err(self.unknown(name, Some(section), key));
        }
        self.lay_text(name, &format!("{section}.{key}"), text)
    }

    /// Lays a value that came as text: it is read as what the default is.
    fn lay_text(&mut self, place: &str, key: &str, text: &str) -> Result<(), SettingsError> {
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        let default = self.defaults.get(section).and_then(|section| section.get(name));
        let unfit = |why: &str| {
            Err(SettingsError::Unfit {
                place: place.to_owned(),
                key: key.to_owned(),
                why: why.to_owned(),
            })
        };
        let value = match default {
            None => return Err(self.unknown(place, Some(section), name)),
            Some(Value::Integer(_)) => match text.trim().parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => return unfit("must be a whole number"),
            },
            Some(Value::Boolean(_)) => match text.trim().parse() {
                Ok(flag) => Value::Boolean(flag),
                Err(_) => return unfit("must be true or false"),
            },
            Some(Value::Array(_)) => Value::Array(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Value::String(item.to_owned()))
                    .collect(),
            ),
            Some(_) => Value::String(text.to_owned()),
        };
        self.lay(place, section, name, value)
    }

    fn lay(
        &mut self,
        place: &str,
        section: &str,
        key: &str,
        value: Value,
    ) -> Result<(), SettingsError> {
        if let Some(Value::Table(keys)) = self.now.get_mut(section) {
            keys.insert(key.to_owned(), value);
        }
        match Settings::deserialize(self.now.clone()) {
            Ok(_) => Ok(()),
            Err(why) => Err(SettingsError::Unfit {
                place: place.to_owned(),
                key: format!("{section}.{key}"),
                why: format!("cannot be used: {}", why.message()),
            }),
        }
    }

    fn settings(&self, place: &str) -> Result<Settings, SettingsError> {
        Settings::deserialize(self.now.clone()).map_err(|why| SettingsError::Unfit {
            place: place.to_owned(),
            key: String::new(),
            why: why.message().to_owned(),
        })
    }

    fn known(&self, section: &str, key: &str) -> bool {
        self.defaults.get(section).and_then(|keys| keys.get(key)).is_some()
    }

    fn unknown(&self, place: &str, section: Option<&str>, key: &str) -> SettingsError {
        let names = |table: &Table| table.keys().cloned().collect::<Vec<_>>().join(", ");
        let (key, hint) = match section.map(|name| (name, self.defaults.get(name))) {
            Some((name, Some(Value::Table(keys)))) => {
                (format!("{name}.{key}"), format!("[{name}] has {}", names(keys)))
            }
            Some((name, _)) => {
                (format!("{name}.{key}"), format!("the sections are {}", names(&self.defaults)))
            }
            None => (key.to_owned(), format!("the sections are {}", names(&self.defaults))),
        };
        SettingsError::Unknown { place: place.to_owned(), key, hint }
    }
}

/// The reader's error with the line, but without quoting the line: a file that is not TOML may be
/// any file, and what it holds does not belong on a screen or into a log.
fn not_toml(path: &Path, text: &str, why: &toml::de::Error) -> SettingsError {
    let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let why = format!("line {line}: {}", why.message());
    SettingsError::NotToml { path: path.to_owned(), why }
}

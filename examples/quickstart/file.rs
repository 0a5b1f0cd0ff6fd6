//! The configuration file: read, parsed, typed; and every way in which that fails, with the place in the file.

use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

/// The table that the example adds to its copy of the file, and the key in it.
const OWN_TABLE: &str = "dogpile_quickstart";
const OWN_KEY: &str = "revision";

/// More than this is no configuration but a mistake (or a device without an end).
const MOST_BYTES: u64 = 4 << 20;

/// A loaded file. Any TOML will do; the only key with a meaning is `dogpile_quickstart.revision`, 0 where missing.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) text: String,
    pub(crate) revision: i64,
    table: Table,
}

impl Config {
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let fail = |problem| ConfigError { file: path.to_owned(), problem };
        let bytes = read(path).map_err(|error| fail(Problem::Unreadable(Arc::new(error))))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let (valid, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
            let place = Place::behind(&String::from_utf8_lossy(valid));
            fail(Problem::NotText(place, rest.first().copied().unwrap_or_default()))
        })?;
        let table = text.parse::<Table>().map_err(|error| {
            let start = error.span().map_or(text.len(), |span| span.start);
            let place = Place::behind(text.get(..start).unwrap_or(&text));
            fail(Problem::Malformed(place, error.message().to_owned()))
        })?;
        let revision = revision(&table).map_err(fail)?;
        Ok(Self { text, revision, table })
    }

    /// How many values there are, on all levels.
    pub(crate) fn values(&self) -> usize {
        self.table.values().map(values).sum()
    }

    /// The file's text with another revision.
    pub(crate) fn with_revision(&self, revision: i64) -> String {
        let mut table = self.table.clone();
        let own = table.entry(OWN_TABLE).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(own) = own {
            own.insert(OWN_KEY.to_owned(), Value::Integer(revision));
        }
        table.to_string()
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory, not a file"));
    }
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if length as u64 > MOST_BYTES {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

fn values(value: &Value) -> usize {
    match value {
        Value::Table(table) => table.values().map(values).sum(),
        Value::Array(items) if items.iter().any(Value::is_table) => items.iter().map(values).sum(),
        _ => 1,
    }
}

fn revision(table: &Table) -> Result<i64, Problem> {
    let Some(own) = table.get(OWN_TABLE) else { return Ok(0) };
    let own = own.as_table().ok_or_else(|| wrong_type(OWN_TABLE.to_owned(), "a table", own))?;
    let Some(value) = own.get(OWN_KEY) else { return Ok(0) };
    value.as_integer().ok_or_else(|| wrong_type(format!("{OWN_TABLE}.{OWN_KEY}"), "an integer", value))
}

fn wrong_type(key: String, expected: &'static str, found: &Value) -> Problem {
    Problem::WrongType { key, expected, found: found.type_str() }
}

/// Why there is no configuration. `Clone`, so that everybody who waited for it can have it.
#[derive(Clone, Debug)]
pub(crate) struct ConfigError {
    file: PathBuf,
    problem: Problem,
}

#[derive(Clone, Debug)]
enum Problem {
    Unreadable(Arc<io::Error>),
    NotText(Place, u8),
    Malformed(Place, String),
    WrongType { key: String, expected: &'static str, found: &'static str },
}

/// Line and column, from 1, in characters.
#[derive(Clone, Copy, Debug)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place right behind `text`.
    fn behind(text: &str) -> Self {
        let last_line = text.rsplit('\n').next().unwrap_or_default();
        Self { line: text.matches('\n').count() + 1, column: last_line.chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.problem {
            Problem::Unreadable(error) => write!(f, "cannot read `{file}`: {error}"),
            Problem::NotText(place, byte) => {
                write!(f, "`{file}`, {place}: not UTF-8 text (byte 0x{byte:02x})")
            }
            Problem::Malformed(place, message) => write!(f, "`{file}`, {place}: {message}"),
            Problem::WrongType { key, expected, found } => {
                write!(f, "`{file}`: `{key}` is of type {found}, expected {expected}")
            }
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Unreadable(error) => Some(&**error),
            _ => None,
        }
    }
}

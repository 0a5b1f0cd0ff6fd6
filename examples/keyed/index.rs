//! A text, and the slow way to find words in it that look like another one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The lines of each word of a text.
pub(crate) struct Index {
    lines_of: BTreeMap<String, Vec<usize>>,
    /// All words, as they come.
    pub(crate) words: Vec<String>,
}

/// A word that is one edit away from the one asked for, or the very one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) word: String,
    pub(crate) lines: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct TextError(String);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextError {}

impl Index {
    /// Reads a text file in UTF-8.
    pub(crate) fn of(file: &Path) -> Result<Self, TextError> {
        let complaint = |what: &dyn fmt::Display| TextError(format!("`{}`: {what}", file.display()));
        let bytes = std::fs::read(file).map_err(|error| complaint(&error))?;
        let text = String::from_utf8(bytes).map_err(|error| complaint(&error))?;
        let mut lines_of = BTreeMap::<String, Vec<usize>>::new();
        let mut words = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let found = line.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2);
            for word in found.map(str::to_lowercase) {
                lines_of.entry(word.clone()).or_default().push(number + 1);
                words.push(word);
            }
        }
        if words.is_empty() {
            return Err(complaint(&"there are no words in it"));
        }
        Ok(Self { lines_of, words })
    }

    pub(crate) fn distinct(&self) -> usize {
        self.lines_of.len()
    }

    /// Compares `word` with every word there is: what is worth caching.
    pub(crate) fn similar(&self, word: &str) -> Vec<Match> {
        let is_near = |other: &String| distance(word, other) <= 1;
        let near = self.lines_of.iter().filter(|(other, _)| is_near(other));
        near.map(|(word, lines)| Match { word: word.clone(), lines: lines.clone() }).collect()
    }
}

/// How many letters have to be inserted, deleted or replaced (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

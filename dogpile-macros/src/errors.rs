//! Collects compile errors, so that one build shows all of them.
//!
//! Invariants: nothing here stops at the first error, and every message has the two lines of the house: what is
//! wrong (lower-case, no full stop), then `help: ` and what to write instead.

use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fmt::Display;

/// The errors found so far, in the order they were found.
#[derive(Default)]
pub(crate) struct Errors {
    all: Option<syn::Error>,
}

impl Errors {
    /// Adds an error that a parser returned.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            None => self.all = Some(error),
        }
    }

    /// Adds an error that underlines `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, problem: impl Display, help: impl Display) {
        self.push(error(tokens, problem, help));
    }

    /// Adds the error of `result`, or passes its value on.
    pub(crate) fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_none()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.iter().flatten().count()
    }

    /// One `compile_error!` per error; they are items and statements alike.
    pub(crate) fn to_compile_errors(&self) -> TokenStream {
        self.all.as_ref().map(syn::Error::to_compile_error).unwrap_or_default()
    }

    /// The messages alone, for unit tests.
    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        self.all.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}

/// One error in the house's form, underlining `tokens` (or the whole macro call when there are none).
pub(crate) fn error(tokens: impl ToTokens, problem: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, format!("{problem}\nhelp: {help}"))
}

/// The names as messages show them.
pub(crate) fn list(names: &[&str], separator: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(separator)
}

/// The candidate that `word` was most likely meant to be, if one is near enough to be worth naming.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let mut nearest: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = distance(&word, candidate);
        // A third of the letters may differ: enough for typing errors, too little to guess among short words.
        let is_near = distance <= (candidate.len().max(word.len()) / 3).max(1);
        if is_near && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, candidate));
        }
    }
    nearest.map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap two neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Errors, distance, nearest};
    use quote::quote;

    #[test]
    fn every_error_is_kept_in_order() {
        let mut errors = Errors::default();
        assert!(errors.is_empty());
        errors.at(quote!(a), "first", "write a");
        errors.at(quote!(b), "second", "write b");
        assert!(!errors.is_empty());
        assert_eq!(errors.messages(), ["first\nhelp: write a", "second\nhelp: write b"]);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(distance("exprie", "expire"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn only_near_words_are_suggested() {
        let options = ["expire", "stale", "retry", "refresh"];
        assert_eq!(nearest("expires", &options), Some("expire"));
        assert_eq!(nearest("Stale", &options), Some("stale"));
        assert_eq!(nearest("capacity", &options), None);
        assert_eq!(nearest("x", &options), None);
    }
}

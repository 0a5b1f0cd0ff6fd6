//! Compile-time behaviour: each file in `ui/fail` breaks one rule and is refused with the words beside it, each file in
//! `ui/pass` is hostile but legal and runs.

use std::path::{Path, PathBuf};

/// The cases in a directory, in order.
fn cases(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(directory);
    let entries = directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut cases: Vec<_> = entries
        .map(|entry| entry.expect("directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    cases
}

/// What there was when this was last edited: a case that is lost, or a directory that is not found, is no success.
const LEAST_FAIL: usize = 100;
const LEAST_PASS: usize = 20;

#[test]
fn messages_and_legal_input_are_as_recorded() {
    let (fail, pass) = (cases("fail"), cases("pass"));
    assert!(fail.len() >= LEAST_FAIL, "{} cases in ui/fail, expected at least {LEAST_FAIL}", fail.len());
    assert!(pass.len() >= LEAST_PASS, "{} cases in ui/pass, expected at least {LEAST_PASS}", pass.len());

    let is_overwriting = std::env::var_os("TRYBUILD").is_some_and(|mode| mode == "overwrite");
    for case in &fail {
        let recorded = case.with_extension("stderr");
        assert!(is_overwriting || recorded.exists(), "{} has no recorded message", case.display());
    }

    // A test case that trybuild cannot run, or whose outcome differs, fails when `runner` is dropped.
    let runner = trybuild::TestCases::new();
    let mut ran = 0;
    for case in &fail {
        runner.compile_fail(case);
        ran += 1;
    }
    for case in &pass {
        runner.pass(case);
        ran += 1;
    }
    drop(runner);
    assert_eq!(ran, fail.len() + pass.len());
    println!("ui: {} fail and {} pass cases ran", fail.len(), pass.len());
}

#[test]
fn every_recorded_message_has_its_case_and_says_what_to_write() {
    for case in cases("fail") {
        let recorded = std::fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        assert!(recorded.starts_with("error"), "{}: nothing recorded", case.display());
        let is_rustc = recorded.starts_with("error[");
        assert!(is_rustc || recorded.contains("help: "), "{}: no help", case.display());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    for entry in directory.read_dir().expect("ui/fail") {
        let path = entry.expect("directory entry").path();
        assert!(path.with_extension("rs").exists(), "{} has no case", path.display());
    }
}

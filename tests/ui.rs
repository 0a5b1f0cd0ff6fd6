//! Compile-time behaviour: each file in `ui/fail` breaks one rule and is refused with the words beside it, each file in
//! `ui/pass` is hostile but legal and runs.

use std::path::{Path, PathBuf};
use std::process::Command;

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
const LEAST_FAIL: usize = 235;
const LEAST_PASS: usize = 25;

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

    // The compiler words some messages itself, and changes its words from version to version.
    let same_compiler = compiler().starts_with(RECORDED_WITH);
    let (compared, left): (Vec<_>, Vec<_>) =
        fail.iter().partition(|case| same_compiler || is_overwriting || !is_worded_by_the_compiler(case));
    if !left.is_empty() {
        println!(
            "ui: {} cases in the compiler's own words left out, recorded with {RECORDED_WITH}, this is {}",
            left.len(),
            compiler()
        );
    }

    // A test case that trybuild cannot run, or whose outcome differs, fails when `runner` is dropped.
    let runner = trybuild::TestCases::new();
    for case in &compared {
        runner.compile_fail(case);
    }
    for case in &pass {
        runner.pass(case);
    }
    drop(runner);
    println!("ui: {} fail and {} pass cases ran", compared.len(), pass.len());
}

const RECORDED_WITH: &str = "rustc 1.95.";

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("the compiler tells its version");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Errors with a code, what its parser says, and what it says of futures.
fn is_worded_by_the_compiler(case: &Path) -> bool {
    let recorded = std::fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
    recorded.contains("error[") || is_uncoded(&recorded)
}

/// Does it begin with one of the compiler's own messages that have no code?
fn is_uncoded(recorded: &str) -> bool {
    let beginnings = ["error: associated `static` items", "error: future cannot be sent between threads"];
    beginnings.iter().any(|beginning| recorded.starts_with(beginning))
}

#[test]
fn every_recorded_message_has_its_case_and_says_what_to_write() {
    for case in cases("fail") {
        let recorded = std::fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        assert!(recorded.starts_with("error"), "{}: nothing recorded", case.display());
        let is_rustc = recorded.starts_with("error[") || is_uncoded(&recorded);
        assert!(is_rustc || recorded.contains("help: "), "{}: no help", case.display());
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    for entry in directory.read_dir().expect("ui/fail") {
        let path = entry.expect("directory entry").path();
        assert!(path.with_extension("rs").exists(), "{} has no case", path.display());
    }
}

//! Twelve ways to hurt a cache that many callers share, and what became of it.
//!
//! ```text
//! cargo run --release --bin torture -- [--quick] [--check] [--only NUMBER] [--markdown FILE] [--svg FILE]
//! ```
//!
//! Every scenario runs with every library in a process of its own, so that callers that hang hang nobody else. It takes
//! three to four minutes; with `--quick`, whose herds are smaller, less than half a minute. With `--check` it exits with 1
//! unless dogpile passes every scenario. What passes is said in each scenario, and is the same for all libraries.

mod block_on;
mod cells;
mod chart;
mod figures;
mod herd;
mod libraries;
mod origin;
mod report;
mod scenarios;

use std::fs;
use std::process::ExitCode;

use cells::Cell;
use dogpile_bench::{argument, has_flag};
use scenarios::{ALL, Scenario, Size};

fn main() -> ExitCode {
    let size = if has_flag("--quick") { Size::Quick } else { Size::Full };
    if let Some(cell) = argument("--cell") {
        return cells::child(&cell, size);
    }
    let only = argument("--only");
    let is_wanted =
        |scenario: &&Scenario| only.as_ref().is_none_or(|only| *only == scenario.number.to_string());
    let conditions = report::conditions(size);
    println!("{conditions}");
    let mut results = Vec::new();
    for scenario in ALL.iter().filter(is_wanted) {
        let row = cells::row(scenario, size);
        println!("{}", report::section(scenario, &row, size));
        results.push((scenario, row));
    }
    println!("{}", report::summary(&results, size));
    let is_written = write("--markdown", || report::document(&results, &conditions, size))
        && write("--svg", || chart::draw(&results, size));
    let is_passed = results.iter().all(|(scenario, row)| ours_pass(scenario, row, size));
    if is_written && (is_passed || !has_flag("--check")) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether dogpile passes the scenario.
fn ours_pass(scenario: &Scenario, row: &[Cell], size: Size) -> bool {
    row.iter().filter(|cell| cell.library.is_ours()).all(|cell| {
        let complaint = cell.complaint(scenario, size);
        if let Some(complaint) = &complaint {
            eprintln!("error: {}, {}: {complaint}", scenario.title, cell.library.name());
        }
        complaint.is_none()
    })
}

/// Writes what `text` makes to the file that `flag` names, if there is one.
fn write(flag: &str, text: impl FnOnce() -> String) -> bool {
    let Some(file) = argument(flag) else { return true };
    match fs::write(&file, text()) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("error: {file}: {error}");
            false
        }
    }
}

//! The chart: a line for each scenario, a column for each library, and in each cell whether it passes, how often the
//! origin was asked and how long the slowest call took.
//!
//! Written by hand, in colours that are legible on light and on dark pages.

use std::fmt::Write as _;

use crate::cells::{Cell, Outcome};
use crate::libraries::Library;
use crate::report::{OUTAGE, Result, shown};
use crate::scenarios::{Scenario, Size};

const LEFT: usize = 264;
const TOP: usize = 64;
const COLUMN: usize = 114;
const LINE: usize = 34;
const MARGIN: usize = 12;
/// Where titles stand, behind their numbers.
const TITLE: usize = 36;

const STYLE: &str = "\
  <style>
    text { font: 12px system-ui, sans-serif; fill: #24292f }
    .small { font-size: 10px; fill: #57606a }
    .head { font-weight: 600 }
    .yes { fill: #1a7f37 }
    .no { fill: none; stroke: #cf222e; stroke-width: 2 }
    .rule { stroke: #d0d7de }
    .ours { fill: #ddf4ff; fill-opacity: 0.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .small { fill: #8d96a0 }
      .yes { fill: #3fb950 }
      .no { stroke: #f85149 }
      .rule { stroke: #30363d }
      .ours { fill: #388bfd; fill-opacity: 0.12 }
    }
  </style>
";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn text(x: usize, y: usize, class: &str, text: &str) -> String {
    format!("  <text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>\n", escaped(text))
}

/// The two lines of text in a cell.
fn captions(cell: &Cell, scenario: &Scenario) -> [String; 2] {
    match &cell.outcome {
        Outcome::NotApplicable => ["n/a".to_owned(), String::new()],
        Outcome::Died(_) => ["died".to_owned(), String::new()],
        Outcome::Measured(figures) => {
            let mut second = vec![];
            if figures.hung > 0 {
                second.push(format!("{} hung", figures.hung));
            }
            if figures.wrong > 0 {
                second.push(format!("{} wrong", figures.wrong));
            }
            if figures.errors > 0 && scenario.number == OUTAGE.0 {
                second.push(format!("{} errors", figures.errors));
            }
            if second.is_empty() {
                second.push(format!("max {}", shown(figures.max)));
            }
            [grouped(figures.origin), second.join(", ")]
        }
    }
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

fn mark(x: usize, y: usize, is_passed: bool) -> String {
    let (class, radius) = if is_passed { ("yes", 5) } else { ("no", 4) };
    format!("  <circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"/>\n")
}

fn line(number: usize, scenario: &Scenario, row: &[Cell], size: Size) -> String {
    let y = TOP + number * LINE;
    let right = LEFT + Library::ALL.len() * COLUMN;
    let mut drawn = format!("  <path d=\"M{MARGIN} {y}H{right}\" class=\"rule\"/>\n");
    drawn += &text(MARGIN, y + 21, "", &scenario.number.to_string());
    drawn += &text(TITLE, y + 21, "", scenario.title);
    for (column, cell) in row.iter().enumerate() {
        let x = LEFT + column * COLUMN + MARGIN;
        if !matches!(cell.outcome, Outcome::NotApplicable) {
            drawn += &mark(x + 4, y + 17, cell.complaint(scenario, size).is_none());
        }
        let [first, second] = captions(cell, scenario);
        drawn += &text(x + 16, y + 15, "", &first);
        drawn += &text(x + 16, y + 28, "small", &second);
    }
    drawn
}

/// The chart.
pub(crate) fn draw(results: &[Result<'_>], size: Size) -> String {
    // The last name may be longer than its column.
    let width = LEFT + Library::ALL.len() * COLUMN + 3 * MARGIN;
    let height = TOP + results.len() * LINE + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n  <title>Twelve torture scenarios, seven caches</title>\n{STYLE}"
    );
    let ours = Library::ALL.into_iter().filter(|library| library.is_ours()).count();
    let _ = writeln!(
        svg,
        "  <rect x=\"{LEFT}\" y=\"{MARGIN}\" width=\"{}\" height=\"{}\" rx=\"6\" class=\"ours\"/>",
        ours * COLUMN,
        height - 2 * MARGIN
    );
    svg += &text(MARGIN, 32, "head", "Origin calls, slowest call");
    svg += &text(MARGIN, 50, "small", "● passes · ○ does not · hung, wrong: callers");
    for (column, library) in Library::ALL.into_iter().enumerate() {
        svg += &text(LEFT + column * COLUMN + MARGIN, 40, "head", library.name());
    }
    for (number, (scenario, row)) in results.iter().enumerate() {
        svg += &line(number, scenario, row, size);
    }
    svg + "</svg>\n"
}

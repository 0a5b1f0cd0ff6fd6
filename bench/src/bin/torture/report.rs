//! What is printed, and written as Markdown.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use dogpile_bench::table;

use crate::cells::{Cell, Outcome};
use crate::figures::Figures;
use crate::libraries::Library;
use crate::scenarios::{Scenario, Size};

/// The scenario of which the origin's calls per second are of interest, and the seconds it stands for.
pub(crate) const OUTAGE: (usize, u64) = (12, 180);

/// A scenario and its row.
pub(crate) type Result<'a> = (&'a Scenario, Vec<Cell>);

/// What the numbers depend on besides the code.
pub(crate) fn conditions(size: Size) -> String {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let size = size.of(
        "full size",
        "--quick: smaller herds than the texts say, all libraries at once, figures without meaning",
    );
    format!("{processors} processors, load average before: {load}; {size}\n")
}

/// A duration as it is read best.
pub(crate) fn shown(micros: u64) -> String {
    let millis = Duration::from_micros(micros).as_secs_f64() * 1e3;
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{millis:.1} ms"),
        10_000..1_000_000 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

fn cells(scenario: &Scenario, figures: &Figures) -> Vec<String> {
    let Figures { calls, origin, errors, stale, wrong, hung, p50, p999, max, .. } = *figures;
    let mut cells: Vec<_> = [calls, origin, errors, stale, wrong].map(|count| count.to_string()).into();
    cells.extend([p50, p999, max].map(|micros| if calls == 0 { "–".to_owned() } else { shown(micros) }));
    cells.push(hung.to_string());
    if scenario.number == OUTAGE.0 {
        cells.push(format!("{:.2}", Duration::from_secs(origin).as_secs_f64() / OUTAGE.1 as f64));
    }
    cells
}

/// The name of a library, ours in bold.
fn name(library: Library) -> String {
    if library.is_ours() { format!("**{}**", library.name()) } else { format!("`{}`", library.name()) }
}

/// A scenario and its table.
pub(crate) fn section(scenario: &Scenario, row: &[Cell], size: Size) -> String {
    let mut head =
        vec!["library", "calls", "origin calls", "errors", "stale", "wrong", "p50", "p99.9", "max", "hung"];
    if scenario.number == OUTAGE.0 {
        head.push("origin calls per second");
    }
    head.push("passes");
    let line = |cell: &Cell| {
        let mut line = vec![name(cell.library)];
        match &cell.outcome {
            Outcome::Measured(figures) => line.extend(cells(scenario, figures)),
            Outcome::NotApplicable => line.resize(head.len() - 1, "n/a".to_owned()),
            Outcome::Died(_) => line.resize(head.len() - 1, "died".to_owned()),
        }
        line.push(match (&cell.outcome, cell.complaint(scenario, size)) {
            (Outcome::NotApplicable, _) => "n/a".to_owned(),
            (_, None) => "yes".to_owned(),
            (_, Some(complaint)) => format!("no: {complaint}"),
        });
        line
    };
    let table = table(&head, &row.iter().map(line).collect::<Vec<_>>());
    let Scenario { number, title, text, passes, .. } = scenario;
    format!("### {number}. {title}\n\n{text} *Passes if {passes}.*\n\n{table}")
}

/// How many scenarios each library passes.
pub(crate) fn summary(results: &[Result<'_>], size: Size) -> String {
    let line = |(index, library): (usize, Library)| {
        let cells = results.iter().map(|(scenario, row)| (scenario, &row[index]));
        let cells = cells.filter(|(_, cell)| !matches!(cell.outcome, Outcome::NotApplicable));
        let (passed, failed): (Vec<_>, Vec<_>) =
            cells.partition(|(scenario, cell)| cell.complaint(scenario, size).is_none());
        let numbers: Vec<_> = failed.iter().map(|(scenario, _)| scenario.number.to_string()).collect();
        let of = passed.len() + failed.len();
        vec![name(library), format!("{} of {of}", passed.len()), numbers.join(", ")]
    };
    let rows: Vec<_> = Library::ALL.into_iter().enumerate().map(line).collect();
    table(&["library", "passes", "not"], &rows)
}

const COLUMNS: &str = "\
*Calls* came back, *hung* did not. *Origin calls* are computations begun. *Errors* are calls that ended without a value. \
*Stale* is past its lifetime but within what the policy allows, *wrong* is outdated or too old. A scenario is also \
failed by any caller who hangs or gets a wrong value.";

const LIBRARIES: &str = "\
`dogpile` is a `DogpileMap` with `try_get_or_compute_shared`, sync and async; `cached` is `#[cached(sync_writes = \
\"by_key\")]` over a `TtlCache`, with 1024 buckets (its `claim` module, with which users can write more themselves, is not \
shown); `moka` is `try_get_with` with `time_to_live`; `quick_cache` is `entry`, with the end of its life in each value; \
`Mutex<HashMap>` computes without the lock. Async callers run on a thread each. Where the leader is to be cancelled, \
`cached` and `quick_cache` show their async forms.";

/// The whole as a file.
pub(crate) fn document(results: &[Result<'_>], conditions: &str, size: Size) -> String {
    let mut text =
        String::from("# Torture\n\nWritten by `cargo run --release --bin torture -- --markdown FILE`. ");
    let summary = summary(results, size);
    let _ = write!(text, "{conditions}\n{COLUMNS}\n\n{LIBRARIES}\n\n{summary}");
    for (scenario, row) in results {
        let _ = write!(text, "\n{}", section(scenario, row, size).trim_end());
        text.push('\n');
    }
    text
}

//! One scenario with one library: a child process, and what it reported.

use std::io::{self, Read as _};
use std::panic;
use std::process::{Child, Command, ExitCode, Stdio, exit};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::figures::Figures;
use crate::libraries::Library;
use crate::scenarios::{ALL, Scenario, Size};

/// Children give up by themselves long before.
const LIMIT: Duration = Duration::from_secs(100);

/// In place of figures, where the question does not arise.
const NOT_APPLICABLE: &str = "n/a";

/// What is known.
pub(crate) struct Cell {
    pub(crate) library: Library,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    Measured(Figures),
    NotApplicable,
    /// The process ended without figures.
    Died(String),
}

impl Cell {
    /// What speaks against it.
    pub(crate) fn complaint(&self, scenario: &Scenario, size: Size) -> Option<String> {
        match &self.outcome {
            Outcome::Measured(figures) => scenario.complaint(figures, size),
            Outcome::NotApplicable => None,
            Outcome::Died(why) => Some(why.clone()),
        }
    }
}

/// Runs a scenario with every library: one after the other, or, where figures have no meaning, side by side.
pub(crate) fn row(scenario: &Scenario, size: Size) -> Vec<Cell> {
    let cell = |library: Library| Cell { library, outcome: measure(scenario, library, size) };
    if size == Size::Full {
        return Library::ALL.into_iter().map(cell).collect();
    }
    thread::scope(|scope| {
        let running = Library::ALL.map(|library| scope.spawn(move || cell(library)));
        running.into_iter().map(|cell| cell.join().expect("measuring does not panic")).collect()
    })
}

fn measure(scenario: &Scenario, library: Library, size: Size) -> Outcome {
    match run(scenario, library, size) {
        Ok(line) if line.trim() == NOT_APPLICABLE => Outcome::NotApplicable,
        Ok(line) => match Figures::parse(line.trim()) {
            Some(figures) => Outcome::Measured(figures),
            None => Outcome::Died(format!("the process ended without figures: {line:?}")),
        },
        Err(error) => Outcome::Died(error.to_string()),
    }
}

/// What the child printed.
fn run(scenario: &Scenario, library: Library, size: Size) -> io::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--cell").arg(format!("{}:{}", scenario.number, library.name()));
    if size == Size::Quick {
        command.arg("--quick");
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    wait(&mut child)?;
    let mut printed = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut printed)?;
    }
    Ok(printed)
}

/// Waits for the child, and ends it if it takes too long.
fn wait(child: &mut Child) -> io::Result<()> {
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("the process did not end within {LIMIT:?}")));
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The child's part: `cell` is the number of a scenario and the name of a library, with a colon between them.
pub(crate) fn child(cell: &str, size: Size) -> ExitCode {
    let named = cell.split_once(':').and_then(|(number, name)| {
        let scenario = ALL.into_iter().find(|scenario| scenario.number.to_string() == number)?;
        Some((scenario, Library::named(name)?))
    });
    let Some((scenario, library)) = named else {
        eprintln!("error: there is no cell `{cell}`");
        return ExitCode::FAILURE;
    };
    // Panics are part of it; those of our own show in the missing figures.
    panic::set_hook(Box::new(|_| ()));
    match scenario.run(library, size) {
        Some(figures) => println!("{}", figures.line()),
        None => println!("{NOT_APPLICABLE}"),
    }
    // Whoever hangs is left behind.
    exit(0)
}

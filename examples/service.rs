//! A struct with slots of its own: what methods compute is kept in the instance, and goes with it.
//!
//! ```text
//! cargo run --example service                # two libraries: `src` and `examples` of this crate
//! cargo run --example service -- DIRECTORY   # a directory of yours, read twice
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};

use dogpile::{Dogpile, DogpileMap, Policy, dogpile, policy};

/// The text files of a directory.
struct Library {
    root: PathBuf,
    /// One value for each library.
    files: Dogpile<Arc<[PathBuf]>>,
    /// One value for each library and file.
    sizes: DogpileMap<PathBuf, Size>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    lines: usize,
    bytes: usize,
}

impl Library {
    /// Durations may come from a configuration: a slot's policy is a value like any other.
    fn new(root: PathBuf, lifetime: Duration) -> Self {
        Self {
            root,
            files: Dogpile::new(Policy::expire(lifetime).stale(lifetime).name("files")),
            sizes: DogpileMap::new(policy!(expire = "10m", capacity = 1_000, name = "sizes")),
        }
    }

    /// The policy is the field's, so that the attribute says only where values are kept.
    #[dogpile(slot = self.files)]
    fn files(&self) -> io::Result<Arc<[PathBuf]>> {
        println!("   reads the directory `{}`", self.root.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "rs" || extension == "txt" || extension == "md")
            {
                files.push(path);
            }
        }
        files.sort();
        Ok(files.into())
    }

    #[dogpile(slot = self.sizes)]
    fn size(&self, file: &Path) -> io::Result<Size> {
        let text = fs::read_to_string(file)?;
        Ok(Size { lines: text.lines().count(), bytes: text.len() })
    }

    fn total(&self) -> io::Result<Size> {
        let mut total = Size { lines: 0, bytes: 0 };
        for file in self.files()?.iter() {
            let size = self.size(file)?;
            total.lines += size.lines;
            total.bytes += size.bytes;
        }
        Ok(total)
    }

    /// The slots are handles as well.
    fn forget(&self, file: &Path) {
        self.sizes.invalidate(file);
    }
}

fn main() -> ExitCode {
    let here = |name| [env!("CARGO_MANIFEST_DIR"), name].iter().collect::<PathBuf>();
    let mut roots: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if roots.is_empty() {
        roots = vec![here("src"), here("examples")];
    }
    match run(&roots) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\nhelp: give the path of a directory with text files in UTF-8");
            ExitCode::FAILURE
        }
    }
}

fn run(roots: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let libraries: Vec<_> =
        roots.iter().map(|root| Library::new(root.clone(), Duration::from_secs(60))).collect();
    for library in &libraries {
        println!("the library `{}`", library.root.display());
        let first = library.total().map_err(|error| format!("`{}`: {error}", library.root.display()))?;
        let second = library.total()?;
        let read = library.sizes.stats().computations;
        println!(
            "   {} lines in {} files, read once each although asked for twice",
            first.lines,
            library.sizes.len()
        );
        if first != second || read != library.sizes.len() as u64 {
            return Err("something was read again".into());
        }
        if let Some(file) = library.files()?.first() {
            library.forget(file);
            library.size(file)?;
            println!("   `{}` was forgotten, and read again", file.display());
        }
    }
    let listings: u64 = libraries.iter().map(|library| library.files.stats().computations).sum();
    println!("{listings} directories were listed, one for each library: instances share nothing");
    Ok(())
}

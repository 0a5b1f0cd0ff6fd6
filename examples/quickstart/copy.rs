//! A copy of the user's file that may be rewritten; gone when dropped.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// A directory of our own with one file in it.
pub(crate) struct Copy {
    directory: PathBuf,
    file: PathBuf,
}

impl Copy {
    pub(crate) fn new(text: &str) -> io::Result<Self> {
        let directory = fresh_directory()?;
        let copy = Self { file: directory.join("copy.toml"), directory };
        copy.rewrite(text)?;
        Ok(copy)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// Replaces the file as one should: readers see the old or the new content, never half of one.
    pub(crate) fn rewrite(&self, text: &str) -> io::Result<()> {
        let draft = self.directory.join("draft");
        fs::write(&draft, text)?;
        fs::rename(&draft, &self.file)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("warning: cannot remove `{}`: {error}", self.directory.display());
        }
    }
}

/// A killed run may have left a directory behind, and process numbers come back.
fn fresh_directory() -> io::Result<PathBuf> {
    for attempt in 0..100 {
        let directory = env::temp_dir().join(format!("dogpile-quickstart-{}-{attempt}", process::id()));
        match fs::create_dir(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "all names for a temporary directory are taken"))
}

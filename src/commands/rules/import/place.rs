//! Where a file goes: written beside its place first, and put there when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The place of a file. What was written is removed again where it is not kept.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    temporary: PathBuf,
    overwrite: bool,
}

impl Place {
    /// A place for a file that is made of others.
    ///
    /// # Errors
    /// It is one of the others, there is a file already, or it is no place for a file.
    pub(super) fn new(path: &Path, inputs: &[PathBuf], overwrite: bool) -> Result<Self, String> {
        let shown = path.display();
        let Some(name) = path.file_name() else {
            return Err(format!("{shown}: not the name of a file"));
        };
        if let Ok(there) = path.canonicalize() {
            let same = |input: &PathBuf| {
                input
                    .canonicalize()
                    .is_ok_and(|input| is_same(&input, &there))
            };
            if inputs.iter().any(same) {
                return Err(format!(
                    "{shown}: this is one of the lists that are read; write to another file"
                ));
            }
            if there.is_dir() {
                return Err(format!(
                    "{shown}: this is a folder; give the name of a file"
                ));
            }
            if !overwrite {
                return Err(taken(path));
            }
        }
        let hidden = format!(".{}.{}.yaml", name.to_string_lossy(), std::process::id());
        Ok(Self {
            path: path.to_owned(),
            temporary: path.with_file_name(hidden),
            overwrite,
        })
    }

    /// Where the file is until it is kept.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Writes the file, so that it is on the disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        let failed = |e: io::Error| format!("{}: cannot write it: {e}", self.path.display());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.temporary)
            .map_err(failed)?;
        let mut out = BufWriter::new(file);
        write(&mut out).map_err(failed)?;
        let file: File = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)
    }

    /// Puts the file in its place, at once.
    ///
    /// # Errors
    /// Those of the file system; or another file came there in the meantime.
    pub(super) fn keep(self) -> Result<(), String> {
        let failed = |e: io::Error| format!("{}: cannot write it: {e}", self.path.display());
        if !self.overwrite {
            // Unlike renaming, this never replaces a file.
            match fs::hard_link(&self.temporary, &self.path) {
                Ok(()) => return Ok(()),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => return Err(taken(&self.path)),
                // Some file systems have no second names.
                Err(_) if self.path.exists() => return Err(taken(&self.path)),
                Err(_) => {}
            }
        }
        fs::rename(&self.temporary, &self.path).map_err(failed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It is gone where it was renamed.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn taken(path: &Path) -> String {
    format!(
        "{}: there is a file already; give another name, or --overwrite",
        path.display()
    )
}

/// Whether two paths lead to one file, also by a second name of it.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |path: &Path| fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
        if place(one).is_some() && place(one) == place(other) {
            return true;
        }
    }
    one == other
}

//! Input that the program opens by path, in memory where the system has a place for that.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file that holds `data` and is gone with the value.
pub fn file(data: &[u8], suffix: &str) -> NamedTempFile {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let mut file = tempfile::Builder::new()
        .prefix("bellerophon-fuzz-")
        .suffix(suffix)
        .tempfile_in(folder)
        .unwrap();
    file.write_all(data).unwrap();
    file
}

//! Reads a configuration file as text, and refuses what is none or too large.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::problem::{Complaint, ConfigError, Place};

/// The largest file, in bytes. A file with every flag has some kilobytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// The bytes of the file, of which there may be one more than [`MAX_BYTES`].
///
/// # Errors
/// [`ConfigError::Unreadable`].
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |source: io::Error| ConfigError::Unreadable {
        file: path.display().to_string(),
        fix: match source.kind() {
            io::ErrorKind::NotFound => "check the path given to `--config`",
            io::ErrorKind::PermissionDenied => {
                "let the user that runs the program read the file and open its folders"
            }
            io::ErrorKind::IsADirectory => "give a file in this folder",
            _ => "the file has to be readable",
        },
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    // Some systems open folders and fail at the first read, with an error that says less.
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    // Not by the size in the metadata: pipes have none.
    file.take(MAX_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// The text in these bytes, without a byte order mark.
///
/// # Errors
/// What is no UTF-8 or larger than [`MAX_BYTES`].
pub(super) fn text(bytes: &[u8]) -> Result<&str, Complaint> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(Complaint::new(
            None,
            "the file is larger than 1 MiB",
            "this is hardly a configuration file; check the path",
        ));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let what = "the file is UTF-16";
        return Err(Complaint::new(None, what, "save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let good = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let what = format!("not UTF-8 at byte offset {}", e.valid_up_to());
        Complaint::new(Some(end_of(good)), what, "save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The place behind these bytes, which are UTF-8.
fn end_of(bytes: &[u8]) -> Place {
    let line = bytes.iter().filter(|b| **b == b'\n').count();
    let last = bytes.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    // Bytes that begin a character.
    let column = last.iter().filter(|b| **b & 0xc0 != 0x80).count();
    Place {
        line: line.saturating_add(1),
        column: column.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named_with_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let error = bytes(dir.path()).unwrap_err().to_string();
        assert!(error.starts_with(dir.path().to_str().unwrap()), "{error}");
        assert!(error.ends_with(": give a file in this folder"), "{error}");
        let error = bytes(&dir.path().join("none.yaml"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("none.yaml: "), "{error}");
        assert!(
            error.ends_with(": check the path given to `--config`"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_read_permission_is_named_with_a_remedy() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.yaml");
        std::fs::write(&path, "a: b\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        match bytes(&path) {
            Ok(_) => println!("skipped: this user may read every file"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("let the user that runs"), "{error}");
            }
        }
    }

    #[test]
    fn only_utf_8_of_a_bounded_size_is_text() {
        assert_eq!(text("\u{feff}a: ü".as_bytes()), Ok("a: ü"));
        let bad = text(b"a: b\n\xc3\xbcx: \xff\n").unwrap_err().of("f");
        assert_eq!(
            bad.to_string(),
            "f:2:5: not UTF-8 at byte offset 10: save the file as UTF-8"
        );
        let wide = text(&[0xff, 0xfe, b'a', 0]).unwrap_err();
        assert_eq!(wide.what, "the file is UTF-16");
        let largest = usize::try_from(MAX_BYTES).unwrap();
        assert!(text(&vec![b'#'; largest]).is_ok());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.yaml");
        std::fs::write(&path, vec![b'#'; largest + 10]).unwrap();
        let read = bytes(&path).unwrap();
        assert_eq!(read.len(), largest + 1);
        assert!(text(&read).unwrap_err().what.contains("larger than 1 MiB"));
    }
}

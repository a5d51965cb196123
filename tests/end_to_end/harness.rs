//! Runs the program and takes its output apart.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The top of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A committed capture, as a path below [`repository`].
pub(crate) fn capture(file: &str) -> String {
    format!("pcaps/{file}")
}

/// All committed captures in the order of their names, as paths below [`repository`].
pub(crate) fn captures() -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(repository().join("pcaps"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".pcap"))
        .map(|name| capture(&name))
        .collect();
    files.sort();
    files
}

/// The program, to be started at the top of the repository.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellerophon"));
    command
        .args(arguments)
        .current_dir(repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn wait(child: std::process::Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let ran = Self {
            status: output.status.code().expect("not killed by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "standard error: {}", self.stderr);
        self
    }

    /// Asserts that standard error holds each of these.
    #[track_caller]
    pub(crate) fn says(self, pieces: &[&str]) -> Self {
        for piece in pieces {
            assert!(
                self.stderr.contains(piece),
                "no {piece:?} in standard error:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Asserts that standard error is empty.
    #[track_caller]
    pub(crate) fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    /// Standard output as JSON lines.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }

    /// The summary of `--summary json`: the one and only line of standard error.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let lines = json_lines(&self.stderr);
        assert_eq!(lines.len(), 1, "{}", self.stderr);
        lines[0].clone()
    }
}

/// JSON lines, each with its line end.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "a torn last line");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Runs the program to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    Ran::wait(command(arguments).spawn().unwrap())
}

/// Runs the program with `input` on a pipe to its standard input.
pub(crate) fn run_with<S: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = S>,
    input: &[u8],
) -> Ran {
    let mut command = command(arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // From a thread of its own: the program may fill its output before it has read all.
        scope.spawn(move || {
            // A program that refuses its input closes the pipe early.
            let _ = pipe.write_all(input);
        });
        Ran::wait(child)
    })
}

/// Runs a command line given as words without blanks in them.
pub(crate) fn run_line(line: &str) -> Ran {
    run(line.split_whitespace())
}

/// A folder that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.path().into_os_string().into_string().unwrap()
    }
}

/// Nanoseconds since 1970 of `2021-07-18T10:00:00.123456789Z`.
#[track_caller]
pub(crate) fn nanoseconds(rfc3339: &str) -> u64 {
    let digits = |range: std::ops::Range<usize>| -> u64 { rfc3339[range].parse().unwrap() };
    let mark = |at: usize| rfc3339.as_bytes()[at];
    assert_eq!(rfc3339.len(), 30, "{rfc3339}");
    assert_eq!(
        [4, 7, 10, 13, 16, 19, 29].map(mark),
        *b"--T::.Z",
        "{rfc3339}"
    );
    let (year, month, day) = (digits(0..4), digits(5..7), digits(8..10));
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (1970..year)
        .map(|y| if leap(y) { 366 } else { 365 })
        .chain(
            months[..usize::try_from(month).unwrap() - 1]
                .iter()
                .copied(),
        )
        .sum::<u64>()
        + day
        - 1;
    let seconds = ((days * 24 + digits(11..13)) * 60 + digits(14..16)) * 60 + digits(17..19);
    seconds * 1_000_000_000 + digits(20..29)
}

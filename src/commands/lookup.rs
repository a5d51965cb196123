//! `bellerophon lookup`: is this listed, and why.

use std::error::Error;
use std::io::{self, BufRead, BufWriter, ErrorKind, Read, Write};

use super::{Status, complain};
use crate::cli::Lookup;
use crate::output::printable;

use crate::rules::{self, Inquiry, LoadOptions};
use crate::time::Timestamp;

/// The longest line that is taken from standard input, in bytes; no name is longer, and hardly any URL.
const MAX_LINE: usize = 4_096;

/// What some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its answers from being printed.
pub fn run(args: &Lookup) -> Result<Status, Box<dyn Error>> {
    // What was left out of the lists is part of the answer.
    let loaded = rules::load(&LoadOptions {
        detail: true,
        ..args.rules.options()
    })?;
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    let mut asked = Asked {
        inquiry: Inquiry::new(&loaded, Timestamp::of_clock()),
        args,
        out: BufWriter::new(io::stdout().lock()),
        matched: false,
        failed: !loaded.problems.is_empty(),
    };
    for name in &args.names {
        let done = if name == "-" {
            asked.lines(io::stdin().lock())
        } else {
            asked.name(name, None)
        };
        match done.and_then(|()| asked.out.flush()) {
            // `bellerophon lookup - | head` is no error of its own.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            done => done?,
        }
    }
    Ok(match asked {
        Asked { failed: true, .. } => Status::Failed,
        Asked { matched: true, .. } if args.exit_code => Status::Found,
        _ => Status::Done,
    })
}

struct Asked<'a, W> {
    inquiry: Inquiry<'a>,
    args: &'a Lookup,
    out: W,
    matched: bool,
    failed: bool,
}

impl<W: Write> Asked<'_, W> {
    /// One name a line; empty lines and comments (`#`) are passed over.
    fn lines(&mut self, mut from: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            let read = from
                .by_ref()
                .take(MAX_LINE as u64)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            if read == MAX_LINE && line.last() != Some(&b'\n') {
                self.refuse(&format!(
                    "standard input, line {number}: longer than any name or URL that is looked up"
                ));
                from.skip_until(b'\n')?;
                continue;
            }
            if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            match std::str::from_utf8(&line).map(str::trim) {
                Ok(name) if name.is_empty() || name.starts_with('#') => {}
                Ok(name) => self.name(name, Some(number))?,
                Err(_) => self.refuse(&format!("standard input, line {number}: not UTF-8")),
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &str, line: Option<u64>) -> io::Result<()> {
        let answer = self.inquiry.ask(name);
        if let Some((what, fix)) = &answer.error {
            let place = line
                .map(|n| format!("standard input, line {n}: "))
                .unwrap_or_default();
            self.refuse(&format!(
                "{place}{:?} is not a name, address, URL or fingerprint: {what}; {fix}",
                answer.asked
            ));
            return Ok(());
        }
        self.matched |= answer.is_match();
        if self.args.matches_only && !answer.is_match() {
            return Ok(());
        }
        if self.args.json {
            writeln!(self.out, "{}", answer.to_json())
        } else {
            let text = answer.to_string();
            text.lines()
                .try_for_each(|line| writeln!(self.out, "{}", printable(line)))
        }
    }

    fn refuse(&mut self, why: &str) {
        self.failed = true;
        complain(why);
    }
}

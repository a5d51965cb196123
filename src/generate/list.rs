//! Lists of indicators.

use std::io::{self, Write};

use super::words::listed;

/// The most names of a list.
pub const MAX_NAMES: u32 = 100_000_000;

/// Written at once.
const BUFFER: usize = 256 * 1024;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// A rule pack, for `--rules`.
    Pack,
    /// One name a line, for other programs.
    Plain,
}

/// Writes a list of `names` made-up indicators, no two the same. Gives its length in bytes.
///
/// # Errors
/// What `out` says.
pub fn list(out: &mut dyn Write, names: u32, seed: u64, form: ListForm) -> io::Result<u64> {
    let mut buffer = Vec::with_capacity(BUFFER + 128);
    let mut bytes = 0;
    let indent: &[u8] = match form {
        ListForm::Pack => {
            writeln!(
                buffer,
                "# Made-up names, for measuring. Any likeness with a registered name is an accident.\n\
                 bellerophon: 1\n\
                 pack: generated\n\
                 title: {names} made-up names of seed {seed}\n\
                 groups:\n\
                 \x20 - domains:"
            )?;
            b"      - "
        }
        ListForm::Plain => b"",
    };
    for number in 0..names {
        buffer.extend_from_slice(indent);
        buffer.extend_from_slice(listed(seed, number).as_bytes());
        buffer.push(b'\n');
        if buffer.len() >= BUFFER {
            out.write_all(&buffer)?;
            bytes += buffer.len() as u64;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(bytes + buffer.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: u32, seed: u64, form: ListForm) -> Vec<u8> {
        let mut out = Vec::new();
        let bytes = list(&mut out, names, seed, form).unwrap();
        assert_eq!(bytes, out.len() as u64);
        out
    }

    #[test]
    fn the_names_of_a_seed_never_change() {
        let plain = of(20_000, 1, ListForm::Plain);
        assert_eq!(plain.iter().filter(|b| **b == b'\n').count(), 20_000);
        assert_eq!(plain, of(20_000, 1, ListForm::Plain));
        assert_ne!(plain, of(20_000, 2, ListForm::Plain));
        let sum = sha1_smol::Sha1::from(&plain).digest().to_string();
        assert_eq!(sum, "80a94575ca5acebfa7f24b3add41f1aaf4438682");
    }

    #[test]
    fn both_forms_have_the_same_names() {
        let plain = String::from_utf8(of(500, 7, ListForm::Plain)).unwrap();
        let pack = String::from_utf8(of(500, 7, ListForm::Pack)).unwrap();
        let listed = pack
            .lines()
            .filter_map(|line| line.strip_prefix("      - "));
        assert!(plain.lines().eq(listed));
    }
}

//! The end of a file that is to be appended to: a last line without its line end is found and judged.
//!
//! A program that is killed between two writes, a full disk and a power cut leave such ends. Only an end
//! that can be ours is touched: a torn JSON object, or the zero bytes that some file systems leave after a power cut.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How far the last line end is searched for, in bytes.
const SEARCH: u64 = 16 << 20;

/// Longest last line that is examined for being complete, in bytes.
const LONGEST: u64 = 1 << 20;

/// Bytes read at once.
const BLOCK: usize = 64 << 10;

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With a line end, or the file is empty.
    Clean,
    /// With a part of a line, which begins at this offset.
    Torn(u64),
    /// With a complete object that only wants its line end.
    Unended,
    /// With something that no writer of JSON lines leaves.
    Foreign,
}

/// Judges the end of `file`, which is `len` bytes long.
///
/// # Errors
/// Those of reading the file.
pub(super) fn end(file: &File, len: u64) -> io::Result<End> {
    let mut block = vec![0; BLOCK];
    let mut begin = len;
    let mut first = true;
    while begin > 0 {
        if len.saturating_sub(begin) >= SEARCH {
            return Ok(End::Foreign);
        }
        let size = BLOCK.min(usize::try_from(begin).unwrap_or(BLOCK));
        let from = begin.saturating_sub(u64::try_from(size).unwrap_or(begin));
        let Some(bytes) = block.get_mut(..size) else {
            break;
        };
        file.read_exact_at(bytes, from)?;
        if first && bytes.last() == Some(&b'\n') {
            return Ok(End::Clean);
        }
        first = false;
        begin = from;
        if let Some(at) = bytes.iter().rposition(|b| *b == b'\n') {
            let after = u64::try_from(at).unwrap_or(0).saturating_add(1);
            return last_line(file, from.saturating_add(after), len);
        }
    }
    if first {
        return Ok(End::Clean);
    }
    last_line(file, 0, len)
}

/// Judges the last line, which reaches from `begin` to `len` and has no line end.
fn last_line(file: &File, begin: u64, len: u64) -> io::Result<End> {
    let mut head = [0];
    file.read_exact_at(&mut head, begin)?;
    if !matches!(head, [b'{' | 0]) {
        return Ok(End::Foreign);
    }
    let length = len.saturating_sub(begin);
    if length > LONGEST {
        return Ok(End::Torn(begin));
    }
    let mut line = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut line, begin)?;
    Ok(if is_object(&line) {
        End::Unended
    } else {
        End::Torn(begin)
    })
}

/// Whether `line` is one object from its first brace to its last: braces are paired outside of strings.
fn is_object(line: &[u8]) -> bool {
    let mut depth: usize = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate() {
        match (in_string, byte) {
            (_, 0) => return false,
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => depth = depth.saturating_add(1),
            (false, b'}' | b']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at.saturating_add(1) == line.len();
                }
            }
            _ => {}
        }
        if depth == 0 {
            return false;
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;
    use std::io::Write;

    fn judged(content: &[u8]) -> End {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        end(&file, u64::try_from(content.len()).unwrap()).unwrap()
    }

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(judged(b""), End::Clean);
        assert_eq!(judged(b"{}\n"), End::Clean);
        assert_eq!(judged(b"\n"), End::Clean);
        assert_eq!(judged(b"{\"a\":"), End::Torn(0));
        assert_eq!(judged(b"{}\n{"), End::Torn(3));
        assert_eq!(judged(b"{}\n{\"a\":\"}"), End::Torn(3));
        assert_eq!(judged(b"{}\n{\"a\":\"\\\"}"), End::Torn(3));
        assert_eq!(judged(b"{}\n\0\0\0"), End::Torn(3));
        assert_eq!(judged(b"{}\n{\"a\"\0\0"), End::Torn(3));
        assert_eq!(judged(b"{}\n{\"a\":[{\"b\":\"}\\\"\"}]}"), End::Unended);
        assert_eq!(judged(b"{}\n{}x"), End::Torn(3));
    }

    #[test]
    fn what_is_not_ours_is_not_cut() {
        assert_eq!(judged(b"dear diary"), End::Foreign);
        assert_eq!(judged(b"{\n  \"a\": 1\n}"), End::Foreign);
        let far = usize::try_from(SEARCH).unwrap() + 3 * BLOCK;
        assert_eq!(judged(&vec![b'x'; far]), End::Foreign);
    }

    #[test]
    fn the_search_crosses_blocks() {
        for length in [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let mut content = b"{}\n{\"a\":\"".to_vec();
            content.resize(3 + length, b'x');
            assert_eq!(judged(&content), End::Torn(3), "{length}");
            let mut content = b"{\"a\":\"".to_vec();
            content.resize(length, b'x');
            assert_eq!(judged(&content), End::Torn(0), "{length}");
        }
    }
}

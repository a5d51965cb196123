//! One direction of a connection, whole and in pieces: they give the same names. The first byte is
//! the length of the pieces, and its highest bit says that the port is 53 or 5355.

use bellerophon::names::stream::{Direction, Hint, Note, Scratch, shape};
use bellerophon::names::{Kind, Step};

use super::http::check_host;
use super::names::check_text;

type Names = Vec<(Kind, Vec<u8>, Note)>;

pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let piece = usize::from(choice & 0x7f).max(1);
    if choice & 0x80 == 0 {
        check(Hint::Any, bytes, piece);
    } else {
        check(Hint::Dns, bytes, piece);
        check(Hint::Llmnr, bytes, piece);
    }
}

/// Reads `bytes` at once and in pieces of a length.
pub fn check(hint: Hint, bytes: &[u8], piece: usize) {
    shape(bytes);
    let whole = feed(hint, bytes, bytes.len().max(1));
    for (kind, name, note) in &whole {
        check_name(*kind, name, *note);
    }
    let pieces = feed(hint, bytes, piece);
    // Damage may be told where it stands or only at the end; on these ports the first bytes decide.
    if hint == Hint::Any {
        assert_eq!(whole, pieces);
    }
}

/// What holds for every name out of a stream.
pub fn check_name(kind: Kind, name: &[u8], note: Note) {
    assert!(note.dns.is_none() || is_dns(kind));
    assert!(!note.ech || kind == Kind::TlsSni);
    match kind {
        Kind::TlsSni | Kind::X509San | Kind::X509Cn => assert!(!name.is_empty()),
        kind if is_dns(kind) => check_text(name),
        _ => check_host(name),
    }
}

fn is_dns(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DnsQuery | Kind::DnsAnswer | Kind::LlmnrQuery | Kind::LlmnrAnswer
    )
}

fn feed(hint: Hint, bytes: &[u8], piece: usize) -> Names {
    let mut direction = Direction::new(hint);
    let mut scratch = Scratch::default();
    let mut names = Vec::new();
    let (mut at, mut end, mut needed) = (0usize, 0usize, 1usize);
    while end < bytes.len() {
        end = bytes.len().min(end + piece);
        let last = end == bytes.len();
        let mut turns = 0;
        while at <= end && (last || end - at >= needed) {
            turns += 1;
            assert!(turns <= 2 * bytes.len() + 9, "it does not come to an end");
            let before = names.len();
            let step = direction.read(
                &bytes[at..end],
                last,
                &mut scratch,
                &mut |kind, name, note| {
                    names.push((kind, name.to_vec(), note));
                },
            );
            match step {
                Step::Took(n) => {
                    assert!(n > 0);
                    at = at.saturating_add(usize::try_from(n).unwrap());
                    needed = 1;
                }
                Step::Need(n) => {
                    assert!(!last && n > end - at && names.len() == before);
                    needed = n;
                }
                Step::End => return names,
            }
        }
    }
    names
}

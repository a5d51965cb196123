//! A certificate.

use bellerophon::names::Kind;
use bellerophon::names::text::NameText;
use bellerophon::names::x509::{Outcome, names};

use super::names::check_text;

pub fn run(data: &[u8]) {
    let (whole, outcome) = read(data);
    let mut text = NameText::default();
    for (kind, name) in &whole {
        assert!(!name.is_empty() && name.is_ascii() && name.len() < data.len());
        assert!(*kind == Kind::X509San || name.contains(&b'.'));
        if text.set_host(name).is_ok() && !text.is_empty() {
            check_text(text.as_bytes());
        }
    }
    // Cut off anywhere, it gives the names that are there and no others.
    let mut before = 0;
    for part in 1..=8 {
        let cut = &data[..data.len() * part / 8];
        let (names, cut_outcome) = read(cut);
        assert_eq!(names, whole[..names.len()]);
        assert!(before <= names.len());
        before = names.len();
        if outcome == Outcome::Whole && cut.len() < data.len() {
            assert_eq!(cut_outcome, Outcome::Malformed);
        }
    }
    assert_eq!(before, whole.len());
}

fn read(der: &[u8]) -> (Vec<(Kind, Vec<u8>)>, Outcome) {
    let mut found = Vec::new();
    let outcome = names(der, &mut |kind, name| found.push((kind, name.to_vec())));
    (found, outcome)
}

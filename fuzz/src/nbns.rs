//! A message of the NetBIOS name service.

use bellerophon::names::dns::{End, Scratch};
use bellerophon::names::{Kind, nbns};

use super::names::{check_text, labels};

type Names = Vec<Vec<u8>>;

pub fn run(data: &[u8]) {
    let (end, names) = read(data, false, &mut Scratch::default());
    assert!(end.is_some() || names.is_empty());
    for name in &names {
        check_text(name);
        let labels = labels(name).unwrap();
        assert!(labels[0].len() <= 15, "{}", name.escape_ascii());
        assert!(labels[0].iter().all(|&byte| byte >= b' '));
        assert!(!matches!(&labels[0][..], b"" | b"*"));
    }
    if let Some(End::Trailing(left)) = end {
        assert!((1..=data.len() - 12).contains(&left));
    }

    // A message that breaks off gives a part of the same names, and what an earlier one left behind
    // does not show.
    let mut scratch = Scratch::default();
    let (_, part) = read(&data[..data.len() / 2], true, &mut scratch);
    if end.is_some() {
        assert!(names.starts_with(&part));
    }
    assert_eq!((end, names), read(data, false, &mut scratch));
}

fn read(data: &[u8], cut: bool, scratch: &mut Scratch) -> (Option<End>, Names) {
    let mut names = Vec::new();
    let end = nbns::datagram(data, cut, scratch, &mut |kind, name, _| {
        assert_eq!(kind, Kind::Nbns);
        names.push(name.to_vec());
    });
    (end, names)
}

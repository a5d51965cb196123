use proptest::prelude::*;
use testkit::nbns as make;

use super::*;

fn read(message: &[u8], cut: bool) -> (Vec<String>, Option<End>) {
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let end = datagram(message, cut, &mut scratch, &mut |kind, name, _| {
        assert_eq!(kind, Kind::Nbns);
        names.push(String::from_utf8(name.to_vec()).unwrap());
    });
    (names, end)
}

fn names(message: make::Message) -> Vec<String> {
    let bytes: Vec<u8> = message.into();
    let (names, end) = read(&bytes, false);
    assert_eq!(end, Some(End::Whole));
    names
}

#[test]
fn queries_registrations_and_responses() {
    let phone = [192, 0, 2, 7];
    let query = make::message(1).question("FileServer", 0x20);
    assert_eq!(names(query), ["fileserver"]);
    let registration = make::message(2)
        .opcode(5)
        .question("WORKGROUP", 0x1e)
        .registers(phone);
    assert_eq!(names(registration), ["workgroup"]);
    let response = make::response(3).answer("A-NAME-OF-15-BY", 0, phone);
    assert_eq!(names(response), ["a-name-of-15-by"]);
    let negative = make::response(4).rcode(3).answer("GONE", 0, [0; 4]);
    assert_eq!(names(negative), ["gone"]);
}

#[test]
fn a_status_lists_names_once_whatever_their_service() {
    let status = make::response(1).status(&[
        (b"DESKTOP", 0),
        (b"DESKTOP", 0x20),
        (b"WORKGROUP", 0),
        (b"\x01\x02__MSBROWSE__\x02", 1),
    ]);
    assert_eq!(names(status), ["desktop", "workgroup"]);
}

#[test]
fn what_names_no_host_is_not_a_name() {
    assert!(names(make::message(1).status_question()).is_empty());
    let browser = make::message(1).question(b"\x01\x02__MSBROWSE__\x02", 1);
    assert!(names(browser).is_empty());
    assert!(names(make::message(1).question("", 0)).is_empty());
}

#[test]
fn a_scope_and_unusual_bytes() {
    let scoped = make::message(1).question_raw(&make::encode(b"HOST", 0, "Office.Example"), 0x20);
    assert_eq!(names(scoped), ["host.office.example"]);
    let odd = make::message(1).question(b"A B.C\xe4", 0);
    assert_eq!(names(odd), ["a\\032b\\.c\\228"]);
}

#[test]
fn other_messages_are_none() {
    let dns: Vec<u8> = testkit::dns::query(1, "www.example.com", testkit::dns::A).into();
    assert_eq!(read(&dns, false), (vec![], None));
    let mut wrong = make::encode(b"HOST", 0, "");
    wrong[7] = b'Q';
    let bytes: Vec<u8> = make::message(1).question_raw(&wrong, 0x20).into();
    assert_eq!(read(&bytes, false), (vec![], None));
    assert_eq!(read(b"short", false), (vec![], None));
}

#[test]
fn every_prefix_gives_whole_names_or_none() {
    let bytes: Vec<u8> = make::response(1)
        .answer("FIRST", 0, [192, 0, 2, 1])
        .answer("SECOND", 0, [192, 0, 2, 2])
        .into();
    for n in 12..bytes.len() {
        let (names, end) = read(&bytes[..n], true);
        assert_eq!(end, Some(End::Short), "{n}");
        assert_eq!(names[..], ["first", "second"][..names.len()], "{n}");
    }
}

#[test]
fn the_note_is_of_the_header() {
    let bytes: Vec<u8> = make::response(1).rcode(3).answer("GONE", 0, [0; 4]).into();
    datagram(&bytes, false, &mut Scratch::default(), &mut |_, _, note| {
        assert_eq!((note.response, note.rcode), (true, 3));
    });
}

proptest! {
    #[test]
    fn agrees_with_the_builder(name in "[A-Za-z0-9_-]{1,15}", service: u8) {
        let message = make::message(1).question(&name, service);
        prop_assert_eq!(names(message), [name.to_ascii_lowercase()]);
    }

    #[test]
    fn random_messages_are_survived(
        mut message in prop::collection::vec(any::<u8>(), 0..300),
        like: bool,
        cut: bool,
    ) {
        if like {
            let real: Vec<u8> = make::response(1).status(&[(b"HOST", 0)]).into();
            message.splice(0..0, real[..60].iter().copied());
        }
        read(&message, cut);
    }
}

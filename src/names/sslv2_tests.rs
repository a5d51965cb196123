use proptest::prelude::*;
use testkit::{tls, tls_server, x509};

use super::*;

#[test]
fn hellos_of_all_versions() {
    for version in [[0, 2], [3, 0], [3, 1], [3, 3]] {
        let hello = tls_server::sslv2_client_hello(version);
        assert_eq!(client_hello(&hello), Shape::Hello(hello.len()));
        for n in 1..11 {
            assert_eq!(client_hello(&hello[..n]), Shape::Need(11), "{n}");
        }
    }
    assert_eq!(
        client_hello(&tls_server::sslv2_client_hello([4, 0])),
        Shape::Other
    );
}

#[test]
fn the_certificate_of_a_server() {
    let der = x509::certificate("www.example.com").der();
    let hello = tls_server::sslv2_server_hello(&der);
    assert_eq!(server_hello(&hello), Shape::Hello(hello.len()));
    assert_eq!(certificate(&hello), der);
    for n in 1..13 {
        assert_eq!(server_hello(&hello[..n]), Shape::Need(13), "{n}");
    }
}

#[test]
fn other_streams_are_no_hellos() {
    for bytes in [
        tls::client_hello("example.com").records(),
        b"GET / HTTP/1.1\r\n".to_vec(),
        vec![0x80, 0x2e, 1, 3, 1, 0, 0x12, 0, 0, 0, 0x10], // its parts are shorter than it
        vec![0x85; 40],
    ] {
        assert_eq!(client_hello(&bytes), Shape::Other);
        assert_eq!(server_hello(&bytes), Shape::Other);
    }
}

proptest! {
    #[test]
    fn random_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..40), kind in 0u8..3) {
        match kind {
            1 => { bytes.splice(0..0, [0x80, 40, 1, 3, 1]); }
            2 => { bytes.splice(0..0, [0x80, 40, 4, 0, 1, 0, 2]); }
            _ => {}
        }
        client_hello(&bytes);
        server_hello(&bytes);
        prop_assert!(certificate(&bytes).len() < bytes.len().max(1));
    }
}
